"""Renders in a child process with pinned arithmetic, for a process that has already imported NumPy.

The library never changes the environment of its process, and NumPy reads it only at import: see
`dsp.arithmetic`.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from audio_pipeline.dsp.arithmetic import pin
from audio_pipeline.errors import AudioPipelineError, RenderError
from audio_pipeline.jobs.render import Order, render
from audio_pipeline.jobs.render_files import RenderFiles
from audio_pipeline.memo.store import Cache
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.model import LoudnessReport


@dataclass(frozen=True)
class PinnedRender:
    """The result of a child process: the files of the set, and the report, None for an excerpt."""

    files: RenderFiles
    report: LoudnessReport | None


def render_pinned(order: Order) -> PinnedRender:
    """Render as the command does: the same bytes on every x86-64 machine with AVX2.

    Raises as `render`, and RenderError when the child process ends without an answer.
    """
    environment = dict(os.environ)
    pin(environment)
    cache = None if order.cache is None else (order.cache.folder, order.cache.limit_bytes)
    path = [str(Path(entry).resolve()) for entry in sys.path]  # "" is the parent's folder
    child = f"import sys; sys.path[:] = {path!r}; from audio_pipeline.jobs.pinned import serve; serve()"
    done = subprocess.run(  # noqa: S603 - this interpreter, our own words
        [sys.executable, "-c", child],
        input=pickle.dumps((replace(order, cache=None), cache)),
        stdout=subprocess.PIPE,
        env=environment,
        check=False,
    )
    try:
        answer = pickle.loads(done.stdout)  # noqa: S301 - from our own child
    except (EOFError, pickle.UnpicklingError) as error:
        raise RenderError(
            f"the child process that renders {order.preset.name} ended with status {done.returncode}",
            hint="When memory runs out, the system ends processes: try fewer --workers.",
        ) from error
    if isinstance(answer, PinnedRender):
        return answer
    kind, message, hint = answer
    raise kind(message, hint=hint)


def serve() -> None:
    """Read an order from stdin, render it, and write the answer to stdout: the child of `render_pinned`."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as out:
        os.dup2(
            sys.stderr.fileno(), sys.stdout.fileno()
        )  # keeps the prints of libraries out of the answer
        pickle.dump(_answer(), out)


def _answer() -> PinnedRender | tuple[type[AudioPipelineError], str, str | None]:
    order, kept = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own parent
    try:
        made = render(order if kept is None else replace(order, cache=Cache(*kept)))
    except AudioPipelineError as error:
        return type(error), error.message, error.hint
    return PinnedRender(made.files, made.report)
