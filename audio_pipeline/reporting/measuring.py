"""Measures all figures of a report in one pass over an audio file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from audio_pipeline.audio_io.read.audio_file import AudioInfo, probe
from audio_pipeline.audio_io.read.programme import programme_blocks, programme_span
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.metering.a_weighted_level import AWeightedMeter
from audio_pipeline.metering.faults.finder import FaultFinder
from audio_pipeline.metering.faults.kinds import Fault
from audio_pipeline.metering.leq_m import leq_m_of_blocks_db
from audio_pipeline.metering.meter import Loudness, Meter
from audio_pipeline.metering.silence import SHORTEST_S, SilenceFinder
from audio_pipeline.metering.span_levels import SpanLevels
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.delivery import Delivery
from audio_pipeline.reporting.dropout import Fall, FallMeter, span_before, span_of_floor
from audio_pipeline.reporting.facts import MixFacts, Section
from audio_pipeline.reporting.fault_roles import fault_roles
from audio_pipeline.reporting.fault_warnings import meant_to_end
from audio_pipeline.reporting.file_figures import bits_of
from audio_pipeline.reporting.fold_check import FoldCheck, SectionFold
from audio_pipeline.timeline.spans import Span
from audio_pipeline.timeline.workers import prefetch

_BLOCK = 262_144
_SAMPLES = 8 * _BLOCK  # of all channels


@dataclass(frozen=True, eq=False)
class Measured:
    """The measurements of one pass over the file. `before`, `floor` and `fall` describe the dropout, None
    without one; `mono_folds` is None for a file that is not stereo. `info.frames` and all positions count only
    the programme; `leader` is the number of samples in the file before and after it. `faults` are the channel
    faults, `roles` the channels' names; `real_bits` is the number of bits of a sample in use."""

    info: AudioInfo
    loudness: Loudness
    sections: tuple[SpanLevels, ...]
    before: SpanLevels | None
    floor: SpanLevels | None
    floor_a_weighted_dbfs: float | None
    fall: Fall | None
    silences: tuple[Span, ...]
    leq_m_db: float | None
    mono_folds: list[SectionFold] | None
    leader: tuple[int, int] = (0, 0)
    faults: tuple[Fault, ...] = ()
    roles: tuple[str, ...] = ()
    real_bits: int | None = None


class Observer(Protocol):
    """An observer of the programme, fed block by block, `(n, channels)` each."""

    def feed(self, block: Samples, /) -> None: ...


def measured_file(
    path: Path, facts: MixFacts, delivery: Delivery | None, observers: Sequence[Observer]
) -> Measured:
    """Measure the programme in `path`; another thread feeds every block to the `observers`.

    Raises StemError for a file that cannot be read.
    """
    file = probe(path, track=facts.track)
    programme = programme_span(path, file)
    info = replace(file, frames=len(programme))
    rate, plan = info.sample_rate_hz, facts.dropout
    whole = Span(0, info.frames)
    spans = [section.span.intersect(whole) for section in facts.sections]
    if plan is not None:
        spans += [span_before(plan, rate).intersect(whole), span_of_floor(plan, info.frames)]
    meter = Meter(rate, info.channels, info.loudness_weights, spans)
    falling = None if plan is None else FallMeter(plan, info.frames, rate)
    soft = None if plan is None else AWeightedMeter(spans[-1], rate, info.channels)
    silence = SilenceFinder(max(1, round(SHORTEST_S * rate)))
    folding = (
        FoldCheck(facts.sections or [Section(facts.mix, whole)], rate) if info.channels == 2 else None
    )
    roles = fault_roles(info.layout)
    faulty = FaultFinder(rate, roles, bits_of(info.subtype))
    others: list[Observer | None] = [silence, falling, soft, faulty, folding, *observers]
    largest = min(_BLOCK, _SAMPLES // info.channels)
    passing = _passed_on(
        programme_blocks(path, largest, track=facts.track), [one for one in others if one is not None]
    )
    for block in prefetch(passing):
        meter.feed_finite(block)
    loudness = meter.result()
    levels = loudness.spans[: len(facts.sections)]
    before, floor = loudness.spans[-2:] if plan is not None else (None, None)
    fall = None
    if falling is not None and before is not None and floor is not None:
        fall = falling.result(before.rms_dbfs, floor.rms_dbfs)
    leq = delivery is not None and any(c.figure == "leq_m_db" for c in delivery.clauses)
    return Measured(
        info,
        loudness,
        levels,
        before,
        floor,
        None if soft is None else soft.result(),
        fall,
        silence.result(),
        _leq_m_db(path, info, silence.result(), facts.track) if leq else None,
        None if folding is None else folding.result(),
        (programme.start, file.frames - programme.stop),
        tuple(fault for fault in faulty.result() if not meant_to_end(facts, fault)),
        roles,
        faulty.used_bits(),
    )


def _passed_on(passing: Iterable[Samples], observers: Sequence[Observer]) -> Iterator[Samples]:
    """Feed each block to the observers, then yield it. This runs on the thread that reads ahead, because the
    observers together take about as long as the loudness measurement."""
    for block in passing:
        for observer in observers:
            observer.feed(block)
        yield block


def _leq_m_db(path: Path, info: AudioInfo, silences: Sequence[Span], track: int | None) -> float | None:
    """Leq(m) without the digital silence at the start and at the end."""
    rate = info.sample_rate_hz
    whole = leq_m_of_blocks_db(programme_blocks(path, rate, track=track), rate)
    if whole is None or not silences:
        return whole
    length = max(info.frames, silences[-1].stop)
    quiet = [run for run in {silences[0], silences[-1]} if run.start == 0 or run.stop >= length]
    sounding = length - sum(len(run) for run in quiet)
    return whole if sounding <= 0 else whole + 10.0 * math.log10(length / sounding)
