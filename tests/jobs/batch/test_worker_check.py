"""Each worker is asked before each mix; one that would make other bytes leaves it to others, with a reason."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from audio_pipeline.errors import RenderError
from audio_pipeline.jobs.batch import cluster, worker_check
from audio_pipeline.jobs.batch.mix_task import Outcome
from audio_pipeline.jobs.batch.plan import Mix, matrices_of, plan
from audio_pipeline.jobs.batch.run import BatchOptions, run
from audio_pipeline.jobs.batch.worker_check import Inquiry, refusal
from audio_pipeline.preset.batch_file import parse_vary
from audio_pipeline.preset.project import Project

FADES = "dropout.fade=80ms,250ms,400ms"


def _mixes(project: Project, preset: str = "tiny") -> list[Mix]:
    axes = parse_vary([FADES])
    return plan(
        project, [m.varying(axes) for m in matrices_of(project, [preset], False)], project.renders
    )


# --- what a worker is asked


@pytest.fixture
def mix(tiny: Project) -> Mix:
    tiny.renders.mkdir(exist_ok=True)
    return _mixes(tiny, "voiced")[0]


VERSIONS = ["NumPy", "SciPy", "arithmetic", "soundfile", "libsndfile", "soxr", "render-ending"]


@pytest.mark.parametrize("name", VERSIONS)
def test_a_worker_with_another_version_refuses_and_names_it(
    mix: Mix, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    asked = Inquiry().asked(mix)
    assert refusal(asked, "w") is None
    there = {**worker_check.versions(), name: "another"}
    monkeypatch.setattr(worker_check, "versions", lambda: there)
    found = refusal(asked, "w")
    assert found is not None
    assert f"its {name} is another, here it is {asked.versions[name]}" in found.reason
    assert ("OPENBLAS_CORETYPE=Haswell" in found.hint) is (name == "arithmetic")


def test_code_that_changes_while_a_worker_runs_is_noticed(
    mix: Mix, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Inquiry().asked(mix)
    monkeypatch.setattr(worker_check, "sources_key", lambda package: "edited")
    found = refusal(asked, "w")
    assert found is not None
    assert "its render-ending is edited, after a change while it ran" in found.reason


@pytest.mark.parametrize("change", ["other bytes", "removed"])
def test_a_stem_that_is_another_one_there_is_noticed(mix: Mix, change: str) -> None:
    asked = Inquiry().asked(mix)
    stem = mix.root / "stems" / "voice_a.flac"
    stem.unlink()
    if change == "other bytes":
        shutil.copy(mix.root / "stems" / "voice_b.flac", stem)
    found = refusal(asked, "w")
    assert found is not None
    assert f"sees another {stem}" in found.reason


def test_a_folder_that_is_not_there_is_noticed(mix: Mix) -> None:
    found = refusal(Inquiry().asked(replace(mix, out=mix.out / "elsewhere")), "w")
    assert found is not None
    assert found.reason == f"does not see {mix.out / 'elsewhere'}"


def test_ffmpeg_is_asked_for_only_where_a_stem_needs_it(
    mix: Mix, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "ffmpeg" not in Inquiry().asked(mix).versions
    monkeypatch.setattr(worker_check, "_is_read_by_ffmpeg", lambda path: True)
    monkeypatch.setattr(worker_check, "ffmpeg_version", lambda: "one")
    asked = Inquiry().asked(mix)
    assert asked.versions["ffmpeg"] == "one"
    monkeypatch.setattr(worker_check, "ffmpeg_version", lambda: "another")
    found = refusal(asked, "w")
    assert found is not None
    assert "its ffmpeg is another, here it is one" in found.reason


# --- a cluster of threads of this process

pytestmark = pytest.mark.filterwarnings("ignore")  # Dask's own, at shutdown


@pytest.fixture
def dask() -> Any:
    return pytest.importorskip("distributed", reason="Dask is not installed (the extra [cluster])")


@pytest.fixture
def started(dask: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Any]]:
    monkeypatch.setattr(cluster, "_LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(cluster, "_ANSWER_S", 1.0)
    there = []

    def start(workers: int) -> Any:
        there.append(
            dask.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=False,
                protocol="tcp",
                dashboard_address=None,
                host="127.0.0.1",
            )
        )
        return there[-1]

    yield start
    for local in there:
        local.close(timeout=5)


def _run(project: Project, address: str, **how: Any) -> Iterator[Outcome]:
    options = BatchOptions(scheduler=address, **how)
    return run(_mixes(project), project.renders, options)


def _refusing(monkeypatch: pytest.MonkeyPatch, *workers: str) -> list[str]:
    """Make these workers' code another one; returns who was asked, as it grows."""
    here, asked = worker_check._code_now, []

    def code() -> str:
        worker = worker_check._worker() if threading.current_thread() is not main else ""
        asked.append(worker)
        return "other code" if worker in workers else here()

    main = threading.main_thread()
    monkeypatch.setattr(worker_check, "_code_now", code)
    return asked


