"""A listening copy of a mix: small enough for a page, with an inaudible error.

FLAC for speed and accuracy (the page of a render), MP3 for size (ten mixes on a page). Any browser plays both,
and neither shifts a sample: the encoder's delay is written into the file.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import soundfile

from audio_pipeline.audio_io.fold import fold_to_stereo
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.layouts import Layout

FLAC, MP3 = "audio/flac", "audio/mpeg"

HIGHEST_RATE_HZ = 48_000
BELOW_FLOOR_DB = 24.0
"""The distance of the rounding error below the softest level of the mix."""
FEWEST_BITS, MOST_BITS = 10, 16

_QUICK = 0.4
"""libsndfile's compression level for FLAC in two thirds of the default time, with files 4 % larger."""
_V2 = 0.2
"""libsndfile's compression level for LAME's V2: about 165 kbit/s on this material."""


def rate_of_copy(sample_rate_hz: int) -> int:
    """The sample rate of a copy of a mix at `sample_rate_hz`."""
    return min(sample_rate_hz, HIGHEST_RATE_HZ)


def bits_for(softest_dbfs: float | None) -> int:
    """The word length whose rounding error (step² / 12) is at least 24 dB below `softest_dbfs`.

    Dither is not added: the softest signal of a mix, its grain or room, is noise of many steps and has the
    effect of dither. None (unknown) gives 16.
    """
    if softest_dbfs is None:
        return MOST_BITS
    error = 10.0 ** ((softest_dbfs - BELOW_FLOOR_DB) / 20.0)
    bits = math.ceil(1.0 - math.log2(error * math.sqrt(12.0)))
    return min(MOST_BITS, max(FEWEST_BITS, bits))


class Copy:
    """Encodes a copy: feed it the blocks of a mix in order, `(n, ≤ 2)` each."""

    def __init__(
        self, media_type: str, sample_rate_hz: int, channels: int, bits: int = MOST_BITS
    ) -> None:
        self._bytes = io.BytesIO()
        self._scale = 2.0 ** (bits - 1)
        self._bits = bits
        self._resampler = _Resampler(sample_rate_hz, channels)
        kind: dict[str, Any] = {"format": "FLAC", "subtype": "PCM_16", "compression_level": _QUICK}
        if media_type == MP3:
            kind = {
                "format": "MP3",
                "subtype": "MPEG_LAYER_III",
                "bitrate_mode": "VARIABLE",
                "compression_level": _V2,
            }
        self._exact = media_type == FLAC
        self._file = soundfile.SoundFile(
            self._bytes, "w", rate_of_copy(sample_rate_hz), channels, **kind
        )

    def feed(self, block: Samples) -> None:
        """Feed the next block."""
        self._write(self._resampler.feed(block))

    def data(self) -> bytes:
        """The complete file; `feed` must not be called afterwards."""
        self._write(self._resampler.rest())
        self._file.close()
        return self._bytes.getvalue()

    def _write(self, samples: Samples) -> None:
        if not self._exact:
            self._file.write(np.clip(samples, -1.0, 1.0))
            return
        words = np.empty(samples.shape, np.int16)
        for into, channel in zip(words.T, samples.T, strict=True):
            steps = channel * self._scale
            np.rint(steps, out=steps)
            np.clip(steps, -self._scale, self._scale - 1.0, out=steps)
            # the low bits stay zero, and FLAC does not store them ("wasted bits")
            steps *= 2.0 ** (MOST_BITS - self._bits)
            into[...] = steps
        self._file.write(words)


class _Resampler:
    """Converts rates above 48 kHz to 48 kHz; other rates pass unchanged."""

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._stream: Any = None
        if sample_rate_hz > HIGHEST_RATE_HZ:
            import soxr  # for this alone

            self._stream = soxr.ResampleStream(
                sample_rate_hz, HIGHEST_RATE_HZ, channels, dtype="float64"
            )
        self._channels = channels

    def feed(self, block: Samples) -> Samples:
        return block if self._stream is None else self._stream.resample_chunk(block)

    def rest(self) -> Samples:
        empty = np.zeros((0, self._channels))
        return empty if self._stream is None else self._stream.resample_chunk(empty, last=True)


def encoded(blocks: Iterable[Samples], media_type: str, sample_rate_hz: int, channels: int) -> bytes:
    """A copy of all `blocks`."""
    copy = Copy(media_type, sample_rate_hz, channels)
    for block in blocks:
        copy.feed(block)
    return copy.data()


def stereo(blocks: Iterable[Samples], layout: Layout) -> Iterator[Samples]:
    """`blocks` of `layout`, folded to two channels if they have more or fewer; channels without a loudspeaker
    go to both sides."""
    known = layout.source not in ("tracks", "ambisonic")
    fold = fold_to_stereo(layout if known else Layout(layout.roles))
    for block in blocks:
        yield block if fold is None else fold.of(block)
