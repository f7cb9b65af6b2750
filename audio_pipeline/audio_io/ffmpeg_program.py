"""Where ffmpeg is: on PATH, or in the package of the extra [formats]."""

from __future__ import annotations

import shutil

WITHOUT_FFMPEG = "WAV, RF64, W64, AIFF, CAF, FLAC and Ogg"
"""The formats that libsndfile reads by itself, for a sentence."""

INSTALL_HINT = (
    "Install ffmpeg, or run: pip install 'render-ending[formats]'."
    f" Without ffmpeg, {WITHOUT_FFMPEG} files are read."
)


def find_ffmpeg() -> str | None:
    """The path of the ffmpeg to run: that of PATH, else imageio-ffmpeg's, else None.

    imageio-ffmpeg has no ffprobe, so nothing may need one.
    """
    if (program := shutil.which("ffmpeg")) is not None:
        return program
    try:
        import imageio_ffmpeg  # here: only files that libsndfile does not read need it
    except ImportError:
        return None
    try:
        bundled: str = imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError:  # the package holds no program for this platform
        return None
    return shutil.which(bundled)
