"""What a head does to sound from the side: levels and delays at its ears, modelled or measured.

Only what differs between the ears is kept: at every frequency and from every side the two have
the same power together, so that a voice keeps its colour and its loudness wherever it goes. The
delay is said apart from the levels, so that neighbouring directions can be faded into each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

import numpy as np

from audio_pipeline.dsp.air import SPEED_OF_SOUND
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.filters import fast_length, frequencies, minimum_phase
from audio_pipeline.errors import RenderError

HeadModel = Literal["kemar", "sphere"]

_SPHERE_RADIUS_M = 0.0905  # Brown & Duda: 0.0875; KEMAR's delays ask for 3 mm more
_SPHERE_DEEPEST_SHADOW = 0.1  # at the far ear it is deepest off the axis: opposite is a bright spot
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
_KEMAR_FROM_HZ = 150.0  # below, its loudspeaker was too weak to be measured


@dataclass(frozen=True)
class Head:
    """The ears' side of a head, at `azimuth_deg` `(m,)` rising from −90 (far ear) to +90 (near ear).

    `magnitude` `(m, f)`: linear, at one ear; its square and the other ear's add up to 1.
    `interaural_s` `(m,)`: how much sooner the sound
    arrives at this ear than at the other; odd about 0.
    """

    azimuth_deg: Samples
    magnitude: Samples
    interaural_s: Samples


def available_models() -> tuple[HeadModel, ...]:
    """The heads that can be used here: "kemar" only where the package `slab` is installed."""
    return ("kemar", "sphere") if find_spec("slab") else ("sphere",)


def behind(frequency_hz: Samples) -> Samples:
    """The colour of what stands behind, linear, beside what stands in front as far aside.

    Third octaves of both ears of KEMAR together, from 180° to 150° over 0° to 30°, their mean (data:
    Gardner & Martin, 1994). More at 1 kHz and less at 2 to 5 and from 10 kHz: Blauert's bands.
    """
    hz, level_db = np.array(_BEHIND_DB).T
    colour: Samples = np.interp(np.log(np.maximum(frequency_hz, 1.0)), np.log(hz), level_db)
    return 10.0 ** (colour / 20.0)


def head(model: HeadModel, frequency_hz: Samples) -> Head:
    """The named head, its magnitudes at `frequency_hz` `(f,)`.

    Raises RenderError when it needs a package that is not installed; ValueError for another name.
    """
    if model == "sphere":
        return _sphere(frequency_hz)
    if model != "kemar":
        raise ValueError(f"unknown head {model!r}; known: kemar, sphere")
    if model not in available_models():
        raise RenderError(
            "the head 'kemar' needs the package slab, which is not installed",
            hint="install it with: pip install 'render-ending[headphones]', or choose the head 'sphere'",
        )
    return _kemar(frequency_hz)


def _sphere(frequency_hz: Samples) -> Head:
    """A rigid sphere: Woodworth's delay, Brown & Duda's shadow.

    Source: Brown & Duda, "A structural model for binaural sound synthesis", 1998, (3) to (5); only
    the radius is fitted, to KEMAR's delays of 255 / 513 / 723 µs at 30 / 60 / 90°.
    """
    azimuth_deg = np.arange(-90.0, 90.5)
    azimuth = np.radians(azimuth_deg)
    from_ear_deg = 90.0 - azimuth_deg
    least = _SPHERE_DEEPEST_SHADOW
    alpha = 1.0 + least / 2 + (1.0 - least / 2) * np.cos(np.pi * from_ear_deg / _SPHERE_SHADOW_AT_DEG)
    u2 = np.square(frequency_hz * np.pi * _SPHERE_RADIUS_M / SPEED_OF_SOUND)
    power = (1.0 + np.square(alpha)[:, None] * u2) / (1.0 + u2)
    delay_s = _SPHERE_RADIUS_M / SPEED_OF_SOUND * (azimuth + np.sin(azimuth))
    return Head(azimuth_deg, _balanced(power), delay_s)


def _balanced(power: Samples) -> Samples:
    """Magnitudes of `(azimuths, f)` from far to near, so that both ears together have power 1."""
    magnitude: Samples = np.sqrt(power / (power + power[::-1]))
    return magnitude


def _kemar(frequency_hz: Samples) -> Head:
    """A manikin, measured: Gardner & Martin, "HRTF measurements of a KEMAR dummy-head microphone",
    MIT Media Lab, 1994 (free with no restrictions on use, provided the authors are cited)."""
    from slab import HRTF

    measured = HRTF.kemar()
    place = np.asarray(measured.sources.vertical_polar)[:, :2]
    azimuth_deg = np.arange(-90.0, 91.0, 5.0)
    ear = []
    for azimuth in azimuth_deg:
        # slab counts azimuth anticlockwise, and its first channel is the left ear
        at = np.flatnonzero((np.abs(place[:, 0] - azimuth % 360) < 0.1) & (np.abs(place[:, 1]) < 0.1))
        ear.append(np.asarray(measured[int(at[0])].data)[:, 0])
    responses, rate = np.stack(ear), round(float(measured.samplerate))

    size = fast_length(8 * responses.shape[1])
    f = frequencies(size, rate)
    power = np.square(np.abs(np.fft.rfft(responses, size, axis=1)))
    smooth = np.stack([_third_octave_mean(row, f) for row in power])
    balanced = _balanced(np.stack([np.interp(np.maximum(f, _KEMAR_FROM_HZ), f, row) for row in smooth]))

    # what of the measured delay is not in the levels already, smooth and odd over azimuth
    least = np.stack([minimum_phase(row, responses.shape[1]) for row in balanced])
    extra_s = np.array(
        [
            interaural_delay_s(responses[i], responses[-1 - i], rate)
            - interaural_delay_s(least[i], least[-1 - i], rate)
            for i in range(len(azimuth_deg))
        ]
    )
    shape = np.sin(np.radians(azimuth_deg)[:, None] * np.arange(1, 5))
    weights = np.linalg.lstsq(shape, extra_s, rcond=None)[0]
    magnitude = np.stack([np.interp(frequency_hz, f, row) for row in balanced])
    return Head(azimuth_deg, magnitude, shape @ weights)


def _third_octave_mean(power: Samples, frequency_hz: Samples) -> Samples:
    total = np.concatenate([[0.0], np.cumsum(power)])
    first = np.searchsorted(frequency_hz, frequency_hz * 2 ** (-1 / 6))
    last = np.searchsorted(frequency_hz, frequency_hz * 2 ** (1 / 6), side="right")
    mean: Samples = (total[last] - total[first]) / np.maximum(last - first, 1)
    return mean


def interaural_delay_s(this_ear: Samples, other_ear: Samples, sample_rate: int) -> float:
    """How much sooner a sound is at this ear: where the two responses `(taps,)` are most alike.

    The highest point of their cross-correlation, to a 64th of a sample.
    """
    finer = 64
    size = fast_length(2 * len(this_ear))
    cross = np.fft.rfft(other_ear, size) * np.conj(np.fft.rfft(this_ear, size))
    likeness = np.fft.irfft(cross, finer * size)
    lag = int(np.argmax(likeness))
    return (lag - finer * size if lag > finer * size // 2 else lag) / (finer * sample_rate)
