"""Statistics of a recording's channels: the level of each while active, and the similarity of two."""

from __future__ import annotations

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import db_from_gain
from audio_pipeline.records import dataclass

FRAME_S = 0.05
_FLOOR_DBFS = -120.0
_SILENT_DBFS = -110.0
SPEECH_RANGE_DB = 8.0
"""The level of speech falls at least this far in its pauses; noise, hum and timecode do not."""

LOW_HZ = 150.0
"""A channel with frequencies below this is an LFE: no voice is as low."""

_WINDOW = 4096
_LOWEST_HZ, _HIGHEST_HZ = 100.0, 12_500.0
_AUDIBLE_DB = -30.0
ALIKE = 0.7
"""Two channels hold the same signal when they correlate at least this much in every third octave that is
at most 30 dB below the loudest: their mean then loses less than 1 dB in every third octave."""


def level_exceeded(levels: Samples, share: float) -> float:
    """The level that `share` of the `levels` `(n,)` exceed, by nearest rank; −120 dBFS for no levels."""
    # np.percentile imports numpy.ma, which takes as long as the rest of a stem's check
    return float(np.sort(levels)[::-1][int(share * len(levels))]) if len(levels) else _FLOOR_DBFS


@dataclass(frozen=True)
class Activity:
    """The activity of each channel, `(channels,)` per field.

    The level of its loudest frames of 50 ms, dBFS; the range down to its soft frames, dB; the
    root-mean-square of its frequencies, Hz.
    """

    level_dbfs: Samples
    range_db: Samples
    rms_hz: Samples


class ActivityMeter:
    """Measures the level of every channel in frames of 50 ms, without DC; blocks may have any size."""

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._size = max(1, round(FRAME_S * sample_rate_hz))
        self._rate = sample_rate_hz
        self._rest = np.zeros((0, channels))
        self._powers: list[Samples] = []
        self._slopes = np.zeros(channels)
        self._energies = np.zeros(channels)

    def feed(self, block: Samples) -> None:
        """Feed the next block `(n, channels)`."""
        x = np.concatenate([self._rest, block]) if len(self._rest) else block
        count = len(x) // self._size
        frames = x[: count * self._size].reshape(count, self._size, x.shape[1])
        self._powers.append(frames.var(axis=1))
        self._slopes += np.square(np.diff(frames, axis=1)).sum(axis=(0, 1))
        self._energies += self._powers[-1].sum(axis=0) * self._size
        self._rest = x[count * self._size :].copy()

    def result(self) -> Activity:
        """The activity of all frames except digital silence: 95th percentile and its distance to the 20th."""
        channels = self._rest.shape[1]
        powers = np.concatenate([*self._powers, np.zeros((0, channels))])
        if not len(powers):
            powers = self._rest.var(axis=0)[None] if len(self._rest) else np.zeros((1, channels))
        levels = 10.0 * np.log10(np.maximum(powers, 10.0 ** (_FLOOR_DBFS / 10.0)))
        # without digital silence, because a temporary mute is not a pause of speech
        heard = [channel[channel > _SILENT_DBFS] for channel in levels.T]
        loud = np.array([level_exceeded(channel, 0.05) for channel in heard])
        soft = np.array([level_exceeded(channel, 0.8) for channel in heard])
        slopes = self._slopes / np.maximum(self._energies, 1e-30)
        return Activity(loud, loud - soft, np.sqrt(slopes) * self._rate / (2.0 * np.pi))


@dataclass(frozen=True)
class Likeness:
    """The correlation of two channels, and the loss of their mean, in each audible third octave: `(bands,)`.

    `loss_db` is relative to the power mean of the two channels.
    """

    centre_hz: Samples
    correlation: Samples
    loss_db: Samples

    @property
    def alike(self) -> bool:
        """Whether both channels hold the same signal, with the same polarity."""
        return bool(self.correlation.min(initial=1.0) >= ALIKE)

    @property
    def mirrored(self) -> bool:
        """Whether both channels hold the same signal, one of them inverted."""
        return bool(self.correlation.max(initial=-1.0) <= -ALIKE)

    @property
    def deepest(self) -> tuple[float, float]:
        """(loss in dB, centre in Hz) of the third octave with the largest loss; (0, 0) without any."""
        if not len(self.loss_db):
            return 0.0, 0.0
        worst = int(np.argmax(self.loss_db))
        return float(self.loss_db[worst]), float(self.centre_hz[worst])


class LikenessMeter:
    """Compares two channels `(n, 2)` by their cross-spectrum (Welch's method); blocks may have any size."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._hz = np.fft.rfftfreq(_WINDOW, 1.0 / sample_rate_hz)
        self._rest = np.zeros((0, 2))
        self._sums = np.zeros((3, len(self._hz)))  # of both powers, and of the product's real part

    def feed(self, block: Samples) -> None:
        """Feed the next block `(n, 2)`."""
        x = np.concatenate([self._rest, block]) if len(self._rest) else block
        count = len(x) // _WINDOW
        for start in range(0, count * _WINDOW, _WINDOW):
            self._add(x[start : start + _WINDOW])
        self._rest = x[count * _WINDOW :].copy()

    def result(self) -> Likeness:
        """The likeness of all samples fed so far, including those after the last complete window."""
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
    """Measures the `Activity` of all channels of a recording and the `Likeness` of two of them."""

    def __init__(self, sample_rate_hz: int, channels: int, pair: tuple[int, int] | None) -> None:
        self._activity = ActivityMeter(sample_rate_hz, channels)
        self._likeness = LikenessMeter(sample_rate_hz)
        self._pair = pair

    def feed(self, block: Samples) -> None:
        """Feed the next block `(n, channels)`."""
        self._activity.feed(block)
        if self._pair is not None:
            self._likeness.feed(block[:, list(self._pair)])

    def result(self, products: Samples) -> ChannelStatistics:
        """All statistics; `products` are the mean products of each pair of channels, without DC."""
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
        """The distance of `level` below the loudest channel, dB."""
        loudest = float(self.levels.max())
        return -db_from_gain(level / loudest) if loudest > 0.0 else 0.0
