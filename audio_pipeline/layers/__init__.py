"""The layers: one file per sound, with its parameters, their units, and its render."""
