"""The stem session: the stems of a render at their timecodes, and its cues as markers."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path, PurePosixPath

import soundfile

from audio_pipeline.audio_io.read.own_time import own_time
from audio_pipeline.errors import StemError
from audio_pipeline.jobs.export.model import Clip, ExportSession, Marker, Track
from audio_pipeline.jobs.export.rendered_mix import RenderedMix
from audio_pipeline.timeline.scene import to_samples

AUDIO = PurePosixPath("audio")
"""The folder of the stems, next to the session."""
SUMMED = ("DX", "FX", "BG")
"""The stems whose sum is the master; ME, which is FX and BG, is muted."""


def stem_session(mix: RenderedMix) -> ExportSession:
    """The session of a render. It starts at the first sample of its files, including their leader.

    Raises StemError for a stem without a timecode.
    """
    report, clock = mix.report, mix.report.clock
    clips = {name: _clip(path) for name, path in mix.stems.items()}
    first = clips["DX"]
    day = clock.rate.seconds(clock.rate.frames_per_day)
    start = Fraction(first.time_reference_samples, report.sample_rate_hz)
    programme = clock.rate.seconds(clock.start_frame)
    # a leader before midnight starts on the previous day
    leader = to_samples((programme - start) % day, report.sample_rate_hz)
    if leader >= first.length_samples:
        raise StemError(
            f"{mix.stems['DX'].name} starts at another timecode than its report", hint="Render it again."
        )
    return ExportSession(
        name=mix.name,
        title=f"{report.preset_text('title') or 'Untitled'}: {report.mix}",
        sample_rate_hz=report.sample_rate_hz,
        rate=clock.rate,
        start_frame=round(start * clock.rate.frames_per_s),
        length_samples=first.length_samples,
        tracks=tuple(Track(name, (clip,), muted=name not in SUMMED) for name, clip in clips.items()),
        markers=tuple(
            Marker(cue.name, cue.at_samples + leader)
            for cue in sorted(report.cues, key=lambda cue: cue.at_samples)
        ),
    )


def _clip(path: Path) -> Clip:
    info = soundfile.info(path)
    start_s = own_time(path, info.frames, info.samplerate).start_s
    if start_s is None:
        raise StemError(f"{path.name} holds no timecode", hint="Render it again.")
    start = to_samples(start_s, info.samplerate)
    bits = 16 if info.subtype == "PCM_16" else 24
    return Clip(path.stem, AUDIO / path.name, info.channels, bits, 0, info.frames, start)
