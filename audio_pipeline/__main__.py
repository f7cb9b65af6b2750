"""`python -m audio_pipeline` is the command `render-ending`."""

from __future__ import annotations

import signal
from typing import NoReturn


def run() -> NoReturn:
    """Run the command as a process; see `cli.main` for its exit status."""
    # before the command handles signals, no file is written: Ctrl-C ends it without a traceback
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from audio_pipeline.cli import main  # noqa: PLC0415 - takes 0.1 s, so after the signal handler

    main.run()


if __name__ == "__main__":
    run()
