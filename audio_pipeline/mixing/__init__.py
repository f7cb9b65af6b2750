"""The session of a preset, and the console that mixes its tiles."""
