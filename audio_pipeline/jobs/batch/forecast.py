"""The forecast of a batch: shared sounds, time and disk space."""

from __future__ import annotations

from collections.abc import Sequence

from audio_pipeline.jobs.batch.plan import Mix
from audio_pipeline.records import dataclass

_CPU_PER_SECOND = 0.07
_CPU_PER_SECOND_SHARED = 0.02
"""CPU seconds per second of `final` at 48 kHz, without the cache and with every sound from the cache: measured
on two cores of a server of 2023 (`benchmarks/batch.py`); a rough guide for other mixes and machines."""
_REPORT_BYTES = 60_000
_SPILL_BYTES_PER_SAMPLE = 32


@dataclass(frozen=True)
class Forecast:
    """`shared` gives for each mix the number of sounds that an earlier mix renders, and of all its sounds."""

    shared: tuple[tuple[int, int], ...]
    mix_bytes: tuple[int, ...]
    seconds: float
    disk_bytes: int
    scratch_bytes: int


def forecast(mixes: Sequence[Mix], jobs: int) -> Forecast:
    """The forecast for rendering `mixes` in this order by `jobs` processes."""
    known: set[str] = set()
    shared, sizes, cpu_s, scratch = [], [], 0.0, []
    for mix in mixes:
        preset = mix.preset
        if preset is None or mix.failure is not None:
            shared.append((0, 0))
            sizes.append(0)
            continue
        shared.append((len(mix.sounds & known), len(mix.sounds)))
        share = shared[-1][0] / max(1, len(mix.sounds))
        known |= mix.sounds
        samples = mix.length_s * preset.sample_rate_hz
        sizes.append(round(samples * 2 * preset.master.bits / 8) + _REPORT_BYTES)
        per_second = _CPU_PER_SECOND + share * (_CPU_PER_SECOND_SHARED - _CPU_PER_SECOND)
        cpu_s += mix.length_s * preset.sample_rate_hz / 48_000 * per_second
        scratch.append(round(samples * _SPILL_BYTES_PER_SAMPLE))
    at_once = sum(sorted(scratch, reverse=True)[:jobs])
    return Forecast(tuple(shared), tuple(sizes), cpu_s / jobs, sum(sizes), at_once)
