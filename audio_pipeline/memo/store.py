"""The cache on disk: entries under keys of everything they depend on.

One file an entry, named by its key: a hash of everything that the content depends on. So an entry is
never out of date, only unused; the folder may be deleted at any time; several processes may use it at
once. Nothing here is ever an error: what cannot be read is made again, what cannot be written is not
kept. Only what begins with the cache's mark, or is empty, is ever removed or replaced. The folder is the
user's own and not the project's: entries are believed, and projects are passed around.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import shutil
import stat
import struct
import time
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from audio_pipeline.audio_io.regular_file import open_regular
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.memo.part_lock import hold, is_abandoned

FOLDER = "render-ending"
"""The cache's name in the user's folder for caches."""
PLACE = "RENDER_ENDING_CACHE"
"""The environment variable that names another folder; "off" keeps nothing."""
SIZE = "RENDER_ENDING_CACHE_SIZE"
"""The environment variable that names another bound, like "500MB" or "8GB"."""
DEFAULT_LIMIT = 2_000_000_000

_SUFFIX = ".kept"
_NAMES = re.compile(r"\w+\.kept|\w+\.\d+-\d+\.part")
_MAGIC = b"RENDKEPT"
_ABANDONED_S = 3600.0
"""No writer takes so long for an entry; one that does is not kept."""
_HEAD = struct.Struct("<8sIIQ")  # magic, checksum of all that follows, length of the JSON, length of all
_MOST_BYTES = 1 << 30  # twice the largest stem
_RECORD_BYTES = 65_536
_WORDS = 512
_UNITS = {"MB": 10**6, "GB": 10**9, "TB": 10**12}
_IGNORE = "*\n"
_TAG = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# Cache of render-ending. It may be deleted at any time.\n"
    "# See https://bford.info/cachedir/\n"
)


@dataclass(frozen=True)
class Entry:
    """What was kept: planar arrays `(n, channels)` float64 (None stays None), and a note of JSON values."""

    parts: tuple[Samples | None, ...]
    note: dict[str, Any]


@dataclass(frozen=True)
class Usage:
    """What the folder holds."""

    entries: int
    size_bytes: int


def digest(*values: object) -> str:
    """A key: the hash of JSON values, by their exact text."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=True)
    return hashlib.blake2b(text.encode(), digest_size=20).hexdigest()


