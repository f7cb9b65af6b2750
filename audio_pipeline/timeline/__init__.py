"""Time: timecode, cues, spans and tiles, exact in rationals until it becomes whole samples."""
