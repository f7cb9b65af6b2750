"""Small packages of plug-ins, as pip would have installed them in a folder of their own."""

from __future__ import annotations

from pathlib import Path

SOUND = '''
from typing import Literal
import numpy as np
from pydantic import Field
from audio_pipeline import Layer
from audio_pipeline.dsp import noise
from audio_pipeline.units import Dbfs

GAIN = 0.001

class Drip(Layer):
    """Water, somewhere."""

    kind: Literal["drip"] = "drip"
    level: Dbfs = Field(-50.0, description="its RMS")

    def prepare(self, scene, name):
        return Source(self.span(scene), scene.seed, name)

class Source:
    channels = 1

    def __init__(self, span, seed, name):
        self.span, self.seed, self.name = span, seed, name

    def render(self, tile):
        out = noise.uniform(self.seed, self.name, tile.start, tile.stop).astype(float) * GAIN
        inside = self.span.intersect(tile).inside(tile)
        out[: inside.start] = 0.0
        out[inside.stop :] = 0.0
        return out[:, None]
'''

EFFECT = '''
from typing import ClassVar, Literal
from audio_pipeline import Effect, Strip

class Halve(Effect):
    """Half of everything."""

    stage: ClassVar[str] = "bus"
    order: ClassVar[int] = 90
    kind: Literal["halve"] = "halve"

    def prepare(self, scene, name):
        return Processor()

class Processor:
    look_back = 0

    def active_span(self, span):
        return span

    def process(self, name, window, tile):
        return Strip(*(None if part is None else part * 0.5 for part in window.parts()))
'''


def install(
    folder: Path,
    package: str,
    entries: dict[str, dict[str, str]],
    source: str = SOUND,
    version: str = "1.0",
    requires: tuple[str, ...] = (),
) -> Path:
    """Install a distribution of one module in `folder`; returns the module's file.

    `entries` are its entry points: group, kind, object ({"layers": {"drip": "Drip"}}).
    """
    module = package.replace("-", "_")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{module}.py"
    file.write_text(source)
    info = folder / f"{module}-{version}.dist-info"
    info.mkdir(exist_ok=True)
    needed = "".join(f"Requires-Dist: {name}\n" for name in requires)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n{needed}"
    )
    lines = [
        f"[render_ending.{group}]\n"
        + "".join(f"{kind} = {module}:{name}\n" for kind, name in kinds.items())
        for group, kinds in entries.items()
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))
    (info / "RECORD").write_text(f"{module}.py,,\n{info.name}/METADATA,,\n")
    return file
