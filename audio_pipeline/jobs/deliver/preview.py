"""The preview of a delivery: a video of the mix with its picture, or with black, and its page."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path

from audio_pipeline.audio_io.display_path import printable
from audio_pipeline.audio_io.ffmpeg_program import find_ffmpeg
from audio_pipeline.audio_io.read.picture_file import PictureInfo, picture_info
from audio_pipeline.audio_io.regular_file import RegularFile, regular_file
from audio_pipeline.audio_io.write.whole_folder import new_file
from audio_pipeline.errors import RenderError
from audio_pipeline.jobs.deliver.audio import Picture
from audio_pipeline.pages.preview_page import PreviewFacts, preview_page
from audio_pipeline.pages.preview_video import NOTICE, Footage, PreviewSpan, write_preview
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.moments import Clock
from audio_pipeline.timeline.timecode import PictureRate

VIDEO_SUFFIX, PAGE_SUFFIX = ".preview.mp4", ".preview.html"
BLACK = "black with timecode and cue names"
_ROUNDED = 0.006
"""Frames a second: ffmpeg prints rates with two decimals."""
_MATCH = "Convert the picture, or set rate and start in the preset's [picture]."


@dataclass(frozen=True)
class PreviewRequest:
    """A preview with the film file `picture`, or with black. `info` is its header, `sha256` its hash."""

    picture: Path | None = None
    info: PictureInfo | None = None
    sha256: str = ""

    @property
    def shown(self) -> str:
        """The picture as text."""
        return BLACK if self.picture is None else printable(Path(self.picture.name))

    def as_table(self) -> dict[str, str]:
        """The picture's name and its SHA-256, which is empty for black."""
        return {"picture": self.shown, "sha256": self.sha256}


@dataclass(frozen=True)
class Preview:
    """A written preview: its video, and rows of facts about its picture."""

    video: str
    rows: tuple[tuple[str, str], ...]


def preview_request(picture: Path | None) -> PreviewRequest:
    """The request for a preview with `picture`, or with black.

    Raises StemError for a file that cannot be read, or holds no picture; RenderError without ffmpeg.
    """
    if find_ffmpeg() is None:
        raise RenderError(
            "a preview needs ffmpeg, which is not installed",
            hint="Install ffmpeg, or run: pip install 'render-ending[formats]'.",
        )
    if not Path("/dev/fd").exists():  # ffmpeg gets files that are open already
        raise RenderError(
            "a preview cannot be made on this system: /dev/fd is missing",
            hint="Make it on Linux or macOS, or deliver without --picture.",
        )
    if picture is None:
        return PreviewRequest()
    with regular_file(picture, "a film file") as file:
        return PreviewRequest(picture, picture_info(file), file.sha256_hex())


def refuse_other_rate(request: PreviewRequest, rate: PictureRate) -> None:
    """Raise RenderError for a picture of another rate than the mix; a variable rate may have its base rate."""
    rates = () if request.info is None else request.info.rates
    if request.info is None or any(abs(r - float(rate.frames_per_s)) < _ROUNDED for r in rates):
        return
    stated = " or ".join(dict.fromkeys(f"{value:g}" for value in rates)) or "an unknown number of"
    raise RenderError(
        f"{request.shown} has {stated} frames a second, the mix has {rate.name}", hint=_MATCH
    )


def skipped_frames(request: PreviewRequest, clock: Clock, frames: int) -> int:
    """The frames of the picture before the programme's first frame; negative when the picture starts later.

    A picture without timecode starts with the programme. Raises RenderError for another picture rate, for
    timecode that the rate lacks, and for a picture that does not overlap the programme of `frames`.
    """
    info, name, rate = request.info, request.shown, clock.rate
    refuse_other_rate(request, rate)
    if info is None or info.timecode is None:
        return 0
    try:
        first = rate.frame(info.timecode)
    except ValueError as error:
        raise RenderError(f"{name}: {error}", hint=_MATCH) from error
    day = rate.frames_per_day
    skip = (clock.start_frame - first + day // 2) % day - day // 2
    length = None if info.duration_s is None else round(info.duration_s * rate.frames_per_s)
    if -skip >= frames or (length is not None and skip >= length):
        raise RenderError(
            f"{name} starts at {info.timecode} and does not overlap the mix, which starts at"
            f" {rate.timecode(clock.start_frame)}",
            hint=_MATCH,
        )
    return skip


class PreviewShelf:
    """Encodes the preview of a mix once for all its deliveries; `folder` must exist meanwhile."""

    def __init__(self, folder: Path, request: PreviewRequest) -> None:
        self._folder = folder
        self.request = request
        self._videos: dict[Path, Path] = {}

    def write(self, tree: Path, stem: str, master: Path, picture: Picture, title: str) -> Preview:
        """Write the video and its page as `stem`.preview into `tree`; `master` holds the programme.

        Raises RenderError when the encoder fails or the picture does not match, StemError when a file cannot be
        read.
        """
        clock, rate = picture.clock, picture.clock.rate
        cues = tuple(
            (name, clock.frame_of_sample(at, picture.sample_rate_hz))
            for name, at in picture.cues
            if at < picture.samples
        )
        span = PreviewSpan(rate, clock.start_frame, picture.frames, cues)
        skip = skipped_frames(self.request, clock, picture.frames)
        if master not in self._videos:
            video = self._folder / f"{len(self._videos)}{VIDEO_SUFFIX}"
            self._encode(video, master, span, skip, title)
            self._videos[master] = video
        name = f"{stem}{VIDEO_SUFFIX}"
        shutil.copyfile(self._videos[master], tree / name)
        rows = self._rows(clock, skip)
        moments = tuple(
            (cue, rate.timecode(clock.start_frame + frame), float(rate.seconds(frame)))
            for cue, frame in cues
        )
        facts = PreviewFacts(title, name, rate.name, rate.timecode(clock.start_frame), moments, rows)
        with new_file(tree / f"{stem}{PAGE_SUFFIX}", "w") as file:
            file.write(preview_page(facts))
        return Preview(name, rows)

    def _encode(self, video: Path, master: Path, span: PreviewSpan, skip: int, title: str) -> None:
        with ExitStack() as open_files:
            footage = None
            if self.request.picture is not None and self.request.info is not None:
                file: RegularFile = open_files.enter_context(regular_file(self.request.picture))
                footage = Footage(file, self.request.info.stream, skip)
            write_preview(video, master, span, footage, title)

    def _rows(self, clock: Clock, skip: int) -> tuple[tuple[str, str], ...]:
        """The facts about the picture, for the letter and the page."""
        rows = [("use", NOTICE), ("picture", self.request.shown)]
        info = self.request.info
        if info is not None:
            assumed = f"not stated; assumed {clock.rate.timecode(clock.start_frame)}"
            rows.append(("picture starts at", info.timecode or assumed))
            if skip:
                where = "before" if skip > 0 else "after"
                rows.append(("picture offset", f"{abs(skip)} frames {where} the first frame of action"))
        return tuple(rows)
