"""Matches two voices in spectrum, bandwidth and noise floor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.coloured_noise import ColouredNoise, grid_hz
from audio_pipeline.dsp.fades import fade_edges
from audio_pipeline.dsp.filters import convolve_whole
from audio_pipeline.effects.base import Effect, StemBench, Treated, Warned
from audio_pipeline.units import Db, Hz, List

if TYPE_CHECKING:
    from audio_pipeline.dsp.spectral_match import Likeness, Match
    from audio_pipeline.dsp.voice_spectrum import VoiceSpectrum

MEAN_DB, LARGEST_DB, BANDWIDTH_PERCENT, FLOOR_DB = 3.0, 6.0, 10.0, 3.0
"""Tolerances: third octaves (mean and maximum), −60 dB bandwidths, noise floors."""
INAUDIBLE_DBFS = -100.0
"""Noise floors below this count as equal."""
NOISE_FADE_S = 0.05
"""Length of the fades of added noise, inside the stem."""


class MatchVoices(Effect):
    """Brings long-term spectra, bandwidths and noise floors of two voices to a common middle.

    Neither voice is the reference: exchanged stems give exchanged results.
    """

    stage: ClassVar[Literal["stem", "strip", "bus"]] = "stem"
    order: ClassVar[int] = 1
    layer_fields: ClassVar[tuple[str, ...]] = ("voices",)

    kind: Literal["match"] = "match"
    voices: List[str] = Field(
        ("voice_a", "voice_b"), min_length=2, max_length=2, description="the two voices that are matched"
    )
    boost: Db = Field(
        9.0,
        ge=0,
        le=24,
        description="maximum boost of a third octave; beyond it the other voice is cut",
    )
    cut: Db = Field(24.0, ge=0, le=60, description="maximum cut of a third octave")
    low_pass: Hz = Field(3000.0, ge=1000, description="lowest low-pass cutoff for the wider voice")
    noise: Db = Field(-20.0, le=-20, description="maximum added noise, relative to the voice")

    def works_on(self, layer: str) -> bool:
        """Whether the layer is one of the two voices."""
        return layer in self.voices

    def treat(self, stems: Mapping[str, Samples], bench: StemBench, name: str) -> Treated:
        """See `Effect.treat`."""
        from audio_pipeline.dsp.spectral_match import likeness, missing_noise
        from audio_pipeline.dsp.voice_spectrum import voice_spectrum

        if len(stems) != 2:
            message = f"{name} has no two voices to match; nothing was done."
            return Treated(stems, warnings=(Warned("match_voices", message),))
        first, second = stems
        before = {layer: voice_spectrum(stem, bench.sample_rate) for layer, stem in stems.items()}
        plans = {
            own: self._plan(before[own], before[other])
            for own, other in ((first, second), (second, first))
        }
        filtered = {
            layer: _filtered(stems[layer], plan, bench)
            for layer, plan in plans.items()
            if plan is not None
        }
        spectra = {layer: voice_spectrum(stem, bench.sample_rate) for layer, stem in filtered.items()}
        one, two = spectra.get(first), spectra.get(second)
        if one is None or two is None:
            message = f"{first} and {second} have too little speech in common to be matched."
            return Treated(stems, warnings=(Warned("match_speech", message),))
        noise = {
            first: missing_noise(one, two, self.noise),
            second: missing_noise(two, one, self.noise),
        }
        made = {layer: _with_noise(stem, noise[layer], bench, name) for layer, stem in filtered.items()}
        now = likeness(one.with_noise(noise[first]), two.with_noise(noise[second]))
        voices = {layer: _facts(plan, noise[layer]) for layer, plan in plans.items() if plan is not None}
        facts = {"voices": voices, "before": _shown(_likeness(*before.values())), "after": _shown(now)}
        did = {layer: _told(facts) for layer, facts in voices.items()}
        warnings = tuple(_warnings(now, first, second))
        # noise 20 dB under a voice adds 0.04 dB to its loudness
        return Treated(made, did, facts, warnings, levelled=True)

    def _plan(self, own: VoiceSpectrum | None, other: VoiceSpectrum | None) -> Match | None:
        from audio_pipeline.dsp.spectral_match import Limits, matched

        limits = Limits(self.boost, self.cut, self.low_pass)
        return None if own is None or other is None else matched(own, other, limits)


def _filtered(stem: Samples, plan: Match, bench: StemBench) -> Samples:
    impulse = plan.impulse(bench.sample_rate)
    return bench.levelled(convolve_whole(stem, impulse, len(impulse) // 2))


def _with_noise(stem: Samples, power: Samples, bench: StemBench, stream: str) -> Samples:
    """The stem `(n,)` with added noise of the given power `(bins,)`.

    Both voices draw from one stream, so that the result does not depend on their names. Only one voice
    gets noise at each frequency, so the added noises are uncorrelated.
    """
    if not power.any():
        return stem
    hz = np.linspace(0.0, bench.sample_rate / 2.0, len(power))
    magnitude = np.sqrt(np.interp(grid_hz(bench.sample_rate), hz, power))
    noise = ColouredNoise(bench.seed, stream, magnitude).draw(0, len(stem)).astype(np.float64)
    fade = min(round(NOISE_FADE_S * bench.sample_rate), len(stem) // 2)
    fade_edges(noise, 0, 0, len(stem), fade, fade)
    return stem + noise


def _likeness(first: VoiceSpectrum | None, second: VoiceSpectrum | None) -> Likeness | None:
    from audio_pipeline.dsp.spectral_match import likeness

    return None if first is None or second is None else likeness(first, second)


def _facts(plan: Match, noise_power: Samples) -> dict[str, Any]:
    from audio_pipeline.dsp.spectral_match import noise_dbfs

    return {
        "bands_hz": [round(float(hz), 1) for hz in plan.bands_hz],
        "gain_db": [round(float(db), 2) for db in plan.gain_db],
        "high_pass_hz": plan.high_pass_hz,
        "low_pass_hz": plan.low_pass_hz,
        "noise_dbfs": round(noise_dbfs(noise_power), 2) if noise_power.any() else None,
    }


def _shown(alike: Likeness | None) -> dict[str, Any] | None:
    """The likeness as JSON, rounded to the precision of the measurement."""
    if alike is None:
        return None
    shown = {name: value for name, value in asdict(alike).items() if not isinstance(value, tuple)}
    floors = [None if floor is None else round(floor, 2) for floor in alike.floors_dbfs]
    return {
        **{name: round(value, 2) for name, value in shown.items()},
        "bandwidths_hz": [round(hz, 1) for hz in alike.bandwidths_hz],
        "floors_dbfs": floors,
    }


def _told(facts: Mapping[str, Any]) -> str:
    gain_db = facts["gain_db"]
    words = [f"matched by {min(gain_db):+.1f} to {max(gain_db):+.1f} dB in {len(gain_db)} third octaves"]
    if facts["high_pass_hz"] is not None:
        words.append(f"high-passed at {facts['high_pass_hz']:.0f} Hz")
    if facts["low_pass_hz"] is not None:
        words.append(f"low-passed at {facts['low_pass_hz'] / 1000.0:.1f} kHz")
    if facts["noise_dbfs"] is not None:
        words.append(f"noise added at {facts['noise_dbfs']:.0f} dBFS")
    return ", ".join(words)


def _warnings(alike: Likeness | None, first: str, second: str) -> list[Warned]:
    """A warning for each quantity that is not matched."""
    if alike is None:
        return [Warned("match_speech", f"{first} and {second} cannot be compared after the match.")]
    found = []
    if alike.mean_db > MEAN_DB or alike.largest_db > LARGEST_DB:
        found.append(
            Warned(
                "match_spectrum",
                f"The spectra of {first} and {second} still differ by {alike.mean_db:.1f} dB on the mean and"
                f" {alike.largest_db:.1f} dB at {alike.largest_at_hz:.0f} Hz.",
            )
        )
    narrow, wide = sorted(alike.bandwidths_hz)
    if wide > narrow * (1.0 + BANDWIDTH_PERCENT / 100.0):
        found.append(
            Warned(
                "match_bandwidth",
                f"The bandwidths of {first} and {second} still differ: {alike.bandwidths_hz[0]:.0f} and"
                f" {alike.bandwidths_hz[1]:.0f} Hz.",
            )
        )
    floors = [floor for floor in alike.floors_dbfs if floor is not None]
    if len(floors) < 2:
        message = (
            f"{first} or {second} has no pauses to measure its noise floor in; no noise was matched."
        )
        found.append(Warned("match_noise", message))
    elif max(floors) > INAUDIBLE_DBFS and max(floors) - min(floors) > FLOOR_DB:
        message = f"The noise floors of {first} and {second} still differ: {floors[0]:.0f} and"
        found.append(Warned("match_noise", f"{message} {floors[1]:.0f} dBFS."))
    return found
