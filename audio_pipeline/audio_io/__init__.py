"""Read, condition and write audio files; a file is written whole or not at all."""
