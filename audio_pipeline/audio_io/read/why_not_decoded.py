"""Why ffmpeg cannot decode a track of a file that it can open: the true reason, from what it says."""

from __future__ import annotations

import re

from audio_pipeline.audio_io.read.container_kinds import Container
from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.errors import StemError

_ENCRYPTED = re.compile(r"encrypt|\(enca|\(drms|\(aavd", re.IGNORECASE)
_NO_DECODER = re.compile(
    r"Decoder \([^)]*\) not found|no decoder|[Cc]odec \([^)]*\) not on whitelist|unknown codec"
    r"|not supported|not (?:yet )?implemented|Unsupported codec|Decoding requested, but no decoder",
)
_TAG = re.compile(r"Audio: \w* ?(?:\([^)]*\) )?\((\S{1,16}) / 0x")
_AS_WAV = "Export the sound as WAV or FLAC."


def why_not_decoded(file: RegularFile, container: Container, codec: str, told: str) -> StemError:
    """The error for a track of `codec`; `told` is what ffmpeg printed."""
    if _ENCRYPTED.search(told):
        return StemError(
            f"{file.name} is {container.title} whose sound is encrypted (copy protection).",
            hint="Ask for a copy without protection, as WAV or FLAC.",
        )
    if codec in ("", "none") or _NO_DECODER.search(told):
        tag = _TAG.search(told)
        name = codec if codec not in ("", "none") else tag[1] if tag else "unknown to ffmpeg"
        return StemError(
            f"{file.name} is {container.title} whose codec ({name}) ffmpeg cannot decode.", hint=_AS_WAV
        )
    return StemError(
        f"{file.name} is {container.title} that ffmpeg cannot decode: its {codec} sound is damaged or cut"
        " short.",
        hint=f"Copy or export it again. {_AS_WAV}",
    )
