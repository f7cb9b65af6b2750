"""Exports of the preset `short`, and of one with a leader, made once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from audio_pipeline.jobs.export.export import Exported, Format, export
from audio_pipeline.jobs.export.rendered_mix import MixRequest
from audio_pipeline.preset.project import Project
from tests.conftest import make_project

LEADER = """
extends = "short"
[leader]
on = true
[picture]
rate = "{rate}"
start = "{start}"
"""

MIXES = {
    "ears": 'extends = "short"\nlistening = "headphones"\n[effects.space]\non = false\n',
    "echoes": """
extends = "short"
[layers.projector]
pan = "R30"
[layers.breath]
pan = "L60"
[effects.wait]
level = "-6 dB"
pan = "L60"
[effects.dropout]
curve = "tri"
fade = "900ms"
""",
    "m-and-e": 'extends = "short"\n[master]\nbuses = ["FX", "BG"]\n',
}


@dataclass
class Exporter:
    """Exports mixes of one project, each once."""

    project: Project
    made: dict[tuple[str, str, bool], Exported]

    def __call__(self, mix: str, to: Format, *, layers: bool = False) -> Exported:
        key = (mix, to, layers)
        if key not in self.made:
            self.made[key] = export(MixRequest(self.project, mix), to, layers=layers)
        return self.made[key]

    @property
    def renders(self) -> Path:
        return self.project.renders


@pytest.fixture(scope="package")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exporter:
    project = make_project(tmp_path_factory.mktemp("export"))
    for name, rate, start in (
        ("led", "29.97df", "01:00:00;00"),
        ("pulled", "23.976", "00:00:00:00"),
    ):
        (project.presets / f"{name}.toml").write_text(LEADER.format(rate=rate, start=start))
    for name, text in MIXES.items():
        (project.presets / f"{name}.toml").write_text(text)
    return Exporter(project, {})
