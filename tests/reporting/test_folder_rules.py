"""Every rule of a delivery's folder names its source, and a wrong table is named by its key."""

from __future__ import annotations

import re
import tomllib

import pytest

from audio_pipeline.errors import ReportError
from audio_pipeline.reporting.delivery import delivery_names
from audio_pipeline.reporting.delivery_files import SHIPPED
from audio_pipeline.reporting.folder_rules import load_folder_rules, parse_folder_rules

CITED = 'source = "s"\nread = "excerpt"\n'


@pytest.mark.parametrize("name", delivery_names())
def test_every_shipped_rule_has_a_source(name: str) -> None:
    rules = load_folder_rules(name)
    table = tomllib.loads((SHIPPED / f"{name}.toml").read_text(encoding="utf-8"))
    for key, rule in (("names", rules.names), ("files", rules.files), ("leader", rules.leader)):
        assert rule.source
        assert (rule.document is not None) == (key in table.get("folder", {}))
    assert "{type}" in rules.names.template


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[folder]\nname = 1", "folder.name"),
        (f"[folder.names]\n{CITED}template = 3", "folder.names.template"),
        (f'[folder.names]\n{CITED}types = {{ XX = "x" }}', "folder.names.types"),
        ('[folder.names]\ntemplate = "{type}"', "folder.names"),
        (f'[folder.files]\n{CITED}parts = ["PM", "MX"]', "folder.files.parts"),
        (f"[folder.files]\n{CITED}parts = []", "folder.files.parts"),
        (f'[folder.files]\n{CITED}discrete = "yes"', "folder.files.discrete"),
        (f"[folder.leader]\n{CITED}pop = true", "folder.leader.pop"),
        ('[folder.leader]\nsource = "s"\nread = "heard"\ntwo_pop = true', "folder.leader.read"),
    ],
)
def test_a_wrong_table_is_named_by_its_key(text: str, key: str) -> None:
    with pytest.raises(ReportError, match=rf"invalid {re.escape(key)}; it must be"):
        parse_folder_rules("mine", "Mine", tomllib.loads(text)["folder"])
