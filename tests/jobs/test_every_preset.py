"""Every shipped preset is rendered whole, with stems, at every sample rate that a preset may have."""

from __future__ import annotations

import tomllib
from typing import get_args

import numpy as np
import pytest
import soundfile

from audio_pipeline.jobs.render import Order, render
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import Head, build_preset
from audio_pipeline.preset.project import Project
from tests.conftest import REPOSITORY, SHORT

NAMES = Project(REPOSITORY).preset_names()
RATES = get_args(Head.model_fields["sample_rate"].annotation)

SHORTER = {
    "long-wait": ["cues.dropout=black + 4s", "cues.silence=black + 5s", "cues.end=black + 5.5s"],
    "last-breath": ["cues.last_breath=silence + 200ms", "cues.end=silence + 3s"],
    "film-runs-out": ["projector.runs_out=black + 200ms", "projector.stops=dropout - 200ms"],
}
"""What the cues of `SHORT` leave too long or without room in an alternate."""


@pytest.fixture(scope="module")
def in_little(shared_project, tmp_path_factory):
    """For each shipped preset one that extends it, with the cues of `short`."""
    project = shared_project
    table = tomllib.loads(SHORT)
    changes = [f"cues.{name}={value}" for name, value in table["cues"].items() if name != "black"]
    changes += ["cues.black=echo.tail"]
    changes += [
        f"{effect}.{key}={value}"
        for effect, keys in table["effects"].items()
        for key, value in keys.items()
    ]
    changes += ["echo.returns=1", "echo.words=400ms"]
    changes += ["cues.dropout=black + 500ms", "cues.silence=black + 1s", "cues.end=black + 1.2s"]
    return project, changes, tmp_path_factory.mktemp("every")


def test_the_rates_are_those_of_the_model():
    assert len(RATES) >= 2


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_preset_renders_whole_with_stems(in_little, name, rate):
    project, changes, folder = in_little
    sets = [*changes, *SHORTER.get(name, []), f"sample_rate={rate}"]
    preset = build_preset(load_document(project, name, tuple(sets)))
    out = folder / f"{name}-{preset.sample_rate_hz}"
    rendered = render(Order(project, preset, out, stems=True, workers=1))
    end = rendered.session.scene.cue("end")
    master, rate_hz = soundfile.read(rendered.master.file, always_2d=True)
    assert rate_hz == preset.sample_rate_hz
    assert master.shape == (end, 2)
    assert rendered.report.sample_rate_hz == rate_hz
    assert rendered.files.page.is_file()
    stems = {stem: soundfile.read(path)[0] for stem, path in rendered.master.stems.items()}
    assert stems.keys() == {"DX", "FX", "BG", "ME"}
    mixed = sum(stems[bus] for bus in preset.master.buses)
    if not rendered.master.ceiling.touched_samples:
        assert np.abs(mixed - master).max() < 1e-6  # four dithers
    assert np.sqrt(np.mean(np.square(master))) > 1e-4
