"""Batches of languages that are locked to one picture: one bed, one cue sheet, every overrun named."""

from __future__ import annotations

import csv
import io
import json
import pickle
from pathlib import Path

import pytest

from audio_pipeline.errors import PresetError
from audio_pipeline.jobs.batch.locks import GivenReport
from audio_pipeline.jobs.batch.mix_task import Outcome, is_unchanged
from audio_pipeline.jobs.batch.plan import Mix, matrices_of, plan
from audio_pipeline.jobs.batch.results import write_overview
from audio_pipeline.jobs.batch.run import BatchOptions, run
from audio_pipeline.jobs.reference import ReferenceMix, read_reference
from audio_pipeline.memo.store import Cache
from audio_pipeline.preset.batch_schema import batch_schema
from audio_pipeline.preset.project import Project
from audio_pipeline.reporting.report_file import read_report
from tests.locks import BATCH, locked_film


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return locked_film(tmp_path_factory.mktemp("film"))


def planned(film: Project, text: str, out: Path | None = None, report: Path | None = None) -> list[Mix]:
    file = film.presets / "b.batch.toml"
    file.write_text(text)
    given = None if report is None else GivenReport(read_reference(report), report)
    return plan(film, matrices_of(film, [str(file)], False), out or film.renders, given)


def rendered(mixes: list[Mix], **how: object) -> dict[str, Outcome]:
    out = mixes[0].out
    outcomes = {o.name: o for o in run(mixes, out, BatchOptions(**how))}  # type: ignore[arg-type]
    write_overview(mixes, outcomes, out)
    return outcomes


def rows(out: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((out / "overruns.csv").read_text())))


LOCKED = 'reference = "en"\n' + BATCH


def test_languages_have_one_picture_and_one_bed(film: Project) -> None:
    free, locked = planned(film, BATCH), planned(film, LOCKED)
    assert [mix.name for mix in free] == [f"{p}_{n}" for p in ("dub", "bed") for n in ("en", "de", "fr")]
    assert [mix.name for mix in locked] == ["dub_en", "dub_de", "dub_fr", "bed"]
    assert len({mix.length_s for mix in locked}) == 1
    assert len({mix.length_s for mix in free}) > 1
    bed = locked[-1]
    assert bed.language == ""
    assert bed.preset is not None
    assert bed.preset.layers["voice_a"].stem == "stems/en_a.wav"  # type: ignore[attr-defined]
    assert [bool(mix.overruns) for mix in locked] == [False, True, False, False]


def test_languages_are_a_family_whose_first_mix_renders_the_bed(film: Project) -> None:
    dubs = planned(film, LOCKED)[:3]
    assert len({mix.family for mix in dubs}) == 1
    layers = dubs[0].preset.layers  # type: ignore[union-attr]
    assert any(layer.stems() for layer in layers.values())


def test_slots_for_all_voices_make_one_bed_too(film: Project) -> None:
    slots = '[set]\n"voice_a.slot" = "900ms"\n"voice_b.slot" = "800ms"\n'
    assert [mix.name for mix in planned(film, BATCH + slots)][3:] == ["bed"]
    one = '[set]\n"voice_a.slot" = "900ms"\n'
    assert len(planned(film, BATCH + one)) == 6


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ('[[exclude]]\nlanguage = "en"\n', ["dub_de", "dub_fr", "bed"]),
        ('[[exclude]]\npreset = "bed"\n', ["dub_en", "dub_de", "dub_fr"]),
        ('[vary]\n"dropout.fade" = ["80ms", "90ms"]\n', None),
    ],
)
def test_exclusions_and_values_that_vary(film: Project, more: str, names: list[str] | None) -> None:
    mixes = planned(film, LOCKED + more)
    assert not any(mix.failure for mix in mixes)
    if names is not None:
        assert [mix.name for mix in mixes] == names
        assert next(m for m in mixes if m.name == "dub_de").length_s == planned(film, LOCKED)[1].length_s
    else:
        assert [m.name for m in mixes if m.base == "bed"] == ["bed_fade-80ms", "bed_fade-90ms"]


def test_a_single_mix_of_the_file_is_locked_too(film: Project) -> None:
    single = '[[mix]]\npreset = "dub"\nname = "alone"\nlanguage = "de"\n'
    alone = planned(film, LOCKED + single)[-1]
    assert isinstance(alone.reference, ReferenceMix)
    assert alone.length_s == planned(film, LOCKED)[0].length_s
    assert alone.overruns == planned(film, LOCKED)[1].overruns


def test_a_bed_that_each_language_plays_otherwise_is_not_one_for_all(film: Project) -> None:
    (film.presets / "crowd.toml").write_text(
        'extends = "bed"\n[layers.crowd]\nkind = "clip"\nstem = "stems/en_a.wav"\n'
        '[layers.voice_a]\nslot = "1s"\n[layers.voice_b]\nslot = "1s"\n'
    )
    text = BATCH.replace('["dub", "bed"]', '["crowd"]')
    assert [m.name for m in planned(film, text)] == ["crowd"]
    crowds = text.replace("\nvoice_b", '\ncrowd = "stems/de_a.wav"\nvoice_b', 1)
    assert len(planned(film, crowds)) == 2  # that of the first language, and one for the others


