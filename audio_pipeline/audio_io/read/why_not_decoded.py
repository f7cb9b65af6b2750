"""The reason why ffmpeg cannot decode a track of a file that it can open, from ffmpeg's messages."""

from __future__ import annotations

import re

from audio_pipeline.audio_io.read.container_kinds import Container
from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.errors import StemError

_ENCRYPTED = re.compile(r"encrypt|\(enca|\(drms|\(aavd", re.IGNORECASE)
_NO_DECODER = re.compile(
    r"Decoder \([^)]*\) not found|no decoder|[Cc]odec \([^)]*\) not on whitelist|unknown codec"
    r"|unsupported codec|Codec not found|is not supported|not (?:yet )?implemented"
)
_TAG = re.compile(r"Audio: \w* ?(?:\([^)]*\) )?\((\S{1,16}) / 0x|unsupported codec tag: (\w{1,8})")
_AS_WAV = "Export the sound as WAV or FLAC."


def why_not_decoded(file: RegularFile, container: Container, codec: str, told: str) -> StemError:
    """The error for a track of `codec`, "" if no codec was found; `told` is the output of ffmpeg."""
    if _ENCRYPTED.search(told):
        return StemError(
            f"{file.name} is {container.title} whose sound is encrypted (copy protection).",
            hint="Ask for a copy without protection, as WAV or FLAC.",
        )
    if codec in ("", "none") or _NO_DECODER.search(told):
        tag = _TAG.search(told)
        known = codec if codec not in ("", "none") else tag and (tag[1] or tag[2])
        named = f"its codec is {known}" if known else "its codec is unknown"
        return StemError(
            f"{file.name} is {container.title} that ffmpeg cannot decode: {named}.", hint=_AS_WAV
        )
    what = f"its {codec} sound is" if codec not in ("", "none") else "it is"
    return StemError(
        f"{file.name} is {container.title} that ffmpeg cannot decode: {what} damaged or truncated.",
        hint=f"Copy or export it again. {_AS_WAV}",
    )
