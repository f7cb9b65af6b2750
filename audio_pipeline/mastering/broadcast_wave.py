"""The Broadcast WAV of a session: its timecode, its cues and who made it."""

from __future__ import annotations

from pathlib import Path

from audio_pipeline.audio_io.write.atomic_write import atomic_write
from audio_pipeline.audio_io.write.chunks import Bext, Cue, Ixml
from audio_pipeline.audio_io.write.wave import WaveWriter, Writing
from audio_pipeline.mixing.session import Session
from audio_pipeline.timeline.spans import Span
from audio_pipeline.version import __version__


def broadcast_wave(
    session: Session, path: Path, span: Span, writing: Writing = atomic_write
) -> WaveWriter:
    """A writer for the part of the programme in `span`; it holds the cues that lie in it. `writing` makes
    the file one of a set."""
    preset, scene = session.preset, session.scene
    midnight = round(scene.clock.rate.seconds(scene.clock.start_frame) * scene.sample_rate)
    cues = sorted((scene.cue(name), name) for name in preset.cues)
    return WaveWriter(
        path,
        scene.sample_rate,
        2,
        preset.master.bits,
        bext=Bext(
            description=f"{preset.head.title}: {preset.name}",
            originator_reference=f"render-ending {__version__}",
            time_reference_samples=midnight + span.start,
            coding_history=f"A=PCM,F={scene.sample_rate},W={preset.master.bits},M=stereo,T=render-ending",
        ),
        ixml=Ixml(preset.head.title, preset.name, scene.clock.rate),
        cues=[Cue(name, at - span.start) for at, name in cues if at in span],
        writing=writing,
    )
