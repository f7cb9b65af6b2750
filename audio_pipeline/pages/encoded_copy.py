"""Listening copies as files: MP3 or AAC next to the master, encoded by pydub through ffmpeg.

A copy is encoded after the render is complete and is not one of its files: it is not measured or checked.
"""

from __future__ import annotations

import io
import itertools
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from audio_pipeline.audio_io.display_path import printable
from audio_pipeline.audio_io.ffmpeg_program import find_ffmpeg
from audio_pipeline.audio_io.read.programme import programme_blocks, programme_info
from audio_pipeline.audio_io.write.atomic_write import atomic_write
from audio_pipeline.errors import RenderError
from audio_pipeline.records import dataclass

LONGEST_S = 1800.0
"""The maximum length: pydub holds the whole copy in memory, four bytes a sample."""
_HIGHEST_RATE_HZ = 48_000
_MARK = "Listening copy by render-ending"
"""The comment that identifies a copy as ours; such a file may be replaced."""


@dataclass(frozen=True)
class CopyFormat:
    """The ffmpeg settings of a format: muxer, encoder and bit rate."""

    muxer: str
    encoder: str
    bitrate: str


COPY_FORMATS = {
    "mp3": CopyFormat("mp3", "libmp3lame", "256k"),
    "m4a": CopyFormat("ipod", "aac", "256k"),
}
"""Formats by suffix; 256 kbit/s is transparent for both encoders on this material."""


def write_encoded_copy(master: Path, suffix: str, title: str, folder: Path | None = None) -> Path:
    """Encode `master` as `<master>.<suffix>`, atomically; returns its path.

    The copy is written next to the master, or into `folder`. `suffix` is a key of `COPY_FORMATS`. The encoder
    converts rates above 48 kHz. Raises RenderError when ffmpeg is missing, the master is longer than 30
    minutes, another program's file has the name, or the encoder fails; StemError for an unreadable master.
    """
    kind = COPY_FORMATS[suffix]
    copy = (master if folder is None else folder / master.name).with_suffix(f".{suffix}")
    ffmpeg, info = find_ffmpeg(), programme_info(master)
    if ffmpeg is None:
        raise RenderError(
            f"{printable(copy)} cannot be encoded: ffmpeg is missing.",
            hint="Install ffmpeg, or run: pip install 'render-ending[formats]'.",
        )
    if info.duration_s > LONGEST_S:
        raise RenderError(
            f"{printable(master)} lasts {info.duration_s / 60:.0f} minutes; a copy may last"
            f" {LONGEST_S / 60:.0f}.",
            hint="Render an excerpt with --from and --to, or encode the master with ffmpeg.",
        )
    if copy.exists() and _MARK.encode() not in copy.read_bytes():
        raise RenderError(
            f"{printable(copy)} already exists and is not a listening copy by this program.",
            hint="Move it away, or write to another folder with --out DIR.",
        )
    segment = _segment(master, info.sample_rate_hz, info.channels)
    from pydub.exceptions import (
        PydubException,  # once `_segment` has imported pydub without its warnings
    )

    segment.converter = ffmpeg  # for this segment only
    encoded = io.BytesIO()
    with atomic_write(copy, "wb") as file, _temporary_files_in(Path(file.name).parent):
        try:
            segment.export(
                encoded,
                format=kind.muxer,
                codec=kind.encoder,
                bitrate=kind.bitrate,
                parameters=_parameters(info.sample_rate_hz),
                tags={"title": title, "album": master.stem, "comment": _MARK},
            )
        except (OSError, PydubException) as error:
            cause = " ".join(str(error).split())[-200:]
            raise RenderError(
                f"{printable(copy)} cannot be encoded: {printable(cause)}",
                hint="Check that ffmpeg has this encoder: ffmpeg -encoders.",
            ) from error
        file.write(encoded.getvalue())
    return copy


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """While the context is active, pydub's temporary files are in the staging `folder`, which the next command
    clears. pydub has no option for the folder, and leaves files in TMPDIR when it fails or is interrupted."""
    import pydub.audio_segment as library

    numbers = itertools.count(1)

    def part(mode: str, delete: bool) -> IO[bytes]:
        return (folder / f"{next(numbers)}.part").open("xb" if mode == "wb" else "x+b")

    theirs = library.NamedTemporaryFile
    library.NamedTemporaryFile = part
    try:
        yield
    finally:
        library.NamedTemporaryFile = theirs


def _parameters(sample_rate_hz: int) -> list[str]:
    """ffmpeg's options: no encoding time in the file, and a sample rate that every player supports."""
    rate = ["-ar", str(_HIGHEST_RATE_HZ)] if sample_rate_hz > _HIGHEST_RATE_HZ else []
    return ["-map_metadata", "-1", "-fflags", "+bitexact", *rate]


def _segment(master: Path, sample_rate_hz: int, channels: int) -> Any:
    """The master as a pydub segment of 32-bit integers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing pydub warns when PATH has no ffmpeg
        from pydub import AudioSegment

    parts = [
        np.clip(np.rint(block * 2.0**31), -(2.0**31), 2.0**31 - 1).astype("<i4")
        for block in programme_blocks(master)
    ]
    data = np.concatenate(parts).tobytes()
    return AudioSegment(data=data, sample_width=4, frame_rate=sample_rate_hz, channels=channels)
