"""The files of a delivery's folder and their names: the table `[folder]` of a delivery.

    [folder.names]
    template = "{title}_{reel}_{version}_{type}_{soundfield}_{channels}_{rate}_{bits}b_{fps}"
    types = { DX = "DIAStem" }

    [folder.files]
    parts = ["PM", "DX", "FX", "BG", "ME"]
    discrete = true

    [folder.leader]
    two_pop = true
    tail_pop = true

Each of the three cites its source, as a clause does. A missing table gives the default rule of this project.
"""

from __future__ import annotations

import tomllib
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

from audio_pipeline.errors import ReportError
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.clause import READINGS, Reading
from audio_pipeline.reporting.delivery import parse_delivery
from audio_pipeline.reporting.delivery_files import delivery_text, full_name

PARTS = ("PM", "DX", "FX", "BG", "ME")
"""The printmaster, its stems, and music and effects."""

HOUSE_TEMPLATE = (
    "{title}_{reel}_{version}_{type}_{soundfield}_{language}_{channels}_{rate}_{bits}b_{fps}"
)
_NO_RULE = "house rule; the delivery's documents have none that was read"


@dataclass(frozen=True)
class Cited:
    """The source of a rule. `read` is the text that was read of the document; None for a default rule."""

    source: str = _NO_RULE
    document: str | None = None
    version: str | None = None
    section: str | None = None
    read: Reading | None = None

    def citation(self) -> str:
        """The document with its version and section, or the text for a default rule."""
        parts = (self.document, self.version, self.section)
        named = ", ".join(part for part in parts if part is not None)
        return f"{named} ({self.read})" if named else self.source


@dataclass(frozen=True)
class NameRule(Cited):
    """The `template` of a file's name without its suffix; `types` maps parts to other values of `{type}`;
    `plain` names hold only ASCII letters, digits, `_` and `-`."""

    template: str = HOUSE_TEMPLATE
    types: tuple[tuple[str, str], ...] = ()
    plain: bool = False

    def word(self, part: str) -> str:
        """The value of the template's `{type}` for a part."""
        return dict(self.types).get(part, part)


@dataclass(frozen=True)
class FileRule(Cited):
    """The `parts` of the folder, and whether each is also written as `discrete` mono files."""

    parts: tuple[str, ...] = PARTS
    discrete: bool = False


@dataclass(frozen=True)
class LeaderRule(Cited):
    """The pops of a leader; with neither, files have no leader."""

    two_pop: bool = False
    tail_pop: bool = False

    @property
    def on(self) -> bool:
        """Whether files have a leader."""
        return self.two_pop or self.tail_pop


@dataclass(frozen=True)
class FolderRules:
    """The rules of one delivery's folder."""

    delivery: str
    title: str
    names: NameRule = NameRule()
    files: FileRule = FileRule()
    leader: LeaderRule = LeaderRule()


AnyRule = TypeVar("AnyRule", bound=Cited)


def load_folder_rules(name: str, own: Path | None = None) -> FolderRules:
    """The rules of the delivery `name`; `own` is a project's folder of deliveries.

    Raises ReportError as `load_delivery`, and for a wrong table `[folder]`.
    """
    found = full_name(name, own)
    text = delivery_text(found, own)
    delivery = parse_delivery(found, text)
    return parse_folder_rules(delivery.name, delivery.title, tomllib.loads(text).get("folder", {}))


def parse_folder_rules(name: str, title: str, table: object) -> FolderRules:
    """The rules in a table `[folder]`. Raises ReportError with the key."""
    if not isinstance(table, dict):
        raise _wrong(name, "folder", "a table")
    rules = FolderRules(name, title)
    known = ("names", "files", "leader")
    for key in table:
        if key not in known:
            raise _wrong(name, f"folder.{key}", f"one of {', '.join(known)}")
    return replace(
        rules,
        names=_rule(name, "folder.names", table.get("names", {}), rules.names),
        files=_rule(name, "folder.files", table.get("files", {}), rules.files),
        leader=_rule(name, "folder.leader", table.get("leader", {}), rules.leader),
    )


def _rule(name: str, place: str, table: object, rule: AnyRule) -> AnyRule:
    if not isinstance(table, dict):
        raise _wrong(name, place, "a table")
    if table and not {"source", "read"} <= table.keys():
        raise _wrong(name, place, "a table with source and read")
    allowed = {field.name for field in fields(rule)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        at = f"{place}.{key}"
        if key not in allowed:
            raise _wrong(name, at, f"one of {', '.join(sorted(allowed))}")
        values[key] = _value(name, at, key, value)
    return replace(rule, **values)


def _value(name: str, at: str, key: str, value: object) -> object:
    if key == "parts":
        if not isinstance(value, list) or not value or set(map(str, value)) - set(PARTS):
            raise _wrong(name, at, f"a list of {', '.join(PARTS)}")
        return tuple(part for part in PARTS if part in value)
    if key == "types":
        if not isinstance(value, dict) or not all(
            part in PARTS and isinstance(word, str) and word for part, word in value.items()
        ):
            raise _wrong(name, at, f"a table of words for {', '.join(PARTS)}")
        return tuple(value.items())
    if key in ("discrete", "two_pop", "tail_pop", "plain"):
        if not isinstance(value, bool):
            raise _wrong(name, at, "true or false")
        return value
    if not isinstance(value, str) or not 1 <= len(value) <= 400:
        raise _wrong(name, at, "text")
    if key == "read" and value not in READINGS:
        raise _wrong(name, at, f"one of {', '.join(READINGS)}")
    return value


def _wrong(name: str, key: str, wanted: str) -> ReportError:
    return ReportError(
        f"delivery {name!r}: invalid {key}; it must be {wanted}",
        hint="docs/deliver.md lists the keys of [folder].",
    )
