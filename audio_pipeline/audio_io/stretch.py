"""Time-stretching of a recording at the same pitch, by Signalsmith Stretch (python-stretch, MIT).

Words stay within a few milliseconds of their scaled times. The library computes in float32; its output is
deterministic.
"""

from __future__ import annotations

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.errors import StemError

_PAD_S = 0.12
"""Silence added before and after, one block of the library, so that the first and last word are complete."""


def stretch_version() -> str:
    """The version of python-stretch, for cache keys; empty when it is not installed."""
    from importlib.metadata import PackageNotFoundError, version  # slow: as long as a short stem

    try:
        return version("python-stretch")
    except PackageNotFoundError:
        return ""


def stretched(samples: Samples, length: int, sample_rate_hz: int) -> Samples:
    """`samples` `(n, channels)` stretched to `(length, channels)` at the same pitch.

    Raises StemError when python-stretch is not installed.
    """
    try:
        from python_stretch import Signalsmith  # an extra, because few mixes stretch
    except ImportError as error:
        raise StemError(
            'fit = "stretch" needs the package python-stretch, which is not installed',
            hint="Install it with: pip install 'render-ending[stretch]'",
        ) from error
    pad = round(_PAD_S * sample_rate_hz)
    factor = len(samples) / length
    stretch = Signalsmith.Stretch()
    stretch.preset(samples.shape[1], float(sample_rate_hz))
    stretch.setTimeFactor(factor)
    padded = np.pad(samples, ((pad, pad), (0, 0))).T.astype(np.float32)
    made = np.asarray(stretch.process(padded), dtype=np.float64).T
    start = round(pad / factor)
    out = np.zeros((length, samples.shape[1]))
    kept = made[start : start + length]
    out[: len(kept)] = kept
    return out
