"""Checks that a dialogue stem has the same length and start as its mix."""

from __future__ import annotations

from pathlib import Path

from audio_pipeline.audio_io.read.audio_file import AudioInfo, probe
from audio_pipeline.audio_io.read.own_time import own_time
from audio_pipeline.audio_io.read.programme import programme_info, programme_span
from audio_pipeline.errors import StemError
from audio_pipeline.reporting.file_figures import codec_of

_EXACT = ("PCM", "PCM float", "FLAC")
_CODEC_PADDING_S = 0.1
_ROUNDING_S = 0.001
_HINT = "Export the dialogue stem over the same range as the mix."


def refuse_unlike_stem(mix: Path, mix_info: AudioInfo, stem: Path) -> None:
    """Raise StemError for a dialogue stem whose length or start differs from the mix.

    Lengths are compared to the sample when both files state them exactly, starts when both state them (`bext`,
    iXML). Raises StemError also for a stem that cannot be read.
    """
    info = programme_info(stem)
    apart_s = abs(info.duration_s - mix_info.duration_s)
    exact = all(codec_of(one.format, one.subtype) in _EXACT for one in (info, mix_info))
    if exact and info.sample_rate_hz == mix_info.sample_rate_hz:
        unlike = info.frames != mix_info.frames
    else:
        unlike = apart_s > (_ROUNDING_S if exact else _CODEC_PADDING_S)
    if unlike:
        raise StemError(
            f"the dialogue stem {info.name} is {_length(info)} long and the mix {mix_info.name}"
            f" {_length(mix_info)}; they must be equally long.",
            hint=_HINT,
        )
    starts = _start_s(mix), _start_s(stem)
    if None not in starts and abs((starts[0] or 0.0) - (starts[1] or 0.0)) > _ROUNDING_S:
        raise StemError(
            f"the dialogue stem {info.name} starts {starts[1]:.3f} s after midnight and the mix"
            f" {mix_info.name} {starts[0]:.3f} s; they must start together.",
            hint=_HINT,
        )


def _length(info: AudioInfo) -> str:
    return f"{info.duration_s:.3f} s ({info.frames} samples)"


def _start_s(path: Path) -> float | None:
    """The start of the programme in seconds since midnight; None if the file does not state it."""
    file = probe(path)
    start_s = own_time(path, file.frames, file.sample_rate_hz).start_s
    if start_s is None:
        return None
    return float(start_s) + programme_span(path, file).start / file.sample_rate_hz
