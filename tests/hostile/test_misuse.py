"""The library used wrongly: a ValueError that says what was expected, never a wrong result."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audio_pipeline.audio_io.scratch_file import ScratchFile
from audio_pipeline.audio_io.write.wave import WaveWriter
from audio_pipeline.dsp import curves, filters, windows
from audio_pipeline.mastering.ceiling import Ceiling
from audio_pipeline.mastering.dither import Dither
from audio_pipeline.mastering.quantise import quantise
from audio_pipeline.metering.meter import Meter, measure
from audio_pipeline.timeline.spans import Span

MONO, STEREO, FLAT = np.zeros((480, 1)), np.zeros((480, 2)), np.zeros(480)
HERE = Span(0, 480)
DITHER = Dither(1, "test")
CEILING = Ceiling(-2.0, 240)

WRONG = {
    "a filter hears (n,)": lambda: filters.convolve(FLAT, np.ones((3, 1))),
    "a filter's window is too short": lambda: filters.convolve(np.zeros((1, 1)), np.ones((3, 1))),
    "a filter has other channels": lambda: filters.convolve(np.zeros((480, 3)), np.ones((3, 2))),
    "a magnitude is too coarse": lambda: filters.minimum_phase(np.ones(5), 100),
    "a curve is unknown": lambda: curves.curve("sine", FLAT),
    "a window is wider than the sound": lambda: windows.sliding_minimum(np.ones(3), 5),
    "a span is backwards": lambda: Span(2, 1),
    "quantise hears (n,)": lambda: quantise(FLAT, 24, DITHER, HERE, (HERE,)),
    "quantise hears another span": lambda: quantise(STEREO, 24, DITHER, Span(0, 100), (HERE,)),
    "quantise gets whole numbers": lambda: quantise(STEREO.astype(int), 24, DITHER, HERE, (HERE,)),
    "quantise to no bits": lambda: quantise(STEREO, 0, DITHER, HERE, (HERE,)),
    "the ceiling hears (n,)": lambda: CEILING.gains(np.zeros(5000)),
    "the ceiling hears too little": lambda: CEILING.gains(np.zeros((10, 2))),
    "the meter hears (n,)": lambda: Meter(48_000, 2).feed(FLAT),
    "the meter hears other channels": lambda: Meter(48_000, 2).feed(MONO),
    "the meter hears whole numbers": lambda: Meter(48_000, 2).feed(STEREO.astype(np.int16)),
    "the meter has no rate": lambda: Meter(0, 2),
    "the meter has no channels": lambda: Meter(48_000, 0),
    "measure hears (n,)": lambda: measure(FLAT, 48_000),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_use_is_a_value_error_that_says_what_was_expected(case: str) -> None:
    with pytest.raises(ValueError, match=r"\w{3}") as error:
        WRONG[case]()
    assert len(str(error.value)) > 15


@pytest.mark.parametrize(
    "block", [FLAT, STEREO.astype(int), MONO.astype(float), np.full((9, 1), 1 << 23)]
)
def test_the_writer_takes_whole_numbers_of_its_channels_that_fit(
    tmp_path: Path, block: np.ndarray
) -> None:
    with pytest.raises(ValueError, match=r"not|fit"), WaveWriter(tmp_path / "a.wav", 48_000, 1) as wave:
        wave.write(block)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("samples", [FLAT, MONO, np.zeros((2, 480))])
def test_the_spill_takes_its_own_channels(tmp_path: Path, samples: np.ndarray) -> None:
    with ScratchFile(tmp_path, 2) as spill, pytest.raises(ValueError, match=r"are not \(n, 2\)"):
        spill.write(samples)
