"""Read, condition and write audio files; whatever is written is whole or not there."""
