"""The noise of air on its way in and out of a person; every layer that breathes uses it.

Noise through the resonances of an open vocal tract, over a falling spectrum. The lower ones are near those
of a schwa (Fant, "Acoustic Theory of Speech Production", 1960: a uniform tube of 17 cm); the upper ones and
their strength follow recorded breaths (`docs/sounds.md`). The inhale is brighter and peaks late, the exhale
is darker and peaks early.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from audio_pipeline.dsp import noise
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.control import HOP, LONG_HOP, slow_curve
from audio_pipeline.dsp.decibels import gain_from_db, rms
from audio_pipeline.dsp.drift import drift
from audio_pipeline.dsp.fades import fade_edges
from audio_pipeline.dsp.filters import convolve, frequencies, minimum_phase
from audio_pipeline.timeline.spans import Span

Way = Literal["in", "out"]


@dataclass(frozen=True)
class Resonance:
    """One resonance of the airway: frequency, Q, and level relative to the timbre's formants."""

    hz: float
    q: float
    level_db: float = 0.0


RESONANCES: dict[Way, tuple[Resonance, ...]] = {
    "in": (
        Resonance(500.0, 4.0),
        Resonance(1450.0, 6.0),
        Resonance(2300.0, 9.0, 2.0),
        Resonance(2900.0, 10.0, 2.0),
        Resonance(3900.0, 12.0, 2.0),
        Resonance(4900.0, 13.0, 2.0),
        Resonance(6200.0, 14.0, 2.0),
    ),
    "out": (
        Resonance(480.0, 3.5, -3.0),
        Resonance(1350.0, 5.0, 3.0),
        Resonance(2250.0, 8.0, 2.0),
        Resonance(3700.0, 11.0, 4.0),
        Resonance(5000.0, 12.0, 4.0),
    ),
}
"""The airway's resonances for each direction; the shape of the mouth differs between in and out.

Estimates, chosen so that ripple and tagger agree with recorded breaths.
"""

_TAPS = 768
_RESPONSE_SIZE = 4096
_ROUNDING = 1.4  # 1 (a sine) ends too steeply and sounds gated, 2 (a squared sine) is half as long
_FLUTTER_S = 0.09  # turbulence varies about five times a second
_FLUTTER_DB = 1.0
_COLOUR_SPREAD = 0.05  # deviation of each resonance from one breath to the next
_MOUTH_S = 0.25  # the noises of lips and throat end within this time


@dataclass(frozen=True)
class Timbre:
    """The timbre of the air: formants in dB over the falling spectrum, low-pass cutoffs and flow peaks."""

    formants_db: float = 17.0
    inhale_hz: float = 6000.0
    exhale_hz: float = 2000.0
    inhale_peak: float = 0.7
    exhale_peak: float = 0.2


@dataclass(frozen=True)
class Phase:
    """One inhale or exhale: its span, its direction and its RMS over that span.

    `mouth_db` is the level, relative to the air, of the noise at its start: of the lips in an inhale,
    of the throat in an exhale; None: no noise. `ending` is the length in samples of its fade-out, a
    half cosine.
    """

    span: Span
    way: Way
    level_dbfs: float
    mouth_db: float | None = None
    ending: int = 0


def air(phase: Phase, timbre: Timbre, sample_rate: int, seed: int, stream: str) -> Samples:
    """The samples of one complete phase, `(len(phase.span),)`; the first and the last are zero.

    Every phase is different: its variation is drawn from the named stream at the phase's first sample.
    """
    span, n = phase.span, len(phase.span)
    rng = noise.generator(seed, f"{stream}.colour", span.start)
    peak = timbre.inhale_peak if phase.way == "in" else timbre.exhale_peak
    peak = float(np.clip(peak + 0.03 * rng.standard_normal(), 0.05, 0.95))
    interval = max(int(_FLUTTER_S * sample_rate), 1)

    def flow(at: Samples) -> Samples:
        return flow_curve(np.minimum(at / max(n - 1, 1), 1.0), peak)

    def flutter(at: Samples) -> Samples:
        unsteady: Samples = 10.0 ** (
            _FLUTTER_DB / 20.0 * drift(seed, f"{stream}.flutter", interval, span.start + at)
        )
        return unsteady

    bend = 1.0 + _COLOUR_SPREAD * np.clip(rng.standard_normal(len(RESONANCES[phase.way]) + 1), -2, 2)
    calm, full = airway_responses(phase.way, timbre, bend, sample_rate)
    white = noise.uniform(seed, f"{stream}.air", span.start - _TAPS + 1, span.stop)
    both = convolve(white[:, None], np.stack([calm, full - calm], axis=1))
    # the faster the air, the brighter its noise
    flowing, moving = slow_curve(flow, 0, n), both[:, 1]
    moving *= flowing
    moving += both[:, 0]
    moving *= flowing
    moving *= slow_curve(flutter, 0, n, hop=LONG_HOP)
    fade_edges(moving, 0, 0, n, 0, min(max(phase.ending, HOP), n))
    moving *= gain_from_db(phase.level_dbfs) / max(rms(moving), 1e-30)
    if phase.mouth_db is not None:
        _add_mouth(moving, rng, phase, calm, sample_rate)
    return moving


