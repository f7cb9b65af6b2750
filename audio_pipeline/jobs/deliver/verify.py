"""Verify a folder by its checksums: changed, missing, renamed and added files; also of other programs.

A folder holds `sha256sum` lists (`SHA256SUMS`, `*.sha256`, …), a chain of MHL manifests in `ascmhl/`, or MHL
manifests of version 1 next to its files; every list found is verified.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from audio_pipeline.audio_io.small_file import read_small_text
from audio_pipeline.errors import ReportError
from audio_pipeline.jobs.deliver.checksums import (
    SUMS,
    Listed,
    digest_of,
    files_in,
    parse_sums,
)
from audio_pipeline.jobs.deliver.mhl import (
    CHAIN,
    FOLDER,
    chain_text,
    ignored_patterns,
    parse_chain,
    parse_manifest,
)
from audio_pipeline.jobs.deliver.record import RECORD
from audio_pipeline.records import dataclass

FaultKind = Literal["changed", "missing", "renamed", "added", "unreadable"]

_SUMS_NAME = re.compile(r"((sha(1|256|512)|md5)sums?(\.txt)?)|.*\.(sha(1|256|512)|md5)", re.IGNORECASE)
_MHL_1 = re.compile(r"[^/]+\.mhl", re.IGNORECASE)
_MOST_BYTES = 64_000_000


@dataclass(frozen=True)
class Fault:
    """One file that differs. `renamed_to` is its new name; `why` is the reason."""

    kind: FaultKind
    path: str
    why: str
    renamed_to: str | None = None

    def sentence(self) -> str:
        """The fault as a line of text."""
        if self.renamed_to is not None:
            return f"renamed: {self.path} is {self.renamed_to}"
        return f"{self.kind}: {self.path} ({self.why})"


@dataclass(frozen=True)
class Verification:
    """The result. `lists` are the lists found, `files` is the number of files that they name."""

    folder: str
    lists: tuple[str, ...]
    files: int
    faults: tuple[Fault, ...]

    @property
    def passes(self) -> bool:
        """Whether every file matches."""
        return not self.faults


@dataclass
class _Folder:
    """A folder under verification."""

    path: Path
    files: list[str]
    faults: list[Fault] = field(default_factory=list)
    expected: dict[str, dict[str, Listed]] = field(default_factory=lambda: defaultdict(dict))
    lists: list[str] = field(default_factory=list)
    digests: dict[tuple[str, str], str] = field(default_factory=dict)
    ignored: set[str] = field(default_factory=set)

    def fault(self, kind: FaultKind, path: str, why: str) -> None:
        """Add a fault; one for each file."""
        if not any(known.path == path for known in self.faults):
            self.faults.append(Fault(kind, path, why))

    def digest(self, path: str, algorithm: str) -> str:
        """A digest of a file, computed once."""
        key = (path, algorithm)
        if key not in self.digests:
            self.digests[key] = digest_of(self.path / path, algorithm)
        return self.digests[key]

    def ignores(self, path: str) -> bool:
        """Whether an ignore pattern of a manifest of another program matches."""
        names = (path, Path(path).name)
        return any(fnmatchcase(name, pattern) for pattern in self.ignored for name in names)

    def text(self, path: str) -> str:
        """A list of the folder as text. Raises ReportError."""
        return read_small_text(self.path / path, path, "list of checksums", _MOST_BYTES, ReportError)

    def expect(self, listed: Iterable[Listed], base: str = "") -> None:
        """Add the entries of a list in the folder `base`."""
        present = set(self.files)
        for one in listed:
            path = f"{base}/{one.path}" if base else one.path
            if path not in present and (other := path.replace("\\", "/")) in present:
                path = other  # a list that was written on Windows
            self.expected[path][one.algorithm] = one


def verify_folder(
    folder: Path, on_file: Callable[[str, float], None] = lambda path, share: None
) -> Verification:
    """Verify every file of a folder against its lists.

    Raises ReportError for a path that is not a folder, a folder without a list, or one that cannot be read.
    """
    if not folder.is_dir():
        raise ReportError(f"{folder} is not a folder", hint="Name the folder of a delivery.")
    odd: list[str] = []
    try:
        here = _Folder(folder, files_in(folder, odd.append))
        _read_lists(here)
        _compare(here, on_file)
    except OSError as error:
        raise ReportError(
            f"{error.filename or folder} cannot be read: {error.strerror or error}",
            hint="Check the permissions of the folder.",
        ) from error
    for path in odd:
        here.fault("added", path, "an empty folder, link or device that no list names")
    _find_renamed(here)
    faults = tuple(sorted(here.faults, key=lambda fault: fault.path))
    return Verification(folder.name, tuple(here.lists), len(here.expected), faults)


def _read_lists(here: _Folder) -> None:
    if RECORD in here.files:
        _read_own_lists(here)
    else:
        _read_foreign_lists(here)
    if not here.lists and not here.faults:
        raise ReportError(
            f"{here.path} holds no checksums",
            hint="Lists that are read: SHA256SUMS, *.sha256, *.md5, ascmhl/, *.mhl.",
        )


def _read_own_lists(here: _Folder) -> None:
    """The lists that this program writes; any other list is an added file."""
    if SUMS in here.files:
        _read_one(here, SUMS, parse_sums)
    else:
        here.fault("missing", SUMS, "the list of checksums")
    _read_chain(here, "", own=True)


def _read_foreign_lists(here: _Folder) -> None:
    for path in here.files:
        if _SUMS_NAME.fullmatch(Path(path).name):
            _read_one(here, path, _read_sums)
        elif _MHL_1.fullmatch(path):
            _read_one(here, path, parse_manifest)
    tail = f"{FOLDER}/{Path(CHAIN).name}"
    bases = {path.removesuffix(tail) for path in here.files if f"/{path}".endswith(f"/{tail}")}
    if any(path.startswith(f"{FOLDER}/") for path in here.files):
        bases.add("")
    for base in sorted(bases):
        _read_chain(here, base, own=False)


def _read_sums(name: str, text: str) -> list[Listed]:
    if Path(name).suffix.lower() in (".sha256", ".sha1", ".sha512", ".md5"):
        bare = re.fullmatch(r"\s*([0-9a-fA-F]{32,128})\s*", text)
        if bare is not None:  # only a digest, of the file with the list's name without its suffix
            return parse_sums(name, f"{bare[1]}  {Path(name).stem}")
    return parse_sums(name, text)


def _read_one(here: _Folder, path: str, parse: Callable[[str, str], list[Listed]]) -> None:
    here.lists.append(path)
    base = Path(path).parent.as_posix()
    try:
        here.expect(parse(path, here.text(path)), "" if base == "." else base)
    except ReportError as error:
        here.fault("changed", path, error.message)


def _read_chain(here: _Folder, base: str, *, own: bool) -> None:
    """Read the manifests of the chain for the folder `base`, empty or ending in "/".

    Each must match its C4 in the chain. The latest manifest that names a file counts.
    """
    chain_file, folder = f"{base}{CHAIN}", f"{base}{FOLDER}/"
    manifests = {path for path in here.files if path.startswith(folder) and path != chain_file}
    if chain_file not in here.files:
        here.fault("missing", chain_file, "the chain of manifests")
        return
    here.lists.append(chain_file)
    try:
        text = here.text(chain_file)
        chain = parse_chain(chain_file, text)
    except ReportError as error:
        here.fault("changed", chain_file, error.message)
        return
    if own and len(chain) <= 1 and text != chain_text(chain):
        here.fault("changed", chain_file, "it differs from the chain that was written")
    for name, c4 in chain:
        path = f"{folder}{name}"
        manifests.discard(path)
        here.expected[path]["c4"] = Listed(path, "c4", c4)
        if path in here.files:
            here.lists.append(path)
            try:
                text = here.text(path)
                here.expect(parse_manifest(path, text), base.rstrip("/"))
                here.ignored |= set() if own else ignored_patterns(path, text)
            except ReportError as error:
                here.fault("changed", path, error.message)
    for path in sorted(manifests):
        here.fault("added", path, "the chain does not name it")


def _compare(here: _Folder, on_file: Callable[[str, float], None]) -> None:
    present = set(here.files)
    total = max(1, len(here.expected))
    for number, (path, listed) in enumerate(sorted(here.expected.items())):
        on_file(path, number / total)
        if path not in present:
            here.fault("missing", path, "a list names it")
            continue
        for one in listed.values():
            size = (here.path / path).stat().st_size
            if one.size is not None and one.size != size:
                here.fault("changed", path, f"it has {size} bytes; the list states {one.size}")
            elif here.digest(path, one.algorithm) != one.digest:
                here.fault("changed", path, f"its {one.algorithm} differs from the list")
    for path in here.files:
        if path not in here.expected and path not in here.lists and not here.ignores(path):
            here.fault("added", path, "no list names it")


def _find_renamed(here: _Folder) -> None:
    """Report a missing file as renamed when an unlisted file has its content."""
    missing = [fault for fault in here.faults if fault.kind == "missing"]
    added = [fault for fault in here.faults if fault.kind == "added" and fault.path in here.files]
    for gone in missing:
        listed: Mapping[str, Listed] = here.expected.get(gone.path, {})
        for one in listed.values():
            match = next(
                (new for new in added if here.digest(new.path, one.algorithm) == one.digest), None
            )
            if match is not None:
                added.remove(match)
                here.faults.remove(match)
                here.faults.remove(gone)
                here.faults.append(Fault("renamed", gone.path, "", match.path))
                break
