"""The facts that a file states itself: its start, its picture rate and its cues."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from audio_pipeline.audio_io.read.audio_file import AudioInfo
from audio_pipeline.audio_io.read.own_time import OwnTime, own_time
from audio_pipeline.errors import ReportError
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.facts import DropoutPlan, MixFacts
from audio_pipeline.reporting.sections_of_cues import sections_between
from audio_pipeline.reporting.warnings import WarningCode
from audio_pipeline.timeline.moments import Clock
from audio_pipeline.timeline.scene import to_samples
from audio_pipeline.timeline.spans import Span
from audio_pipeline.timeline.timecode import RATES, PictureRate

DROPOUT, SILENCE = "dropout", "silence"
"""The names of the cues for the start of the dropout and of the silence after it."""


@dataclass(frozen=True)
class Picture:
    """The picture rate and the timecode of the first sample, as given by the user. None takes the file's value
    or, without one, 24 frames a second and 01:00:00:00."""

    rate: PictureRate | None = None
    start: str | None = None


FROM_FILE = Picture()
"""Takes rate and start from the file."""


def own_facts(
    path: Path, file: AudioInfo, programme: Span, picture: Picture, fade_s: Fraction
) -> MixFacts:
    """The facts of the `programme` in the file at `path`, from the file's metadata and `picture`; `fade_s` is
    the planned length of the fall at a cue called `dropout`.

    Start and cues are those of the programme; cues in a leader are left out.

    Raises StemError for an unreadable file, ReportError for a start that does not exist at the picture rate.
    """
    rate_hz = file.sample_rate_hz
    own = _of_programme(own_time(path, file.frames, rate_hz), programme, file.frames, rate_hz)
    named = {name.lower(): at for name, at in reversed(own.cues)}
    plan = None
    if DROPOUT in named:
        plan = DropoutPlan(named[DROPOUT], to_samples(fade_s, rate_hz), named.get(SILENCE))
    return MixFacts(
        mix=path.stem,
        sections=sections_between(own.cues, len(programme)),
        dropout=plan,
        clock=clock_of_file(path, own, picture, rate_hz),
        cues=own.cues,
        provenance={"own_time": _provenance(own, picture, rate_hz)} if own.sources else {},
        warnings=tuple((WarningCode.FILE_STRUCTURE.value, said) for said in own.warnings),
        states_silence=plan is not None,
    )


def _of_programme(own: OwnTime, programme: Span, frames: int, rate_hz: int) -> OwnTime:
    """The metadata of a file of `frames`, counted from the start of its programme."""
    cues = tuple((name, at - programme.start) for name, at in own.cues)
    start_s = None if own.start_s is None else own.start_s + Fraction(programme.start, rate_hz)
    if programme.start or programme.stop < frames:
        # the cue at the programme's end is the start of the leader: without leaders it is absent
        cues = tuple((name, at) for name, at in cues if 0 <= at < len(programme))
    return replace(own, start_s=start_s, cues=cues)


def clock_of_file(path: Path, own: OwnTime, picture: Picture, sample_rate_hz: int) -> Clock:
    """The picture's clock of a file. Raises ReportError for a start that does not exist at the picture rate."""
    rate = picture.rate or own.rate or RATES["24"]
    if picture.start is not None or own.start_s is None:
        try:
            return Clock(rate, start_frame=rate.frame(picture.start or "01:00:00:00"))
        except ValueError as error:
            raise ReportError(
                f"{path} cannot start there: {error}.", hint="Use --rate, or another --start."
            ) from error
    # half a sample is added, because a frame begins at the sample nearest to its exact time
    pictures = (own.start_s + Fraction(1, 2 * sample_rate_hz)) * rate.frames_per_s
    frame = -int(-pictures // 1) - 1
    into_s = max(Fraction(0), own.start_s - rate.seconds(frame))
    return Clock(rate, start_frame=frame, into_frame_s=into_s)


def _provenance(own: OwnTime, picture: Picture, rate_hz: int) -> dict[str, object]:
    sources = dict(own.sources)
    if picture.rate is not None and "rate" in sources:
        sources["rate"] = "option"
    if picture.start is not None and "start" in sources:
        sources["start"] = "option"
    reference = None if own.start_s is None else round(own.start_s * rate_hz)
    return {"sources": sources, "time_reference_samples": reference}
