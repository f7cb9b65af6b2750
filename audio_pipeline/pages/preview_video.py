"""Encode a preview: the picture, or black, as H.264 with the master as AAC, in one MP4 file.

ffmpeg reads the picture within the limits of `audio_io.read.decoder_limits`. The MP4 file states the timecode
of its first frame; an edit list removes the encoder's delay, so that picture and sound are in sync.
"""

from __future__ import annotations

import select
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING

from audio_pipeline.audio_io.display_path import printable
from audio_pipeline.audio_io.ffmpeg_program import find_ffmpeg
from audio_pipeline.audio_io.read.decoder_limits import limiter
from audio_pipeline.audio_io.read.picture_file import film_input
from audio_pipeline.audio_io.read.programme import programme_info, programme_span
from audio_pipeline.audio_io.regular_file import RegularFile, regular_file
from audio_pipeline.errors import RenderError
from audio_pipeline.pages.preview_strip import HEIGHT, WIDTH, strip_frames
from audio_pipeline.records import dataclass

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from audio_pipeline.timeline.timecode import PictureRate

PICTURE_HEIGHT = 540
NOTICE = "For review only"
_ADDRESS_SPACE_BYTES = 3 << 30
"""ffmpeg with a decoder of 8K pictures and an encoder."""
_PATIENCE_S = 60.0
"""ffmpeg times out after so many seconds in which it reads no frame."""
_CPU_S, _CPU_S_PER_S = 60, 20
"""CPU limit in seconds: a base, and for each second of the preview. 4K HEVC takes 1.5 s for each."""
_HIGHEST_RATE_HZ = 48_000
_LONGEST_MESSAGE = 200


@dataclass(frozen=True)
class Footage:
    """A picture to show. `stream` is its video stream; `skip` are the frames of the picture before the
    programme's first frame, negative when the picture starts later."""

    file: RegularFile
    stream: int
    skip: int


@dataclass(frozen=True)
class PreviewSpan:
    """The frames of a preview: the picture rate, the first frame counted from 00:00:00:00, their number, and
    the cues as names and frames from the first."""

    rate: PictureRate
    first_frame: int
    frames: int
    cues: tuple[tuple[str, int], ...]


