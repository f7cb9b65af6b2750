"""Small film files, made by ffmpeg."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from audio_pipeline.audio_io.ffmpeg_program import find_ffmpeg

needs_ffmpeg = pytest.mark.skipif(
    find_ffmpeg() is None, reason="neither ffmpeg nor imageio-ffmpeg is installed"
)


def film(path: Path, *options: str, source: str = "testsrc=s=64x48:r=24:d=1") -> Path:
    """A film of the lavfi `source`, encoded with further `options` of ffmpeg."""
    ffmpeg = find_ffmpeg()
    assert ffmpeg is not None
    command = [ffmpeg, "-v", "error", "-y", "-f", "lavfi", "-i", source, *options, str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


def flash(path: Path, at: int, frames: int, rate: str, timecode: str | None) -> Path:
    """A black film with one white frame, number `at`."""
    light = f"geq=lum='if(eq(N,{at}),235,16)':cb=128:cr=128"
    white = f"color=c=black:s=64x48:r={rate},trim=end_frame={frames},{light}"
    labels = [] if timecode is None else ["-timecode", timecode]
    return film(path, *labels, "-pix_fmt", "yuv420p", "-g", "12", source=white)
