"""NumPy, SciPy, soundfile and pyloudnorm, the whole film in memory: the script that one writes first."""

from __future__ import annotations

import sys
from pathlib import Path

from scene import Scene

from peers.ffmpeg_master import Run

NAME = "numpy/scipy"
NEEDS = ()
COMPLETE = True
LACKS = ("breath", "room tone", "dust", "uneven machine", "levels of sections", "short-term maximum")


def render(scene: Scene, folder: Path, run: Run) -> None:
    """See `peers`."""
    script = Path(__file__).parent / "plain_python_script.py"
    run([sys.executable, str(script), str(folder), str(folder / "plain_python.wav")])
