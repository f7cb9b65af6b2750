"""Read audio files: containers, codecs, and what is wrong with a file."""
