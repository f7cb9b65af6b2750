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
"""Characters of a sentence that are shown; a hostile file may put a megabyte into one."""

_SURROGATE = re.compile("[\ud800-\udfff]")
"""How Python carries a byte of a path that is not UTF-8 (PEP 383), and half a character."""


class AudioPipelineError(Exception):
    """One sentence that names the file or key and the cause, and a hint at what to do.

    `message` is the sentence; `hint` is one more, or None. Both are made `printable` and cut short
    here, so that whatever a file or its name holds, an error stays one line that can be shown.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        self.message = _one_line(message)
        self.hint = None if hint is None else _one_line(hint)
        super().__init__(self.message)


def printable(text: str) -> str:
    """`text` with every character that cannot be shown, or would steer a terminal, escaped.

    Line breaks, control and direction marks become `\\n`, `\\x1b`, `\\u202e`; a byte that is not UTF-8, as
    Python carries it, becomes `\\xff`. So it stays one line and can always be encoded.
    """
    return text if text.isprintable() else "".join(map(_escaped, text))


def encodable(text: str) -> str:
    """`text` with only what UTF-8 cannot encode escaped: a byte of a path that is not UTF-8 becomes `\\xff`.

    For text that is written into a file: JSON, CSV and HTML escape their own signs.
    """
    return _SURROGATE.sub(lambda match: _escaped(match[0]), text)


def encodable_texts(value: Any) -> Any:
    """JSON values with every text and every key `encodable`: paths may hold any byte."""
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
    if len(sentence) > LONGEST:  # before escaping, which takes time
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
