"""Overruns: lines longer than their slots, and voices and echoes cut at cues, faders or ends.

A translator shortens the line, so each overrun has its voice, its length and its start.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Literal

from audio_pipeline.effects.base import Effect
from audio_pipeline.preset.model import Preset
from audio_pipeline.preset.timing import Timing
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.picture_lock import Line, PictureLock
from audio_pipeline.timeline.scene import to_samples
from audio_pipeline.timeline.spans import Span

OverrunCode = Literal[
    "line_over_slot", "line_cut_to_slot", "voice_cut", "echo_past_black", "tail_past_end"
]

_LIMITS_OF_ECHOES = ("black", "dropout", "silence", "end")
"""Cues that no echo may pass; the first that the preset has is the limit."""
_CODE_OF: dict[str, OverrunCode] = {"black": "echo_past_black", "end": "tail_past_end"}
"""The codes of some limits; the code of any other limit is `voice_cut`."""


@dataclass(frozen=True)
class Overrun:
    """The samples `span` of the programme in which `voice` is cut, or plays although it should be silent.

    `limit` is the cue, the effect or the slot that it exceeds, as text.
    """

    code: OverrunCode
    voice: str
    limit: str
    span: Span
    what: str

    def message(self, sample_rate_hz: int) -> str:
        """A sentence with the length and the start of the overrun."""
        length_s, at_s = len(self.span) / sample_rate_hz, self.span.start / sample_rate_hz
        return f"{self.what}: {length_s:.3f} s, from {at_s:.3f} s on."


def overruns_of(preset: Preset, timing: Timing, lock: PictureLock | None = None) -> tuple[Overrun, ...]:
    """Every overrun of a preset, in the order of voices. Voices that are not in the master are skipped."""
    found: list[Overrun] = []
    for name, line in timing.lines.items():
        if preset.layers[name].bus not in preset.master.buses:
            continue
        voice = _Voice(preset, timing, name, line)
        is_known = lock is None or name in lock.slots
        found += voice.outside_slot(None if is_known or lock is None else lock.name)
        found += voice.cut()
        found += voice.echoes()
    return tuple(found)


class _Voice:
    """One voice of a preset, compared with its slot and the cues."""

    def __init__(self, preset: Preset, timing: Timing, name: str, line: Line) -> None:
        self._preset, self._timing = preset, timing
        self._name, self._line = name, line
        self._effects = {n: e for n, e in preset.working().items() if e.works_on(name)}
        self._rate = preset.sample_rate_hz

    def outside_slot(self, unknown_to: str | None) -> Iterator[Overrun]:
        """The parts of the line outside the slot, and the parts that `fit` cuts.

        `unknown_to` is the reference that has no slot for this voice.
        """
        name, line = self._name, self._line
        told = f"{name} is longer than its slot"
        if unknown_to is not None:
            told = f"{name} has no slot in the reference {unknown_to}"
        for span in _outside(line.spoken, line.slot):
            what = told if span.start >= line.slot.stop else f"{name} begins before its slot"
            yield self._overrun("line_over_slot", "its slot", span, what)
        for span in _outside(line.recorded, line.spoken):
            yield self._overrun("line_cut_to_slot", "its slot", span, f"{name} is cut to fit its slot")

    def cut(self) -> Iterator[Overrun]:
        """The parts of the line that the fader, the dropout and the ends cut."""
        spoken, stops = self._line.spoken, []
        for effect, parameters in self._effects.items():
            start, stop = self._passed(parameters)
            if stop is not None:
                stops.append(stop)
            for span in _outside(spoken, Span(start or 0, max(start or 0, _or(stop, spoken.stop)))):
                yield self._overrun("voice_cut", effect, span, f"{self._name} is cut by {effect}")
        limit, at = self._end()
        if spoken.stop > at and not any(stop <= at for stop in stops):
            span = Span(max(at, spoken.start), spoken.stop)
            what = f"{self._name} is cut at {limit}"
            yield self._overrun(_CODE_OF.get(limit, "voice_cut"), limit, span, what)

    def echoes(self) -> Iterator[Overrun]:
        """The parts of the echoes after their limits."""
        limits = [cue for cue in _LIMITS_OF_ECHOES if cue in self._preset.cues]
        for effect, parameters in self._effects.items():
            tail_s = parameters.tail_of(self._name, self._timing.words)
            if tail_s is None:
                continue
            tail = to_samples(tail_s, self._rate)
            for limit in dict.fromkeys((limits[0], "end")):
                if tail - self._rounding() > (at := self._cue(limit)):
                    what = f"{effect} of {self._name} continues past {limit}"
                    yield self._overrun(_CODE_OF.get(limit, "voice_cut"), limit, Span(at, tail), what)

    def _passed(self, effect: Effect) -> tuple[int | None, int | None]:
        start_s, stop_s = effect.passes(self._name, self._timing.words)
        return self._samples(start_s), self._samples(stop_s)

    def _samples(self, seconds: Fraction | None) -> int | None:
        return None if seconds is None else to_samples(seconds, self._rate)

    def _end(self) -> tuple[str, int]:
        """The first limit of the voice, and its sample: its own `until`, the silence or the end."""
        schedule = self._timing.schedule
        until = to_samples(schedule.seconds(self._preset.layers[self._name].until), self._rate)
        ends = {"end": self._cue("end"), "its own until": until}
        if "silence" in self._preset.cues and self._line.spoken.start < self._cue("silence"):
            ends["silence"] = self._cue("silence")
        limit = min(ends, key=lambda name: ends[name])
        return limit, ends[limit]

    def _rounding(self) -> int:
        """Samples by which a snapped cue may precede the end of the echo that it follows: half a frame."""
        picture = self._preset.picture
        return to_samples(picture.clock().rate.seconds(1) / 2, self._rate) if picture.snap else 0

    def _cue(self, name: str) -> int:
        return to_samples(self._timing.schedule.named(name), self._rate)

    def _overrun(self, code: OverrunCode, limit: str, span: Span, what: str) -> Overrun:
        return Overrun(code, self._name, limit, span, what)


def _or(value: int | None, other: int) -> int:
    return other if value is None else value


def _outside(span: Span, bounds: Span) -> list[Span]:
    """The parts of `span` before and after `bounds`."""
    before = Span(span.start, max(span.start, min(span.stop, bounds.start)))
    after = Span(min(span.stop, max(span.start, bounds.stop)), span.stop)
    return [part for part in (before, after) if len(part)]
