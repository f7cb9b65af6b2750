"""The number of bits in use in samples: a 24-bit file may contain 16-bit audio."""

from __future__ import annotations

import numpy as np

from audio_pipeline.dsp.arrays import Samples

_LOOK_AT = 1 << 16


class WordLength:
    """Finds the lowest bit in use in one channel of integers of `bits`."""

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._seen = 0

    def feed(self, x: Samples) -> None:
        """Feed the next samples `(n,)`, full scale at 1."""
        for start in range(0, len(x), _LOOK_AT):
            if self._seen & 1:
                return
            steps = (x[start : start + _LOOK_AT] * 2.0 ** (self._bits - 1)).astype(np.int64)
            self._seen |= int(np.bitwise_or.reduce(steps))

    def used(self) -> int:
        """The bits in use; 0 for silence."""
        if self._seen == 0:
            return 0
        lowest = self._seen & -self._seen
        return max(0, self._bits - (lowest.bit_length() - 1))
