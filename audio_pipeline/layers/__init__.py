"""The sounds. One file a sound: its parameters, with units, and its render."""
