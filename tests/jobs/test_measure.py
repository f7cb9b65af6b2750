"""The report of a file, with and without the hash that only its JSON states."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import soundfile

from audio_pipeline.jobs.measure import Known, figures_of_file, measure_file


def test_the_figures_are_the_report_without_the_hash(tmp_path: Path) -> None:
    path = tmp_path / "mix.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(1).standard_normal((16_000, 2)), 16_000, "PCM_24")
    report, figures = measure_file(path, Known()), figures_of_file(path, Known())
    assert report.files == {"mix.wav": hashlib.sha256(path.read_bytes()).hexdigest()}
    assert figures.files == {"mix.wav": None}
    assert figures.model_copy(update={"files": report.files}) == report
