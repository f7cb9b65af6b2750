"""Batches rendered: the same bytes by every executor, whole files however they end, bad mixes alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from audio_pipeline.jobs.batch.mix_task import Outcome, Task, is_unchanged
from audio_pipeline.jobs.batch.plan import Mix, matrices_of, plan
from audio_pipeline.jobs.batch.run import BatchOptions, run
from audio_pipeline.jobs.batch.worker_pool import WorkerPool, _Queue
from audio_pipeline.jobs.render import Order, render
from audio_pipeline.memo.store import Cache
from audio_pipeline.preset.batch_file import parse_vary
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project

FADES = "dropout.fade=80ms,250ms,400ms"


def _mixes(project: Project, *vary: str, things: tuple[str, ...] = ("tiny",)) -> list[Mix]:
    axes = parse_vary(vary)
    return plan(project, [m.varying(axes) for m in matrices_of(project, things, False)], project.renders)


def _run(project: Project, mixes: list[Mix], **how: object) -> dict[str, Outcome]:
    return {o.name: o for o in run(mixes, project.renders, BatchOptions(**how))}  # type: ignore[arg-type]


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def test_every_mix_of_a_batch_is_byte_equal_to_its_single_render(tiny: Project, tmp_path: Path) -> None:
    mixes = _mixes(tiny, FADES)
    assert {o.status for o in _run(tiny, mixes, jobs=2, cache=Cache(tmp_path / "c")).values()} == {
        "rendered"
    }
    for mix, fade in zip(mixes, ("80ms", "250ms", "400ms"), strict=True):
        alone = build_preset(load_document(tiny, "tiny", (f"dropout.fade={fade}",)))
        done = render(Order(tiny, replace(alone, name=mix.name), tmp_path / "alone"))
        assert done.master.file.read_bytes() == mix.master.read_bytes()
        report = tiny.renders / f"{mix.name}.report.json"
        assert done.files.report.read_bytes() == report.read_bytes()


def test_one_process_and_several_make_the_same_bytes_and_leave_nothing_else(
    tiny: Project, tmp_path: Path
) -> None:
    mixes = _mixes(tiny, FADES)
    made = []
    for jobs in (1, 2):
        _run(tiny, mixes, jobs=jobs, cache=None)
        made.append(_bytes(tiny.renders))
        for path in tiny.renders.iterdir():
            path.unlink()
    assert made[0] == made[1]
    assert len(made[0]) == 9


def test_a_second_run_renders_nothing_until_something_changes(tiny: Project, tmp_path: Path) -> None:
    cache, mixes = Cache(tmp_path / "c"), _mixes(tiny, FADES, things=("voiced",))
    _run(tiny, mixes, cache=cache)
    before = {p: p.stat().st_mtime_ns for p in tiny.renders.iterdir()}
    assert {o.status for o in _run(tiny, mixes, cache=cache).values()} == {"unchanged"}
    assert {p: p.stat().st_mtime_ns for p in tiny.renders.iterdir()} == before

    with mixes[0].master.open("r+b") as file:  # somebody meddled with one byte
        file.seek(5000)
        byte = file.read(1)
        file.seek(5000)
        file.write(bytes([byte[0] ^ 1]))
    (tiny.renders / f"{mixes[1].name}.report.json").unlink()
    again = _run(tiny, mixes, cache=cache)
    assert [again[mix.name].status for mix in mixes] == ["rendered", "rendered", "unchanged"]

    stem = tiny.root / "stems" / "voice_a.flac"
    stem.write_bytes((tiny.root / "stems" / "fr_a.flac").read_bytes())
    assert not any(is_unchanged(mix, cache) for mix in mixes)
    later = _mixes(tiny, FADES, things=("voiced",))
    assert {o.status for o in _run(tiny, later, cache=cache).values()} == {"rendered"}


def test_a_bad_mix_fails_alone_with_its_reason(tiny: Project) -> None:
    (tiny.presets / "gone.toml").write_text('extends = "voiced"\n[layers.voice_a]\nstem = "no.wav"')
    (tiny.presets / "mute.toml").write_text(
        'extends = "tiny"\n[layers.room]\non = false\n[layers.grain]\non = false'
    )
    outcomes = _run(tiny, _mixes(tiny, things=("*",)), jobs=2)
    assert {n: o.status for n, o in outcomes.items()} == {
        "gone": "failed",
        "mute": "failed",
        "tiny": "rendered",
        "voiced": "rendered",
    }
    assert "no.wav" in outcomes["gone"].error
    assert "has no loudness" in outcomes["mute"].error
    assert not list(tiny.renders.glob("mute*"))
    first = list(run(_mixes(tiny, things=("*",)), tiny.renders, BatchOptions(fail_fast=True)))
    assert [o.status for o in first] == ["failed"]


def test_a_process_that_dies_costs_its_own_mix_only(tiny: Project) -> None:
    tasks = [Task(mix, None) for mix in _mixes(tiny, FADES)]
    killed: list[str] = []
    with WorkerPool(2) as crew:

        def told(mix: Mix, share: float) -> None:
            if share > 0 and not killed:
                killed.append(mix.name)
                worker = next(w for w in crew._workers if w.task and w.task.mix.name == mix.name)
                os.kill(worker.process.pid, signal.SIGKILL)

        outcomes = {o.name: o for o in crew.work(tasks, told)}
    assert len(outcomes) == 3
    assert {n for n, o in outcomes.items() if o.status == "failed"} == set(killed)
    assert "signal 9" in outcomes[killed[0]].error


def test_of_a_family_the_first_goes_ahead_with_all_threads_and_others_fill_the_crew() -> None:
    cache = Cache(Path("nowhere"))
    mixes = [Mix(f"m{n}", Path(), Path(), "p", family="ab"[n // 3]) for n in range(6)]
    queue = _Queue([Task(mix, cache) for mix in mixes], 4)
    first, second = queue.take(), queue.take()
    assert (first.mix.name, second.mix.name) == ("m0", "m3")
    assert (first.threads, second.threads) == (2, 2)
    assert queue.take() is None
    queue.done(first)
    assert [queue.take().mix.name for _ in range(2)] == ["m1", "m2"]
    assert queue.take() is None
    alone = _Queue([Task(mix, cache) for mix in mixes[:3]], 4)
    assert alone.take().threads == 4
    assert alone.take() is None
    free = _Queue([Task(mix, None) for mix in mixes], 4)
    assert [free.take().threads for _ in range(4)] == [1, 1, 1, 1]


def _command(project: Project, *arguments: str) -> subprocess.Popen[str]:
    return _python("-m", "audio_pipeline", "batch", *arguments, project=project)


def _python(*arguments: str, project: Project) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=project.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


@pytest.fixture(scope="module")
def undisturbed(shared_tiny: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("undisturbed")
    process = _command(shared_tiny, "tiny", "--vary", FADES, "--out", str(out), "--no-cache")
    assert process.wait() == 0, process.communicate()
    return _bytes(out)


_ENDED_AT_A_RENAME = """
import os, signal, sys
folder, number, at, when = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
rename, done = os.replace, 0

