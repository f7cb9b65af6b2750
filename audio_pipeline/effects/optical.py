"""Both voices on one optical sound track: its response, its compression, its noise.

The response is the Academy curve (`dsp.optical_track`). Around 1938 variable-density releases had a volume
range of about 50 dB (J. Soc. Motion Picture Eng. 30 (6), 1938, doi 10.5594/J14667); the noise here follows
from that. Threshold, ratio and times of the compression are an engineer's estimates.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.coloured_noise import ColouredNoise, grid_hz
from audio_pipeline.dsp.decibels import gain_from_db
from audio_pipeline.dsp.fades import fade_edges
from audio_pipeline.dsp.filters import convolve_whole, frequencies, minimum_phase
from audio_pipeline.dsp.optical_track import academy_db, optical_magnitude
from audio_pipeline.effects.base import REFERENCE_LUFS, Effect, StemBench, Treated
from audio_pipeline.timeline.moments import parse_duration
from audio_pipeline.units import Between, Db, Duration, List, Percent

NOISE_FADE_S = 0.05
"""Length of the fades of the noise, inside the stem."""
_IMPULSE_S = 0.02
_WORKS_DB = 0.1  # a smaller reduction is not reported


class Optical(Effect):
    """Gives every voice the same optical track, so that the voices match."""

    stage: ClassVar[Literal["stem", "strip", "bus"]] = "stem"
    order: ClassVar[int] = 2
    layer_fields: ClassVar[tuple[str, ...]] = ("voices",)

    kind: Literal["optical"] = "optical"
    voices: List[str] = Field(("voice_a", "voice_b"), description="voices on the optical track")
    academy: Percent = Field(100.0, description="share of the Academy curve: 0% is flat")
    threshold: Db = Field(
        0.0, ge=-40, le=40, description="compression threshold, relative to the voice's loudness"
    )
    ratio: float = Field(
        2.0, ge=1, le=20, description="compression ratio: dB of input for 1 dB of output (estimate)"
    )
    attack: Annotated[Duration, Between("0ms", "1s")] = Field(
        parse_duration("5ms"), description="attack time constant (estimate)"
    )
    release: Annotated[Duration, Between("0ms", "10s")] = Field(
        parse_duration("200ms"), description="release time constant (estimate)"
    )
    noise: Db = Field(
        -46.0,
        le=0,
        description="RMS of the track noise, relative to the voice's loudness, before levelling",
    )
    tilt: Db = Field(
        -2.5, ge=-6, le=3, description="slope of the noise an octave: 0 dB is white, -3 dB pink"
    )

    def works_on(self, layer: str) -> bool:
        """Whether the layer is one of its voices."""
        return layer in self.voices

    def treat(self, stems: Mapping[str, Samples], bench: StemBench, name: str) -> Treated:
        """See `Effect.treat`. Each voice is treated independently."""
        from audio_pipeline.dsp.compressor import Compressor  # `presets` needs only the parameters

        compressor = Compressor(
            REFERENCE_LUFS + self.threshold,
            self.ratio,
            bench.seconds(self.attack),
            bench.seconds(self.release),
        )
        impulse = self._impulse(bench.sample_rate)
        noise_dbfs = REFERENCE_LUFS + self.noise
        made, did, facts = {}, {}, {}
        for layer, stem in stems.items():
            gain = compressor.gain(stem, bench.sample_rate)
            made[layer] = convolve_whole(stem * gain, impulse, 0)
            made[layer] += self._noise(len(stem), bench, f"{name}.{layer}", noise_dbfs)
            most_db, mean_db = _reduction_db(gain[:: bench.sample_rate // 1000])
            facts[layer] = {
                "reduction_db": {"most": round(most_db, 2), "mean": round(mean_db, 2)},
                "noise_dbfs": round(noise_dbfs, 2),
            }
            did[layer] = (
                f"recorded on an optical track: compressed by up to {most_db:.1f} dB,"
                f" noise at {noise_dbfs:.0f} dBFS, {self.academy:g}% of the Academy curve"
            )
        return Treated(made, did, {"voices": facts})

    def _impulse(self, sample_rate: int) -> Samples:
        """The track as a minimum-phase FIR `(taps,)`: an optical head does not ring before the signal."""
        taps = 1 << round(np.log2(_IMPULSE_S * sample_rate))
        hz = np.maximum(frequencies(16 * taps, sample_rate), 1.0)
        return minimum_phase(10.0 ** (academy_db(hz) * (self.academy / 100.0) / 20.0), taps)

    def _noise(self, length: int, bench: StemBench, stream: str, level_dbfs: float) -> Samples:
        """The noise `(length,)` of the track."""
        magnitude = optical_magnitude(self.tilt, grid_hz(bench.sample_rate))
        magnitude *= gain_from_db(level_dbfs) / np.sqrt(np.mean(magnitude**2))
        noise = ColouredNoise(bench.seed, stream, magnitude).draw(0, length).astype(np.float64)
        fade = min(round(NOISE_FADE_S * bench.sample_rate), length // 2)
        fade_edges(noise, 0, 0, length, fade, fade)
        return noise


def _reduction_db(gain: Samples) -> tuple[float, float]:
    """The maximum reduction, and the mean over samples with a reduction, dB."""
    reduction_db = -20.0 * np.log10(gain)
    working = reduction_db[reduction_db > _WORKS_DB]
    if not len(working):
        return 0.0, 0.0
    return float(working.max()), float(working.mean())
