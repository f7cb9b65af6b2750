"""This project without the sounds that no peer makes: the nearest to equal work."""

from __future__ import annotations

from pathlib import Path

from scene import Scene

from peers.ffmpeg_master import Run
from peers.ours import COMMAND

NAME = "render-ending, what peers make"
NEEDS = ()
COMPLETE = False
LACKS = ("breath", "room tone", "dust")

LEFT_OUT = (
    "layers.breath.on=false",
    "layers.room.on=false",
    "layers.grain.dust_rate=0/s",
    "layers.grain.scratch_rate=0/min",
    "layers.grain.pop_rate=0/min",
)


def render(scene: Scene, folder: Path, run: Run) -> None:
    """See `peers`."""
    out = folder / "renders"
    sets = [word for change in LEFT_OUT for word in ("--set", change)]
    run(
        [
            *COMMAND,
            "--preset",
            scene.preset,
            *sets,
            "--out",
            str(out),
            "--no-cache",
            "--name",
            scene.preset,
        ]
    )
    (out / f"{scene.preset}.wav").replace(folder / "ours_alike.wav")