def counting(old, new, **options):
    global done
    here = os.path.dirname(os.path.abspath(new)) == folder
    done += here
    if here and done == at and when == "before":
        os.kill(os.getpid(), number)
    rename(old, new, **options)
    if here and done == at and when == "after":
        os.kill(os.getpid(), number)

os.replace = counting
del sys.argv[1:5]
from audio_pipeline.cli.main import run
run()
"""
"""The command, ended by a signal to itself before or after a file gets its final name in a folder."""

_ENDED_AMONG_WORKERS = """
import os, signal, sys
from pathlib import Path
from audio_pipeline.jobs.batch.plan import matrices_of, plan
from audio_pipeline.jobs.batch.run import BatchOptions, run
from audio_pipeline.preset.batch_file import parse_vary
from audio_pipeline.preset.project import Project

def on_progress(mix, share):
    if share > 0:
        os.kill(os.getpid(), signal.SIGKILL)

project = Project(Path.cwd())
matrices = [m.varying(parse_vary(sys.argv[1:])) for m in matrices_of(project, ("tiny",), False)]
list(run(plan(project, matrices, project.renders), project.renders, BatchOptions(jobs=2), on_progress))
"""
"""A batch whose process is killed while its workers are at work, as soon as one tells of it."""


@pytest.mark.parametrize(
    ("number", "at", "when"),
    [
        (signal.SIGKILL, 1, "before"),
        (signal.SIGKILL, 2, "before"),
        (signal.SIGKILL, 3, "after"),
        (signal.SIGTERM, 4, "before"),
    ],
)
def test_a_batch_ended_between_two_files_and_run_again_ends_with_the_same_bytes(
    number: int, at: int, when: str, tiny: Project, undisturbed: dict[str, bytes]
) -> None:
    ended = (_ENDED_AT_A_RENAME, str(tiny.renders), str(int(number)), str(at), when)
    process = _python("-c", *ended, "batch", "tiny", "--vary", FADES, "--jobs", "1", project=tiny)
    said = process.communicate()
    assert process.returncode == (-number if number == signal.SIGKILL else 128 + number), said
    _assert_whole_and_rendered_again(tiny, undisturbed)


def test_a_batch_killed_while_its_workers_work_and_run_again_ends_with_the_same_bytes(
    tiny: Project, undisturbed: dict[str, bytes]
) -> None:
    process = _python("-c", _ENDED_AMONG_WORKERS, FADES, project=tiny)
    said = process.communicate()  # its workers have the same output: they have ended, too
    assert process.returncode == -signal.SIGKILL, said
    assert len(undisturbed) > len([p for p in tiny.renders.glob("*") if p.suffix != ".part"])
    _assert_whole_and_rendered_again(tiny, undisturbed)


def _assert_whole_and_rendered_again(project: Project, undisturbed: dict[str, bytes]) -> None:
    for path in project.renders.glob("*"):  # whatever has its final name is whole
        if path.suffix != ".part" and path.name != "README.md":
            assert path.read_bytes() == undisturbed[path.name], path.name
    again = _command(project, "tiny", "--vary", FADES, "--jobs", "1")
    said = again.communicate()
    assert again.returncode == 0, said
    assert _bytes(project.renders) == undisturbed
