"""This project, as the command that people type."""

from __future__ import annotations

import sys
from pathlib import Path

from scene import Scene

from peers.ffmpeg_master import Run

NAME = "render-ending"
NEEDS = ()
COMPLETE = False
LACKS = ()

COMMAND = (sys.executable, "-m", "audio_pipeline")


def render(scene: Scene, folder: Path, run: Run) -> None:
    """See `peers`."""
    out = folder / "renders"
    run([*COMMAND, "--preset", scene.preset, "--out", str(out), "--no-cache"])
    (out / f"{scene.preset}.wav").replace(folder / "ours.wav")
