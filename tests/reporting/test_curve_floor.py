from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from audio_pipeline.reporting.facts import MixFacts
from audio_pipeline.reporting.report import report_of_file


def test_the_curves_stop_at_100_db_below_full_scale(tmp_path: Path) -> None:
    rate, path = 48_000, tmp_path / "fade.wav"
    fade = 10 ** (np.linspace(-60, -140, 8 * rate) / 20)
    soundfile.write(path, fade * np.sin(np.pi / 24 * np.arange(8 * rate)), rate, subtype="DOUBLE")
    curves = report_of_file(path, MixFacts("fade"), path.name).curves
    for name in ("momentary_lufs", "short_term_lufs", "level_dbfs"):
        values = [value for value in getattr(curves, name) if value is not None]
        assert -100.0 <= min(values) < -98.0
        assert getattr(curves, name)[-1] is None
