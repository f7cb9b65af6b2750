"""The overview of a folder: deliveries with their clauses, and the mixes of earlier batches."""

from __future__ import annotations

import csv
import io
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from audio_pipeline.errors import RenderError
from audio_pipeline.jobs.batch.mix_task import Outcome
from audio_pipeline.jobs.batch.plan import Mix, matrices_of, plan
from audio_pipeline.jobs.batch.results import NAMES, refuse_foreign_overview, write_overview
from audio_pipeline.jobs.batch.run import BatchOptions, run
from audio_pipeline.memo.store import Cache
from audio_pipeline.preset.batch_file import parse_vary
from audio_pipeline.preset.project import Project


def _mixes(project: Project, *things: str, vary: tuple[str, ...] = ()) -> list[Mix]:
    matrices = [m.varying(parse_vary(vary)) for m in matrices_of(project, things, False)]
    return plan(project, matrices, project.renders)


def _batch(
    project: Project, *things: str, vary: tuple[str, ...] = (), **how: Any
) -> tuple[dict[str, Outcome], list[str]]:
    mixes = _mixes(project, *things, vary=vary)
    outcomes = {o.name: o for o in run(mixes, project.renders, BatchOptions(**how))}
    notes = write_overview(mixes, outcomes, project.renders) if len(outcomes) == len(mixes) else []
    return outcomes, notes


def _rows(project: Project) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((project.renders / "batch.json").read_text())["mixes"]
    table = list(csv.DictReader(io.StringIO((project.renders / "batch.csv").read_text())))
    page = (project.renders / "index.html").read_text()
    assert [row["mix"] for row in table] == [row["name"] for row in rows]
    assert all(row["name"] in page for row in rows)
    for row, line in zip(rows, table, strict=True):
        assert bool(row["failed_clauses"]) == bool(line["failed_clauses"])
        assert all(part in page for part in line["failed_clauses"].split("; ")), line
    return rows


def _names(project: Project) -> list[str]:
    return [row["name"] for row in _rows(project)]


@pytest.fixture
def judged(tiny: Project) -> Project:
    """A tiny project with a preset for a delivery that cannot be measured, one that fails and one that
    passes."""
    loud = 'extends = "tiny"\n[master]\ntarget = "-23 LUFS"\nceiling = "-1 dBTP"'
    (tiny.presets / "good.toml").write_text(loud)
    (tiny.presets / "film.toml").write_text('extends = "tiny"\n[master]\ndelivery = "netflix-nearfield"')
    return tiny


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_outcome_tells_what_became_of_its_delivery(
    judged: Project, tmp_path: Path, jobs: int
) -> None:
    (judged.presets / "voiced.toml").unlink()
    for status in ("rendered", "unchanged"):
        outcomes, _ = _batch(judged, "*", jobs=jobs, cache=Cache(tmp_path / "c"))
        assert {outcome.status for outcome in outcomes.values()} == {status}
        deliveries = {name: outcome.delivery for name, outcome in outcomes.items()}
        verdicts = {name: delivery and delivery.verdict for name, delivery in deliveries.items()}
        assert verdicts == {"tiny": "fail", "good": "pass", "film": "not measurable"}
        assert [clause.figure for clause in deliveries["tiny"].failed] == ["integrated_lufs"]
        assert "Integrated loudness: -27.0 LUFS, allowed: -23" in deliveries["tiny"].sentence()
        assert "Dialogue-stem loudness: not measurable" in deliveries["film"].sentence()
        assert deliveries["good"].failed == ()
    rows = {row["name"]: row for row in _rows(judged)}
    assert [clause["figure"] for clause in rows["tiny"]["failed_clauses"]] == ["integrated_lufs"]
    assert rows["good"]["failed_clauses"] == []


def test_fail_fast_stops_at_a_delivery_where_a_pass_is_required(judged: Project) -> None:
    for require, count in ((False, 2), (True, 1)):
        outcomes, _ = _batch(judged, "tiny", "good", fail_fast=True, require_pass=require)
        assert len(outcomes) == count


def test_fail_fast_does_not_render_mixes_that_wait_for_a_failed_delivery(judged: Project) -> None:
    """Music and effects are rendered after the full mix that sets their gain."""
    effects = 'extends = "voiced"\n[master]\nbuses = ["FX", "BG"]'
    (judged.presets / "effects.toml").write_text(effects)
    for require, names in ((False, {"voiced", "effects"}), (True, {"voiced"})):
        outcomes, _ = _batch(judged, "voiced", "effects", fail_fast=True, require_pass=require)
        assert outcomes["voiced"].delivery is not None
        assert outcomes["voiced"].delivery.verdict == "fail"
        assert set(outcomes) == names


