from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from audio_pipeline.cli.inspect import command
from audio_pipeline.preset.project import Project
from tests.conftest import REPOSITORY, Call

RATE = 48_000


@pytest.fixture
def run(shared_project: Project, monkeypatch: pytest.MonkeyPatch):
    """`inspect` in the project's folder."""
    monkeypatch.chdir(shared_project.root)

    def inspect(*words: object) -> Result:
        return CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False)

    return inspect


@pytest.fixture(scope="module")
def ramp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five seconds of noise, each 6 dB louder than the one before."""
    x = np.random.default_rng(1).standard_normal((5 * RATE, 2))
    x *= 0.005 * 2.0 ** np.repeat(np.arange(5), RATE)[:, None]
    path = tmp_path_factory.mktemp("inspect") / "ramp.wav"
    soundfile.write(path, x, RATE, subtype="FLOAT")
    return path


def test_a_file_prints_its_headline_numbers(run, ramp: Path) -> None:
    output = run(ramp).output
    for word in ("RMS", "crest", "kurtosis", "correlation", "20 Hz to 80 Hz", "10 kHz to 20 kHz"):
        assert word in output
    assert "\x1b" not in output


@pytest.mark.parametrize("second", [0, 3])
def test_from_and_to_cut_to_the_sample(run, ramp: Path, second: int) -> None:
    words = ("--from", f"{second}s", "--to", f"{second + 1}s", "--json")
    found = json.loads(run(ramp, *words).output)
    expected, _ = soundfile.read(ramp, start=second * RATE, stop=(second + 1) * RATE)
    assert found["duration_s"] == 1.0
    assert found["start_s"] == second
    assert found["rms_dbfs"] == pytest.approx(10 * np.log10(np.mean(expected**2)), abs=1e-3)


def test_a_layer_is_heard_as_in_the_mix_and_dry_with_dry(run) -> None:
    wet = json.loads(run("breath", "--preset", "short", "--json").output)
    dry = json.loads(run("breath", "--preset", "short", "--dry", "--json").output)
    assert (wet["channels"], dry["channels"]) == (2, 1)
    assert "as it stands in the mix" in wet["what"]
    assert "dry" in dry["what"]
    assert wet["start_s"] == dry["start_s"] == 0.5


def test_cues_and_set_speak_the_preset_s_language(run) -> None:
    words = ("--preset", "short", "--from", "black", "--to", "dropout", "--json")
    ordinary = json.loads(run("grain", *words).output)
    louder = json.loads(run("grain", *words, "--set", "grain.level='-46 dBFS'").output)
    assert ordinary["duration_s"] == 2.0
    assert louder["rms_dbfs"] - ordinary["rms_dbfs"] == pytest.approx(10.0, abs=0.01)


def test_the_projector_s_frames_are_found(run) -> None:
    found = json.loads(run("projector", "--preset", "short", "--dry", "--json").output)
    assert {24.0, 96.0} <= {beat["rate_hz"] for beat in found["beats"]}


def test_plot_draws_the_picture_as_well(run, ramp: Path, tmp_path: Path) -> None:
    result = run(ramp, "--plot", tmp_path / "ramp.png")
    assert result.exit_code == 0
    assert (tmp_path / "ramp.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "words",
    [
        ("ramp.wav", "--preset", "final"),
        ("ramp.wav", "--dry"),
        ("ramp.wav", "--from", "black"),
        ("ramp.wav", "--from", "3s", "--to", "2s"),
        ("grain", "--preset", "short", "--from", "nowhere"),
        ("grain", "--preset", "short", "--from", "3"),
        (),
    ],
)
def test_wrong_usage_is_exit_status_2(run, ramp: Path, words: tuple[str, ...]) -> None:
    words = tuple(str(ramp) if word == "ramp.wav" else word for word in words)
    assert run(*words).exit_code == 2


def installed(*words: str) -> subprocess.CompletedProcess[str]:
    path = {"PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(
        [sys.executable, "-m", "audio_pipeline", "inspect", *words],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, **path},
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("graim",), "did you mean 'grain'?"),
        (("motif",), "layers.motif.on=true"),
        (("nothing.wav",), "nothing.wav"),
        (("grain", "--from", "silence", "--to", "end"), "silent"),
    ],
)
def test_what_cannot_be_inspected_is_told_in_a_sentence(
    call: Call, words: tuple[str, ...], said: str
) -> None:
    result = call(REPOSITORY, "inspect", *words)
    assert result.returncode == 1
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_help_shows_an_example() -> None:
    result = installed("--help")
    assert result.returncode == 0
    assert "render-ending inspect projector --plot projector.png" in result.stdout
