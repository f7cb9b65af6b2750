"""`python -m audio_pipeline` is the command `render-ending`."""

from audio_pipeline.cli.main import main

if __name__ == "__main__":
    main()
