"""File names as they can be shown to a person."""

from __future__ import annotations

import os


def printable(path: str | os.PathLike[str]) -> str:
    """`path` as it was given, with every character that cannot be shown escaped.

    Line breaks, control and direction marks become `\\n`, `\\x1b`, `\\u202e`; a byte that is no
    UTF-8 becomes `\\xff`. So a message stays one line and can always be encoded.
    """
    return "".join(c if c.isprintable() else _escaped(c) for c in os.fspath(path))


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # how Python carries a byte that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
