"""The loudness of the dialogue stem, and how much of the programme is dialogue.

Not "dialogue-gated" loudness: that needs a speech detector on the finished mix. We have the stem.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from audio_pipeline.audio_io.read.audio_file import blocks, probe
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.metering.gated import Gated
from audio_pipeline.metering.meter import Loudness, Meter

GATE_LU = -10.0


@dataclass(frozen=True)
class Dialogue:
    """`lufs` is None for a stem without anything above the gate; `momentary_lufs` `(hops,)` is on the
    10 ms grid."""

    lufs: float | None
    share_percent: float
    momentary_lufs: Samples = field(compare=False)


def share_percent(stem: Loudness | Gated, programme_s: float) -> float:
    """The share of a programme, percent, in which the momentary loudness of its dialogue stem is no more
    than 10 LU under the stem's integrated loudness."""
    if stem.integrated_lufs is None or programme_s <= 0.0:
        return 0.0
    curve = stem.momentary_lufs
    speaking = np.count_nonzero(np.nan_to_num(curve, nan=-np.inf) > stem.integrated_lufs + GATE_LU)
    return min(100.0, 100.0 * float(speaking) * 0.01 / programme_s)


def measure_dialogue(path: Path, programme_s: float | None = None) -> Dialogue:
    """Measure a dialogue stem; `programme_s` None: it is as long as the programme.

    Raises StemError for a file that cannot be read.
    """
    info = probe(path)
    meter = Meter(info.sample_rate_hz, info.channels)
    for block in blocks(path):
        meter.feed(block)
    stem = meter.result()
    share = share_percent(stem, programme_s or stem.duration_s)
    return Dialogue(stem.integrated_lufs, share, stem.momentary_lufs)
