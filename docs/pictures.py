"""Draws the pictures of the documentation from real renders: `make pictures`."""

from __future__ import annotations

import json
from pathlib import Path

from audio_pipeline.audio_files.read import read
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from audio_pipeline.render import Order, render
from audio_pipeline.report.picture import draw_mix

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"


def draw(preset_name: str) -> None:
    """Render the preset and draw it."""
    project = Project(ROOT)
    preset = build_preset(load_document(project, preset_name))
    made = render(Order(project, preset, project.renders, workers=2))
    assert made.report_file is not None
    report = json.loads(made.report_file.read_text(encoding="utf-8"))
    samples, info = read(made.master)
    cues = [(section["name"], section["start_s"]) for section in report["sections"]]
    title = f"{preset.head.title}: {preset.name}"
    draw_mix(samples, info.sample_rate_hz, cues, title, PICTURES / f"{preset_name}.png")


if __name__ == "__main__":
    for name in ("final", "last-breath"):
        draw(name)