def test_a_worker_that_refuses_leaves_its_mixes_to_another(
    tiny: Project, started: Callable[[int], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    local = started(2)
    bad, good = (worker.address for worker in local.workers.values())
    asked, said = _refusing(monkeypatch, bad), []
    outcomes = list(_run(tiny, local.scheduler_address, on_notice=said.append))
    assert [o.status for o in outcomes] == ["rendered"] * 3
    assert {bad, good} <= set(asked)
    assert len(said) == 1
    assert said[0].startswith(f"the Dask worker {bad} would not make the same bytes: its render-ending")


def test_a_worker_that_joins_late_with_other_code_renders_nothing(
    tiny: Project, started: Callable[[int], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    local = started(1)
    (good,) = (worker.address for worker in local.workers.values())
    asked: list[str] = []
    here = worker_check.refusal

    def checked(wanted: Any, worker: str) -> Any:
        asked.append(worker)
        if worker == good:
            return here(wanted, worker)
        return worker_check.Refusal(worker, "would not make the same bytes", "hint")

    monkeypatch.setattr(worker_check, "refusal", checked)
    outcomes = _run(tiny, local.scheduler_address)
    done = [next(outcomes)]
    local.scale(2)
    done += outcomes
    assert [o.status for o in done] == ["rendered"] * 3


def test_when_all_workers_refuse_each_mix_fails_with_the_reason(
    tiny: Project, started: Callable[[int], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    local = started(1)
    _refusing(monkeypatch, *(worker.address for worker in local.workers.values()))
    outcomes = list(_run(tiny, local.scheduler_address, wait_s=0.2))
    assert [o.status for o in outcomes] == ["failed"] * 3
    assert all("its render-ending is other code, here it is" in str(o.error) for o in outcomes)
    assert not list(tiny.renders.glob("*.wav"))


def test_without_a_worker_it_says_so_and_fails_after_the_wait(
    tiny: Project, started: Callable[[int], Any]
) -> None:
    local, said = started(0), []
    with pytest.raises(RenderError, match=r"has no workers, and none came in 0\.2 s; 0 of 3 mixes"):
        list(_run(tiny, local.scheduler_address, wait_s=0.2, on_notice=said.append))
    assert said == [
        f"the Dask scheduler at {local.scheduler_address} has no workers; waiting 0.2 s (--wait)"
    ]


def test_a_worker_that_comes_while_it_waits_takes_the_mixes(
    tiny: Project, started: Callable[[int], Any]
) -> None:
    local = started(0)
    outcomes = list(
        _run(tiny, local.scheduler_address, wait_s=60.0, on_notice=lambda text: local.scale(1))
    )
    assert [o.status for o in outcomes] == ["rendered"] * 3


def test_when_all_workers_are_lost_what_is_finished_stays(
    tiny: Project, started: Callable[[int], Any]
) -> None:
    local, said = started(1), []
    outcomes = _run(tiny, local.scheduler_address, wait_s=0.2, on_notice=said.append)
    first = next(outcomes)
    local.scale(0)
    local.sync(local._correct_state)
    rest: list[Outcome] = []
    with pytest.raises(
        RenderError, match=r"has no workers, and none came in .*; \d of 3 mixes are done"
    ):
        rest.extend(outcomes)
    assert any("has no workers; waiting" in text for text in said)
    assert (tiny.renders / f"{first.name}.wav").is_file()


def test_when_the_scheduler_is_lost_what_is_finished_stays(
    tiny: Project, started: Callable[[int], Any], capfd: pytest.CaptureFixture[str]
) -> None:
    local, said = started(1), []
    address = local.scheduler_address
    outcomes = _run(tiny, address, wait_s=0.2, on_notice=said.append)
    first = next(outcomes)
    local.close(timeout=5)
    with pytest.raises(RenderError, match=r"scheduler at .* is lost, and did not come back in 0\.2 s"):
        list(outcomes)
    assert said == [f"the Dask scheduler at {address} is lost; waiting 0.2 s (--wait)"]
    assert "Traceback" not in capfd.readouterr().err
    assert (tiny.renders / f"{first.name}.wav").is_file()
