"""The leader of a file before and after the programme, for sync of picture and sound.

It is digital black with two pops: a picture frame of 1 kHz 2 s of timecode before the first frame of
the programme, and another 2 s of timecode after its end. Their level is -20 dBFS as the peak of a sine
(SMPTE RP 155; in AES17 a full-scale sine is 0 dBFS), so their RMS is 3.01 dB lower.

A second of timecode has as many frames as labels: 24 at 23.976, which last 1.001 s. Labels that drop
frame skips are not counted, so a leader always has the same number of frames.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from audio_pipeline.mastering.quantise import Steps
from audio_pipeline.mixing.session import Session
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.moments import Clock
from audio_pipeline.timeline.scene import to_samples
from audio_pipeline.timeline.spans import Span
from audio_pipeline.timeline.timecode import PictureRate

HEAD_S = 8
"""Length of the leader before the programme, in seconds of timecode."""
TAIL_S = 4
"""Length of the leader after the programme: the black after the pop is as long as before it, less the pop."""
POP_S = 2
"""Distance of both pops from the programme, in seconds of timecode."""
POP_HZ = 1000
POP_PEAK = 10.0 ** (-20.0 / 20.0)
CHANNELS = 2


@dataclass(frozen=True)
class Leader:
    """The samples before and after the programme, `(n, 2)` whole steps each."""

    head: Steps
    tail: Steps


def has_leader(session: Session, span: Span) -> bool:
    """Whether a file of `span` of the programme has a leader; an excerpt has no leader."""
    return session.preset.leader.on and span == session.scene.programme


def first_timecode(session: Session) -> str:
    """The timecode of the first frame of a file with a leader."""
    return leader_timecode(session.scene.clock)


def leader_timecode(clock: Clock) -> str:
    """The timecode of the first frame of a leader before a programme with the given clock."""
    return clock.rate.timecode(clock.start_frame - HEAD_S * clock.rate.nominal)


def leader_of(session: Session) -> Leader:
    """The leader of a complete programme. Without the tail pop the file ends with the programme."""
    preset, scene = session.preset, session.scene
    return Around(
        scene.clock.rate,
        scene.sample_rate,
        scene.schedule.named("end"),
        scene.programme.stop,
        preset.master.bits,
    ).leader(two_pop=preset.leader.two_pop, tail_pop=preset.leader.tail_pop)


@dataclass(frozen=True)
class Around:
    """The programme of a leader: picture rate, sample rate, end in seconds and in samples, bits per sample."""

    rate: PictureRate
    sample_rate_hz: int
    end_s: Fraction
    stop_samples: int
    bits: int

    def leader(self, *, two_pop: bool, tail_pop: bool) -> Leader:
        """The leader. Without the tail pop, its tail is empty."""
        second = self.rate.nominal
        start, pop = self._samples(-HEAD_S * second), -POP_S * second
        head = np.zeros((-start, CHANNELS), np.int32)
        if two_pop:
            self._write_pop(head, Span(self._samples(pop) - start, self._samples(pop + 1) - start))
        tail = np.zeros((0, CHANNELS), np.int32)
        if tail_pop:
            end, pop, after = self.stop_samples, POP_S * second, self.end_s
            tail = np.zeros((self._samples(TAIL_S * second, after) - end, CHANNELS), np.int32)
            span = Span(self._samples(pop, after) - end, self._samples(pop + 1, after) - end)
            self._write_pop(tail, span)
        return Leader(head, tail)

    def _samples(self, frames: int, after_s: Fraction = Fraction(0)) -> int:
        return to_samples(after_s + self.rate.seconds(frames), self.sample_rate_hz)

    def _write_pop(self, black: Steps, span: Span) -> None:
        """Write one pop into `black`: a sine that begins at 0, in every channel, rounded without dither."""
        seconds = np.arange(len(span)) / self.sample_rate_hz
        sine = POP_PEAK * np.sin(2.0 * np.pi * POP_HZ * seconds)
        steps = np.rint(sine * 2.0 ** (self.bits - 1)).astype(np.int32)
        black[span.start : span.stop] = steps[:, None]
