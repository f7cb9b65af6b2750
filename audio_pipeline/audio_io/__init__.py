"""Read, condition and write audio files; a file is written completely or not at all."""
