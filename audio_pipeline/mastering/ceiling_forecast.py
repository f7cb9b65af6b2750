"""Estimates the loudness under a ceiling from the peak and the energy of every 10 ms.

It reads no samples: it finds the next gain to try, whose result is then measured.
"""

from __future__ import annotations

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.mastering.finished_loudness import energies_before_the_ceiling
from audio_pipeline.mastering.mixdown import Mixdown, Part
from audio_pipeline.metering.history import HOPS_PER_S, integrated_lufs
from audio_pipeline.metering.part_energies import momentary_power
from audio_pipeline.metering.peak_bounds import BLOCK


def forecast_lufs(mixdown: Mixdown, part: Part) -> float:
    """The estimated loudness of a part under the ceiling, LUFS; minus infinity below the gate."""
    energies = energies_before_the_ceiling(mixdown, part)
    rate = mixdown.premaster.energies.sample_rate_hz
    energies *= _held(mixdown, len(energies), rate) ** 2
    loudness = integrated_lufs(momentary_power(energies, rate))
    return -np.inf if loudness is None else loudness


def _held(mixdown: Mixdown, hops: int, sample_rate_hz: int) -> Samples:
    """The estimated mean gain of the ceiling in every hop, `(hops,)`.

    It is the gain for the hop's peak, averaged with the gains for the adjacent hops.
    """
    blocks = sample_rate_hz // HOPS_PER_S // BLOCK
    largest = mixdown.peaks().largest[: hops * blocks]
    peaks = np.pad(largest, (0, hops * blocks - len(largest))).reshape(hops, blocks).max(axis=1)
    needed = np.minimum(1.0, mixdown.limiter.limit / np.maximum(peaks, 1e-30))
    beside = np.pad(needed, 1, constant_values=1.0)
    least_before, least_after = np.minimum(needed, beside[:-2]), np.minimum(needed, beside[2:])
    held: Samples = 0.5 * needed + 0.25 * (least_before + least_after)
    return held
