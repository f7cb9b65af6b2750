"""All chunks of a WAV in order, including the chunks after the data, for copying a file."""

from __future__ import annotations

from dataclasses import replace

from audio_pipeline.audio_io.read.structure import Chunk
from audio_pipeline.audio_io.read.wave_structure import all_chunks, is_wave, wave_head
from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.errors import StemError


def riff_chunks(file: RegularFile) -> list[Chunk]:
    """The chunks of a little-endian WAV in order; empty if the file is not such a WAV.

    The data chunk has its true size; a chunk whose stated size exceeds the file ends at the end of the file.
    """
    head = file.bytes_at(0, 40)
    if not is_wave(head) or head[:4] == b"RIFX":
        return []
    try:
        found = all_chunks(file, wave_head(file, head))
    except StemError:  # without a data chunk
        return []
    return [replace(part, size=max(0, min(part.size, file.size - part.body))) for part in found]
