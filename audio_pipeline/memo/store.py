"""The cache on disk: entries under keys of everything they depend on.

Each entry is one file, named by its key: a hash of everything that the content depends on. An entry is
therefore never out of date, only unused; the folder may be deleted at any time; several processes may
use it at the same time. No failure is an error: an unreadable entry is computed again, an entry that
cannot be written is skipped. Only files that begin with the cache's signature, or are empty, are
removed or replaced. The folder belongs to the user and not to the project, because entries are trusted
and projects are shared.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import shutil
import stat
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from audio_pipeline.audio_io.regular_file import open_regular
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.memo.entry_file import MAGIC, Entry, OpenEntry, read_entry, write_entry
from audio_pipeline.memo.part_lock import hold, is_abandoned
from audio_pipeline.records import dataclass

FOLDER = "render-ending"
"""The name of the cache's folder in the user's cache folder."""
PLACE = "RENDER_ENDING_CACHE"
"""The environment variable for another folder; "off" disables the cache."""
SIZE = "RENDER_ENDING_CACHE_SIZE"
"""The environment variable for another maximum size, like "500MB" or "8GB"."""
DEFAULT_LIMIT = 2_000_000_000

_SUFFIX = ".kept"
_NAMES = re.compile(r"\w+\.kept|\w+\.\d+-\d+\.part")
_ABANDONED_S = 3600.0
"""Age at which an unfinished file counts as abandoned; no writer takes this long for an entry."""
_RECORD_BYTES = 65_536
_UNITS = {"MB": 10**6, "GB": 10**9, "TB": 10**12}
_IGNORE = "*\n"
_TAG = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# Cache of render-ending. It may be deleted at any time.\n"
    "# See https://bford.info/cachedir/\n"
)


@dataclass(frozen=True)
class Usage:
    """The number of entries in the folder, and their total size."""

    entries: int
    size_bytes: int


def digest(*values: object) -> str:
    """A key: the hash of JSON values, by their exact text."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=True)
    return hashlib.blake2b(text.encode(), digest_size=20).hexdigest()


def size_in_bytes(text: str) -> int:
    """A size like "500MB" in bytes. Raises ValueError for an invalid size."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(MB|GB|TB)", text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a valid size; write it like 500MB or 8GB")
    return int(float(match[1]) * _UNITS[match[2]])


def open_cache() -> Cache | None:
    """The user's cache, in the folder of the environment variable or of the system.

    None when it is disabled, or the user has no cache folder. Raises ValueError for an invalid size.
    The environment may name any folder.
    """
    place = os.environ.get(PLACE, "")
    if place == "off":
        return None
    limit = size_in_bytes(os.environ[SIZE]) if os.environ.get(SIZE) else DEFAULT_LIMIT
    folder = Path(place) if place else _own_folder()
    return None if folder is None else Cache(folder, limit)


def _own_folder() -> Path | None:
    """The folder of the cache in the user's cache folder.

    None if it belongs to another user, or the user has no home.
    """
    from platformdirs import user_cache_path  # commands without a cache skip it

    try:
        folder = user_cache_path(FOLDER, appauthor=False)
        user = os.geteuid() if hasattr(os, "geteuid") else None
        owned = user is None or not folder.exists() or folder.stat().st_uid == user
    except (OSError, RuntimeError):  # RuntimeError: the home is unknown
        return None
    return folder if owned and folder.is_absolute() else None


class Cache:
    """A folder of entries with a total size near `limit_bytes`; the least recently used are removed first."""

    def __init__(self, folder: Path, limit_bytes: int = DEFAULT_LIMIT) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes
        self._numbers = itertools.count()
        self._since_tidy = 0
        self._left: int | None = None

    def get(self, key: str) -> Entry | None:
        """The entry under `key`, marked as used; None when it is missing or incomplete."""
        found = self.get_open(key)
        if found is None:
            return None
        entry, opened = found
        opened.close()
        return entry

    def get_open(self, key: str) -> tuple[Entry, OpenEntry] | None:
        """The same, and its open file, which the caller closes."""
        path = self._path(key)
        with ExitStack() as unless_found:
            try:
                file = unless_found.enter_context(open_regular(path))
                entry = read_entry(file, key)
            except OSError:
                return None
            if entry is None:
                with suppress(OSError):
                    _remove_own(path)
                return None
            with suppress(OSError):
                os.utime(path)
            opened = OpenEntry(file, entry.parts)
            unless_found.pop_all()
        return entry, opened

    def put(
        self, key: str, parts: Sequence[Samples | None] = (), note: dict[str, Any] | None = None
    ) -> bool:
        """Store `parts` and `note` under `key` if the disk and the maximum size allow it; whether it is stored.

        One cache object stores at most three quarters of the maximum size; otherwise a larger mix would
        remove its own first entries before they are used again.
        """
        size = sum(8 * part.size for part in parts if part is not None)
        if self._left is None:
            self._left = self._allowance()
        if size > self._left:
            return False
        stored = False
        with suppress(OSError):
            self._write(key, parts, note or {})
            stored = True
            self._left -= size
            self._since_tidy += size
        if self._since_tidy > self.limit_bytes // 16:
            self.tidy()
        return stored

    def put_open(self, key: str, parts: Sequence[Samples | None]) -> OpenEntry | None:
        """Store `parts` under `key`; returns the open file, which the caller closes, or None if not stored."""
        if self.put(key, parts):
            with suppress(OSError):
                return OpenEntry(open_regular(self._path(key)), parts)
        return None

    def usage(self) -> Usage:
        """The number of entries, and their total size."""
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
        """Remove every entry; returns the earlier usage. Other files in the folder are unchanged.

        An entry that another process is writing at that time is not stored.
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
        """Remove unfinished files of killed processes; for the start of a command."""
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
                with suppress(OSError):  # another process may have removed it
                    found.append((path, path.stat()))
        return found

    def _allowance(self) -> int:
        """The number of bytes that this object may store; creates the folder.

        At least three quarters of the disk's free space stay free for the mix itself.
        """
        try:
            if not self.folder.is_dir():
                self.folder.mkdir(parents=True, exist_ok=True)
                (self.folder / "CACHEDIR.TAG").write_text(_TAG)
                (self.folder / ".gitignore").write_text(_IGNORE)
            return min(self.limit_bytes * 3, shutil.disk_usage(self.folder).free) // 4
        except OSError:
            return -1

    def _write(self, key: str, parts: Sequence[Samples | None], note: dict[str, Any]) -> None:
        part = self.folder / f"{key}.{os.getpid()}-{next(self._numbers)}.part"
        try:
            with part.open("xb", buffering=0) as file:
                hold(file)
                write_entry(file, key, parts, note)
            _refuse_foreign(self._path(key))
            part.replace(self._path(key))
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def _remove_own(path: Path) -> None:
    """Remove an entry, or an unfinished one, with the cache's signature. Raises OSError for any other file."""
    _refuse_foreign(path)
    path.unlink()


def _refuse_foreign(path: Path) -> None:
    """Raise OSError if the cache did not write the file at `path`.

    A file that a power cut left empty, or full of zeros, has lost its signature; it counts as the
    cache's.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if _NAMES.fullmatch(path.name) and stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
        with open_regular(path) as file:
            if file.read(len(MAGIC)) in (MAGIC, bytes(len(MAGIC)), b""):
                return
    raise OSError(f"{path} is not an entry of the cache")