def flow_curve(progress: Samples, peak: float) -> Samples:
    """The flow `(n,)`, 0 to 1 and back to 0: a rounded sine with warped time and its maximum at `peak`.

    `progress` `(n,)` is the share of the phase that has passed, 0 to 1.
    """
    bent = progress ** (math.log(0.5) / math.log(peak))
    return np.maximum(np.sin(math.pi * bent), 0.0) ** _ROUNDING


def airway_responses(way: Way, timbre: Timbre, bend: Samples, sample_rate: int) -> Samples:
    """The two FIRs `(2, taps)` of the airway, without flow and at full flow.

    Each has an RMS gain of 1 on white noise. `bend` `(resonances + 1,)` multiplies the resonances'
    frequencies and the cut-off.
    """
    hz = np.maximum(frequencies(_RESPONSE_SIZE, sample_rate), 1.0)
    falling_db = -3.0 if way == "in" else -4.5
    body = (hz / 500.0) ** (falling_db / 6.02)
    body /= 1.0 + (160.0 / hz) ** 4  # at a distance a breath has no bass
    lift = gain_from_db(timbre.formants_db) - 1.0
    formants = np.ones_like(hz)
    for resonance, factor in zip(RESONANCES[way], bend[:-1], strict=True):
        ratio = hz / (resonance.hz * factor)
        formants += (
            lift * gain_from_db(resonance.level_db) / (1.0 + (resonance.q * (ratio - 1.0 / ratio)) ** 2)
        )
    cut_hz = (timbre.inhale_hz if way == "in" else timbre.exhale_hz) * float(bend[-1])
    fourth = (hz / cut_hz) ** 4
    cut = np.sqrt(1.0 + np.stack([fourth / 0.75**4, fourth]))
    magnitude = body * formants / cut
    magnitude /= np.sqrt(np.mean(magnitude**2, axis=1, keepdims=True))
    return minimum_phase(magnitude, _TAPS)


def _add_mouth(
    sound: Samples, rng: np.random.Generator, phase: Phase, impulse: Samples, sample_rate: int
) -> None:
    """Add the noise of lips or throat to the start of `sound`, a complete phase."""
    longest = int(_MOUTH_S * sample_rate)
    clicks = _lips(rng, sample_rate) if phase.way == "in" else _throat(rng, sample_rate)
    window = np.zeros((_TAPS - 1 + longest, 1))
    window[_TAPS - 1 : _TAPS - 1 + len(clicks), 0] = clicks
    small = convolve(window, impulse)[: len(sound), 0]
    fade_edges(small, 0, 0, len(small), 0, _TAPS)
    sound[: len(small)] += small * gain_from_db(phase.level_dbfs + (phase.mouth_db or 0.0))


def _lips(rng: np.random.Generator, sample_rate: int) -> Samples:
    """The noise of parting lips: two or three tiny ticks, `(m,)`, with peaks of about 2."""
    length = int(0.03 * sample_rate)
    time = np.arange(length) / sample_rate
    starts = np.cumsum(rng.uniform(0.015, 0.045, int(rng.integers(2, 4)))) * sample_rate
    out = np.zeros(int(starts[-1]) + length)
    for start in starts.astype(int):
        swell = (1.0 - np.exp(-time / 0.0004)) * np.exp(-time / rng.uniform(0.0015, 0.005))
        out[start : start + length] += rng.standard_normal(length) * swell * rng.uniform(0.5, 1.0)
    return out


def _throat(rng: np.random.Generator, sample_rate: int) -> Samples:
    """The noise of an opening throat: a few soft pulses, increasingly far apart and weaker, `(m,)`."""
    pulses = int(rng.integers(4, 8))
    gaps = rng.uniform(0.007, 0.010) * 1.12 ** np.arange(pulses) * rng.uniform(0.9, 1.1, pulses)
    starts = ((0.01 + np.cumsum(gaps)) * sample_rate).astype(int)
    out = np.zeros(int(starts[-1]) + 1)
    out[starts] = 4.0 * rng.uniform(0.5, 1.0, pulses) * np.linspace(1.0, 0.4, pulses)
    return out
