"""Checksums of the files in a folder: `sha256sum` lists, and the hashes that MHL manifests use.

Sources: GNU coreutils, "md5sum: Print or check MD5 digests" (the format of a line, and the backslash before a
line with an escaped name); SMPTE ST 2114 (C4: SHA-512 in base 58, 90 characters).
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from audio_pipeline.errors import ReportError
from audio_pipeline.records import dataclass

SUMS = "SHA256SUMS"
MOST_FILES = 100_000

_C4 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_C4_LENGTH = 88
_LINE = re.compile(r"(\\?)([0-9a-fA-F]{32,128}) ([ *])(.+)", re.DOTALL)
_TAGGED = re.compile(r"(\\?)(MD5|SHA1|SHA256|SHA512) \((.+)\) = ([0-9a-fA-F]{32,128})", re.DOTALL)
_BY_LENGTH = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
_ESCAPES = {"\\\\": "\\", "\\n": "\n", "\\r": "\r"}


@dataclass(frozen=True)
class Listed:
    """An entry of a list: path in the folder, algorithm, digest, and size in bytes if stated."""

    path: str
    algorithm: str
    digest: str
    size: int | None = None


def c4_of(sha512: bytes) -> str:
    """The C4 identification of a SHA-512 digest."""
    number, text = int.from_bytes(sha512, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = _C4[digit] + text
    return "c4" + text.rjust(_C4_LENGTH, _C4[0])


def digest_of(path: Path, algorithm: str) -> str:
    """A file's digest by `md5`, `sha1`, `sha256`, `sha512`, `c4`, `xxh64`, `xxh3` or `xxh128`.

    Raises OSError when it cannot be read, ReportError for another algorithm.
    """
    with path.open("rb") as file:
        found = hashlib.file_digest(file, _maker(algorithm))
    return c4_of(found.digest()) if algorithm == "c4" else found.hexdigest()


def _maker(algorithm: str) -> Callable[[], Any]:
    name = "sha512" if algorithm == "c4" else algorithm
    if name in _BY_LENGTH.values():
        return lambda: hashlib.new(name, usedforsecurity=False)
    import xxhash  # only manifests of other programs need it

    makers = {"xxh64": xxhash.xxh64, "xxh3": xxhash.xxh3_64, "xxh128": xxhash.xxh3_128}
    if name not in makers:
        raise ReportError(
            f"unsupported checksum algorithm {name!r}",
            hint="Supported: md5, sha1, sha256, sha512, c4, xxh64, xxh3, xxh128.",
        )
    return makers[name]


def files_in(folder: Path, report_other: Callable[[str], None] = lambda path: None) -> list[str]:
    """The regular files in a folder and below it, as relative paths with `/`, sorted.

    `report_other` is called with links, devices and empty folders. Raises OSError, and ReportError for too many
    files.
    """
    found: list[str] = []
    for root, folders, names in os.walk(folder, onerror=_raise):
        here = Path(root)
        if not folders and not names and here != folder:
            report_other(here.relative_to(folder).as_posix())
        for name in (*names, *folders):
            mode = (here / name).lstat().st_mode
            path = (here / name).relative_to(folder).as_posix()
            if stat.S_ISREG(mode):
                found.append(path)
            elif not stat.S_ISDIR(mode):
                report_other(path)
        if len(found) > MOST_FILES:
            raise ReportError(
                f"{folder} holds more than {MOST_FILES} files", hint="Verify its subfolders one by one."
            )
    return sorted(found)


def _raise(error: OSError) -> None:
    raise error


def sums_text(digests: Mapping[str, str]) -> str:
    """The file `SHA256SUMS`: a line for each file, sorted by path."""
    return "".join(_line(digest, path) for path, digest in sorted(digests.items()))


def _line(digest: str, path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{'' if escaped == path else chr(92)}{digest}  {escaped}\n"


def parse_sums(name: str, text: str) -> list[Listed]:
    """The entries of a `sha256sum` list; also of md5sum, sha1sum and sha512sum, and of `--tag`.

    Raises ReportError with the line number for an invalid list.
    """
    listed: list[Listed] = []
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r")
        if not line or line.startswith("#"):
            continue
        plain, tagged = _LINE.fullmatch(line), _TAGGED.fullmatch(line)
        if plain is not None:
            escape, digest, path = plain[1], plain[2], plain[4]
            algorithm = _BY_LENGTH.get(len(digest), "")
        elif tagged is not None:
            escape, digest, path = tagged[1], tagged[4], tagged[3]
            algorithm = tagged[2].lower()
        else:
            raise ReportError(
                f"{name}, line {number}: invalid checksum line {line[:60]!r}",
                hint="Write the list with: sha256sum FILES > SHA256SUMS.",
            )
        if _BY_LENGTH.get(len(digest)) != algorithm:
            raise ReportError(
                f"{name}, line {number}: unknown digest length of {len(digest)} characters",
                hint="Use md5sum, sha1sum, sha256sum or sha512sum.",
            )
        if escape:
            path = re.sub(r"\\[\\nr]", lambda match: _ESCAPES[match[0]], path)
        listed.append(Listed(inside(name, path), algorithm, digest.lower()))
    return listed


def inside(name: str, path: str) -> str:
    """The path that a list names, `/` between its parts.

    Raises ReportError for one that leads out of the folder.
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    steps = re.split(r"[/\\]", path)
    if path.startswith(("/", "\\")) or ".." in steps or not parts or "\0" in path:
        raise ReportError(
            f"{name} names {path[:80]!r}, a path outside the folder",
            hint="Write the list again, with paths relative to the folder.",
        )
    return "/".join(parts)
