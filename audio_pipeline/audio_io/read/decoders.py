"""Which programs decode and resample a recording, and their versions: another one gives other samples."""

from __future__ import annotations

import subprocess
from functools import lru_cache

from audio_pipeline.audio_io.ffmpeg_program import find_ffmpeg

_PATIENCE_S = 10.0


def library_versions() -> dict[str, str]:
    """The versions of libsndfile and of the library around it, and of soxr; all are imported."""
    import soundfile

    return {
        "soundfile": str(soundfile.__version__),
        "libsndfile": str(soundfile.__libsndfile_version__),
        "soxr": soxr_version(),
    }


def soxr_version() -> str:
    """The version of soxr, which is imported for it: most stems have the right rate and never need it."""
    import soxr

    return str(soxr.__version__)


@lru_cache(maxsize=1)
def ffmpeg_version() -> str:
    """What ffmpeg says of itself in its first line; "none" if ffmpeg is missing or prints nothing."""
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
    """`library_versions` and ffmpeg's, which is run for it."""
    return {**library_versions(), "ffmpeg": ffmpeg_version()}
