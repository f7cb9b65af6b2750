"""Overlap-save convolution of stereo with mirror-symmetric room responses.

A response is `(taps, 2)`: at the ear on the source's own side, and at the other ear. So left = own ∗ left +
other ∗ right, and right the same with the sides swapped. That matrix is diagonal in mid (L + R) and side
(L − R): two products instead of four, and swapping the input's channels swaps the output's bit for bit,
because only the sign of the side changes.

Transforms are in float32; the rounding error is 140 dB below the room's output.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from audio_pipeline.dsp.arrays import Samples, Single, unset
from audio_pipeline.dsp.filters import fast_length

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TOGETHER = 2
"""Blocks transformed at a time: NumPy transforms four rows of float32 in little more time than one."""


class MirroredConvolver:
    """Several stereo inputs, each with its own response, summed into one stereo output.

    `responses`: one `(taps, 2)` (own side, other side) per input; shorter ones are padded. `block` is the
    number of output samples per transform, on a grid that begins with the output. Keeps no state between
    calls. Raises ValueError for responses of another shape.
    """

    def __init__(self, responses: Sequence[Samples], block: int) -> None:
        if not responses or any(h.ndim != 2 or h.shape[1] != 2 or not len(h) for h in responses):
            raise ValueError("every response must be (taps, 2): own side, other side")
        self.taps = max(len(h) for h in responses)
        self.block = block
        self._size = fast_length(block + self.taps - 1)
        # the factor 0.5 scales (M + S, M − S) back to (L, R); all forward transforms divide by their size,
        # because NumPy stays in float32 only then
        padded = np.zeros((len(responses), 2, self._size), np.float32)
        for (mid, side), response in zip(padded, responses, strict=True):
            own, other = 0.5 * self._size**2 * response.T
            mid[: len(own)], side[: len(own)] = own + other, own - other
        self._spectra = np.fft.rfft(padded, norm="forward").astype(np.complex64, copy=False)

    def __call__(self, windows: Sequence[Samples | Single | None]) -> Samples | None:
        """The sum `(n, 2)` of all inputs through their responses, or None when every window is None.

        `windows`: one `(taps − 1 + n, 2)` per response, None for silence, all of one length. Silent blocks
        cost nothing. Raises ValueError for a window that is too short, or a wrong number of windows.
        """
        lengths = {len(w) for w in windows if w is not None}
        if len(windows) != len(self._spectra) or len(lengths) > 1:
            raise ValueError(f"expected {len(self._spectra)} windows of one length")
        if not lengths:
            return None
        n = lengths.pop() - self.taps + 1
        if n < 0:
            raise ValueError(f"a window must hold at least the {self.taps - 1} samples of look-back")
        out = unset(n, 2)
        every = range(0, n, self.block)
        for first in range(0, len(every), _TOGETHER):
            starts = every[first : first + _TOGETHER]
            answers = self._answers(windows, starts)
            if answers is None:
                out[starts[0] : starts[-1] + self.block] = 0.0
                continue
            for start, (mid, side) in zip(starts, answers, strict=True):
                stop = min(start + self.block, n)
                heard = slice(self.taps - 1, self.taps - 1 + stop - start)
                np.add(mid[heard], side[heard], out=out[start:stop, 0])
                np.subtract(mid[heard], side[heard], out=out[start:stop, 1])
        return out

    def _answers(
        self, windows: Sequence[Samples | Single | None], starts: range
    ) -> NDArray[np.float32] | None:
        """Mid and side of the summed output, `(blocks, 2, size)`; None when all inputs are silent."""
        total: NDArray[np.complex64] | None = None
        signal: NDArray[Any] = np.empty((len(starts), 2, self._size), np.float32)
        for window, spectra in zip(windows, self._spectra, strict=True):
            if window is None:
                continue
            for (mid, side), start in zip(signal, starts, strict=True):
                left, right = window[start : start + self.block + self.taps - 1].T
                np.add(left, right, out=mid[: len(left)], casting="same_kind")
                np.subtract(left, right, out=side[: len(left)], casting="same_kind")
                mid[len(left) :] = side[len(left) :] = 0.0
            if not signal.any():
                continue
            product: NDArray[Any] = np.empty((len(starts), 2, self._size // 2 + 1), np.complex64)
            np.fft.rfft(signal, norm="forward", out=product)
            product *= spectra
            total = product if total is None else np.add(total, product, out=total)
        if total is None:
            return None
        np.fft.irfft(total, self._size, out=signal)
        return signal
