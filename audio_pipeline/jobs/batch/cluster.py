"""The mixes of a batch on a Dask cluster: the same function, on other hosts. Needs the extra [cluster].

All hosts must see the project, and the folder of renders, at the same path.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from audio_pipeline.audio_io.read.decoders import decoder_versions
from audio_pipeline.dsp.arithmetic import arithmetic
from audio_pipeline.errors import RenderError
from audio_pipeline.jobs.batch.mix_task import OnProgress, Outcome, Task, render_one
from audio_pipeline.memo.keys import program_key

_CONNECT_S = "20s"
_PINNED = (
    "Start workers with the command's arithmetic: OPENBLAS_CORETYPE=Haswell OPENBLAS_NUM_THREADS=1"
    " NPY_ENABLE_CPU_FEATURES=X86_V3 dask worker …"
)
_SAME_VERSIONS = "Install the same versions (constraints.txt) on hosts of one kind."


def on_cluster(address: str, tasks: Sequence[Task], on_progress: OnProgress) -> Iterator[Outcome]:
    """The outcome of every task, as it comes. What is still waiting when the caller stops is cancelled.

    Raises RenderError when there is no cluster at `address`, or it cannot give the same bytes.
    """
    try:
        import distributed
    except ImportError as error:
        raise RenderError(
            "--scheduler needs Dask, which is not installed",
            hint="Install it with: pip install 'render-ending[cluster]'",
        ) from error
    dask: Any = distributed
    try:
        client = dask.Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TypeError, TimeoutError) as error:
        raise RenderError(
            f"there is no Dask scheduler at {address}",
            hint="Start one with: dask scheduler; then workers with: dask worker tcp://HOST:8786",
        ) from error
    with client:
        _check_workers(client, tasks)
        futures = {client.submit(render_one, task, pure=False): task for task in tasks}
        try:
            for future in dask.as_completed(list(futures), loop=client.loop):
                task = futures[future]
                on_progress(task.mix, 1.0)
                yield _outcome(future, task)
        finally:
            client.cancel(list(futures))


def _outcome(future: Any, task: Task) -> Outcome:
    error = future.exception()
    if error is None:
        outcome: Outcome = future.result()
        return outcome
    cause = " ".join(str(error).split())[:200]
    return Outcome(task.mix.name, "failed", error=f"the cluster task failed: {cause}")


def _check_workers(client: Any, tasks: Sequence[Task]) -> None:
    """Every worker must see the project and render the same bytes: by the same program, with the same
    arithmetic and the same decoders."""
    folders = sorted({folder for task in tasks for folder in (task.mix.root, task.mix.out)})
    found: dict[str, tuple[object, list[Path]]] = client.run(_seen, folders)
    if not found:
        raise RenderError(
            f"the Dask scheduler at {client.scheduler.address} has no workers",
            hint=f"Start some with: dask worker {client.scheduler.address}",
        )
    here = _what_decides_bytes()
    for worker, (there, missing) in found.items():
        if missing:
            raise RenderError(
                f"the Dask worker {worker} does not see {missing[0]}",
                hint="The project must lie on a disk that all hosts share, at the same path.",
            )
        if not isinstance(there, dict):  # what an earlier version answers
            raise RenderError(
                f"the Dask worker {worker} would not make the same bytes: its render-ending is another version",
                hint=_SAME_VERSIONS,
            )
        differing = [name for name in here if there.get(name) != here[name]]
        if differing:
            name = differing[0]
            raise RenderError(
                f"the Dask worker {worker} would not make the same bytes: its {name} is"
                f" {there.get(name, 'unknown')}, here it is {here[name]}",
                hint=_PINNED if name == "arithmetic" else _SAME_VERSIONS,
            )


def _what_decides_bytes() -> dict[str, str]:
    """What the bytes of a render owe to this host, by the names that a message uses."""
    return {
        "NumPy": np.__version__,
        "arithmetic": str(arithmetic()),
        **decoder_versions(),
        "render-ending": program_key(),  # of its source files; last, as it follows from the arithmetic, too
    }


def _seen(folders: Sequence[Path]) -> tuple[dict[str, str], list[Path]]:
    return _what_decides_bytes(), [folder for folder in folders if not folder.is_dir()]
