"""Versions of the decoders and the resampler, because the samples depend on them."""

from __future__ import annotations

import subprocess
from functools import lru_cache

from audio_pipeline.audio_io.ffmpeg_program import find_ffmpeg

_PATIENCE_S = 10.0


def library_versions() -> dict[str, str]:
    """The versions of soundfile, libsndfile and soxr; imports them."""
    import soundfile

    return {
        "soundfile": str(soundfile.__version__),
        "libsndfile": str(soundfile.__libsndfile_version__),
        "soxr": soxr_version(),
    }


def soxr_version() -> str:
    """The version of soxr; imports it here, because most stems have the right rate and do not need it."""
    import soxr

    return str(soxr.__version__)


@lru_cache(maxsize=1)
def ffmpeg_version() -> str:
    """The first line of `ffmpeg -version`; "none" if ffmpeg is missing or prints nothing."""
    program = find_ffmpeg()
    if program is None:
        return "none"
    try:
        told = subprocess.run(  # noqa: S603 - fixed words
            [program, "-version"], capture_output=True, timeout=_PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return "none"
    return told.stdout.decode("utf-8", "replace").split("\n", 1)[0].strip() or "none"


def decoder_versions() -> dict[str, str]:
    """`library_versions` and the version of ffmpeg; runs ffmpeg."""
    return {**library_versions(), "ffmpeg": ffmpeg_version()}
