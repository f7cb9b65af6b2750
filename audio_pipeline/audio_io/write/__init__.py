"""Write audio files: samples, chunks, and the rename that makes a file appear whole."""
