"""The errors that a user can cause.

    AudioPipelineError
    ├── PresetError     a preset, a batch file or `--set` is invalid
    ├── StemError       an audio file cannot be used
    ├── RenderError     the mix cannot be rendered or written
    └── ReportError     a report, a delivery or a marker list cannot be read or compared

Misuse of the library (wrong shapes, wrong dtypes) raises `ValueError`.
"""

import re
from typing import Any

LONGEST = 1000
"""The longest message, in characters; a hostile file could cause one of a megabyte."""

_SURROGATE = re.compile("[\ud800-\udfff]")
"""Surrogates: Python's form of a byte of a path that is not UTF-8 (PEP 383), or half of a character."""


class AudioPipelineError(Exception):
    """One sentence that names the file or key and the cause, with a hint at the next step.

    `message` is the sentence; `hint` is a second one, or None. Both are escaped by `printable` and shortened,
    so that an error is always one line that a terminal can show.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        self.message = _one_line(message)
        self.hint = None if hint is None else _one_line(hint)
        super().__init__(self.message)


def printable(text: str) -> str:
    """`text` with every character escaped that cannot be printed or that controls a terminal.

    Line breaks, control and direction characters become `\\n`, `\\x1b`, `\\u202e`; the surrogate of a byte that
    is not UTF-8 becomes `\\xff`. The result is one line and can always be encoded.
    """
    return text if text.isprintable() else "".join(map(_escaped, text))


def encodable(text: str) -> str:
    """`text` with surrogates escaped, which UTF-8 cannot encode: a byte that is not UTF-8 becomes `\\xff`.

    For text that is written to a file: JSON, CSV and HTML have their own escapes for other characters.
    """
    return _SURROGATE.sub(lambda match: _escaped(match[0]), text)


def encodable_texts(value: Any) -> Any:
    """JSON values with `encodable` applied to every text and key: paths may hold any byte."""
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, dict):
        return {encodable_texts(k): encodable_texts(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [encodable_texts(item) for item in value]
    return value


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    if 0xDC80 <= (code := ord(character)) <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def _one_line(sentence: str) -> str:
    if len(sentence) > LONGEST:  # before escaping, which is slow for long texts
        sentence = f"{sentence[: LONGEST // 2]} … {sentence[-LONGEST // 4 :]}"
    return printable(sentence)


class PresetError(AudioPipelineError):
    """A preset, a batch file or a `--set` is invalid."""


class StemError(AudioPipelineError):
    """An audio file cannot be used."""


class RenderError(AudioPipelineError):
    """The mix could not be rendered or written; existing files are unchanged."""


class ReportError(AudioPipelineError):
    """A report, a delivery or a marker list cannot be read or compared."""
