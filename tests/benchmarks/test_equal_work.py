"""That `make bench` starts, and that nobody passes its check with less work."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from audio_pipeline.metering.meter import measure
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import find_project
from audio_pipeline.preset.stems import planned_schedule

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
RATE = 48_000
TIMES = (60, 8.0, 9.59, 20.99, 9.85)


@pytest.fixture(scope="module")
def bench() -> Iterator[SimpleNamespace]:
    """The modules of `benchmarks/`, which is a folder of scripts."""
    names = ("scene", "equality", "tables", "processes")
    sys.path.insert(0, str(BENCHMARKS))
    try:
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in names})
    finally:
        sys.path.remove(str(BENCHMARKS))
        for name in names:
            sys.modules.pop(name)


@pytest.fixture(scope="module")
def noise(bench: SimpleNamespace) -> np.ndarray:
    """Noise that has every level the check asks for."""
    rng = np.random.default_rng(1)
    out = np.zeros((60 * RATE, 2))
    for wanted in bench.equality.wanted(bench.scene.Scene(*TIMES)):
        part = slice(round(wanted.start_s * RATE), round(wanted.stop_s * RATE))
        white = rng.uniform(-1.0, 1.0, (part.stop - part.start, 2))
        out[part] = white * np.sqrt(3.0) * 10.0 ** (wanted.rms_dbfs / 20.0)
    return out


@pytest.fixture
def mix(noise: np.ndarray) -> np.ndarray:
    return noise.copy()


@pytest.fixture(scope="module")
def scene(bench: SimpleNamespace, noise: np.ndarray) -> object:
    """A scene with the loudness of that noise between the first word and black."""
    loudness = measure(noise[8 * RATE : 44 * RATE], RATE).integrated_lufs
    return bench.scene.Scene(*TIMES, spoken_lufs=loudness)


def checked(bench: SimpleNamespace, scene: object, mix: np.ndarray, folder: Path) -> list[str]:
    file = folder / "mix.wav"
    soundfile.write(file, mix, RATE, "PCM_24")
    words: list[str] = bench.equality.what_is_wrong(file, scene)
    return words


def test_a_mix_with_every_level_passes(
    bench: SimpleNamespace, scene: object, mix: np.ndarray, tmp_path: Path
) -> None:
    assert checked(bench, scene, mix, tmp_path) == []


@pytest.mark.parametrize(
    ("start_s", "stop_s", "gain", "word"),
    [
        (8.0, 44.0, 1.26, "dialogue"),
        (31.8, 36.9, 0.0, "echoes"),
        (46.0, 56.0, 0.1, "projector"),
        (56.3, 57.0, 0.0, "hiss"),
    ],
)
def test_a_mix_that_lacks_something_is_told_what(
    bench: SimpleNamespace,
    scene: object,
    mix: np.ndarray,
    tmp_path: Path,
    start_s: float,
    stop_s: float,
    gain: float,
    word: str,
) -> None:
    mix[round(start_s * RATE) : round(stop_s * RATE)] *= gain
    assert any(said.startswith(word) for said in checked(bench, scene, mix, tmp_path))


def test_a_silence_that_is_not_zero_and_a_missing_sample_are_noticed(
    bench: SimpleNamespace, scene: object, mix: np.ndarray, tmp_path: Path
) -> None:
    mix[-1] = 1e-6
    assert "the silence is not silent" in checked(bench, scene, mix, tmp_path)
    assert checked(bench, scene, mix[:-1], tmp_path) == ["2879999 samples instead of 2880000"]


def test_the_long_scene_is_a_preset_that_ends_when_it_should(
    bench: SimpleNamespace, tmp_path: Path
) -> None:
    made = bench.scene.prepare(180, tmp_path)
    project = find_project(tmp_path)
    preset = build_preset(load_document(project, made.preset, ()))
    schedule = planned_schedule(project, preset, {})
    assert float(schedule.named("end")) == 180.0
    assert float(schedule.named("dropout")) == made.dropout_s
    assert float(schedule.named("voice_b_2.at")) == pytest.approx(120.0 + made.voice_b_s)
    assert bench.scene.load(tmp_path) == made


def test_a_process_is_timed_with_its_children_and_a_failed_one_says_why(
    bench: SimpleNamespace, tmp_path: Path
) -> None:
    run = bench.processes.Stopwatch(tmp_path, 4096)
    assert run([sys.executable, "-c", "print('made')"]) == "made\n"
    assert run.cost.wall_s > 0.0
    assert run.cost.cpu_s > 0.0
    assert 1.0 < run.cost.peak_mib < 4096.0
    with pytest.raises(bench.processes.ProcessError, match="no such luck"):
        run([sys.executable, "-c", "raise SystemExit('no such luck')"])


def test_the_runner_starts() -> None:
    said = subprocess.run(
        [sys.executable, str(BENCHMARKS / "run.py"), "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--lengths" in said.stdout


def test_costs_have_a_place_in_the_page() -> None:
    page = (BENCHMARKS.parent / "docs" / "costs.md").read_text()
    assert page.index("<!-- measured -->") < page.index("<!-- end of measured -->")
