"""Which recordings can be used."""

from __future__ import annotations

from audio_pipeline.dsp.layouts import MOST_CHANNELS

RATES_HZ = (8_000, 192_000)
"""The sample rates that can be used, lowest and highest."""
CHANNELS = (1, MOST_CHANNELS)
"""The channel counts that can be used, fewest and most."""
