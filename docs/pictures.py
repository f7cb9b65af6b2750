"""Draws the pictures of the documentation from real renders: `make pictures`."""

from __future__ import annotations

import json
from pathlib import Path

from PIL import Image

from audio_pipeline.audio_io.read.audio_file import read
from audio_pipeline.jobs.render import Order, render
from audio_pipeline.mixing.session import open_session
from audio_pipeline.pages.inspection import inspection_of
from audio_pipeline.pages.inspection_picture import write_inspection
from audio_pipeline.pages.picture import draw_mix
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import Preset, build_preset
from audio_pipeline.preset.project import Project
from audio_pipeline.timeline.moments import parse_moment
from audio_pipeline.timeline.spans import Span

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
PROJECT = Project(ROOT)

MIXES = ("final", "last-breath")
SOUNDS = {
    "projector-35mm": ("projector", "final", (), "10s", "30s", True),
    "projector-16mm": ("projector", "final", ("projector.gauge=16mm",), "10s", "30s", True),
    "projector-super8": ("projector", "super-8", (), "10s", "30s", True),
    "projector-port": ("projector", "final", ("projector.place=port",), "10s", "30s", True),
    "projector-runs-out": ("projector", "film-runs-out", (), "dropout - 8s", "dropout + 300ms", True),
    "grain": ("grain", "final", (), "black", "silence", True),
    "breath": ("breath", "final", (), "black - 3s", "dropout + 300ms", False),
    "last-breath-exhale": ("last_breath", "last-breath", (), "silence + 800ms", "end", True),
    "room": ("room", "final", (), "10s", "40s", True),
    "motif": ("motif", "motif", (), "black", "dropout + 300ms", False),
    "voice-b": ("voice_b", "final", (), "voice_b", "black", False),
}
"""By file: layer, preset, what is set, from, to, whether dry; the words of `render-ending inspect`."""

COLOURS = 32


def draw_whole(name: str) -> None:
    """Render the preset and draw it."""
    preset = _preset(name)
    made = render(Order(PROJECT, preset, PROJECT.renders, workers=2))
    assert made.report_file is not None
    report = json.loads(made.report_file.read_text(encoding="utf-8"))
    samples, info = read(made.master)
    cues = [(section["name"], section["start_s"]) for section in report["sections"]]
    title = f"{preset.head.title}: {preset.name}"
    draw_mix(samples, info.sample_rate_hz, cues, title, PICTURES / f"{name}.png")
    _make_small(PICTURES / f"{name}.png")


def draw_sound(
    name: str, layer: str, preset: str, sets: tuple[str, ...], begin: str, finish: str, dry: bool
) -> None:
    """Draw one layer, as `render-ending inspect` does."""
    session = open_session(PROJECT, _preset(preset, sets), {})
    scene, console = session.scene, session.console
    span = Span(scene.at(parse_moment(begin)), scene.at(parse_moment(finish)))
    samples = console.dry(layer, span) if dry else console.solo(layer).render(span, workers=2)
    found = inspection_of(samples, scene.sample_rate)
    title = " ".join((layer, "of", preset, *sets)) + (", dry" if dry else ", as it stands in the mix")
    path = PICTURES / f"{name}.png"
    write_inspection(samples, found, path, title, start_s=span.start / scene.sample_rate, dpi=80)
    _make_small(path)


def _preset(name: str, sets: tuple[str, ...] = ()) -> Preset:
    return build_preset(load_document(PROJECT, name, sets))


def _make_small(path: Path) -> None:
    """A palette of a few colours: a spectrogram of noise is a third of its size and looks the same."""
    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


if __name__ == "__main__":
    for mix in MIXES:
        draw_whole(mix)
    for sound, how in SOUNDS.items():
        draw_sound(sound, *how)
