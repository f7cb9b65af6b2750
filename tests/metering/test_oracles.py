"""Other people's meters on thirty-six programmes; where they err themselves, it says so."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_pipeline.metering.meter import Loudness, measure
from tests.metering.programmes import programmes


@dataclass(frozen=True)
class Programme:
    path: Path
    samples: np.ndarray
    rate: int
    ours: Loudness


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> list[Programme]:
    folder = tmp_path_factory.mktemp("programmes")
    found = []
    for name, samples, rate in programmes():
        path = folder / f"{name}.wav"
        soundfile.write(path, samples, rate, subtype="FLOAT")
        kept = soundfile.read(path, always_2d=True)[0]
        found.append(Programme(path, kept, rate, measure(kept, rate)))
    return found


def range_lu(short_term_lufs: np.ndarray, rank: Callable[[int, float], int]) -> float:
    """Tech 3342's range of these windows, with somebody else's idea of which one is a percentile."""
    power = 10 ** (short_term_lufs[short_term_lufs > -70] / 10)
    loud = np.sort(power[power >= power.mean() / 100])
    return float(10 * np.log10(loud[rank(len(loud), 0.95)] / loud[rank(len(loud), 0.10)]))


def standard_rank(n: int, share: float) -> int:
    return int((n - 1) * share + 0.5)


def needs(tool: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")


def _ffmpeg(programme: Programme) -> str:
    chain = "ebur128=peak=true:metadata=1,ametadata=print:file=-"
    command = ["ffmpeg", "-hide_banner", "-nostdin", "-threads", "1", "-i", programme.path]
    return subprocess.run(
        [*command, "-af", chain, "-f", "null", "-"], capture_output=True, text=True, check=True
    ).stdout


@needs("ffmpeg")
def test_ffmpeg_agrees(measured: list[Programme]) -> None:
    # its momentary and short-term stand on 100 ms, so it misses maxima that ours, on 10 ms, find
    with ThreadPoolExecutor(2) as pool:
        outputs = list(pool.map(_ffmpeg, measured))
    for programme, output in zip(measured, outputs, strict=True):
        ours, name = programme.ours, programme.path.stem
        curves = {k: re.findall(rf"r128\.{k}=(\S+)", output) for k in ("S", "I", "LRA", "true_peak")}
        assert float(curves["I"][-1]) == pytest.approx(ours.integrated_lufs, abs=0.05), name
        # Tech 3342's own program takes rank (n − 1)·p from 0; ffmpeg takes n·p from 1, up to one window
        # lower, which is much where the level jumps
        same_rank = range_lu(ours.short_term_lufs[299::10], lambda n, p: int(n * p + 0.5) - 1)
        assert float(curves["LRA"][-1]) == pytest.approx(same_rank, abs=0.1), name
        assert range_lu(ours.short_term_lufs[299::10], standard_rank) == pytest.approx(
            ours.loudness_range_lu, abs=1e-9
        )
        theirs = max(float(value) for value in curves["S"][29:])
        assert theirs == pytest.approx(np.nanmax(ours.short_term_lufs[9::10]), abs=0.02), name
        assert theirs == pytest.approx(ours.max_short_term_lufs, abs=0.1), name
        peak_dbtp = 20 * np.log10(float(curves["true_peak"][-1]))
        assert peak_dbtp == pytest.approx(ours.true_peak_dbtp, abs=0.2), name


@needs("loudgain")
def test_libebur128_agrees(measured: list[Programme]) -> None:
    # its range is of one window a second, so it is compared with the same windows of ours
    paths = [str(programme.path) for programme in measured]
    halves = [["loudgain", "-q", "-O", *paths[half::2]] for half in range(2)]
    with ThreadPoolExecutor(2) as pool:
        runs = pool.map(lambda c: subprocess.run(c, capture_output=True, text=True, check=True), halves)
        lines = [line.split("\t") for run in runs for line in run.stdout.splitlines()[1:]]
    theirs = {line[0]: line for line in lines}
    for programme in measured:
        line, ours, name = theirs[str(programme.path)], programme.ours, programme.path.stem
        assert float(line[1].split()[0]) == pytest.approx(ours.integrated_lufs, abs=0.05), name
        every_second = range_lu(ours.short_term_lufs[299::100], standard_rank)
        assert float(line[2].split()[0]) == pytest.approx(every_second, abs=0.02), name
        assert float(line[4].split()[0]) == pytest.approx(ours.true_peak_dbtp, abs=0.2), name


def test_pyloudnorm_agrees(measured: list[Programme]) -> None:
    # integrated only; it rounds the prototype's figures and so reads up to 0.05 LU off
    pyloudnorm = pytest.importorskip("pyloudnorm")
    for programme in measured:
        theirs = pyloudnorm.Meter(programme.rate).integrated_loudness(programme.samples)
        assert theirs == pytest.approx(programme.ours.integrated_lufs, abs=0.06), programme.path.stem
