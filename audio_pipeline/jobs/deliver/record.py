"""`delivery.json` in every delivered folder: its inputs, which the next version is compared with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from audio_pipeline.audio_io.small_file import read_small_text
from audio_pipeline.errors import ReportError
from audio_pipeline.records import dataclass

RECORD = "delivery.json"
SCHEMA = "Delivery.1"
_MOST_BYTES = 4_000_000


@dataclass(frozen=True)
class Record:
    """A delivery. `key` is the hash of all its inputs; `samples` are the SHA-256 of the samples of each part;
    `preset` holds the preset's values; `differs` the changes since the last version, None for the first;
    `preview` the name and the SHA-256 of the picture of its preview, if it has one."""

    mix: str
    delivery: str
    version: str
    language: str
    date: str
    verdict: str | None
    key: str
    samples: dict[str, str]
    figures: dict[str, float | None]
    preset: dict[str, str]
    rules: dict[str, str]
    contact: dict[str, str]
    differs: list[str] | None
    previous: str | None
    files: list[dict[str, Any]]
    copies: list[dict[str, Any]]
    preview: dict[str, str] | None = None

    def text(self) -> str:
        """The file."""
        table = {"schema": SCHEMA, **vars(self)}
        return json.dumps(table, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_record(folder: Path) -> Record | None:
    """The record in a folder; None for a missing or invalid record."""
    try:
        text = read_small_text(folder / RECORD, RECORD, "record of a delivery", _MOST_BYTES, ReportError)
        table = json.loads(text)
        if table.pop("schema") != SCHEMA:
            return None
        record = Record(**table)
    except (ReportError, OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    tables = (record.samples, record.figures, record.preset, record.rules, record.contact)
    texts = (record.mix, record.delivery, record.version, record.key)
    whole = all(isinstance(t, dict) for t in tables) and all(isinstance(t, str) for t in texts)
    return record if whole else None


def earlier_deliveries(out: Path, mix: str, delivery: str) -> list[tuple[Path, Record]]:
    """The versions of a delivery of a mix that are in `out`, the newest last."""
    return [pair for pair in all_deliveries(out) if (pair[1].mix, pair[1].delivery) == (mix, delivery)]


def all_deliveries(out: Path) -> list[tuple[Path, Record]]:
    """The deliveries in `out`: by mix and delivery, and of each the newest version last."""
    found = []
    for folder in out.iterdir() if out.is_dir() else ():
        if folder.name.startswith(".") or not folder.is_dir() or folder.is_symlink():
            continue
        record = read_record(folder)
        if record is not None:
            found.append((folder, record))
    return sorted(found, key=lambda pair: _order(pair[1]))


def _order(record: Record) -> tuple[str, str, int, str]:
    return record.mix, record.delivery, version_number(record.version), record.version


def version_number(version: str) -> int:
    """The number in a version, by which versions are ordered: 9 of "v09", 0 without one."""
    digits = "".join(c for c in version if c.isascii() and c.isdigit())
    return int(digits[-9:] or 0)


def differences(before: Record, now: Record) -> list[str]:
    """The differences of two versions, a line each."""
    said = []
    for part in dict.fromkeys([*before.samples, *now.samples]):
        old, new = before.samples.get(part), now.samples.get(part)
        if old is None or new is None:
            said.append(f"{part}: {'added' if old is None else 'removed'}")
        elif old != new:
            said.append(f"{part}: samples changed")
    if said and len(said) < len(now.samples):
        same = [part for part, digest in now.samples.items() if before.samples.get(part) == digest]
        said.append(f"{', '.join(same)}: samples unchanged")
    for key in dict.fromkeys([*before.preset, *now.preset]):
        old, new = before.preset.get(key), now.preset.get(key)
        if old != new:
            said.append(f"preset {key}: {old or 'not set'}, now {new or 'not set'}")
    for key in dict.fromkeys([*before.figures, *now.figures]):
        a, b = before.figures.get(key), now.figures.get(key)
        if a != b:
            said.append(f"{key}: {_shown(a)}, now {_shown(b)}")
    for what in ("rules", "contact"):
        old_table, new_table = getattr(before, what), getattr(now, what)
        for key in dict.fromkeys([*old_table, *new_table]):
            if old_table.get(key) != new_table.get(key):
                said.append(
                    f"{what} {key}: {old_table.get(key, 'not set')}, now {new_table.get(key, 'not set')}"
                )
    if before.preview != now.preview:
        said.append(f"preview: {_picture(before)}, now {_picture(now)}")
    if before.verdict != now.verdict:
        said.append(f"verdict: {before.verdict}, now {now.verdict}")
    return said or ["only the date or the files of the last folder"]


def _picture(record: Record) -> str:
    return "none" if record.preview is None else record.preview["picture"]


def _shown(value: float | None) -> str:
    return "not measurable" if value is None else f"{value:.2f}"
