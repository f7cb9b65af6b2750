"""Stereo through a room that treats left and right alike: overlap-save of mirror-symmetric responses.

A response is `(taps, 2)`: what the ear on the source's own side hears, and what the other hears. So
left = own ∗ left + other ∗ right, and right the same with the sides swapped. That matrix is diagonal
in mid (L + R) and side (L − R): two products instead of four, and swapping the input's channels
swaps the output's to the last bit, because only the sign of the side changes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audio_pipeline.dsp.arrays import Samples, Spectrum
from audio_pipeline.dsp.filters import fast_length


class MirroredConvolver:
    """Several stereo inputs, each with its own response, summed into one stereo output.

    `responses`: one `(taps, 2)` (own side, other side) per input; shorter ones are padded. `block`
    is how many output samples one transform makes, on a grid that begins with the output. Keeps
    nothing between calls. Raises ValueError for responses of another shape.
    """

    def __init__(self, responses: Sequence[Samples], block: int) -> None:
        if not responses or any(h.ndim != 2 or h.shape[1] != 2 or not len(h) for h in responses):
            raise ValueError("every response must be (taps, 2): own side, other side")
        self.taps = max(len(h) for h in responses)
        self.block = block
        self._size = fast_length(block + self.taps - 1)
        self._spectra = [self._mid_and_side(h) for h in responses]

    def _mid_and_side(self, response: Samples) -> Spectrum:
        # the half brings (M + S, M − S) back to (L, R)
        own, other = 0.5 * response[:, 0], 0.5 * response[:, 1]
        return np.fft.rfft(np.stack([own + other, own - other]), self._size)

    def __call__(self, windows: Sequence[Samples | None]) -> Samples | None:
        """One `(taps − 1 + n, 2)` window per response, None for silence, all of one length.

        Returns `(n, 2)`, or None when every window is None. Silent blocks cost nothing.
        Raises ValueError when a window is too short or the number of windows is wrong.
        """
        lengths = {len(w) for w in windows if w is not None}
        if len(windows) != len(self._spectra) or len(lengths) > 1:
            raise ValueError(f"expected {len(self._spectra)} windows of one length")
        if not lengths:
            return None
        n = lengths.pop() - self.taps + 1
        if n < 0:
            raise ValueError(f"a window must hold at least the {self.taps - 1} samples of look-back")
        out = np.zeros((n, 2))
        scratch = _Scratch(self._size)
        for start in range(0, n, self.block):
            stop = min(start + self.block, n)
            wet = self._block(windows, slice(start, stop + self.taps - 1), scratch)
            if wet is not None:
                mid, side = wet[:, self.taps - 1 : stop - start + self.taps - 1]
                np.add(mid, side, out=out[start:stop, 0])
                np.subtract(mid, side, out=out[start:stop, 1])
        return out

    def _block(
        self, windows: Sequence[Samples | None], part: slice, scratch: _Scratch
    ) -> Samples | None:
        """Mid and side of all inputs through their responses over one block, `(2, size)`."""
        silent = True
        for window, spectra in zip(windows, self._spectra, strict=True):
            if window is None:
                continue
            left, right = window[part, 0], window[part, 1]
            mid, side = scratch.signal
            np.add(left, right, out=mid[: len(left)])
            np.subtract(left, right, out=side[: len(left)])
            scratch.signal[:, len(left) :] = 0.0
            if not scratch.signal.any():
                continue
            product = scratch.total if silent else scratch.product
            np.fft.rfft(scratch.signal, out=product)
            product *= spectra
            if not silent:
                scratch.total += product
            silent = False
        return None if silent else np.fft.irfft(scratch.total, self._size, out=scratch.signal)


class _Scratch:
    """Room for one call's transforms: fresh memory for each would double what a transform costs."""

    def __init__(self, size: int) -> None:
        self.total = np.empty((2, size // 2 + 1), np.complex128)
        self.product = np.empty((2, size // 2 + 1), np.complex128)
        self.signal = np.empty((2, size))
