"""The Broadcast WAV of a session: its timecode, its cues and its originator."""

from __future__ import annotations

from pathlib import Path

from audio_pipeline.audio_io.write.atomic_write import atomic_write
from audio_pipeline.audio_io.write.chunks import Bext, Cue, Ixml
from audio_pipeline.audio_io.write.wave import WaveWriter, Writing
from audio_pipeline.mastering.leader import first_timecode, has_leader, leader_of
from audio_pipeline.mixing.session import Session
from audio_pipeline.timeline.scene import to_samples
from audio_pipeline.timeline.spans import Span
from audio_pipeline.version import __version__


def broadcast_wave(
    session: Session, path: Path, span: Span, writing: Writing = atomic_write
) -> WaveWriter:
    """A writer for the part of the programme in `span`, with the cues in it.

    `writing` makes the file one of a set. A complete programme may have a leader, which the writer adds
    before and after the samples. Timecode and cues include it, and the cue `end` marks the end of the
    programme.
    """
    preset, scene = session.preset, session.scene
    clock, rate_hz = scene.clock, scene.sample_rate
    leader = leader_of(session) if has_leader(session, span) else None
    first, before, marked = clock.start_frame, 0, span
    if leader is not None:
        first, before = clock.rate.frame(first_timecode(session)), len(leader.head)
        marked = Span(span.start, span.stop + 1)
    cues = sorted((scene.cue(name), name) for name in preset.cues)
    return WaveWriter(
        path,
        rate_hz,
        2,
        preset.master.bits,
        bext=Bext(
            description=f"{preset.head.title}: {preset.name}",
            originator_reference=f"render-ending {__version__}",
            time_reference_samples=to_samples(clock.rate.seconds(first), rate_hz) + span.start,
            coding_history=f"A=PCM,F={rate_hz},W={preset.master.bits},M=stereo,T=render-ending",
        ),
        ixml=Ixml(preset.head.title, preset.name, clock.rate),
        cues=[Cue(name, at - span.start + before) for at, name in cues if at in marked],
        writing=writing,
        lead_in=None if leader is None else leader.head,
        lead_out=None if leader is None else leader.tail,
    )
