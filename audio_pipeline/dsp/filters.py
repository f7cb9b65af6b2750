"""Filters with finite memory: FIRs from magnitude responses, and overlap-save convolution.

No function keeps state between calls, so every result depends on its window alone.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from audio_pipeline.dsp.arrays import Samples, Spectrum

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROW_BYTES = 16
"""Bytes across the rows of a batch, one sample per row: NumPy transforms them in little more time than one."""

_BATCH_COST = 8192
"""Overhead of a batch, as the number of samples whose transforms cost the same."""
_SIZES = sorted(m << k for m in (2, 3) for k in range(3, 31))


@lru_cache(maxsize=256)
def fast_length(n: int) -> int:
    """The smallest 2^a·3^b·5^c ≥ `n`, a fast FFT size."""
    best = 1 << max(0, (n - 1).bit_length())
    fives = 1
    while fives < best:
        threes = fives
        while threes < best:
            size = threes * (1 << max(0, -(-n // threes) - 1).bit_length())
            if n <= size < best:
                best = size
            threes *= 3
        fives *= 5
    return best


def minimum_phase(magnitude: Samples, taps: int) -> Samples:
    """The minimum-phase FIR `(..., taps)` of each given magnitude.

    `magnitude`: `(..., m)` linear, at the m = N/2 + 1 frequencies 0..fs/2 of an even FFT size N, which
    should be at least four times `taps`. Method: folded real cepstrum (Oppenheim & Schafer,
    "Discrete-Time Signal Processing", 12.5); the last eighth is faded out to avoid a step. Raises ValueError
    when N is smaller than `taps`.
    """
    size = 2 * (magnitude.shape[-1] - 1)
    if size < taps:
        raise ValueError(f"{taps} taps need a magnitude of at least {taps // 2 + 1} points")
    floor = np.maximum(magnitude.max(axis=-1, keepdims=True), 1e-300) * 1e-7
    cepstrum = np.fft.irfft(np.log(np.maximum(magnitude, floor)), size)
    cepstrum[..., 1 : size // 2] *= 2.0
    cepstrum[..., size // 2 + 1 :] = 0.0
    impulse = np.fft.irfft(np.exp(np.fft.rfft(cepstrum)), size)[..., :taps]
    fade = max(1, taps // 8)
    impulse[..., -fade:] *= (1.0 + np.cos(np.pi * (np.arange(fade) + 1) / (fade + 1))) / 2.0
    return impulse


def linear_phase(magnitude: Samples, taps: int) -> Samples:
    """A symmetric FIR `(taps,)` of the given magnitude, with a delay of `(taps − 1) / 2` samples.

    `magnitude`: `(m,)` linear, at the m = N/2 + 1 frequencies 0..fs/2 of an even FFT size N. Method:
    frequency sampling and a Kaiser window of 80 dB (Kaiser, 1974). Raises ValueError for an even number of
    taps, or for more taps than N.

    Examples:
        >>> hz = frequencies(1024, 48_000)
        >>> dull = linear_phase((hz < 4000.0).astype(float), 255)
        >>> round(float(dull.sum()), 2)  # its gain at 0 Hz
        1.0
    """
    size = 2 * (len(magnitude) - 1)
    if taps % 2 == 0 or taps > size:
        raise ValueError(f"a symmetric FIR has an odd number of taps, at most {size}, not {taps}")
    half = taps // 2
    later = np.fft.irfft(magnitude, size)[: half + 1]
    impulse = np.concatenate([later[:0:-1], later])
    windowed: Samples = impulse * np.kaiser(taps, 7.857)
    return windowed


def convolve_whole(x: Samples, impulse: Samples, delay: int) -> Samples:
    """A complete signal `(n,)` filtered by a FIR `(taps,)` and advanced by `delay` samples: `(n,)`.

    A linear-phase FIR of `taps` has a delay of `(taps − 1) / 2`. Output before the first or after the last
    sample of the signal is cut off. Raises ValueError for a delay outside the FIR.
    """
    taps = len(impulse)
    if not 0 <= delay < taps:
        raise ValueError(f"a FIR of {taps} taps has no delay of {delay} samples")
    window = np.concatenate([np.zeros(taps - 1 - delay), x, np.zeros(delay)])
    return convolve(window[:, None], impulse)[:, 0]


def one_pole_lowpass(cutoff_hz: float, sample_rate: int) -> Samples:
    """A first-order low-pass as a FIR `(taps,)`: 6 dB an octave, gain 1 at 0 Hz.

    The impulse response of y += a (x − y), a = 1 − exp(−2π·fc/fs), down to −140 dB. Mixed with the dry
    signal it gives a first-order shelf, without combing.
    """
    decay = 2.0 * np.pi * cutoff_hz / sample_rate
    taps = int(np.ceil(16.2 / decay)) + 1
    impulse = np.exp(-decay * np.arange(taps))
    normalised: Samples = impulse / impulse.sum()
    return normalised


def frequencies(size: int, sample_rate: int) -> Samples:
    """The frequencies in Hz, `(size // 2 + 1,)`, of an rfft of `size` samples."""
    return np.fft.rfftfreq(size, 1.0 / sample_rate).astype(np.float64)


@lru_cache(maxsize=64)
def _spectra(raw: bytes, taps: int, channels: int, size: int) -> Spectrum:
    """Spectra `(channels, size // 2 + 1)` times `size`, because the forward transform divides by `size`."""
    return np.fft.rfft(np.frombuffer(raw).reshape(channels, taps), size) * size


def convolve(window: Samples | NDArray[np.float32], impulse: Samples) -> Samples:
    """Filter a window that begins `taps − 1` samples early by a FIR.

    `window`: `(taps − 1 + n, channels)`; `impulse`: `(taps,)` for all channels, or `(taps, channels)`; a
    mono window is filtered by every channel of the impulse. Returns `(n, channels)`, planar. A window of
    float32 is filtered in float32, which halves the cost; the rounding error is 140 dB below the peak of a
    block. Overlap-save; the block size depends on `taps` and `n` only, so that the same window always gives
    the same bits. Raises ValueError for an empty impulse, a window shorter than `taps − 1`, or different
    channel counts.
    """
    if not impulse.size:
        raise ValueError(f"the impulse {impulse.shape} has no taps")
    h = impulse.reshape(len(impulse), -1)
    taps, n = len(h), len(window) - len(h) + 1
    if window.ndim != 2 or n < 0:
        raise ValueError(f"window {window.shape} is not (taps - 1 + n, channels), taps = {taps}")
    if h.shape[1] != window.shape[1] and 1 not in (h.shape[1], window.shape[1]):
        raise ValueError(f"impulse has {h.shape[1]} channels, window {window.shape[1]}")
    channels = h.shape[1] if window.shape[1] == 1 else window.shape[1]
    if n == 0 or channels == 0:
        return np.empty((n, channels))
    real = np.float32 if window.dtype == np.float32 else np.float64
    at_once = _ROW_BYTES // np.dtype(real).itemsize
    size = _block_size(taps, n, at_once)
    hop = size - taps + 1
    spectra = _spectra(np.ascontiguousarray(h.T).tobytes(), taps, h.shape[1], size)
    blocks = -(-n // hop)
    out = np.empty((channels, blocks, hop))
    # only the last batch is padded, so the others need no copy
    inside = max(0, (len(window) - size) // hop + 1) // at_once * at_once
    signal = window.T.astype(real, copy=False)
    padded = np.zeros((len(signal), (blocks - inside) * hop + taps - 1), real)
    padded[:, : len(window) - inside * hop] = signal[:, inside * hop :]
    for heard, filtered in (
        (_blocks(signal, size, hop)[:, :inside], out[:, :inside]),
        (_blocks(padded, size, hop), out[:, inside:]),
    ):
        if len(heard) == 1:
            _overlap_save(heard[0], spectra, filtered)
            continue
        for channel, one in enumerate(heard):
            own = channel if len(spectra) > 1 else 0
            _overlap_save(one, spectra[own : own + 1], filtered[channel : channel + 1])
    return out.reshape(len(out), -1)[:, :n].T


@lru_cache(maxsize=256)
def _block_size(taps: int, n: int, at_once: int) -> int:
    """The transform size with the least cost for `n` samples in batches of `at_once` blocks.

    One of few sizes, because NumPy caches the FFT plans of sixteen sizes; one more would evict the plan of a
    room.
    """

    def cost(size: int) -> int:
        batches = -(-n // (at_once * (size - taps + 1)))
        return batches * (at_once * size + _BATCH_COST)

    enough = [size for size in _SIZES if size >= taps + min(n, taps) - 1]
    return min([size for size in enough if size <= max(4 * taps, 16_384)] or enough[:1], key=cost)


def _blocks(signal: NDArray[Any], size: int, hop: int) -> NDArray[Any]:
    """Views of all complete blocks of `signal` `(channels, n)`: `(channels, blocks, size)`."""
    if signal.shape[1] < size:
        return np.empty((len(signal), 0, size), signal.dtype)
    return np.lib.stride_tricks.sliding_window_view(signal, size, axis=1)[:, ::hop]


def _overlap_save(heard: NDArray[np.floating], spectra: Spectrum, out: Samples) -> None:
    """Fill `out` `(m, blocks, hop)` with the blocks `(blocks, size)`, filtered by m responses."""
    size, hop, at_once = heard.shape[1], out.shape[2], _ROW_BYTES // heard.itemsize
    complex_ = np.complex64 if heard.dtype == np.float32 else np.complex128
    responses = spectra.astype(complex_, copy=False)
    spectrum, product = np.empty((2, at_once, size // 2 + 1), complex_)
    for first in range(0, len(heard), at_once):
        rows = heard[first : first + at_once]
        if not (rows[:, ::64].any() or rows.any()):  # a few samples usually suffice
            out[:, first : first + at_once] = 0.0
            continue
        n = len(rows)
        np.fft.rfft(rows, norm="forward", out=spectrum[:n])
        for filtered, response in zip(out, responses, strict=True):
            np.multiply(spectrum[:n], response, out=product[:n])
            filtered[first : first + n] = np.fft.irfft(product[:n], size)[:, size - hop :]
