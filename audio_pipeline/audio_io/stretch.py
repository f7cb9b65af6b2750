"""A recording spoken a little faster at the same pitch, by Signalsmith Stretch (python-stretch, MIT).

Words stay within a few milliseconds of where they belong. Its samples are float32, and always the same ones.
"""

from __future__ import annotations

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.errors import StemError

_PAD_S = 0.12
"""Silence before and after, a block of the library: the first and the last word are whole."""


def stretch_version() -> str:
    """The version of python-stretch, for keys; empty where it is not installed."""
    from importlib.metadata import PackageNotFoundError, version  # takes as long as a short stem

    try:
        return version("python-stretch")
    except PackageNotFoundError:
        return ""


def stretched(samples: Samples, length: int, sample_rate_hz: int) -> Samples:
    """`samples` `(n, channels)` made to last `length` samples, `(length, channels)`, at the same pitch.

    Raises StemError when python-stretch is not installed.
    """
    try:
        from python_stretch import Signalsmith  # an extra: few mixes stretch anything
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
