"""Read the header of a film file: picture rate, start timecode and duration, as `ffmpeg -i` states them."""

from __future__ import annotations

import re
import subprocess

from audio_pipeline.audio_io.ffmpeg_program import INSTALL_HINT, find_ffmpeg
from audio_pipeline.audio_io.read.container_kinds import Container, container_of
from audio_pipeline.audio_io.read.decoder_limits import PROBE_CPU_S, picture_limits, start_limited
from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.errors import StemError
from audio_pipeline.records import dataclass

_PATIENCE_S = 20.0
_EXPORT_IT = "Export the picture as H.264 in MP4 or MOV."
# streams of a group are indented by two more, since ffmpeg 8
_VIDEO = re.compile(r"^ {2,4}Stream #0:(\d+)[^\n]*?: Video: ([^\n]*)$", re.MULTILINE)
_RATE = re.compile(r", (\d+(?:\.\d+)?)(k?) (fps|tbr)\b")
_TIMECODE = re.compile(
    r"^ +timecode *: (\d\d:[0-5]\d:[0-5]\d[:;.]\d\d) *$", re.MULTILINE | re.IGNORECASE
)
_DURATION = re.compile(r"^  Duration: (\d{1,6}):(\d\d):(\d\d(?:\.\d+)?), ", re.MULTILINE)


@dataclass(frozen=True)
class PictureInfo:
    """The header of a film file.

    `stream` is the number of its first video stream. `rates` are its stated frames per second, rounded to two
    decimals: the average and the base rate, which differ for a variable rate. `timecode` is that of its first
    frame; None when it is not stated. `duration_s` is None when it is not stated.
    """

    stream: int
    rates: tuple[float, ...]
    timecode: str | None
    duration_s: float | None


def picture_info(file: RegularFile) -> PictureInfo:
    """Read the header of `file`.

    Raises StemError without ffmpeg, for a file of another kind, and for one without picture.
    """
    container = container_of(file)
    if container is None:
        raise StemError(f"{file.name} is not a supported film file.", hint=_EXPORT_IT)
    listing = _listing(file, container)
    stream = next((m for m in _VIDEO.finditer(listing) if "(attached pic)" not in m[2]), None)
    if stream is None:
        raise StemError(f"{file.name} is {container.title} without a picture.", hint=_EXPORT_IT)
    rates = tuple(float(m[1]) * (1000 if m[2] else 1) for m in _RATE.finditer(stream[2]))
    timecode, length = _TIMECODE.search(listing), _DURATION.search(listing)
    return PictureInfo(
        int(stream[1]),
        rates,
        None if timecode is None else timecode[1].replace(".", ";"),
        None if length is None else 3600.0 * int(length[1]) + 60.0 * int(length[2]) + float(length[3]),
    )


def film_input(file: RegularFile) -> list[str]:
    """ffmpeg's options that open `file` as a film, within limits.

    Raises StemError for a file of another kind.
    """
    container = container_of(file)
    if container is None:
        raise StemError(f"{file.name} is not a supported film file.", hint=_EXPORT_IT)
    return [*picture_limits(container.demuxer), "-i", f"file:/dev/fd/{file.descriptor}"]


def _listing(file: RegularFile, container: Container) -> str:
    """The description that `ffmpeg -i` prints of a file."""
    ffmpeg = find_ffmpeg()
    if ffmpeg is None:
        raise StemError(
            f"{file.name} is {container.title}, which needs ffmpeg, and ffmpeg is not installed.",
            hint=INSTALL_HINT,
        )
    command = [ffmpeg, "-hide_banner", "-nostdin", "-nostats", *film_input(file)]
    process = start_limited(command, file, PROBE_CPU_S, stderr=subprocess.PIPE)
    try:
        _, told = process.communicate(timeout=_PATIENCE_S)
    except subprocess.TimeoutExpired as error:
        raise StemError(
            f"{file.name} cannot be read: ffmpeg timed out after {_PATIENCE_S:g} s.", hint=_EXPORT_IT
        ) from error
    finally:
        process.kill()
        process.wait()
    return told.decode("utf-8", "replace")
