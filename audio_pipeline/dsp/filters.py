"""Filters with finite memory: responses on paper, FIRs made of them, overlap-save to run them.

Nothing here keeps state between calls, so every result is a function of its window alone.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from audio_pipeline.dsp.arrays import Samples, Spectrum, unset


def fast_length(n: int) -> int:
    """The smallest 2^a·3^b·5^c that is at least `n`: sizes for which an FFT is quick."""
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
    """A causal FIR `(taps,)` of the given magnitude with the least delay a filter can have.

    `magnitude`: `(m,)` linear, at the m = N/2 + 1 frequencies 0..fs/2 of an even FFT size N, which
    should be at least four times `taps`. Method: folded real cepstrum (Oppenheim & Schafer,
    "Discrete-Time Signal Processing", 12.5); the last eighth is faded so that nothing is cut.
    """
    size = 2 * (len(magnitude) - 1)
    if size < taps:
        raise ValueError(f"{taps} taps need a magnitude of at least {taps // 2 + 1} points")
    floor = max(float(magnitude.max()), 1e-300) * 1e-7
    cepstrum = np.fft.irfft(np.log(np.maximum(magnitude, floor)), size)
    cepstrum[1 : size // 2] *= 2.0
    cepstrum[size // 2 + 1 :] = 0.0
    impulse = np.fft.irfft(np.exp(np.fft.rfft(cepstrum)), size)[:taps]
    fade = max(1, taps // 8)
    impulse[-fade:] *= (1.0 + np.cos(np.pi * (np.arange(fade) + 1) / (fade + 1))) / 2.0
    return impulse


def one_pole_lowpass(cutoff_hz: float, sample_rate: int) -> Samples:
    """A first-order low-pass as a FIR `(taps,)`: 6 dB an octave, gain 1 at 0 Hz.

    The response of y += a (x − y), a = 1 − exp(−2π·fc/fs), until it has fallen by 140 dB. Mixed with
    the dry signal it makes a first-order shelf, without combing.
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
    """`(channels, size // 2 + 1)`."""
    return np.fft.rfft(np.frombuffer(raw).reshape(channels, taps), size)


def convolve(window: Samples, impulse: Samples) -> Samples:
    """Run a FIR over a window that begins `taps − 1` samples early.

    `window`: `(taps − 1 + n, channels)`; `impulse`: `(taps,)` for all channels, or
    `(taps, channels)`; a window of one channel goes through every channel of the impulse. Returns
    `(n, channels)`. Overlap-save in blocks of one size that depends on `taps` and `n` only, so that
    the same window always gives the same bits.
    Raises ValueError when the window is shorter than `taps − 1` or the channels do not agree.
    """
    h = impulse.reshape(len(impulse), -1)
    taps, n = len(h), len(window) - len(h) + 1
    if window.ndim != 2 or n < 0:
        raise ValueError(f"window {window.shape} is not (taps - 1 + n, channels), taps = {taps}")
    if h.shape[1] != window.shape[1] and 1 not in (h.shape[1], window.shape[1]):
        raise ValueError(f"impulse has {h.shape[1]} channels, window {window.shape[1]}")
    channels = max(h.shape[1], window.shape[1])
    out = unset(n, channels)
    if n == 0:
        return out
    size = fast_length(min(max(4 * taps, 16_384), taps - 1 + n))
    spectra = _spectra(np.ascontiguousarray(h.T).tobytes(), taps, h.shape[1], size)
    for heard in range(window.shape[1]):
        x = np.ascontiguousarray(window[:, heard])
        if window.shape[1] == 1:
            _overlap_save(x, spectra, size, taps, out)
        else:
            own = heard if len(spectra) > 1 else 0
            _overlap_save(x, spectra[own : own + 1], size, taps, out[:, heard : heard + 1])
    return out


def _overlap_save(x: Samples, spectra: Spectrum, size: int, taps: int, out: Samples) -> None:
    """Fill `out` `(n, m)` with x `(taps − 1 + n,)` through m responses, two blocks at a time.

    NumPy transforms two rows in hardly more time than one.
    """
    hop, n = size - taps + 1, len(out)
    blocks, spectrum, product = np.empty((2, size)), *np.empty((2, 2, size // 2 + 1), np.complex128)
    for first in range(0, n, 2 * hop):
        starts = [start for start in (first, first + hop) if start < n]
        for row, start in zip(blocks, starts, strict=False):
            part = x[start : start + size]
            row[: len(part)] = part
            row[len(part) :] = 0.0
        rows = slice(0, len(starts))
        if not blocks[rows].any():
            out[first : first + 2 * hop] = 0.0
            continue
        np.fft.rfft(blocks[rows], out=spectrum[rows])
        for channel, response in enumerate(spectra):
            np.multiply(spectrum[rows], response, out=product[rows])
            filtered = np.fft.irfft(product[rows], size, out=blocks[rows])
            for row, start in zip(filtered, starts, strict=True):
                stop = min(start + hop, n)
                out[start:stop, channel] = row[taps - 1 : taps - 1 + stop - start]
