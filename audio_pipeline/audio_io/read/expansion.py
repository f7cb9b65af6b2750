"""Limit of the decoded length of a file by its size, against files that decode to far more than their size.

A codec needs almost no bytes for silence, so that kilobytes can decode to hours. Recordings are below the
limit: Opus speech of 6 kbit/s decodes to 128 times its size, AMR to 27 times, FLAC of half a minute of speech
in 20 minutes of digital silence to 80 times.
"""

from __future__ import annotations

from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.errors import StemError

MOST_EXPANSION = 300
"""Bytes of audio, at 16 bits per sample, for each byte of the file."""
FREE_SAMPLES = 1 << 25
"""Samples, all channels together, allowed in any file: 11 minutes in mono at 48 kHz, 2 s of CPU to decode."""


def most_frames(file: RegularFile, channels: int) -> int:
    """The largest number of frames of `channels` samples that `file` may hold, by its size."""
    return max(FREE_SAMPLES, file.size * MOST_EXPANSION // 2) // channels


def refuse_expansion(file: RegularFile, frames: int, rate_hz: int, channels: int) -> None:
    """Raise StemError when `frames` exceeds the limit for the size of `file`."""
    if frames > most_frames(file, channels):
        raise StemError(
            f"{file.name} holds {frames / rate_hz / 60.0:.1f} minutes or more in {file.size / 1000:.1f} kB,"
            f" over {MOST_EXPANSION} times its size; a recording is larger.",
            hint="If most of it is silence, trim the silence.",
        )
