"""The loudness of the dialogue stem, and the share of dialogue in the programme.

This is not "dialogue-gated" loudness, which needs a speech detector on the finished mix: we measure the stem.
"""

from __future__ import annotations

from dataclasses import field
from pathlib import Path

import numpy as np

from audio_pipeline.audio_io.read.programme import programme_blocks, programme_info
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.metering.meter import Meter
from audio_pipeline.records import dataclass

GATE_LU = -10.0


@dataclass(frozen=True)
class Dialogue:
    """The measured dialogue. `lufs` is None for a stem entirely below the gate; `momentary_lufs` `(hops,)` is
    on the 10 ms grid."""

    lufs: float | None
    share_percent: float
    momentary_lufs: Samples = field(compare=False)


def share_percent(momentary_lufs: Samples, integrated_lufs: float | None, programme_s: float) -> float:
    """The share of dialogue in a programme, percent.

    Dialogue is present where the momentary loudness of its stem, every 10 ms, is at most 10 LU below the stem's
    integrated loudness.
    """
    if integrated_lufs is None or programme_s <= 0.0:
        return 0.0
    speaking = np.count_nonzero(np.nan_to_num(momentary_lufs, nan=-np.inf) > integrated_lufs + GATE_LU)
    return min(100.0, 100.0 * float(speaking) * 0.01 / programme_s)


def measure_dialogue(path: Path, programme_s: float | None = None) -> Dialogue:
    """Measure a dialogue stem; with `programme_s` None the programme is as long as the stem.

    Raises StemError for a file that cannot be read.
    """
    info = programme_info(path)
    meter = Meter(info.sample_rate_hz, info.channels, info.loudness_weights)
    for block in programme_blocks(path):
        meter.feed(block)
    stem = meter.result()
    share = share_percent(stem.momentary_lufs, stem.integrated_lufs, programme_s or stem.duration_s)
    return Dialogue(stem.integrated_lufs, share, stem.momentary_lufs)
