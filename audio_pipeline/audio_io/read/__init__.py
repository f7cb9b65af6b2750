"""Read audio files: containers, codecs, and their errors."""
