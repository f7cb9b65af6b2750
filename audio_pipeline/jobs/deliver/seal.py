"""Write the checksums of a folder: SHA256SUMS of all files, and an MHL manifest of all files and SHA256SUMS."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from audio_pipeline.audio_io.write.whole_folder import new_file
from audio_pipeline.jobs.deliver.checksums import SUMS, c4_of, files_in, sums_text
from audio_pipeline.jobs.deliver.mhl import (
    CHAIN,
    FOLDER,
    Hashed,
    c4_of_text,
    chain_text,
    manifest_name,
    manifest_text,
)
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.workers import in_order

_CHUNK_BYTES = 1 << 20
_AT_A_TIME = min(4, os.cpu_count() or 1)
"""Files that are hashed in parallel: hashlib releases the GIL."""


@dataclass(frozen=True)
class FileHashes:
    """The SHA-256 (hex) and the C4 of a file."""

    sha256: str
    c4: str


def file_hashes(path: Path) -> FileHashes:
    """The hashes of a file, read once. Raises OSError."""
    sha256, sha512 = hashlib.sha256(), hashlib.sha512()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK_BYTES):
            sha256.update(piece)
            sha512.update(piece)
    return FileHashes(sha256.hexdigest(), c4_of(sha512.digest()))


def hashes_of(tree: Path, paths: Sequence[str]) -> dict[str, FileHashes]:
    """The hashes of files in `tree`, by path, computed in parallel. Raises OSError."""
    found = in_order(file_hashes, [tree / path for path in paths], _AT_A_TIME)
    return dict(zip(paths, found, strict=True))


def seal(tree: Path, name: str, date: str, comment: str, known: Mapping[str, FileHashes]) -> None:
    """Write the checksums of all files in `tree`, which becomes the folder `name`; `known` are hashes that were
    computed before, by path.

    No list names the chain: the specification lets other programs append to it. Raises RenderError when a file
    cannot be written.
    """
    here = files_in(tree)
    others = hashes_of(tree, [path for path in here if path not in known])
    hashes = {path: known.get(path) or others[path] for path in here}
    _write(tree / SUMS, sums_text({path: found.sha256 for path, found in hashes.items()}))
    hashes[SUMS] = file_hashes(tree / SUMS)
    listed = {path: Hashed((tree / path).stat().st_size, found.c4) for path, found in hashes.items()}
    manifest, text = manifest_name(name, date), manifest_text(listed, date, comment)
    _write(tree / FOLDER / manifest, text)
    _write(tree / CHAIN, chain_text([(manifest, c4_of_text(text))]))


def _write(path: Path, text: str) -> None:
    with new_file(path, "w") as file:
        file.write(text)
