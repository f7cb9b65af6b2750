"""The supported sample rates and channel counts of recordings."""

from __future__ import annotations

from audio_pipeline.dsp.layouts import MOST_CHANNELS

RATES_HZ = (8_000, 192_000)
"""The supported sample rates, lowest and highest."""
CHANNELS = (1, MOST_CHANNELS)
"""The supported channel counts, fewest and most."""
