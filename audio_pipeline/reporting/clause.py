"""One clause of a delivery: its limit, when it applies, and its source."""

from __future__ import annotations

from typing import Literal, TypeAlias

from audio_pipeline.records import dataclass
from audio_pipeline.reporting.figures import FIGURES

Value: TypeAlias = float | str | None
"""A measured figure, a text that is read from the file (container, codec), or None."""
Reading: TypeAlias = Literal["original", "excerpt", "secondary"]
"""The text that was read of a document: the original, published excerpts, or secondary sources."""

READINGS: dict[Reading, str] = {
    "original": "the original was read",
    "excerpt": "excerpts of the original were read",
    "secondary": "the original was not read, only secondary sources",
}


@dataclass(frozen=True)
class Clause:
    """One requirement: `figure` within `tolerance` of `target`, between `minimum` and `maximum`, or one of
    `allowed` (numbers or text).

    `code` names it in `check --json`; `document`, `version` and `section` cite its source, `read` is the text
    that was read. `source` is the wording of the document, `caveat` the limits of our measurement. A clause
    that is not `binding` is a recommendation, and missing it is not a failure. `when_share_above` and
    `when_share_at_most` (percent) restrict it to programmes with more, or at most, this share of dialogue;
    `when_dialogue` to files with, or without, a dialogue stem; `when_codec` to these codecs.
    """

    figure: str
    unit: str
    source: str
    code: str
    caveat: str | None = None
    document: str | None = None
    version: str | None = None
    section: str | None = None
    read: Reading | None = None
    binding: bool = True
    target: float | None = None
    tolerance: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[float | str, ...] = ()
    when_share_above: float | None = None
    when_share_at_most: float | None = None
    when_dialogue: bool | None = None
    when_codec: tuple[str, ...] = ()

    @property
    def lowest(self) -> float | None:
        """The lowest value that passes, or None."""
        return self.minimum if self.target is None else self.target - (self.tolerance or 0.0)

    @property
    def highest(self) -> float | None:
        """The highest value that passes, or None."""
        return self.maximum if self.target is None else self.target + (self.tolerance or 0.0)

    @property
    def moves(self) -> bool:
        """Whether a gain changes the figure."""
        return FIGURES[self.figure].moves

    def limit(self) -> str:
        """The limit as text: "-27 +/- 2 LUFS", "at most -2 dBTP", "48000 or 96000 Hz"."""
        return f"{self._limit()} {self.unit}".strip()

    def _limit(self) -> str:
        if self.allowed:
            names = [value if isinstance(value, str) else f"{value:g}" for value in self.allowed]
            return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
        if self.target is not None:
            return f"{self.target:g} +/- {self.tolerance:g}"
        if self.minimum == self.maximum:
            return f"{self.minimum:g}"
        if self.minimum is not None and self.maximum is not None:
            return f"{self.minimum:g} to {self.maximum:g}"
        word, value = ("at least", self.minimum) if self.maximum is None else ("at most", self.maximum)
        return f"{word} {value:g}"

    def citation(self) -> str | None:
        """The document with version, section, and the text that was read; None without a document."""
        if self.document is None:
            return None
        parts = [part for part in (self.document, self.version, self.section) if part is not None]
        return ", ".join(parts) + ("" if self.read is None else f" ({READINGS[self.read]})")
