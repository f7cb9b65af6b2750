"""Head models: levels and delays at the ears for sound from the side, computed or measured.

A head is a sphere, the manikin KEMAR, or measured at a person's ears.

Only the differences between the ears are stored: at every frequency and direction the two ears together
have the same power, so that a voice has the same spectrum and loudness in every position. The delay is
separate from the levels, so that adjacent directions can be crossfaded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from audio_pipeline.dsp.air import SPEED_OF_SOUND
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.filters import fast_length, frequencies, minimum_phase
from audio_pipeline.records import dataclass

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KEMAR = Path(__file__).parent / "data" / "kemar.npz"

_SPHERE_RADIUS_M = 0.0905  # Brown & Duda: 0.0875; KEMAR's delays need 3 mm more
_SPHERE_DEEPEST_SHADOW = 0.1  # deepest off the far ear's axis: on the axis is a bright spot
_SPHERE_SHADOW_AT_DEG = 150.0
_BEHIND_DB = (
    (200.0, -0.4),
    (400.0, -1.4),
    (800.0, 0.3),
    (1260.0, 2.1),
    (2000.0, -3.8),
    (3175.0, -2.0),
    (5000.0, -4.2),
    (8000.0, 0.3),
    (10_000.0, -6.6),
    (16_000.0, -12.0),
)
_STEP_DB = 0.001
_SOFTEST = 1e-9
_MEASURED_FROM_HZ = 150.0  # measurement loudspeakers, KEMAR's too, are too weak below


@dataclass(frozen=True, eq=False)
class Head:
    """One ear's levels and delays at `azimuth_deg` `(m,)`, rising from −90 (far ear) to +90 (near ear).

    `magnitude_at(frequency_hz)` `(f,)` → `(m, f)`: linear, at one ear; the squares of both ears add up to 1.
    `interaural_s` `(m,)`: the time by which the sound arrives earlier at this ear than at the other; odd
    about 0. `key` identifies the head: "sphere", "kemar", or the SHA-256 of its file.
    """

    key: str
    azimuth_deg: Samples
    interaural_s: Samples
    magnitude_at: Callable[[Samples], Samples]


@dataclass(frozen=True, eq=False)
class HeadTable:
    """A measured head: `magnitude` `(m, f)` at `frequency_hz` `(f,)`; other fields as in `Head`."""

    azimuth_deg: Samples
    interaural_s: Samples
    frequency_hz: Samples
    magnitude: Samples

    def head(self, key: str) -> Head:
        """The head, with magnitudes interpolated linearly in frequency and constant beyond the ends."""

        def magnitude_at(frequency_hz: Samples) -> Samples:
            return np.stack([np.interp(frequency_hz, self.frequency_hz, row) for row in self.magnitude])

        return Head(key, self.azimuth_deg, self.interaural_s, magnitude_at)


def behind(frequency_hz: Samples) -> Samples:
    """The spectrum of a source behind, linear, relative to one in front at the same lateral angle.

    The mean ratio of 180°–150° to 0°–30°, in third octaves, both ears of KEMAR together (data: Gardner &
    Martin, 1994). Raised at 1 kHz, lowered at 2 to 5 kHz and from 10 kHz: Blauert's bands.
    """
    hz, level_db = np.array(_BEHIND_DB).T
    colour: Samples = np.interp(np.log(np.maximum(frequency_hz, 1.0)), np.log(hz), level_db)
    return 10.0 ** (colour / 20.0)


@lru_cache(maxsize=1)
def sphere() -> Head:
    """A rigid sphere: Woodworth's delay, Brown & Duda's shadow.

    Source: Brown & Duda, "A structural model for binaural sound synthesis", 1998, (3) to (5); only
    the radius is fitted, to KEMAR's delays of 255 / 513 / 723 µs at 30 / 60 / 90°.
    """
    azimuth_deg = np.arange(-90.0, 90.5)
    azimuth = np.radians(azimuth_deg)
    delay_s = _SPHERE_RADIUS_M / SPEED_OF_SOUND * (azimuth + np.sin(azimuth))
    from_ear_deg = 90.0 - azimuth_deg
    least = _SPHERE_DEEPEST_SHADOW
    alpha = 1.0 + least / 2 + (1.0 - least / 2) * np.cos(np.pi * from_ear_deg / _SPHERE_SHADOW_AT_DEG)

    def magnitude_at(frequency_hz: Samples) -> Samples:
        u2 = np.square(frequency_hz * np.pi * _SPHERE_RADIUS_M / SPEED_OF_SOUND)
        return _balanced((1.0 + np.square(alpha)[:, None] * u2) / (1.0 + u2))

    return Head("sphere", azimuth_deg, delay_s, magnitude_at)


def _balanced(power: Samples) -> Samples:
    """Magnitudes from `power` `(azimuths, f)`, far to near, normalised to power 1 of both ears together."""
    magnitude: Samples = np.sqrt(power / (power + power[::-1]))
    return magnitude


@lru_cache(maxsize=1)
def kemar() -> Head:
    """The measured manikin KEMAR.

    Source: Gardner & Martin, "HRTF measurements of a KEMAR dummy-head microphone", MIT Media Lab, 1994 (free
    with no restrictions on use, provided the authors are cited). `data/kemar.npz` holds the rounded result of
    `measured` for their responses, written by `docs/kemar_table.py`.
    """
    with np.load(_KEMAR, allow_pickle=False) as file:
        return unpacked_table(file).head("kemar")


def packed_table(table: HeadTable) -> dict[str, NDArray[Any]]:
    """A table as small arrays: the far side's levels and all delays.

    Levels are differences from one frequency to the next in steps of 0.001 dB, delays are nanoseconds. The
    near side is computed from the far side, because both ears together have power 1.
    """
    far = -20.0 * np.log10(table.magnitude[: len(table.magnitude) // 2])
    steps = np.diff(np.rint(far / _STEP_DB).astype(np.int32), axis=1, prepend=0)
    return {
        "azimuth_deg": table.azimuth_deg,
        "interaural_ns": np.rint(table.interaural_s * 1e9).astype(np.int32),
        "frequency_hz": table.frequency_hz,
        "far_level_steps": steps.astype(np.int16 if np.abs(steps).max() < 2**15 else np.int32),
    }


def unpacked_table(arrays: Mapping[str, NDArray[Any]]) -> HeadTable:
    """The table from the arrays of `packed_table`."""
    steps = np.cumsum(arrays["far_level_steps"], axis=1, dtype=np.float64)
    far = 10.0 ** (-_STEP_DB / 20.0 * steps)
    near = np.sqrt(1.0 - np.square(far[::-1]))
    middle = np.full((1, far.shape[1]), math.sqrt(0.5))
    return HeadTable(
        arrays["azimuth_deg"],
        arrays["interaural_ns"] * 1e-9,
        arrays["frequency_hz"],
        np.concatenate([far, middle, near]),
    )


def measured(left: Samples, right: Samples, azimuth_deg: Samples, sample_rate_hz: int) -> HeadTable:
    """A head from measured impulse responses, averaged over both ears so that both voices are treated alike.

    `left` `(m, taps)` are the left ear's responses at `azimuth_deg` `(m,)`, which rise from −90 (the other
    ear's side) to +90 (its own side) and are symmetrical about 0; `right` are the right ear's responses, from
    its own point of view. Levels are third octaves. Raises ValueError for azimuths that are not symmetrical.
    """
    if not np.array_equal(azimuth_deg, -azimuth_deg[::-1]):
        raise ValueError("the azimuths are not symmetrical")
    size = fast_length(8 * left.shape[1])
    f = frequencies(size, sample_rate_hz)
    power = (_smooth_power(left, size, f) + _smooth_power(right, size, f)) / 2.0
    power = np.maximum(power, power.max() * _SOFTEST)  # a measurement may end below fs/2
    from_hz = np.maximum(f, _MEASURED_FROM_HZ)
    balanced = _balanced(np.stack([np.interp(from_hz, f, row) for row in power]))

    # the measured delay less that of the minimum-phase levels, smooth and odd over azimuth
    least = np.stack([minimum_phase(row, left.shape[1]) for row in balanced])
    extra_s = np.array(
        [
            (
                interaural_delay_s(left[i], right[-1 - i], sample_rate_hz)
                + interaural_delay_s(right[i], left[-1 - i], sample_rate_hz)
            )
            / 2.0
            - interaural_delay_s(least[i], least[-1 - i], sample_rate_hz)
            for i in range(len(azimuth_deg))
        ]
    )
    shape = np.sin(np.radians(azimuth_deg)[:, None] * np.arange(1, 5))
    weights = np.linalg.lstsq(shape, extra_s, rcond=None)[0]
    return HeadTable(azimuth_deg, shape @ weights, f, balanced)


def _smooth_power(responses: Samples, size: int, frequency_hz: Samples) -> Samples:
    power = np.square(np.abs(np.fft.rfft(responses, size, axis=1)))
    return np.stack([_third_octave_mean(row, frequency_hz) for row in power])


def _third_octave_mean(power: Samples, frequency_hz: Samples) -> Samples:
    total = np.concatenate([[0.0], np.cumsum(power)])
    first = np.searchsorted(frequency_hz, frequency_hz * 2 ** (-1 / 6))
    last = np.searchsorted(frequency_hz, frequency_hz * 2 ** (1 / 6), side="right")
    mean: Samples = (total[last] - total[first]) / np.maximum(last - first, 1)
    return mean


def interaural_delay_s(this_ear: Samples, other_ear: Samples, sample_rate: int) -> float:
    """The time, in seconds, by which a sound arrives earlier at this ear than at the other.

    From the peak of the cross-correlation of the two responses `(taps,)`, to a 64th of a sample.
    """
    finer = 64
    size = fast_length(2 * len(this_ear))
    cross = np.fft.rfft(other_ear, size) * np.conj(np.fft.rfft(this_ear, size))
    likeness = np.fft.irfft(cross, finer * size)
    lag = int(np.argmax(likeness))
    return (lag - finer * size if lag > finer * size // 2 else lag) / (finer * sample_rate)
