"""A preset file merged with its bases into one table, with the origin of every value."""

from __future__ import annotations

import re
import tomllib
from collections import ChainMap
from collections.abc import MutableMapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from audio_pipeline.audio_io.small_file import read_small_text
from audio_pipeline.errors import PresetError
from audio_pipeline.preset.base_values import Absent, relative
from audio_pipeline.preset.project import Project
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.moments import MINUS

MAX_BYTES = 1_000_000
MAX_DEPTH = 16
MAX_NESTING = 8
MAX_INTEGER = 2**63
"""The bound of TOML; Python accepts larger integers, which it cannot print."""
MAX_PARTS = 32
_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
_LONG_KEY = re.compile(rf"(?<![\w-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{MAX_PARTS}}}")
"""A key of many parts: tomllib's reading time grows with the square of their number."""

_TEXT_OR_MINUS = re.compile(
    r"""(\"{3}[\s\S]*?\"{3}|'{3}[\s\S]*?'{3}|"(?:\\.|[^"\\\n])*+"|'[^'\n]*+'|\#[^\n]*+)|""" + MINUS
)
"""Strings and comments, which stay unchanged, or a minus sign outside both."""

Table = dict[str, Any]
Key = tuple[str, ...]

_ABSENT = Absent(has_base=True)

SHELVES = ("layers", "effects")
"""The tables whose entries are named sounds."""


@dataclass(frozen=True)
class Document:
    """The merged table of the preset `name`.

    `origins` maps each key path to the origin of its value: a file name as in messages, or `--set`.
    `base` is the merged document that `extends` names, or None. Paths are relative to `project`.
    """

    name: str
    table: Table
    origins: MutableMapping[Key, str]
    base: Document | None = None
    project: Project | None = None

    def origin(self, key: Key) -> str:
        """The origin of `key`, or of the nearest table above it."""
        for n in range(len(key), 0, -1):
            if key[:n] in self.origins:
                return self.origins[key[:n]]
        return self.origins.get((), self.name)


@dataclass(frozen=True)
class ReadBefore:
    """The tables of files that were read, and the merged presets that others extend, by path."""

    files: dict[Path, Table] = field(default_factory=dict)
    bases: dict[Path, Document] = field(default_factory=dict)


def load_document(
    project: Project,
    preset: str,
    sets: tuple[str, ...] = (),
    known: ReadBefore | None = None,
) -> Document:
    """The preset with the given name (or path, if it ends in .toml), with `--set` texts applied.

    `known` is for many presets: their base is read and merged once. Raises PresetError for an
    unreadable or invalid file, a circle of `extends`, and exceeded bounds.
    """
    path = Path(preset) if preset.endswith(".toml") else project.preset_file(preset)
    document = _load(project, path, (), known or ReadBefore())
    for text in sets:
        document = _set(document, text)
    return document


def _load(project: Project, path: Path, above: tuple[Path, ...], known: ReadBefore) -> Document:
    shown = project.shown(path)
    if not path.stem.isprintable():  # reports, pages and the files of the mix take its name
        raise PresetError(f"{shown} has an unprintable name", hint="Rename it.")
    if path in above:
        names = " → ".join(p.stem for p in (*above[above.index(path) :], path))
        raise PresetError(f"{shown} extends itself: {names}", hint="Remove one of these extends.")
    if len(above) >= MAX_DEPTH:
        raise PresetError(
            f"{shown}: the chain of extends is longer than {MAX_DEPTH} presets",
            hint="Extend a preset nearer to the root.",
        )
    if path not in known.files:
        known.files[path] = read_toml(path, shown, "preset")
    own = dict(known.files[path])
    base_name = own.pop("extends", None)
    origins = {(): shown} | dict.fromkeys(_keys(own, ()), shown)
    if base_name is None:
        table = _merged({}, own, shown, Absent(has_base=False))
        return Document(path.stem, table, origins, project=project)
    if not isinstance(base_name, str):
        raise PresetError(
            f"{shown}: extends is {base_name!r}; it must be the name of a preset",
            hint='Write extends = "final".',
        )
    try:
        base_path = project.preset_file(base_name)
    except PresetError as error:
        raise PresetError(f"{shown} extends {base_name!r}: {error.message}", hint=error.hint) from error
    base = known.bases.get(base_path)
    if base is None or len(above) + 1 + _depth(base) > MAX_DEPTH:  # loading it again raises the error
        base = known.bases[base_path] = _load(project, base_path, (*above, path), known)
    table = _merged(base.table, own, shown)
    kept = {key: where for key, where in base.origins.items() if key and _get(table, key) is not None}
    return Document(path.stem, table, kept | origins, base, project)