def test_two_single_mixes_of_a_bed_are_one_and_names_make_two(film: Project) -> None:
    single = '[[mix]]\npreset = "bed"\nlanguage = "{}"\n'
    text = LOCKED + single.format("de") + single.format("fr")
    assert [m.name for m in planned(film, text)][3:] == ["bed"]
    named = LOCKED + single.format("de") + 'name = "other"\n'
    assert [m.name for m in planned(film, named)][3:] == ["bed", "other"]


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('reference = "eng"\n', "reference has no language 'eng'"),
        ("reference = 3\n", "reference is 3"),
        ('reference = ""\n', 'reference is ""'),
    ],
)
def test_a_reference_that_is_no_language_is_refused(film: Project, line: str, named: str) -> None:
    with pytest.raises(PresetError) as caught:
        planned(film, line + BATCH)
    assert named in caught.value.message


def test_a_reference_without_its_recording_fails_each_mix_and_says_whose(film: Project) -> None:
    broken = LOCKED.replace("stems/en_a.wav", "stems/gone.wav")
    for mix in planned(film, broken):
        assert mix.failure is not None
        assert "gone.wav" in mix.failure


def test_the_batch_is_rendered_once_and_found_again(film: Project, tmp_path: Path) -> None:
    out = tmp_path / "out"
    mixes, cache = planned(film, LOCKED, out), Cache(tmp_path / "cache")
    assert pickle.loads(pickle.dumps(mixes)) is not None  # they go to other processes and hosts
    first = rendered(mixes, jobs=2, cache=cache)
    assert {o.status for o in first.values()} == {"rendered"}
    reports = [read_report(out / f"{m.name}.report.json") for m in mixes]
    assert len({report.cues for report in reports}) == 1
    assert len({json.dumps(str(report.slots)) for report in reports}) == 1
    assert [bool(first[m.name].overruns) for m in mixes] == [False, True, False, False]
    assert rows(out) == [
        {"language": "de", "voice": "voice_a", "seconds_too_long": "1.0", "from_s": "1.4"},
        {"language": "de", "voice": "voice_b", "seconds_too_long": "0.7", "from_s": "2.9"},
    ]
    whole = json.loads((out / "batch.json").read_text())
    assert {w["code"] for w in whole["mixes"][1]["overruns"]} >= {"line_over_slot", "voice_cut"}
    assert "overruns, longest 1.000 s" in (out / "index.html").read_text()
    again = rendered(mixes, jobs=1, cache=cache)
    assert {o.status for o in again.values()} == {"unchanged"}
    assert [o.overruns for o in again.values()] == [first[n].overruns for n in again]


def test_another_reference_is_another_mix(film: Project, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    mixes = [m for m in planned(film, LOCKED, tmp_path) if m.name == "dub_fr"]
    rendered(mixes, cache=cache)
    assert is_unchanged(mixes[0], cache)
    for text in (LOCKED.replace('reference = "en"', 'reference = "de"'), BATCH):
        other = next(m for m in planned(film, text, tmp_path) if m.name == "dub_fr")
        assert not is_unchanged(other, cache)


def test_a_batch_without_overruns_writes_the_head_alone(film: Project, tmp_path: Path) -> None:
    mixes = [m for m in planned(film, LOCKED, tmp_path) if m.name == "dub_fr"]
    rendered(mixes, cache=None)
    assert (tmp_path / "overruns.csv").read_text() == "language,voice,seconds_too_long,from_s\n"


def test_a_report_locks_every_mix_that_agrees_with_it(film: Project, tmp_path: Path) -> None:
    english = [m for m in planned(film, BATCH, tmp_path) if m.name == "dub_en"]
    rendered(english, cache=None)
    report = tmp_path / "dub_en.report.json"
    (film.presets / "other.toml").write_text('extends = "dub"\n[layers.grain]\nlevel = "-50 dBFS"\n')
    mixes = planned(film, BATCH.replace('["dub", "bed"]', '["dub", "bed", "other"]'), report=report)
    assert [m.name for m in mixes if m.failure is None] == ["dub_en", "dub_de", "dub_fr", "bed"]
    assert {m.length_s for m in mixes if m.failure is None} == {english[0].length_s}
    for mix in mixes:
        if mix.base == "other":
            assert mix.failure is not None
            assert "layers.grain.level" in mix.failure


PROGRAMME = '[set]\n"master.anchor" = "programme"\n"master.target" = "-20 LUFS"\n'


def test_a_bed_takes_the_gain_of_its_full_mix_after_that_was_rendered(
    film: Project, tmp_path: Path
) -> None:
    mixes = planned(film, LOCKED + PROGRAMME, tmp_path)
    assert [m.full_mix for m in mixes] == [None, None, None, "dub_en"]
    outcomes = rendered(mixes[::-1], cache=None)
    assert {o.status for o in outcomes.values()} == {"rendered"}
    full, bed = (read_report(tmp_path / f"{n}.report.json") for n in ("dub_en", "bed"))
    assert bed.gains.programme_db == full.gains.programme_db not in (None, 0.0)


def test_a_bed_without_its_full_mix_says_what_is_missing(film: Project) -> None:
    (bed,) = planned(film, (LOCKED + PROGRAMME).replace('["dub", "bed"]', '["bed"]'))
    assert bed.failure is not None
    assert "no full mix in 'en'" in bed.failure


def test_the_schema_knows_the_reference() -> None:
    assert batch_schema()["properties"]["reference"]["type"] == "string"
