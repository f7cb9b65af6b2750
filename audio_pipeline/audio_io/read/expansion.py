"""How much sound a file of a given size may hold: a bound on files that decode to far more than they are.

A codec keeps silence in next to nothing, so that kilobytes can ask for hours of work. Recordings stay below:
Opus speech of 6 kbit/s holds 128 times its size, AMR 27 times, FLAC of half a minute of speech in 20 minutes
of digital silence 80 times.
"""

from __future__ import annotations

from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.errors import StemError

MOST_EXPANSION = 300
"""Bytes of sound, at 16 bits a sample, for each byte of the file."""
FREE_SAMPLES = 1 << 25
"""Samples of all channels that any file may hold: 11 minutes in mono at 48 kHz, decoded in 2 s of CPU."""


def most_frames(file: RegularFile, channels: int) -> int:
    """The frames of `channels` samples that `file` may hold, by its size."""
    return max(FREE_SAMPLES, file.size * MOST_EXPANSION // 2) // channels


def refuse_expansion(file: RegularFile, frames: int, rate_hz: int, channels: int) -> None:
    """Raise StemError when `frames` are more than `file` may hold by its size."""
    if frames > most_frames(file, channels):
        raise StemError(
            f"{file.name} holds {frames / rate_hz / 60.0:.1f} minutes or more in {file.size / 1000:.1f} kB,"
            f" over {MOST_EXPANSION} times its size; a recording is larger.",
            hint="If most of it is silence, trim the silence.",
        )
