"""The faults of a pair: inverted, out of phase, identical, delayed, or different in level."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.metering.faults.kinds import Fault, FaultKind
from audio_pipeline.metering.faults.pairs import Chunks, PairMeter

if TYPE_CHECKING:
    from numpy.typing import NDArray

INVERTED = -0.9
OUT_OF_PHASE = -0.5
SHORTEST_INVERTED_S = 1.0
WHOLE_SHARE = 0.9
SAME = 0.9999
ALIKE = 0.9
ALIKE_APART_DB = 6.0
APART_DB = 9.0


def pair_faults(
    meter: PairMeter, pair: tuple[int, int], sample_rate_hz: int, *, stereo: bool
) -> list[Fault]:
    """The faults of a pair of channels that are not dead; `stereo`: the file has only these two."""
    chunks = meter.chunks()
    first, second = float(chunks.first.sum()), float(chunks.second.sum())
    if not chunks.active.any() or first <= 0.0 or second <= 0.0:
        return []
    correlation = float(chunks.product.sum()) / math.sqrt(first * second)
    apart_db = 10.0 * math.log10(second / first)
    found = _inverted(chunks, pair, sample_rate_hz)
    if not found and correlation <= OUT_OF_PHASE:
        found.append(Fault(FaultKind.OUT_OF_PHASE, pair, figure=correlation))
    if correlation >= SAME and abs(apart_db) < ALIKE_APART_DB:
        kind = FaultKind.DUAL_MONO if stereo else FaultKind.IDENTICAL
        return [*found, Fault(kind, pair, figure=apart_db)]
    limit_db = ALIKE_APART_DB if abs(correlation) >= ALIKE else APART_DB
    if stereo and abs(apart_db) >= limit_db:
        found.append(Fault(FaultKind.IMBALANCE, pair, figure=apart_db))
    delay = meter.delay_samples()
    if delay is not None:
        found.append(Fault(FaultKind.DELAYED, pair, figure=1000.0 * delay / sample_rate_hz))
    return found


def _inverted(chunks: Chunks, pair: tuple[int, int], sample_rate_hz: int) -> list[Fault]:
    """The stretches in which the polarity is inverted; silence does not end a stretch."""
    active, turned = chunks.active, chunks.correlation <= INVERTED
    inverted = active & turned
    if not inverted.any():
        return []
    if (
        inverted.sum() >= WHOLE_SHARE * active.sum()
        and _seconds(chunks, inverted, sample_rate_hz) >= 0.5
    ):
        return [Fault(FaultKind.INVERTED, pair, figure=float(np.mean(chunks.correlation[inverted])))]
    found, since = [], None
    for number, (loud, here) in enumerate(zip(active, inverted, strict=True)):
        if here:
            since = number if since is None else since
            last = number
        ends = since is not None and ((loud and not here) or number == len(active) - 1)
        if ends and since is not None:
            start, stop = int(chunks.edges[since]), int(chunks.edges[last + 1])
            if stop - start >= SHORTEST_INVERTED_S * sample_rate_hz:
                figure = float(np.mean(chunks.correlation[since : last + 1]))
                found.append(Fault(FaultKind.INVERTED, pair, start, stop, figure))
            since = None
    return found


def _seconds(chunks: Chunks, which: NDArray[np.bool_], sample_rate_hz: int) -> float:
    return float(np.diff(chunks.edges)[which].sum()) / sample_rate_hz
