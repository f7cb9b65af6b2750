"""Triangular dither: it decorrelates the rounding error of a sample from its value."""

from __future__ import annotations

import numpy as np

from audio_pipeline.dsp import noise
from audio_pipeline.dsp.arrays import Samples, unset
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.spans import Span


@dataclass(frozen=True)
class Dither:
    """Triangular dither of ± 1 step, a function of (seed, stream, channel, sample) like all noise."""

    seed: int
    stream: str

    def draw(self, span: Span, channels: int) -> Samples:
        """The dither `(len(span), channels)` in steps, RMS 1/√6."""
        drawn = unset(len(span), channels)
        for c, column in enumerate(drawn.T):
            np.add(
                noise.uniform(self.seed, f"dither/{self.stream}/{c}/1", span.start, span.stop),
                noise.uniform(self.seed, f"dither/{self.stream}/{c}/2", span.start, span.stop),
                out=column,
            )
        return drawn
