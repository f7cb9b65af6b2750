"""The same batch on a Dask cluster: a local one, and a scheduler and workers started by command."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from audio_pipeline.errors import RenderError
from audio_pipeline.jobs.batch.plan import matrices_of, plan
from audio_pipeline.jobs.batch.run import BatchOptions, run
from audio_pipeline.memo.store import Cache
from audio_pipeline.preset.batch_file import parse_vary
from audio_pipeline.preset.project import Project

FADES = {"dropout.fade": "dropout.fade=80ms,250ms"}


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".md"}


def _made(project: Project, out: Path, **how: object) -> dict[str, bytes]:
    matrices = [m.varying(parse_vary(FADES.values())) for m in matrices_of(project, ["tiny"], False)]
    mixes = [replace(mix, out=out) for mix in plan(project, matrices, out)]
    outcomes = list(run(mixes, out, BatchOptions(**how)))  # type: ignore[arg-type]
    assert [o.status for o in outcomes] == ["rendered"] * 2, outcomes
    return _bytes(out)


def test_without_dask_a_scheduler_is_refused_with_what_to_install(
    tiny: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(RenderError, match="not installed") as caught:
        _made(tiny, tiny.renders, scheduler="tcp://127.0.0.1:1")
    assert "cluster" in caught.value.hint


@contextmanager
def _started(*command: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    process = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli." + command[0], *command[1:]],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def test_a_scheduler_and_two_workers_started_by_command_make_the_same_bytes(
    tiny: Project, tmp_path: Path
) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed (the extra [cluster])")
    wanted = _made(tiny, tmp_path / "here", jobs=1)
    local = ("--host", "127.0.0.1", "--no-dashboard")
    with _started("dask_scheduler", *local, "--port", "0") as scheduler:
        address = next(
            found[0]
            for line in scheduler.stderr
            if (found := re.search(r"tcp://127\.0\.0\.1:\d+", line)) and "Scheduler at" in line
        )
        with pytest.raises(RenderError, match="no workers"):
            _made(tiny, tmp_path / "nobody", scheduler=address, wait_s=0.0)
        worker = ("dask_worker", address, *local, "--nthreads", "1", "--local-directory", str(tmp_path))
        with _started(*worker, "--name", "a") as a, _started(*worker, "--name", "b") as b:
            for process in (a, b):
                next(line for line in process.stderr if "Starting established connection" in line)
            made = _made(tiny, tmp_path / "there", scheduler=address, cache=Cache(tmp_path / "c"))
    assert made == wanted


@pytest.mark.filterwarnings("ignore")  # Dask's own, at shutdown
def test_a_local_cluster_makes_the_same_bytes(tiny: Project, tmp_path: Path) -> None:
    distributed = pytest.importorskip(
        "distributed", reason="Dask is not installed (the extra [cluster])"
    )
    wanted = _made(tiny, tmp_path / "here", jobs=1)
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        dashboard_address=None,
        host="127.0.0.1",
    ) as cluster:
        made = _made(tiny, tmp_path / "there", scheduler=cluster.scheduler_address)
    assert made == wanted


@pytest.mark.filterwarnings("ignore")
def test_an_address_without_a_scheduler_is_one_sentence(
    tiny: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed (the extra [cluster])")
    monkeypatch.setattr("audio_pipeline.jobs.batch.cluster._CONNECT_S", 0.3)
    with pytest.raises(RenderError, match=r"no Dask scheduler runs at tcp://127\.0\.0\.1:9"):
        _made(tiny, tiny.renders, scheduler="tcp://127.0.0.1:9")
