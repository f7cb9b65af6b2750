"""The kinds of faults, and one fault with its channels, position and figure."""

from __future__ import annotations

from enum import StrEnum

from audio_pipeline.records import dataclass


class FaultKind(StrEnum):
    """The kind of a fault of a channel or a pair; the value is the code of its warning."""

    DEAD = "channel_dead"
    MUTED = "channel_muted"
    DROPOUT = "audio_dropout"
    INVERTED = "polarity_inverted"
    OUT_OF_PHASE = "out_of_phase"
    DUAL_MONO = "dual_mono"
    IDENTICAL = "identical_channels"
    DELAYED = "channel_delay"
    IMBALANCE = "channel_imbalance"
    CLIPPED = "clipping"
    OFFSET = "dc_offset"
    PADDED = "padded_bits"
    LFE_SILENT = "lfe_silent"
    LFE_FULL_BAND = "lfe_full_band"


@dataclass(frozen=True)
class Fault:
    """A fault of `channels` (counted from 0) in the samples [start, stop).

    `start` and `stop` are None for the complete programme. `figure` is dBFS for `dead`, `clipped` and
    `offset`, dB for `imbalance`, milliseconds for `delayed` (of the second channel), a correlation for
    phase, bits in use for `padded`; `count` is the number of clipped positions.
    """

    kind: FaultKind
    channels: tuple[int, ...]
    start: int | None = None
    stop: int | None = None
    figure: float | None = None
    count: int = 1
