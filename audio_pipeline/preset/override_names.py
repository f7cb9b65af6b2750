"""The name of a render with changes from the command line; different changes have different names.

    --set dropout.fade=80ms          final_dropout.fade-80ms
    --voice-a stems/fr_a.wav         final_voice_a-fr_a
    --voice-a ~/Desktop/take 3.wav   final_voice_a-take-3-1f0c9a2e

If the text alone is ambiguous, eight digits of a hash follow: of the complete values and of the files'
bytes. A change therefore has the same name on every machine.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from audio_pipeline.audio_io.regular_file import sha256_hex
from audio_pipeline.preset.document import SHELVES, full_key
from audio_pipeline.preset.explain import values_below
from audio_pipeline.preset.model import Preset
from audio_pipeline.preset.names import LONGEST_BYTES, check_name, slug, written
from audio_pipeline.preset.project import Project
from audio_pipeline.records import dataclass

LONGEST_SUFFIX = 64
"""Limit of bytes for the text of the changes, without the hash."""

_DIGITS = 8
_WORD = re.compile(r"[a-z0-9]([a-z0-9.+-]*[a-z0-9])?")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?( (dB|dBFS|dBTP|LUFS|LU|Hz|%|deg|m))?|[LR]\d+|C")
"""Values whose text in a name is unambiguous on every file system."""
_FREE_TEXTS = (
    *("title", "version", "description", "reel", "language"),
    *("head", "stem", "impulse_response", "notes"),
)
_FILES = ("voice_a", "voice_b", "reference")
_PLAIN_FILE = re.compile(r"stems/([a-z0-9]+(?:_[a-z0-9]+)*)\.wav")
_LIKE_A_HASH = re.compile(rf"-[0-9a-f]{{{_DIGITS}}}$")
_REPORT = re.compile(r"(\.report)?\.[^.]+$")


@dataclass(frozen=True)
class _Change:
    """A part of the name, the complete change, and whether the part is unambiguous."""

    text: str
    exact: list[str]
    is_plain: bool


def with_own_name(
    project: Project, preset: Preset, keys: Iterable[str], files: Mapping[str, Path]
) -> Preset:
    """A copy of the preset with its own name if the command changes values of `keys` or replaces files.

    `files` holds the files by the part that they replace: a voice, the reference. Raises StemError for
    an unreadable file, PresetError if the name is not a valid file name.
    """
    changes = [*_of_values(preset, keys), *_of_files(project, files)]
    if not changes:
        return preset
    most_bytes = LONGEST_BYTES - _length(preset.name)
    words = unicodedata.normalize("NFC", "_" + "_".join(change.text for change in changes))
    says_all = (
        all(change.is_plain for change in changes)
        and _length(words) <= min(LONGEST_SUFFIX, most_bytes)
        and not _LIKE_A_HASH.search(words)
        and not project.has_preset(preset.name + words)
    )
    name = preset.name + (words if says_all else _hashed(words, changes, most_bytes))
    check_name(name)
    return replace(preset, name=name)


def _length(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))


def _hashed(words: str, changes: list[_Change], most_bytes: int) -> str:
    """The text, cut to the available length, and a hash of the complete changes."""
    whole = json.dumps([change.exact for change in changes])
    digest = hashlib.sha256(whole.encode()).hexdigest()[:_DIGITS]
    room = max(0, min(LONGEST_SUFFIX, most_bytes - 1 - _DIGITS))
    cut = words.encode("utf-8", "surrogateescape")[:room].decode("utf-8", "ignore").rstrip("_-. ")
    return f"{cut}-{digest}" if cut else f"_{digest}"


def _of_values(preset: Preset, keys: Iterable[str]) -> list[_Change]:
    """A change for every value at or below the keys, in order of their names."""
    found: dict[str, Any] = {}
    for key in keys:
        full = ".".join(
            full_key(preset.document.table, tuple(p.strip() for p in key.strip().split(".")))
        )
        found |= values_below(preset, full) or {full: None}
    return [_of_value(preset, key, value) for key, value in sorted(found.items())]


def _of_value(preset: Preset, key: str, value: Any) -> _Change:
    text = written(value)
    is_free = key.split(".")[-1] in _FREE_TEXTS
    is_plain = bool(_WORD.fullmatch(text) or (not is_free and _NUMBER.fullmatch(text)))
    return _Change(f"{_short(preset, key)}-{slug(text)}", [key, text], is_plain)


def _short(preset: Preset, key: str) -> str:
    """A key without its table, unless it is ambiguous: `dropout.fade`."""
    shelf, _, rest = key.partition(".")
    if shelf in SHELVES and rest.split(".")[0] not in preset.document.table:
        return rest
    if shelf == "cues" and rest not in (*preset.document.table, *_FILES):
        return rest
    return key


def _of_files(project: Project, files: Mapping[str, Path]) -> list[_Change]:
    """A change for every file: by name for a file in the project's `stems/`, by bytes for any other."""
    changes = []
    for what, file in sorted(files.items()):
        lies_in = project.shown(file.parent.resolve() / file.name)
        plain = _PLAIN_FILE.fullmatch(lies_in)
        stem = plain[1] if plain else slug(_REPORT.sub("", file.name))
        exact = plain[0] if plain else sha256_hex(file)
        changes.append(_Change(f"{what}-{stem}", [what, exact], plain is not None))
    return changes
