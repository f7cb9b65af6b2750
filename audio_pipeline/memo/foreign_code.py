"""The cache key of code outside the package: of a plug-in, or of a user of the library.

It includes every file of the distribution and the versions of all its dependencies, so a plug-in with
edited code never gets its earlier cache entries.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from audio_pipeline.memo.store import digest
from audio_pipeline.plugins import plugin_of_module

if TYPE_CHECKING:
    from importlib.metadata import Distribution

_PROGRAM = "audio_pipeline"
_WITHOUT_CODE = ("builtins", "typing", "abc", "pydantic")
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def foreign_code_key(kind: type) -> str:
    """The key of the code outside the program that `kind` depends on; "" for the program's own kinds.

    A class of `__main__`, which may be typed at a prompt, gets a new key at every call.
    """
    tops = {base.__module__.partition(".")[0] for base in kind.__mro__}
    foreign = sorted(tops.difference((_PROGRAM, *_WITHOUT_CODE)))
    if "__main__" in foreign:
        return secrets.token_hex(20)
    return digest([_package_key(top) for top in foreign]) if foreign else ""


@lru_cache(maxsize=100)
def _package_key(top: str) -> str:
    """The key of the imported package or module `top`."""
    found = plugin_of_module(top)
    dist = None if found is None else found.entry.dist
    files = set(_files_of_import(top))
    if dist is not None:
        files |= set(_files_of(dist))
    return digest(top, _hash_of(files), [] if dist is None else sorted(_versions(dist)))


def _files_of_import(top: str) -> Iterator[Path]:
    """The files of the imported package or module `top`."""
    module = sys.modules.get(top)
    for folder in getattr(module, "__path__", ()):
        yield from (path for path in Path(folder).rglob("*") if _counts(path))
    file = getattr(module, "__file__", None)
    if file is not None and Path(file).is_file():
        yield Path(file)


def _files_of(dist: Distribution) -> Iterator[Path]:
    """The files that were installed with `dist`; the code of an editable install is elsewhere."""
    for file in dist.files or ():
        path = Path(str(dist.locate_file(file)))
        if ".." not in file.parts and not file.parts[0].endswith(".dist-info") and _counts(path):
            yield path  # scripts and records contain paths, no code


def _counts(path: Path) -> bool:
    return path.suffix not in (".pyc", ".pyo") and path.is_file()


def _hash_of(files: Iterable[Path]) -> str:
    """The hash of the files and their names, independent of their folder."""
    total = hashlib.blake2b(digest_size=20)
    for path in sorted(files):
        content = path.read_bytes()
        total.update(f"{path.name} {len(content)}\n".encode())
        total.update(content)
    return total.hexdigest()


def _versions(dist: Distribution) -> set[str]:
    """ "name version" of every installed package that `dist` depends on, directly or indirectly."""
    from importlib.metadata import PackageNotFoundError, distribution  # see `plugins`

    found: set[str] = set()
    waiting = [dist]
    while waiting:
        for requirement in waiting.pop().requires or ():
            match = _NAME.match(requirement)
            if match is None:
                continue
            try:
                other = distribution(match[0])
            except PackageNotFoundError:  # of an extra, or for another system
                continue
            if (name := f"{other.name} {other.version}") not in found:
                found.add(name)
                waiting.append(other)
    return found
