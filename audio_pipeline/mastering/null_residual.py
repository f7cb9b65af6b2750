"""What is left when the stems DX, FX and BG are taken away from the master: rounding and dither."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from audio_pipeline.errors import RenderError
from audio_pipeline.mastering.quantise import Steps

_SUMMED = ("DX", "FX", "BG")

BOUND_STEPS = 6
"""The most that may be left: rounding and dither of ± 1 step move a sample by 1.5 steps at most, in four
files. −122.9 dBFS at 24 bits, −74.7 dBFS at 16."""


@dataclass(frozen=True)
class NullResidual:
    """The largest residual so far, in steps of `bits`."""

    bits: int
    steps: int = 0

    @property
    def dbfs(self) -> float | None:
        """Its peak in dBFS; None where the stems sum to the master exactly."""
        return 20.0 * math.log10(self.steps / 2 ** (self.bits - 1)) if self.steps else None

    def with_part(self, master: Steps, stems: Mapping[str, Steps]) -> NullResidual:
        """This and that of one more part of the programme. Whole numbers: 24 bits of each are summed in
        32."""
        residual = master.copy()
        for stem in _SUMMED:
            residual -= stems[stem]
        here = max(int(residual.max(initial=0)), -int(residual.min(initial=0)))
        return NullResidual(self.bits, max(self.steps, here))

    def check(self, mix: str) -> None:
        """Raise RenderError for a residual that rounding and dither cannot leave."""
        if self.steps > BOUND_STEPS:
            bound_dbfs = NullResidual(self.bits, BOUND_STEPS).dbfs
            raise RenderError(
                f"{mix}: the stem residual is {self.dbfs:.1f} dBFS; at most {bound_dbfs:.1f} dBFS is allowed",
                hint="This is an error of the program; please report it with the preset.",
            )
