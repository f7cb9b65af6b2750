"""What the channels of a recording hold: how loud each is while it sounds, and whether two are alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import db_from_gain

FRAME_S = 0.05
_FLOOR_DBFS = -120.0
_SILENT_DBFS = -110.0
SPEECH_RANGE_DB = 8.0
"""Speech falls at least this far in its pauses; noise, hum and timecode do not."""

LOW_HZ = 150.0
"""A channel whose frequencies lie below this is an LFE: no voice does."""

_WINDOW = 4096
_LOWEST_HZ, _HIGHEST_HZ = 100.0, 12_500.0
_AUDIBLE_DB = -30.0
ALIKE = 0.7
"""Two channels hold the same sound when they correlate at least this much in every third octave that is
no more than 30 dB below the loudest: their mean then loses less than 1 dB anywhere."""


def level_exceeded(levels: Samples, share: float) -> float:
    """The level that so large a share of `(n,)` levels exceeds, by nearest rank; −120 dBFS for none of them."""
    # np.percentile would import numpy.ma, which takes as long as the rest of a stem's check
    return float(np.sort(levels)[::-1][int(share * len(levels))]) if len(levels) else _FLOOR_DBFS


@dataclass(frozen=True)
class Activity:
    """Of each channel `(channels,)`: the level of its loudest frames of 50 ms, dBFS, how far it falls, and the
    root-mean-square of its frequencies, Hz."""

    level_dbfs: Samples
    range_db: Samples
    rms_hz: Samples


class ActivityMeter:
    """Measures the level of every channel in frames of 50 ms, without its DC, fed in any blocks."""

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._size = max(1, round(FRAME_S * sample_rate_hz))
        self._rate = sample_rate_hz
        self._rest = np.zeros((0, channels))
        self._powers: list[Samples] = []
        self._slopes = np.zeros(channels)
        self._energies = np.zeros(channels)

    def feed(self, block: Samples) -> None:
        """Take `(n, channels)` more."""
        x = np.concatenate([self._rest, block]) if len(self._rest) else block
        count = len(x) // self._size
        frames = x[: count * self._size].reshape(count, self._size, x.shape[1])
        self._powers.append(frames.var(axis=1))
        self._slopes += np.square(np.diff(frames, axis=1)).sum(axis=(0, 1))
        self._energies += self._powers[-1].sum(axis=0) * self._size
        self._rest = x[count * self._size :].copy()

    def result(self) -> Activity:
        """Over all frames but digital silence: the 95th percentile, and how far it is above the 20th."""
        channels = self._rest.shape[1]
        powers = np.concatenate([*self._powers, np.zeros((0, channels))])
        if not len(powers):
            powers = self._rest.var(axis=0)[None] if len(self._rest) else np.zeros((1, channels))
        levels = 10.0 * np.log10(np.maximum(powers, 10.0 ** (_FLOOR_DBFS / 10.0)))
        # a channel that was muted for a while has no pauses of speech
        heard = [channel[channel > _SILENT_DBFS] for channel in levels.T]
        loud = np.array([level_exceeded(channel, 0.05) for channel in heard])
        soft = np.array([level_exceeded(channel, 0.8) for channel in heard])
        slopes = self._slopes / np.maximum(self._energies, 1e-30)
        return Activity(loud, loud - soft, np.sqrt(slopes) * self._rate / (2.0 * np.pi))


@dataclass(frozen=True)
class Likeness:
    """How two channels correlate, `(bands,)` in each third octave that is audible, and what the mean of both
    loses there against the power mean of the two, dB."""

    centre_hz: Samples
    correlation: Samples
    loss_db: Samples

    @property
    def alike(self) -> bool:
        """Whether they hold the same sound, with the same polarity."""
        return bool(self.correlation.min(initial=1.0) >= ALIKE)

    @property
    def mirrored(self) -> bool:
        """Whether they hold the same sound, one of them inverted."""
        return bool(self.correlation.max(initial=-1.0) <= -ALIKE)

    @property
    def deepest(self) -> tuple[float, float]:
        """(loss in dB, centre in Hz) of the third octave that loses most; (0, 0) without any."""
        if not len(self.loss_db):
            return 0.0, 0.0
        worst = int(np.argmax(self.loss_db))
        return float(self.loss_db[worst]), float(self.centre_hz[worst])


class LikenessMeter:
    """Compares two channels by their cross-spectrum, fed with `(n, 2)` in any blocks (Welch's method)."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._hz = np.fft.rfftfreq(_WINDOW, 1.0 / sample_rate_hz)
        self._rest = np.zeros((0, 2))
        self._sums = np.zeros((3, len(self._hz)))  # of both powers, and of the product's real part

    def feed(self, block: Samples) -> None:
        """Take `(n, 2)` more."""
        x = np.concatenate([self._rest, block]) if len(self._rest) else block
        count = len(x) // _WINDOW
        for start in range(0, count * _WINDOW, _WINDOW):
            self._add(x[start : start + _WINDOW])
        self._rest = x[count * _WINDOW :].copy()

    def result(self) -> Likeness:
        """Of all that was fed so far; what came after the last window counts, too."""
        twin = LikenessMeter.__new__(LikenessMeter)
        twin.__dict__.update(self.__dict__, _sums=self._sums.copy())
        if len(self._rest):
            twin._add(self._rest)
        return twin._likeness()

    def _add(self, window: Samples) -> None:
        sound = (window - window.mean(axis=0)).T * np.hanning(len(window))
        left, right = np.fft.rfft(sound, _WINDOW)
        self._sums[0] += np.square(np.abs(left))
        self._sums[1] += np.square(np.abs(right))
        self._sums[2] += (left * right.conj()).real

    def _likeness(self) -> Likeness:
        steps = np.arange(
            round(3 * np.log2(_LOWEST_HZ / 1000.0)), round(3 * np.log2(_HIGHEST_HZ / 1000.0)) + 1
        )
        centre_hz = 1000.0 * 2.0 ** (steps / 3.0)
        edges = np.searchsorted(self._hz, [centre_hz * 2 ** (-1 / 6), centre_hz * 2 ** (1 / 6)])
        total = np.concatenate([np.zeros((3, 1)), np.cumsum(self._sums, axis=1)], axis=1)
        left, right, product = total[:, edges[1]] - total[:, edges[0]]
        both = left + right
        heard = (both > both.max() * 10.0 ** (_AUDIBLE_DB / 10.0)) & (left > 0.0) & (right > 0.0)
        left, right, product, both = left[heard], right[heard], product[heard], both[heard]
        kept = np.maximum((both + 2.0 * product) / (2.0 * both), 1e-6)
        return Likeness(centre_hz[heard], product / np.sqrt(left * right), -10.0 * np.log10(kept))


class ChannelMeter:
    """`Activity` of all channels, and the `Likeness` of two of them, fed with the whole recording."""

    def __init__(self, sample_rate_hz: int, channels: int, pair: tuple[int, int] | None) -> None:
        self._activity = ActivityMeter(sample_rate_hz, channels)
        self._likeness = LikenessMeter(sample_rate_hz)
        self._pair = pair

    def feed(self, block: Samples) -> None:
        """Take `(n, channels)` more."""
        self._activity.feed(block)
        if self._pair is not None:
            self._likeness.feed(block[:, list(self._pair)])

    def result(self, products: Samples) -> ChannelStatistics:
        """All of it; `products` are the mean products of each channel with each, without DC."""
        return ChannelStatistics(
            products, self._activity.result(), self._likeness.result() if self._pair else None
        )


@dataclass(frozen=True)
class ChannelStatistics:
    """The statistics that decide the fold: `products` `(channels, channels)` and further measurements."""

    products: Samples
    activity: Activity
    likeness: Likeness | None

    @property
    def levels(self) -> Samples:
        """The RMS of each channel, `(channels,)`."""
        levels: Samples = np.sqrt(np.maximum(np.diag(self.products), 0.0))
        return levels

    def below_db(self, level: float) -> float:
        """How far `level` is below the loudest channel, dB."""
        loudest = float(self.levels.max())
        return -db_from_gain(level / loudest) if loudest > 0.0 else 0.0
