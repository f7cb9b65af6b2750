"""Read the notes of a review page: its JSON and CSV, and the marker lists of other programs."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audio_pipeline.errors import ReportError
from audio_pipeline.reporting.markers.reading import read_markers
from audio_pipeline.reporting.markers.text import read_text
from audio_pipeline.timeline.moments import Clock

SCHEMA = "ReviewNotes.1"
LONGEST_NOTE = 10_000
MOST_ROUNDS = 1000
_HEAD = ["mix", "round", "letter", "star", "note"]

State = dict[str, Any]
"""The state of the page: `open` notes by mix, blind `rounds`, `abx` tests."""


def read_notes(path: Path, names: Sequence[str], clock: Clock) -> State:
    """The notes in `path` on the mixes `names`; notes on other mixes are left out.

    A marker list holds open notes: "name: text"; other text is a note on the first mix. Raises ReportError
    for any other file, and for a file without a note on these mixes.
    """
    text = read_text(path)
    if text.lstrip().startswith("{"):
        state = _of_json(path, text, names)
    elif text.split("\n", 1)[0].split(",")[:5] == _HEAD:
        state = _of_csv(path, text, names)
    else:
        state = _of_markers(path, names, clock)
    if not any(note["note"] or note["star"] for note in state["open"].values()) and not state["rounds"]:
        raise ReportError(
            f"{path} has no note on {', '.join(names)}",
            hint="Export the notes again from a review page.",
        )
    return state


def identity_of(state: State) -> str:
    """The hash of the notes; a page stores additions to them under this key."""
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()[:16]


def _note(star: Any, note: Any, at_s: Any = None) -> State:
    text = note if isinstance(note, str) else ""
    own: State = {"star": star is True, "note": text[:LONGEST_NOTE]}
    if isinstance(at_s, int | float) and not isinstance(at_s, bool) and 0 <= at_s <= 86_400:
        own["at_s"] = at_s
    return own


def _of_json(path: Path, text: str, names: Sequence[str]) -> State:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReportError(
            f"{path} is not JSON: {error}", hint="Export the notes again from a review page."
        ) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ReportError(
            f"{path} does not hold the notes of a review", hint="Export them from a review page."
        )
    state: State = {"open": {}, "rounds": [], "abx": []}
    for mix in _list(document, "mixes"):
        if mix.get("name") in names:
            state["open"][mix["name"]] = _note(mix.get("star"), mix.get("note"), mix.get("at_s"))
    for round_ in _list(document, "blind")[:MOST_ROUNDS]:
        key, notes = round_.get("key"), round_.get("notes")
        if isinstance(key, dict) and isinstance(notes, dict) and sorted(key.values()) == sorted(names):
            own = {
                letter: _note(said.get("star"), said.get("note"), said.get("at_s"))
                for letter, said in notes.items()
                if letter in key and isinstance(said, dict)
            }
            state["rounds"].append({"key": key, "notes": own, "revealed": True})
    for test in _list(document, "abx")[:MOST_ROUNDS]:
        if test.get("a") in names and test.get("b") in names:
            numbers = {key: test.get(key) for key in ("trials", "right", "p")}
            if all(isinstance(number, int | float) for number in numbers.values()):
                state["abx"].append({"a": test["a"], "b": test["b"], **numbers})
    return state


def _list(document: State, key: str) -> list[State]:
    found = document.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _of_csv(path: Path, text: str, names: Sequence[str]) -> State:
    state: State = {"open": {}, "rounds": [], "abx": []}
    try:
        rows = list(csv.DictReader(io.StringIO(text)))
    except csv.Error as error:
        raise ReportError(
            f"{path} is not CSV: {error}", hint="Export the notes again from a review page."
        ) from error
    for row in rows:
        mix, round_ = _plain(row.get("mix")), row.get("round")
        if mix in names and round_ == "open":
            at = row.get("at_s") or ""
            at_s = float(at) if at.replace(".", "", 1).isdecimal() else None
            state["open"][mix] = _note(row.get("star") == "yes", _plain(row.get("note")), at_s)
    return state


def _plain(text: str | None) -> str:
    """A cell without the apostrophe that protects a spreadsheet from formulas."""
    text = text or ""
    return text[1:] if text[:1] == "'" and text[1:].lstrip()[:1] in ("=", "+", "-", "@") else text


def _of_markers(path: Path, names: Sequence[str], clock: Clock) -> State:
    state: State = {"open": {}, "rounds": [], "abx": []}
    for marker in read_markers(path, clock).markers:
        mix = max((n for n in names if marker.name.startswith(f"{n}: ")), key=len, default=None)
        text = marker.name if mix is None else marker.name[len(mix) + 2 :]
        known = state["open"].get(mix or names[0])
        if known is None:
            state["open"][mix or names[0]] = _note(False, text, float(marker.at))
        else:
            known["note"] = f"{known['note']}\n{text}"[:LONGEST_NOTE]
    return state
