"""An ASC Media Hash List: a manifest of a folder's files, and the chain of its manifests.

Own writer, because `ascmhl` pins other versions of this program's dependencies; `ascmhl verify` accepts its
files. Source: ASC MHL Specification 2.0 (urn:ASC:MHL:v2.0 and urn:ASC:MHL:DIRECTORY:v2.0) with its schemas. The
manifest names no host; its date is the date of the delivery.
"""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from audio_pipeline.errors import ReportError
from audio_pipeline.jobs.deliver.checksums import Listed, c4_of, inside
from audio_pipeline.records import dataclass
from audio_pipeline.version import __version__

FOLDER = "ascmhl"
CHAIN = f"{FOLDER}/ascmhl_chain.xml"
_ALGORITHMS = ("c4", "sha1", "md5", "xxh128", "xxh3", "xxh64")
"""Algorithms of the specification, in order of preference; the first one present is compared."""
_IGNORED = (".DS_Store", "ascmhl", "ascmhl/")
"""Patterns that the specification's own tool ignores, too."""

_WRITE_AGAIN = "Write the manifest again with a program that supports ASC MHL."


@dataclass(frozen=True)
class Hashed:
    """A file of the manifest: its size and its C4."""

    size: int
    c4: str


def manifest_name(folder: str, date: str) -> str:
    """The name of a folder's first manifest; `date` as 2026-11-27."""
    return f"0001_{folder}_{date}_000000Z.mhl"


def manifest_text(files: Mapping[str, Hashed], date: str, comment: str) -> str:
    """The first manifest of a folder with these files."""
    when = f"{date}T00:00:00+00:00"
    hashes = "".join(
        "    <hash>\n"
        f'      <path size="{file.size}">{_xml(path)}</path>\n'
        f'      <c4 action="original" hashdate="{when}">{file.c4}</c4>\n'
        "    </hash>\n"
        for path, file in sorted(files.items())
    )
    ignored = "".join(f"      <pattern>{pattern}</pattern>\n" for pattern in _IGNORED)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<hashlist version="2.0" xmlns="urn:ASC:MHL:v2.0">\n'
        "  <creatorinfo>\n"
        f"    <creationdate>{when}</creationdate>\n"
        "    <hostname>unnamed</hostname>\n"
        f'    <tool version="{__version__}">render-ending</tool>\n'
        f"    <comment>{_xml(comment)}</comment>\n"
        "  </creatorinfo>\n"
        "  <processinfo>\n"
        "    <process>in-place</process>\n"
        f"    <ignore>\n{ignored}    </ignore>\n"
        "  </processinfo>\n"
        f"  <hashes>\n{hashes}  </hashes>\n"
        "</hashlist>\n"
    )


def chain_text(manifests: Sequence[tuple[str, str]]) -> str:
    """The chain of `manifests`, each a name and its C4, the oldest first."""
    entries = "".join(
        f'  <hashlist sequencenr="{number}">\n'
        f"    <path>{_xml(name)}</path>\n"
        f"    <c4>{c4}</c4>\n"
        "  </hashlist>\n"
        for number, (name, c4) in enumerate(manifests, 1)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<ascmhldirectory xmlns="urn:ASC:MHL:DIRECTORY:v2.0">\n{entries}</ascmhldirectory>\n'
    )


def c4_of_text(text: str) -> str:
    """The C4 of a file that holds `text`."""
    return c4_of(hashlib.sha512(text.encode("utf-8")).digest())


def parse_chain(name: str, text: str) -> list[tuple[str, str]]:
    """The manifests that a chain names, with their C4. Raises ReportError for an invalid chain."""
    root = _root(name, text, "ascmhldirectory")
    found = []
    for entry in _children(root, "hashlist"):
        path, c4 = _text(entry, "path"), _text(entry, "c4")
        if path is None or c4 is None:
            raise ReportError(f"{name} has an entry without a path or a c4", hint=_WRITE_AGAIN)
        found.append((inside(name, path), c4))
    return found


def parse_manifest(name: str, text: str) -> list[Listed]:
    """The entries of a manifest of version 1 or 2. Raises ReportError for an invalid manifest."""
    root = _root(name, text, "hashlist")
    entries = list(_children(root, "hash"))  # version 1
    for hashes in _children(root, "hashes"):
        entries += _children(hashes, "hash")
    return [_listed(name, entry) for entry in entries]


def ignored_patterns(name: str, text: str) -> set[str]:
    """The ignore patterns of a manifest. Raises ReportError for an invalid manifest."""
    found = set()
    for process in _children(_root(name, text, "hashlist"), "processinfo"):
        for ignore in _children(process, "ignore"):
            found |= {(pattern.text or "").strip() for pattern in _children(ignore, "pattern")}
    return found - {""}


def _listed(name: str, entry: ElementTree.Element) -> Listed:
    path, size = _text(entry, "path"), None
    node = next(_children(entry, "path"), None)
    stated = None if node is None else node.get("size")
    if path is None:  # version 1 has <file> and <size>
        path, stated = _text(entry, "file"), _text(entry, "size")
    if path is None:
        raise ReportError(f"{name} has a hash without a path", hint=_WRITE_AGAIN)
    if stated is not None and stated.isascii() and stated.isdigit():
        size = int(stated)
    for algorithm in _ALGORITHMS:
        if (digest := _text(entry, algorithm)) is not None:
            plain = digest if algorithm == "c4" else digest.lower()
            return Listed(inside(name, path), algorithm, plain, size)
    raise ReportError(
        f"{name} has no supported hash for {path[:80]!r}", hint=f"Supported: {', '.join(_ALGORITHMS)}."
    )


def _root(name: str, text: str, wanted: str) -> ElementTree.Element:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ReportError(f"{name} declares XML entities; a manifest must not", hint=_WRITE_AGAIN)
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  a DOCTYPE, which declares entities, was refused
    except (ElementTree.ParseError, ValueError) as error:
        raise ReportError(f"{name} is not XML: {error}", hint=_WRITE_AGAIN) from error
    if _local(root) != wanted:
        raise ReportError(
            f"{name} is not a media hash list: its root element is <{_local(root)[:40]}>",
            hint=_WRITE_AGAIN,
        )
    return root


def _children(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    return (child for child in element if _local(child) == name)


def _text(element: ElementTree.Element, name: str) -> str | None:
    child = next(_children(element, name), None)
    return None if child is None else (child.text or "").strip()


def _local(element: ElementTree.Element) -> str:
    """The name of an element without its namespace; a comment has none."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _xml(text: str) -> str:
    return escape("".join(c if c.isprintable() else "?" for c in text), quote=False)
