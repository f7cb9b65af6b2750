"""Write audio files: samples, chunks, and the rename that makes a complete file visible."""
