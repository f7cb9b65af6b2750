"""`render-ending presets NAME`: cues first, then the changes against the base; --all lists every value."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import Call

ALTERNATE = """
extends = "tiny"
description = "Softer grain."

[layers.grain]
level = "base - 3 dB"
"""


def test_a_preset_is_shown_by_its_cues_and_its_changes(call: Call, tiny: Path) -> None:
    (tiny / "presets" / "softer.toml").write_text(ALTERNATE)
    shown = call(tiny, "presets", "softer").stdout
    assert 0 < shown.index("timecode") < shown.index("Changes against tiny:")
    changes = shown[shown.index("Changes against") :]
    assert "layers.grain.level" in changes
    assert "presets/softer.toml" in changes
    assert "sample_rate" not in shown
    assert "--all" in shown


def test_all_lists_every_value_with_its_description(call: Call, tiny: Path) -> None:
    lines = call(tiny, "presets", "tiny", "--all").stdout.splitlines()
    assert any(line.startswith("sample_rate ") and "sample rate of the master" in line for line in lines)
    values = json.loads(call(tiny, "presets", "tiny", "--json").stdout)["values"]
    for value in values:
        assert any(line.startswith(f"{value['key']} ") for line in lines), value["key"]
        assert value["description"] or value["key"].startswith("cues.") or value["key"].endswith(".kind")


def test_values_of_the_command_are_changes_too(call: Call, tiny: Path) -> None:
    document = json.loads(call(tiny, "presets", "tiny", "--set", "seed=7", "--json").stdout)
    (seed,) = (change for change in document["changes"] if change["key"] == "seed")
    assert seed["value"] == 7
    assert seed["origin"] == "--set"


def test_all_needs_a_name(call: Call, tiny: Path) -> None:
    done = call(tiny, "presets", "--all")
    assert done.returncode == 2
    assert "--all needs the NAME of a preset" in done.stderr
