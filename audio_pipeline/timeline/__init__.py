"""Timecode, cues, spans and tiles. Times are exact rationals until they are converted to samples."""