def write_preview(
    path: Path, master: Path, span: PreviewSpan, footage: Footage | None, title: str
) -> None:
    """Encode the programme of `master` with its picture as `path`, an MP4 file; without `footage`, with black.

    Raises RenderError when ffmpeg is missing or fails, StemError when a file cannot be read.
    """
    ffmpeg = find_ffmpeg()
    if ffmpeg is None:
        raise RenderError(
            f"{printable(path)} cannot be encoded: ffmpeg is missing.",
            hint="Install ffmpeg, or run: pip install 'render-ending[formats]'.",
        )
    with ExitStack() as open_files:
        sound = open_files.enter_context(regular_file(master))
        complaints = open_files.enter_context(tempfile.TemporaryFile())
        command = [ffmpeg, *_command(path, sound, master, span, footage, title)]
        descriptors = [sound.descriptor, *([] if footage is None else [footage.file.descriptor])]
        seconds = float(span.rate.seconds(span.frames))
        limits = limiter(int(_CPU_S + _CPU_S_PER_S * seconds), _ADDRESS_SPACE_BYTES)
        process = subprocess.Popen(  # noqa: S603 - a list of arguments
            [*limits, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            pass_fds=descriptors,
        )
        assert process.stdin is not None
        try:
            strips = strip_frames(span.rate, span.first_frame, span.frames, span.cues)
            _feed(path, process.stdin, strips)
            failed = process.wait(timeout=_PATIENCE_S + seconds) != 0
        except subprocess.TimeoutExpired as error:
            raise _timed_out(path) from error
        finally:
            process.kill()
            process.wait()
            process.stdin.close()
        if failed:
            raise _failed(path, complaints)


def _feed(path: Path, pipe: IO[bytes], strips: Iterator[NDArray[np.uint8]]) -> None:
    """Write the strips to ffmpeg and close the pipe; stop early when ffmpeg ends."""
    waiting = select.poll()
    waiting.register(pipe, select.POLLOUT)
    try:
        for strip in strips:
            if not waiting.poll(1000.0 * _PATIENCE_S):
                raise _timed_out(path)
            pipe.write(strip.tobytes())
        pipe.close()
    except BrokenPipeError:  # its exit status and its message say why
        return


def _command(
    path: Path,
    sound: RegularFile,
    master: Path,
    span: PreviewSpan,
    footage: Footage | None,
    title: str,
) -> list[str]:
    """The arguments of ffmpeg: input 0 is the picture, 1 the strip, 2 the master."""
    rate = f"{span.rate.frames_per_s.numerator}/{span.rate.frames_per_s.denominator}"
    info = programme_info(master)
    programme = programme_span(master, info)
    if footage is None:
        size = f"{WIDTH}x{PICTURE_HEIGHT}"
        picture = ["-f", "lavfi", "-i", f"color=c=black:s={size}:r={rate}"]
        shown = "[0:v]null"
    else:
        seek_s = (max(0, footage.skip) - 0.5) / float(span.rate.frames_per_s)
        picture = [*(["-ss", f"{seek_s:.6f}"] if seek_s > 0 else []), *film_input(footage.file)]
        shown = f"[0:{footage.stream}]{_framed(rate, max(0, -footage.skip), span.frames)}"
    graph = (
        f"{shown}[picture];[1:v]format=yuv420p[strip];[strip][picture]vstack[v];"
        f"[2:a]atrim=start_sample={programme.start}:end_sample={programme.stop},asetpts=PTS-STARTPTS[a]"
    )
    fewest = ["-ar", f"{_HIGHEST_RATE_HZ}"] if info.sample_rate_hz > _HIGHEST_RATE_HZ else []
    return [
        *("-hide_banner", "-nostdin", "-nostats", "-v", "error"),
        *picture,
        *("-protocol_whitelist", "pipe", "-f", "rawvideo", "-pixel_format", "gray"),
        *("-video_size", f"{WIDTH}x{HEIGHT}", "-framerate", rate, "-i", "pipe:0"),
        *("-protocol_whitelist", "file", "-f", "wav", "-i", f"file:/dev/fd/{sound.descriptor}"),
        *("-filter_complex_threads", "1", "-filter_complex", graph, "-map", "[v]", "-map", "[a]"),
        *("-frames:v", f"{span.frames}", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23"),
        *("-pix_fmt", "yuv420p", "-threads:v", "2", "-g", f"{2 * span.rate.nominal}"),
        *("-c:a", "aac", "-b:a", "256k", *fewest),
        *("-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact"),
        *("-flags:v", "+bitexact", "-flags:a", "+bitexact"),
        *("-metadata", f"title={title}", "-metadata", f"comment={NOTICE}"),
        *("-timecode", span.rate.timecode(span.first_frame), "-movflags", "+faststart"),
        *("-f", "mp4", "-n", f"file:{path}"),
    ]


def _framed(rate: str, black_before: int, frames: int) -> str:
    """The filters that bring a picture to constant rate, to its place and to the size of the preview."""
    return (
        f"setpts=PTS-STARTPTS,fps={rate},scale=iw*sar:ih,setsar=1,"
        f"scale={WIDTH}:{PICTURE_HEIGHT}:force_original_aspect_ratio=decrease:force_divisible_by=2,"
        f"pad={WIDTH}:{PICTURE_HEIGHT}:(ow-iw)/2:(oh-ih)/2,format=yuv420p,"
        f"tpad=start={black_before}:stop={frames}:color=black"
    )


def _timed_out(path: Path) -> RenderError:
    return RenderError(
        f"{printable(path)} cannot be encoded: ffmpeg timed out after {_PATIENCE_S:g} s.",
        hint="Export the picture as H.264 in MP4 or MOV.",
    )


def _failed(path: Path, complaints: IO[bytes]) -> RenderError:
    complaints.seek(0)
    lines = complaints.read(1 << 16).decode("utf-8", "replace").split("\n")
    cause = " ".join(" ".join(line for line in lines if line.strip()).split())[-_LONGEST_MESSAGE:]
    return RenderError(
        f"{printable(path)} cannot be encoded: {printable(cause) or 'ffmpeg failed'}",
        hint="Check the picture, and that ffmpeg has the encoder libx264: ffmpeg -encoders.",
    )
