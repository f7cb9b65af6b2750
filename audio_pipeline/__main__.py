"""`python -m audio_pipeline` is the command `render-ending`."""

from __future__ import annotations

import signal
from typing import NoReturn


def run() -> NoReturn:
    """Run the command as a process; for its exit status see `cli.main`."""
    # until the command takes its signals, nothing is written, and Ctrl-C need not show where it was
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from audio_pipeline.cli import main  # noqa: PLC0415 - a tenth of a second, after the signal

    main.run()


if __name__ == "__main__":
    run()
