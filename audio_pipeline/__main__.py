"""`python -m audio_pipeline` is the command `render-ending`."""

from audio_pipeline.cli.main import run

if __name__ == "__main__":
    run()
