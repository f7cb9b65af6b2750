"""Signal processing: decibels, curves, keyed noise, filters. Independent of presets, cues and files."""
