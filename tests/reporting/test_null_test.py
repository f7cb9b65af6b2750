"""A null test tells equal samples, a rounding difference and a change apart."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.reporting.null_test import not_comparable, null_test
from tests.command import run

RATE = 8000
STEP = 2.0**-23


def steps(seed: int = 0, n: int = RATE) -> np.ndarray:
    return np.random.default_rng(seed).integers(-(2**20), 2**20, (n, 2))


def write(path, whole: np.ndarray, subtype: str = "PCM_24", rate: int = RATE):
    soundfile.write(path, whole * STEP, rate, subtype=subtype)
    return path


@pytest.fixture
def pair(tmp_path):
    def made(change: np.ndarray | int, subtype: str = "PCM_24"):
        x = steps()
        return write(tmp_path / "a.wav", x, subtype), write(tmp_path / "b.wav", x + change, subtype)

    return made


def test_equal_files_are_identical(pair):
    result = null_test(*pair(0))
    assert (result.verdict, result.differing, result.residual_peak_dbfs) == ("identical", 0, None)


def test_one_step_in_some_samples_is_a_rounding_difference(pair):
    change = np.zeros((RATE, 2), int)
    change[100::97, 0] = 1
    change[41::301, 1] = -1
    result = null_test(*pair(change))
    assert result.verdict == "rounding"
    assert result.differing == np.count_nonzero(change)
    assert result.first_at_s == 41 / RATE
    assert result.residual_peak_dbfs == pytest.approx(-138.47, abs=0.01)


@pytest.mark.parametrize("subtype", ["PCM_24", "FLOAT"])
def test_two_steps_in_one_sample_are_a_change(pair, subtype):
    change = np.zeros((RATE, 2), int)
    change[5000, 1] = 2
    result = null_test(*pair(change, subtype))
    assert (result.verdict, result.differing, result.largest_steps) == ("different", 1, 2.0)
    assert result.first_at_s == 5000 / RATE


@settings(max_examples=20)
@given(st.integers(1, 2**10), st.integers(0, RATE - 1))
def test_the_residual_of_one_sample_is_that_sample(tmp_path_factory, size, at):
    folder = tmp_path_factory.mktemp("null")
    x = steps()
    y = x.copy()
    y[at, 0] += size
    result = null_test(write(folder / "a.wav", x), write(folder / "b.wav", y))
    assert result.largest_steps == size
    assert result.residual_peak_dbfs == pytest.approx(20 * np.log10(size * STEP))


def test_what_cannot_be_subtracted_is_named(tmp_path):
    a = write(tmp_path / "a.wav", steps())
    assert "sample rate" in not_comparable(a, write(tmp_path / "b.wav", steps(), rate=11_025))
    assert "channels" in not_comparable(a, write(tmp_path / "c.wav", steps()[:, :1]))
    assert "length" in not_comparable(a, write(tmp_path / "d.wav", steps(n=RATE + 1)))
    with pytest.raises(ValueError, match="length differs"):
        null_test(a, tmp_path / "d.wav")


@pytest.mark.parametrize(("change", "status"), [(0, 0), (1, 0), (2, 1)])
def test_the_command_exits_1_only_for_a_change(pair, tmp_path, change, status):
    a, b = pair(change)
    done = run(tmp_path, "compare", a, b, "--null")
    assert (done.returncode, done.stderr) == (status, "")


def test_the_command_exits_3_when_there_is_nothing_to_subtract(tmp_path):
    a, b = write(tmp_path / "a.wav", steps()), write(tmp_path / "b.wav", steps(n=RATE + 1))
    done = run(tmp_path, "compare", a, b, "--null")
    assert done.returncode == 3
    assert done.stderr.startswith("not comparable: the length differs: 8000 samples in a.wav")
