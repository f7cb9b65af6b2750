"""The journal of a set of files: the renames and removals that complete the set.

The journal of the mix `final` is `renders/.final.part/journal`, UTF-8, two lines:

    render-ending journal 1 <SHA-256 of the second line, hex>
    {"name": "final",
     "files": [{"part": "0.part", "into": "final.wav", "bytes": 8640800, "sha256": "…"}, …],
     "remove": [{"file": "final.stems/final_DX.wav", "sha256": "…"}, …]}

All parts are synced before it is written; it is written as `journal.new`, synced and renamed. That rename is
the commit point: if a journal exists, its set is the valid one.

A journal names only files of its own mix, `final.*` in the same folder and WAV files in `final.stems/`, and
moves only files from its own staging folder. So a forged journal can affect no other files.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from audio_pipeline.records import dataclass

MOST_BYTES = 1_000_000

_HEAD = "render-ending journal 1 "
_PART = re.compile(r"\d{1,4}\.part")
_ENDING = re.compile(r"[A-Za-z0-9]+(\.[A-Za-z0-9]+)*")
_STEM = re.compile(r"[^./\\:\x00-\x1f][^/\\:\x00-\x1f]*\.wav")
"""The name of a stem's file, which comes from a template with {type}."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Move:
    """A part and its target file, with the part's size and hash. Paths are relative, with `/`."""

    part: str
    into: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Removal:
    """A file of the earlier set that the new set lacks; it is removed if it still has this hash."""

    file: str
    sha256: str


@dataclass(frozen=True)
class Journal:
    """The renames and removals that a set still needs."""

    name: str
    files: tuple[Move, ...]
    remove: tuple[Removal, ...] = ()

    def encoded(self) -> bytes:
        """The journal as bytes."""
        body = json.dumps(asdict(self)).encode()
        return f"{_HEAD}{hashlib.sha256(body).hexdigest()}\n".encode() + body + b"\n"


def decoded(raw: bytes, name: str) -> Journal:
    """The journal of the mix `name`, parsed. Raises ValueError if it is invalid or names a file outside it."""
    head, _, body = raw.removesuffix(b"\n").partition(b"\n")
    if head != f"{_HEAD}{hashlib.sha256(body).hexdigest()}".encode():
        raise ValueError("its head or its checksum is not a journal's")
    try:
        table = json.loads(body)
        if table["name"] != name:
            raise ValueError("it belongs to another mix")
        files = tuple(_move(name, row) for row in table["files"])
        remove = tuple(_removal(name, row) for row in table["remove"])
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError("a key is missing or of the wrong type") from error
    named = [move.into for move in files] + [removal.file for removal in remove]
    parts = [move.part for move in files]
    if len(set(map(str.casefold, named))) < len(named) or len(set(parts)) < len(parts):
        raise ValueError("it names a file twice")
    return Journal(name, files, remove)


def belongs(name: str, relative: str) -> bool:
    """Whether the path `relative`, with `/`, can be a file of the mix `name`."""
    if not name or "/" in name or "\\" in name:
        return False
    folder = f"{name}.stems/"
    if relative.startswith(folder):
        return bool(_STEM.fullmatch(relative.removeprefix(folder)))
    return relative.startswith(f"{name}.") and bool(_ENDING.fullmatch(relative.removeprefix(f"{name}.")))


def _move(name: str, row: Mapping[str, Any]) -> Move:
    move = Move(str(row["part"]), str(row["into"]), int(row["bytes"]), str(row["sha256"]))
    if not _PART.fullmatch(move.part) or not belongs(name, move.into) or move.bytes < 0:
        raise ValueError("it names a file outside its mix")
    if not _SHA256.fullmatch(move.sha256):
        raise ValueError("it holds an invalid hash")
    return move


def _removal(name: str, row: Mapping[str, Any]) -> Removal:
    removal = Removal(str(row["file"]), str(row["sha256"]))
    if not belongs(name, removal.file) or not _SHA256.fullmatch(removal.sha256):
        raise ValueError("it removes a file outside its mix")
    return removal
