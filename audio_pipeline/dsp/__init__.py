"""Numbers only: decibels, curves, keyed noise, filters. Knows nothing of presets, cues or files."""
