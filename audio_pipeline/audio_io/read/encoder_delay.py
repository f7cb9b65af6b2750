"""Detection of a lossy encoder's delay that the file does not state.

The encoder adds the delay before the first sample. Decoders trim it if the file states it; otherwise the audio
is late by the delay.
Sources: the LAME tag ("MP3 Info Tag rev 1"), Apple's TN2258 (AAC), RFC 7845 (Opus), the Matroska
specification (CodecDelay), ETSI TS 102 366 (AC-3 overlaps 256 samples).
"""

from __future__ import annotations

from audio_pipeline.audio_io.regular_file import RegularFile

ENCODER_DELAY = "encoder_delay"
"""The code of the remark about an unstated delay."""

_USUAL_SAMPLES = {
    "mp2": "481",
    "mp3": "529 to 1105",
    "aac": "1024 to 2112",
    "aac_latm": "1024 to 2112",
    "ac3": "256",
    "eac3": "256",
    "opus": "312",
}
"""The usual delay in samples, by ffmpeg's name of the codec."""
_MOST_LOOKED_AT = 1 << 18
_LAME_TO_DELAY = 21
_VBRI_TO_DELAY = 6
_MOVIE, _MATROSKA = "mov", "matroska"


def remark_on_delay(
    file: RegularFile, codec: str, demuxer: str, tracks: tuple[int, ...] = (1,)
) -> tuple[tuple[str, str], ...]:
    """A code and a sentence about an unstated delay, or nothing.

    `codec` and `demuxer` are ffmpeg's names; "" for libsndfile's own formats.
    """
    usual = _USUAL_SAMPLES.get(codec)
    if usual is None or _states_delay(file, codec, demuxer, tracks):
        return ()
    said = (
        f"{file.name} does not state the delay of its {codec.removesuffix('_latm').upper()} encoder"
        f" (usually {usual} samples): its sound begins that much late."
    )
    return ((ENCODER_DELAY, said),)


def _states_delay(file: RegularFile, codec: str, demuxer: str, tracks: tuple[int, ...]) -> bool:
    if demuxer == _MOVIE:
        from audio_pipeline.audio_io.read.mp4_tracks import sound_tracks

        listed = sound_tracks(file)
        trimmed = all(n <= len(listed) and listed[n - 1].is_trimmed for n in tracks)
        return trimmed or b"iTunSMPB" in _around(file)
    if codec == "opus":
        return _opus_states_delay(file)
    if demuxer == _MATROSKA:
        return b"\x56\xaa" in file.bytes_at(0, 1 << 14)  # CodecDelay
    return codec == "mp3" and _mp3_states_delay(file)


def _around(file: RegularFile) -> bytes:
    """The start and the end of a file, which hold its tags."""
    last = max(0, file.size - _MOST_LOOKED_AT)
    return file.bytes_at(0, _MOST_LOOKED_AT) + file.bytes_at(last, _MOST_LOOKED_AT)


def _opus_states_delay(file: RegularFile) -> bool:
    begin = file.bytes_at(0, _MOST_LOOKED_AT)
    at = begin.find(b"OpusHead")
    return at >= 0 and begin[at + 10 : at + 12] != b"\0\0"


def _mp3_states_delay(file: RegularFile) -> bool:
    """Whether the first frame has a tag with the delay: LAME's after Xing's, or Fraunhofer's."""
    from audio_pipeline.audio_io.read.mpeg_frames import after_tag

    begin = file.bytes_at(after_tag(file), 1 << 12)
    at = max(begin.find(b"Xing"), begin.find(b"Info"))
    if at >= 0:
        flags = begin[at + 7] if len(begin) > at + 7 else 0
        lame = at + 8 + 4 * (flags & 1) + 4 * (flags >> 1 & 1) + 100 * (flags >> 2 & 1)
        lame += 4 * (flags >> 3 & 1)
        delay = begin[lame + _LAME_TO_DELAY : lame + _LAME_TO_DELAY + 3]
        return begin[lame : lame + 4].isalpha() and delay not in (b"", bytes(3))
    at = begin.find(b"VBRI")
    return at >= 0 and begin[at + _VBRI_TO_DELAY : at + _VBRI_TO_DELAY + 2] not in (b"", bytes(2))