def size_in_bytes(text: str) -> int:
    """ "500MB" as bytes. Raises ValueError for an invalid size."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(MB|GB|TB)", text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a valid size; write it like 500MB or 8GB")
    return int(float(match[1]) * _UNITS[match[2]])


def open_cache() -> Cache | None:
    """The user's cache, where the environment does not say otherwise.

    None when it is switched off, or the user has no folder for it. Raises ValueError for an invalid size. The
    environment may name any folder.
    """
    place = os.environ.get(PLACE, "")
    if place == "off":
        return None
    limit = size_in_bytes(os.environ[SIZE]) if os.environ.get(SIZE) else DEFAULT_LIMIT
    folder = Path(place) if place else _own_folder()
    return None if folder is None else Cache(folder, limit)


def _own_folder() -> Path | None:
    """The folder where the system keeps a user's caches; None where it is another user's, or the user has
    no home."""
    from platformdirs import user_cache_path  # not for commands that keep nothing

    try:
        folder = user_cache_path(FOLDER, appauthor=False)
        user = os.geteuid() if hasattr(os, "geteuid") else None
        owned = user is None or not folder.exists() or folder.stat().st_uid == user
    except (OSError, RuntimeError):  # RuntimeError: the home is unknown
        return None
    return folder if owned and folder.is_absolute() else None


class Cache:
    """A folder of entries that together stay near `limit_bytes`; the least recently used goes first."""

    def __init__(self, folder: Path, limit_bytes: int = DEFAULT_LIMIT) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes
        self._numbers = itertools.count()
        self._since_tidy = 0
        self._left: int | None = None

    def get(self, key: str) -> Entry | None:
        """The entry under `key`, marked as used; None when it is missing or incomplete."""
        path = self._path(key)
        try:
            with open_regular(path) as file:
                entry = _read(file, key)
        except OSError:
            return None
        with suppress(OSError):
            if entry is None:
                _remove_own(path)
            else:
                os.utime(path)
        return entry

    def put(
        self, key: str, parts: Sequence[Samples | None] = (), note: dict[str, Any] | None = None
    ) -> None:
        """Keep `parts` and `note` under `key`, if the disk and the bound allow it.

        One cache object puts no more than three quarters of the bound: a mix that is larger would
        otherwise push out its own beginning before it is used again.
        """
        size = sum(8 * part.size for part in parts if part is not None)
        if self._left is None:
            self._left = self._allowance()
        if size > self._left:
            return
        with suppress(OSError):
            self._write(key, parts, note or {})
            self._left -= size
            self._since_tidy += size
        if self._since_tidy > self.limit_bytes // 16:
            self.tidy()

    def usage(self) -> Usage:
        """How many entries there are, and their size."""
        sizes = [status.st_size for _, status in self._entries()]
        return Usage(len(sizes), sum(sizes))

    def tidy(self) -> None:
        """Remove entries over the maximum size, records last, and old files of killed processes."""
        self._since_tidy = 0
        self._remove_parts(older_than_s=_ABANDONED_S)
        entries = self._entries()
        size = sum(status.st_size for _, status in entries)
        entries.sort(key=lambda e: (e[1].st_size < _RECORD_BYTES, e[1].st_mtime_ns))
        for path, status in entries:
            if size <= self.limit_bytes:
                break
            with suppress(OSError):
                _remove_own(path)
            size -= status.st_size

    def clear(self) -> Usage:
        """Remove every entry; returns what there was. Nothing else in the folder is touched.

        A process that is writing an entry meanwhile goes without it.
        """
        was = self.usage()
        for path, _ in self._entries():
            with suppress(OSError):
                _remove_own(path)
        self._remove_parts(older_than_s=0.0)
        for name, text in (("CACHEDIR.TAG", _TAG), (".gitignore", _IGNORE)):
            with suppress(OSError, ValueError):
                if (self.folder / name).read_text() == text:
                    (self.folder / name).unlink()
        with suppress(OSError):
            self.folder.rmdir()
        return was

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{_SUFFIX}"

    def remove_abandoned(self) -> None:
        """Remove what killed processes left half written; for the start of a command."""
        self._remove_parts(older_than_s=_ABANDONED_S)

    def _remove_parts(self, older_than_s: float) -> None:
        now = time.time()
        with suppress(OSError):
            for part in self.folder.glob("*.part"):
                with suppress(OSError):
                    if now - part.stat().st_mtime >= older_than_s or is_abandoned(part):
                        _remove_own(part)

    def _entries(self) -> list[tuple[Path, os.stat_result]]:
        found = []
        with suppress(OSError):
            for path in self.folder.glob(f"*{_SUFFIX}"):
                with suppress(OSError):  # another process may have removed it meanwhile
                    found.append((path, path.stat()))
        return found

    def _allowance(self) -> int:
        """How much this object may put; makes the folder. At least three quarters of the disk's free
        space stay free for the mix itself."""
        try:
            if not self.folder.is_dir():
                self.folder.mkdir(parents=True, exist_ok=True)
                (self.folder / "CACHEDIR.TAG").write_text(_TAG)
                (self.folder / ".gitignore").write_text(_IGNORE)
            return min(self.limit_bytes * 3, shutil.disk_usage(self.folder).free) // 4
        except OSError:
            return -1

    def _write(self, key: str, parts: Sequence[Samples | None], note: dict[str, Any]) -> None:
        shapes = [None if part is None else list(part.shape) for part in parts]
        whole = [None if part is None else np.ascontiguousarray(part.T) for part in parts]
        text = json.dumps({"key": key, "parts": shapes, "note": note}, ensure_ascii=True).encode("ascii")
        arrays = [part for part in whole if part is not None and part.size]
        checksum = _checksum(text, whole)
        length = len(text) + sum(array.nbytes for array in arrays)
        part = self.folder / f"{key}.{os.getpid()}-{next(self._numbers)}.part"
        try:
            with part.open("xb", buffering=0) as file:
                hold(file)
                file.write(_HEAD.pack(_MAGIC, checksum, len(text), length) + text)
                for array in arrays:
                    file.write(array.data)
                if file.tell() != _HEAD.size + length:
                    raise OSError("the disk is full")
            _refuse_foreign(self._path(key))
            part.replace(self._path(key))
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def _read(file: Any, key: str) -> Entry | None:
    head = file.read(_HEAD.size)
    if len(head) != _HEAD.size:
        return None
    magic, checksum, text_length, length = _HEAD.unpack(head)
    if magic != _MAGIC or os.fstat(file.fileno()).st_size != _HEAD.size + length:
        return None
    if not text_length <= length <= _MOST_BYTES:
        return None
    text = file.read(text_length)
    try:
        described = json.loads(text)
        shapes = [
            None if shape is None else (int(shape[0]), int(shape[1])) for shape in described["parts"]
        ]
        note = dict(described["note"])
        known = described["key"] == key  # and not another entry under this name
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, RecursionError):
        return None
    if not known or any(s is not None and min(s) < 0 for s in shapes):
        return None
    if sum(8 * n * c for n, c in filter(None, shapes)) != length - text_length:
        return None
    whole: list[Samples | None] = []
    for shape in shapes:
        part = None if shape is None else np.empty(shape[::-1])
        if part is not None and part.size:
            file.readinto(part.data)
        whole.append(part)
    if _checksum(text, whole) != checksum:
        return None
    return Entry(tuple(None if part is None else part.T for part in whole), note)


def _checksum(text: bytes, whole: Sequence[Samples | None]) -> int:
    """A CRC-32 of the text and of the samples' sums by rows of 4096 bytes and by columns: ten times as fast
    as of their bytes. What cancels in the one sum does not in the other."""
    found = zlib.crc32(text)
    for part in whole:
        if part is not None and part.size:
            words = part.reshape(-1).view(np.uint64)
            even = len(words) // _WORDS * _WORDS
            rows = words[:even].reshape(-1, _WORDS)
            for sums in (rows.sum(axis=1), rows.sum(axis=0)):
                found = zlib.crc32(sums, found)
            found = zlib.crc32(words[even:].data, found)
    return found


def _remove_own(path: Path) -> None:
    """Remove an entry, or a part of one, that carries the mark. Raises OSError for anything else."""
    _refuse_foreign(path)
    path.unlink()


def _refuse_foreign(path: Path) -> None:
    """Raise OSError where there is something at `path` that the cache did not write.

    What a power cut left empty, or full of zeros, has lost its mark and is the cache's, too.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if _NAMES.fullmatch(path.name) and stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
        with open_regular(path) as file:
            if file.read(len(_MAGIC)) in (_MAGIC, bytes(len(_MAGIC)), b""):
                return
    raise OSError(f"{path} is not an entry of the cache")
