"""One clause of a delivery: its limit, when it applies, and its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from audio_pipeline.reporting.figures import FIGURES

Value: TypeAlias = float | str | None
"""A figure that is measured, a word that is read from the file (container, codec), or neither."""
Reading: TypeAlias = Literal["original", "excerpt", "secondary"]
"""What was read of a document: itself, published parts of it, or what others write of it."""

READINGS: dict[Reading, str] = {
    "original": "the original was read",
    "excerpt": "excerpts of the original were read",
    "secondary": "the original was not read, only secondary sources",
}


@dataclass(frozen=True)
class Clause:
    """One demand: `figure` within `tolerance` of `target`, between `minimum` and `maximum`, or one of
    `allowed`, which are numbers or words.

    `code` names it in `check --json`; `document`, `version` and `section` are where it stands, `read`
    what was read of that. `source` is what the document says, `caveat` what our measurement cannot claim.
    A clause that is not `binding` is a recommendation: missing it fails nothing. `when_share_above` and
    `when_share_at_most` (percent) let it apply only to programmes with more, or at most, so much
    dialogue; `when_dialogue` only with, or without, a dialogue stem; `when_codec` only to those codecs.
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
        """The least that passes, or None."""
        return self.minimum if self.target is None else self.target - (self.tolerance or 0.0)

    @property
    def highest(self) -> float | None:
        """The most that passes, or None."""
        return self.maximum if self.target is None else self.target + (self.tolerance or 0.0)

    @property
    def moves(self) -> bool:
        """Whether a gain moves its figure."""
        return FIGURES[self.figure].moves

    def limit(self) -> str:
        """The demand in figures: "-27 +/- 2 LUFS", "at most -2 dBTP", "48000 or 96000 Hz"."""
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
        """The document, its version and section, and what was read of it; None where none is named."""
        if self.document is None:
            return None
        parts = [part for part in (self.document, self.version, self.section) if part is not None]
        return ", ".join(parts) + ("" if self.read is None else f" ({READINGS[self.read]})")
