"""The format of a file, for a delivery's clauses: container, codec, rate, word length."""

from __future__ import annotations

import re

from audio_pipeline.reporting.clause import Value

_BITS = {"PCM_U8": 8, "PCM_S8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}
_STATED_BITS = re.compile(r"(?:pcm_[su]|(?:ALAC|FLAC|WAVPACK|TTA|APE)_)(\d+)")
_CONTAINERS = {"WAVEX": "WAV"}
_CODECS = {
    "FLOAT": "PCM float",
    "DOUBLE": "PCM float",
    "MPEG_LAYER_I": "MP1",
    "MPEG_LAYER_II": "MP2",
    "MPEG_LAYER_III": "MP3",
    "VORBIS": "Vorbis",
    "OPUS": "Opus",
}
_FLOATS = ("pcm_f",)


def bits_of(subtype: str) -> int | None:
    """The bits of a sample, from libsndfile's or ffmpeg's format name; None for formats other than integer."""
    found = _STATED_BITS.match(subtype)
    return int(found[1]) if found else _BITS.get(subtype)


def container_of(file_format: str) -> str:
    """The container: "WAV", "RF64", "FLAC", "MPEG-4"."""
    return _CONTAINERS.get(file_format, file_format)


def codec_of(file_format: str, subtype: str) -> str:
    """The codec: "PCM" for integers, "PCM float", "FLAC", "MP3", "AAC"."""
    if file_format == "FLAC" or (file_format == "OGG" and bits_of(subtype) is not None):
        return "FLAC"
    if subtype in _CODECS:
        return _CODECS[subtype]
    if subtype.startswith(_FLOATS):
        return "PCM float"
    # "PCM_24", "ALAC_24"
    return subtype.upper().partition("_")[0] if bits_of(subtype) is not None else subtype.upper()


def file_figures(file_format: str, subtype: str) -> dict[str, Value]:
    """The format figures of a file: `container`, `codec`, `bits`."""
    return {
        "container": container_of(file_format),
        "codec": codec_of(file_format, subtype),
        "bits": bits_of(subtype),
    }