def test_a_later_batch_keeps_the_mixes_that_are_there(judged: Project) -> None:
    _batch(judged, "tiny", vary=("dropout.fade=80ms,250ms",))
    _batch(judged, "good")
    assert _names(judged) == ["good", "tiny_fade-80ms", "tiny_fade-250ms"]
    kept = _rows(judged)[1]
    assert kept["overrides"] == {"effects.dropout.fade": "80ms"}
    assert (kept["preset"], kept["verdict"]) == ("tiny", "fail")
    # made again it stands where its batch puts it, once
    _batch(judged, "tiny", vary=("dropout.fade=250ms,80ms",))
    assert _names(judged) == ["tiny_fade-250ms", "tiny_fade-80ms", "good"]


@pytest.mark.parametrize("ending", [".wav", ".report.json"])
def test_a_mix_that_vanished_leaves_the_overview(judged: Project, ending: str) -> None:
    _batch(judged, "tiny", "good")
    (judged.renders / f"tiny{ending}").unlink()
    _batch(judged, "film")
    assert _names(judged) == ["film", "good"]


def test_a_mix_that_could_not_be_made_stays_until_it_is_made_or_its_preset_is_gone(
    judged: Project,
) -> None:
    gone = judged.presets / "gone.toml"
    gone.write_text('extends = "voiced"\n[layers.voice_a]\nstem = "no.wav"')
    _batch(judged, "gone", "good")
    _batch(judged, "tiny")
    rows = {row["name"]: row for row in _rows(judged)}
    assert "no.wav" in rows["gone"]["failure"]
    gone.unlink()
    _batch(judged, "tiny")
    assert _names(judged) == ["tiny", "good"]


def test_an_earlier_report_that_is_damaged_is_told_in_its_row(judged: Project) -> None:
    _batch(judged, "tiny", "good")
    (judged.renders / "good.report.json").write_text("{")
    _batch(judged, "tiny")
    assert (
        "good.report.json is not valid JSON" in {r["name"]: r for r in _rows(judged)}["good"]["failure"]
    )


def _damage(text: str, how: str) -> str:
    whole = json.loads(text)
    match how:
        case "cut":
            return text[: len(text) // 2]
        case "no mixes":
            del whole["mixes"]
        case "a mix is a number":
            whole["mixes"].append(3)
        case "a name leads out":
            whole["mixes"][0]["name"] = "../tiny"
        case "a name is missing":
            del whole["mixes"][0]["name"]
        case "overrides are text":
            whole["mixes"][0]["overrides"] = "x"
        case "deep":
            return text.replace('"mixes": [', '"mixes": [' + "[" * 50_000)
    return json.dumps(whole, indent=2)


DAMAGES = (
    "cut",
    "no mixes",
    "a mix is a number",
    "a name leads out",
    "a name is missing",
    "overrides are text",
    "deep",
)


def test_a_damaged_overview_is_told_and_begins_again(judged: Project) -> None:
    _batch(judged, "good")
    file = judged.renders / "batch.json"
    whole = file.read_text()
    mixes = _mixes(judged, "tiny")
    outcomes = {o.name: o for o in run(mixes, judged.renders, BatchOptions())}
    for damage in DAMAGES:
        file.write_text(_damage(whole, damage))
        notes = write_overview(mixes, outcomes, judged.renders)
        assert ["batch.json" in note and "this batch only" in note for note in notes] == [True], damage
        assert _names(judged) == ["tiny"], damage
    file.write_text("")
    assert write_overview(mixes, outcomes, judged.renders) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_not_an_overview_is_refused_before_anything_is_rendered(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(RenderError, match=name):
        refuse_foreign_overview(tmp_path)


def test_batches_that_end_together_lose_no_mix_of_each_other(judged: Project) -> None:
    batches = []
    for fade in ("80ms", "250ms", "400ms", "600ms"):
        mixes = _mixes(judged, "tiny", vary=(f"dropout.fade={fade}",))
        batches.append((mixes, {o.name: o for o in run(mixes, judged.renders, BatchOptions())}))
    threads = [threading.Thread(target=write_overview, args=(*b, judged.renders)) for b in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(_names(judged)) == sorted(mix.name for mixes, _ in batches for mix in mixes)
    assert not list(judged.renders.glob(".batch*"))
