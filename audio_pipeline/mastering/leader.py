"""The leader of a file before and after the programme, to line up picture and sound.

Digital black, and in it two pops: a picture frame of 1 kHz 2 s of timecode before the first frame of the
programme, and another 2 s of timecode after its end. The level is -20 dBFS as a sine is given: its peak
(SMPTE RP 155; AES17 calls a full-scale sine 0 dBFS), so its RMS is 3.01 dB lower.

A second of timecode is as many frames as it has labels: 24 at 23.976, which last 1.001 s. Labels that drop
frame leaves out are not counted, so a leader always has the same number of frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from audio_pipeline.mastering.quantise import Steps
from audio_pipeline.mixing.session import Session
from audio_pipeline.timeline.scene import to_samples
from audio_pipeline.timeline.spans import Span

HEAD_S = 8
"""How long the leader is before the programme, in seconds of timecode."""
TAIL_S = 4
"""How long it is after the programme: as much black after the pop as before it, less the pop."""
POP_S = 2
"""How far both pops are from the programme, in seconds of timecode."""
POP_HZ = 1000
POP_PEAK = 10.0 ** (-20.0 / 20.0)
CHANNELS = 2


@dataclass(frozen=True)
class Leader:
    """What is written before and after the programme, `(n, 2)` whole steps each."""

    head: Steps
    tail: Steps


def has_leader(session: Session, span: Span) -> bool:
    """Whether a file that holds `span` of the programme has a leader: an excerpt has none."""
    return session.preset.leader.on and span == session.scene.programme


def first_timecode(session: Session) -> str:
    """The timecode of the first frame of a file that has a leader."""
    clock = session.scene.clock
    return clock.rate.timecode(clock.start_frame - HEAD_S * clock.rate.nominal)


def leader_of(session: Session) -> Leader:
    """The leader of a whole programme. Without the tail pop the file ends with the programme."""
    preset, scene = session.preset, session.scene
    rate, end_s = scene.clock.rate, scene.schedule.named("end")
    second = rate.nominal

    def samples(frames: int, after_s: Fraction = Fraction(0)) -> int:
        return to_samples(after_s + rate.seconds(frames), scene.sample_rate)

    start, pop = samples(-HEAD_S * second), -POP_S * second
    head = np.zeros((-start, CHANNELS), np.int32)
    if preset.leader.two_pop:
        _write_pop(head, Span(samples(pop) - start, samples(pop + 1) - start), session)
    tail = np.zeros((0, CHANNELS), np.int32)
    if preset.leader.tail_pop:
        end, pop = scene.programme.stop, POP_S * second
        tail = np.zeros((samples(TAIL_S * second, end_s) - end, CHANNELS), np.int32)
        _write_pop(tail, Span(samples(pop, end_s) - end, samples(pop + 1, end_s) - end), session)
    return Leader(head, tail)


def _write_pop(black: Steps, span: Span, session: Session) -> None:
    """Write one pop into `black`: a sine that begins at 0, in every channel, rounded without dither."""
    seconds = np.arange(len(span)) / session.scene.sample_rate
    sine = POP_PEAK * np.sin(2.0 * np.pi * POP_HZ * seconds)
    steps = np.rint(sine * 2.0 ** (session.preset.master.bits - 1)).astype(np.int32)
    black[span.start : span.stop] = steps[:, None]
