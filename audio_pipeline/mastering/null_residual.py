"""The null residual: the master minus the stems DX, FX and BG, i.e. rounding and dither."""

from __future__ import annotations

import math
from collections.abc import Mapping

from audio_pipeline.errors import RenderError
from audio_pipeline.mastering.quantise import Steps
from audio_pipeline.records import dataclass

_SUMMED = ("DX", "FX", "BG")

BOUND_STEPS = 6
"""The allowed residual: −122.9 dBFS at 24 bits, −74.7 dBFS at 16.

Rounding and dither of ± 1 step change a sample by at most 1.5 steps, in each of four files.
"""


@dataclass(frozen=True)
class NullResidual:
    """The largest residual so far, in steps of `bits`."""

    bits: int
    steps: int = 0

    @property
    def dbfs(self) -> float | None:
        """The peak of the residual in dBFS; None if the stems sum to the master exactly."""
        return 20.0 * math.log10(self.steps / 2 ** (self.bits - 1)) if self.steps else None

    def with_part(self, master: Steps, stems: Mapping[str, Steps]) -> NullResidual:
        """The residual with one more part of the programme.

        Integers: the sum of 24-bit samples fits in 32 bits.
        """
        residual = master.copy()
        for stem in _SUMMED:
            residual -= stems[stem]
        here = max(int(residual.max(initial=0)), -int(residual.min(initial=0)))
        return NullResidual(self.bits, max(self.steps, here))

    def check(self, mix: str) -> None:
        """Raise RenderError for a residual larger than rounding and dither allow."""
        if self.steps > BOUND_STEPS:
            bound_dbfs = NullResidual(self.bits, BOUND_STEPS).dbfs
            raise RenderError(
                f"{mix}: the stem residual is {self.dbfs:.1f} dBFS; at most {bound_dbfs:.1f} dBFS is allowed",
                hint="This is an error of the program; please report it with the preset.",
            )
