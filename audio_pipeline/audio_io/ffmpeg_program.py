"""Location of ffmpeg: on PATH, or in the package of the extra [formats]."""

from __future__ import annotations

import shutil

WITHOUT_FFMPEG = "WAV, RF64, W64, AIFF, CAF, FLAC and Ogg"
"""The formats that libsndfile reads without ffmpeg, for messages."""

INSTALL_HINT = (
    "Install ffmpeg, or run: pip install 'render-ending[formats]'."
    f" Without ffmpeg, {WITHOUT_FFMPEG} files are read."
)


def find_ffmpeg() -> str | None:
    """The path of ffmpeg: on PATH, otherwise imageio-ffmpeg's, otherwise None.

    imageio-ffmpeg has no ffprobe, so no code may need ffprobe.
    """
    if (program := shutil.which("ffmpeg")) is not None:
        return program
    try:
        import imageio_ffmpeg  # imported here, because only files that libsndfile cannot read need it
    except ImportError:
        return None
    try:
        bundled: str = imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError:  # the package has no program for this platform
        return None
    return shutil.which(bundled)