def _depth(document: Document) -> int:
    """The number of presets in its chain of `extends`."""
    return 1 if document.base is None else 1 + _depth(document.base)


def read_toml(path: Path, shown: str, what: str) -> Table:
    """The table in a file; `what` is its kind, for messages. Raises PresetError for invalid files.

    A file is invalid if it is unreadable, is not TOML, or exceeds the bounds.
    """
    text = read_small_text(path, shown, what, MAX_BYTES, PresetError)
    if _LONG_KEY.search(text):
        raise PresetError(
            f"{shown} has a key of more than {MAX_PARTS} parts: not a {what}", hint="Shorten the key."
        )
    try:
        table = _toml(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise PresetError(
            f"{shown} is not valid TOML: {' '.join(str(error).split())}",
            hint='Correct that line; text is written in quotes: fade = "250ms".',
        ) from error
    _refuse_monsters(table, shown)
    return table


def _toml(text: str) -> Table:
    """The table in `text`; U+2212 is accepted as the minus of a number."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        if MINUS not in text:
            raise
        return tomllib.loads(_TEXT_OR_MINUS.sub(lambda match: match[1] or "-", text))


def _refuse_monsters(table: Table, shown: str) -> None:
    # level by level, because a hostile file may exceed Python's recursion limit
    level: list[object] = [table]
    for _ in range(MAX_NESTING + 1):
        below: list[object] = []
        for item in level:
            if isinstance(item, int) and not -MAX_INTEGER <= item < MAX_INTEGER:
                raise PresetError(
                    f"{shown} holds a whole number of more than 64 bits", hint="Write a smaller number."
                )
            below.extend(
                item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
            )
        level = below
    if level:
        raise PresetError(
            f"{shown}: tables are nested more than {MAX_NESTING} deep", hint="Remove the inner tables."
        )


def _keys(table: Table, above: Key) -> list[Key]:
    keys: list[Key] = []
    for name, value in table.items():
        keys.append((*above, name))
        if isinstance(value, dict):
            keys += _keys(value, (*above, name))
    return keys


def _get(table: Table, key: Key) -> Any:
    value: Any = table
    for name in key:
        if not isinstance(value, dict) or name not in value:
            return None
        value = value[name]
    return value


def _merged(base: Table, own: Table, origin: str, absent: Absent = _ABSENT) -> Table:
    """`own` merged over `base`, recursively; a sound of another kind replaces all values of its namesake.

    A value with the text "base" stores the value that it replaces, or `absent`.
    """
    merged = dict(base)
    for name, value in own.items():
        below = merged.get(name, absent)
        if isinstance(value, dict):
            kept = below if isinstance(below, dict) else {}
            replaced = "kind" in value and "kind" in kept and value["kind"] != kept["kind"]
            merged[name] = _merged({} if replaced else kept, value, origin, absent)
        else:
            merged[name] = relative(value, below, origin)
    return merged


def _set(document: Document, text: str) -> Document:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise PresetError(
            f"--set {text!r} is not key=value",
            hint="Write it like --set layers.grain.level='-66 dBFS' or --set dropout.fade=80ms",
        )
    return with_value(document, name, value_of(value.strip()), "--set")


def with_value(document: Document, name: str, value: Any, origin: str) -> Document:
    """A copy of the document with `value` at `name` ("dropout.fade"; see `full_key`), set by `origin`."""
    key = full_key(document.table, tuple(part.strip() for part in name.strip().split(".")))
    own: Any = value
    for part in reversed(key[: MAX_NESTING + 2]):
        own = {part: own}
    _refuse_monsters(own, origin)
    origins = {k: origin for k in _keys(own, ()) if _get(document.table, k) is None or k == key}
    before = document.origins
    over, below = before.maps if isinstance(before, ChainMap) else ({}, before)
    # two maps: many documents share the lower one
    layered = ChainMap({**over, **origins}, below)
    return replace(document, table=_merged(document.table, own, origin), origins=layered)


def full_key(table: Table, key: Key) -> Key:
    """`key` with its table, which may be left out: ("dropout", "fade") → ("effects", "dropout", "fade").

    A key of one name that is a cue is that cue.
    """
    shelves = ("cues",) if len(key) == 1 else SHELVES
    if len(key) == 1 or key[0] not in table:
        for shelf in shelves:
            if isinstance(there := table.get(shelf), dict) and key[0] in there:
                return (shelf, *key)
    return key


def value_of(text: str) -> Any:
    """`text` as a TOML value; a plain word or a value with a unit needs no quotes."""
    try:
        return _toml(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return text
