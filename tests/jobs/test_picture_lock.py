"""Renders that are locked to a reference: FX and BG are the same samples in every language."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from audio_pipeline.errors import RenderError, ReportError
from audio_pipeline.jobs.reference import ReferenceMix, read_reference, reference_of_report
from audio_pipeline.jobs.render import Order, Rendered, render
from audio_pipeline.memo.store import Cache
from audio_pipeline.preset.model import Preset
from audio_pipeline.preset.project import Project
from audio_pipeline.timeline.moments import parse_moment
from tests.conftest import REPOSITORY
from tests.locks import line, locked_film, samples, spoken

BEDS = ("FX", "BG", "ME")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return locked_film(tmp_path_factory.mktemp("film"))


def made(
    film: Project, preset: Preset, out: str, report: Path | None = None, **more: object
) -> Rendered:
    reference = None
    if report is not None:
        reference = reference_of_report(read_reference(report), report, preset)
    order = Order(film, preset, film.root / out, stems=True, page=False, reference=reference, **more)  # type: ignore[arg-type]
    return render(order)


@pytest.fixture(scope="module")
def english(film: Project) -> Rendered:
    return made(film, spoken(film, "en"), "en")


def report_of(rendered: Rendered) -> Path:
    assert rendered.files.report is not None
    return rendered.files.report


def same_beds(one: Rendered, other: Rendered) -> bool:
    return all(
        np.array_equal(samples(one.files.stems[stem]), samples(other.files.stems[stem])) for stem in BEDS
    )


@pytest.mark.parametrize(
    "sets",
    [
        (),
        ("voice_b.on=false",),
        ("voice_b.level=-3 dB", "voice_a.fit=start"),
        ('voice_a.at="voice_b + 100ms"', 'voice_b.at="voice_a"'),
    ],
    ids=["as they are", "one is off", "with values of its own", "in the other order"],
)
@pytest.mark.parametrize("language", ["de", "fr"])
def test_fx_and_bg_are_the_same_samples_in_every_language(
    film: Project, english: Rendered, language: str, sets: tuple[str, ...]
) -> None:
    other = made(film, spoken(film, language, *sets), language, report_of(english))
    assert same_beds(english, other)
    assert not np.array_equal(samples(english.files.stems["DX"]), samples(other.files.stems["DX"]))
    assert english.report is not None
    assert other.report is not None
    assert (other.report.cues, other.report.slots) == (english.report.cues, english.report.slots)
    assert other.report.duration_s == english.report.duration_s
    assert other.report.provenance["reference"] == "dub"


def test_without_a_reference_they_differ(film: Project, english: Rendered) -> None:
    assert not same_beds(english, made(film, spoken(film, "de"), "free"))


def test_slots_in_the_preset_do_the_same(film: Project) -> None:
    slots = ("voice_a.slot=900ms", "voice_b.slot=800ms")
    one, other = (made(film, spoken(film, name, *slots), f"{name}-slots") for name in ("en", "de"))
    assert same_beds(one, other)


def test_the_report_holds_cues_and_slots_in_samples(english: Rendered) -> None:
    told = json.loads(report_of(english).read_text())
    assert told["slots"] == {
        "voice_a": {"start_samples": 24_000, "stop_samples": 67_200},
        "voice_b": {"start_samples": 100_800, "stop_samples": 139_200},
    }
    assert {cue["name"]: cue["at_samples"] for cue in told["cues"]}["voice_b"] == 100_800
    assert told["warnings"] == [] or all(w["code"] != "line_over_slot" for w in told["warnings"])


def test_overruns_are_warnings_with_their_place_and_length(film: Project, english: Rendered) -> None:
    other = made(film, spoken(film, "de"), "over", report_of(english))
    assert other.report is not None
    told = {(w.code.value, w.figure): w for w in other.report.warnings}
    over = told["line_over_slot", "slots.voice_a"]
    assert (over.at_s, over.until_s) == (1.4, 2.4)
    assert over.message == "voice_a is longer than its slot: 1.000 s, from 1.400 s on."
    assert ("voice_cut", "slots.voice_a") in told
    assert ("echo_past_black", "slots.voice_b") in told


def test_what_the_fader_removes_is_gone_and_counted(film: Project, english: Rendered) -> None:
    other = made(film, spoken(film, "de", "echo.on=false"), "fader", None)
    assert not [o for o in other.session.overruns if o.limit == "crossfade"]
    locked = made(film, spoken(film, "de", "voice_b.on=false"), "fader", report_of(english))
    (cut,) = [o for o in locked.session.overruns if o.limit == "crossfade"]
    dry = locked.session.console.solo("voice_a").render(cut.span)
    echoes = locked.session.console.dry("voice_a", cut.span)
    assert np.abs(echoes).max() > 0.01  # the words are there
    assert np.abs(dry).max() < np.abs(echoes).max()


def test_a_locked_excerpt_is_cut_from_the_locked_whole(film: Project, english: Rendered) -> None:
    whole = made(film, spoken(film, "de"), "whole", report_of(english))
    part = made(
        film,
        spoken(film, "de"),
        "part",
        report_of(english),
        begin=parse_moment("voice_b"),
        finish=parse_moment("black"),
    )
    span = part.master.span
    assert np.array_equal(samples(part.master.file), samples(whole.master.file)[span.start : span.stop])
    assert part.report is None
    assert part.session.overruns == whole.session.overruns


def test_a_mix_as_reference_is_the_same_as_its_report(
    film: Project, english: Rendered, tmp_path: Path
) -> None:
    by_report = made(film, spoken(film, "de"), "one", report_of(english))
    reference = ReferenceMix("en", spoken(film, "en"))
    for cache in (None, Cache(tmp_path / "cache")):
        order = Order(
            film,
            spoken(film, "de"),
            film.root / "other",
            stems=True,
            page=False,
            reference=reference,
            cache=cache,
        )
        by_mix = render(order)
        for stem, path in by_report.files.stems.items():
            assert np.array_equal(samples(path), samples(by_mix.files.stems[stem]))


def test_a_stretched_line_fits_and_keeps_the_picture(film: Project, english: Rendered) -> None:
    pytest.importorskip("python_stretch")
    line(film.root / "stems" / "near_a.wav", 0.95, 7)
    near = ("voice_a.stem=stems/near_a.wav", "voice_a.fit=stretch")
    other = made(film, spoken(film, "en", *near), "near", report_of(english))
    assert other.session.overruns == ()
    assert len(other.session.scene.stems[other.session.preset.layers["voice_a"].stems()[0]]) == 43_200
    assert same_beds(english, other)


def test_music_and_effects_have_the_gain_of_their_full_mix(film: Project) -> None:
    sets = ("master.anchor=programme", "master.target=-32 LUFS")  # so soft that no ceiling acts
    full = made(film, spoken(film, "en", *sets), "loud")
    assert full.report is not None
    assert full.report.gains.programme_db not in (None, 0.0)
    bed = made(film, spoken(film, "de", *sets, preset="bed"), "loud-bed", report_of(full))
    assert bed.report is not None
    assert bed.report.gains.programme_db == full.report.gains.programme_db
    assert not [w for w in bed.report.warnings if w.code.value == "loudness_off_target"]
    # the report's gain is rounded to 0.0001 dB
    off = samples(full.files.stems["FX"]) // 256 - samples(bed.files.stems["FX"]) // 256
    assert np.abs(off).max() <= 2


def test_music_and_effects_that_are_anchored_on_dialogue_have_no_gain(
    film: Project, english: Rendered
) -> None:
    bed = made(film, spoken(film, "de", preset="bed"), "bed", report_of(english))
    assert bed.report is not None
    assert bed.report.gains.programme_db == 0.0
    assert bed.report.delivery.verdict == "pass"
    assert not [w for w in bed.report.warnings if w.code.value == "line_over_slot"]


def test_the_gain_that_a_reference_lacks_is_asked_for(film: Project) -> None:
    bed = spoken(film, "de", "master.anchor=programme", preset="bed")
    reference = ReferenceMix("en", spoken(film, "en", preset="bed"))
    with pytest.raises(RenderError, match="no gain of the programme"):
        render(Order(film, bed, film.root / "lacks", page=False, reference=reference))


@contextmanager
def refused(what: str) -> Iterator[None]:
    with pytest.raises(ReportError) as caught:
        yield
    assert what in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("sets", "named"),
    [
        (
            ("grain.level=-58 dBFS",),
            "layers.grain.level is '-60 dBFS' in the reference, '-58 dBFS' in this mix",
        ),
        (("dropout.fade=80ms",), "effects.dropout.fade is '100ms' in the reference, '80ms' in this mix"),
        (("black=5s",), "cues.black is"),
        (('sample_rate="96 kHz"',), "sample rate is 48000 Hz, that of the mix is 96000 Hz"),
        (
            ("picture.rate=25", "grain.level=-58 dBFS"),
            "picture.rate is '30' in the reference, '25' in this mix",
        ),
        (("picture.start=02:00:00:00",), "picture.start is"),
        (("breath.on=false",), "layers.breath.on is True in the reference, False in this mix"),
        (("master.dialogue=-24 LUFS",), "master.dialogue is"),
        (("seed=2",), "seed is 1 in the reference, 2 in this mix"),
        (("layers.more.kind=room",), "layers.more"),
    ],
)
def test_a_report_of_another_mix_is_refused_by_what_differs(
    film: Project, english: Rendered, sets: tuple[str, ...], named: str
) -> None:
    path = report_of(english)
    with refused(named):
        reference_of_report(read_reference(path), path, spoken(film, "de", *sets))


@pytest.mark.parametrize(
    "sets",
    [
        ("voice_a.level=-2 dB", "voice_b.at=9s", "voice_a.slot=3s", "voice_b.fit=end"),
        ("title=Anders", "version=v9", "description=Deutsch"),
        ("layers.third.kind=voice", "layers.third.stem=stems/fr_a.wav"),
    ],
)
def test_values_of_voices_and_names_may_differ(
    film: Project, english: Rendered, sets: tuple[str, ...]
) -> None:
    path = report_of(english)
    reference_of_report(read_reference(path), path, spoken(film, "de", *sets))


def test_a_report_without_cues_and_slots_is_refused(
    film: Project, english: Rendered, tmp_path: Path
) -> None:
    with refused("is a report of version 1"):
        read_reference(REPOSITORY / "tests" / "reporting" / "version_1.report.json")
    told = json.loads(report_of(english).read_text())
    for change in ({"slots": None}, {"cues": []}, {"provenance": {}}):
        path = tmp_path / "measured.json"
        path.write_text(json.dumps(told | change))
        with refused("holds no cues and slots"):
            read_reference(path)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            {"slots": {"voice_a": {"start_samples": 9, "stop_samples": 3}}},
            "slots.voice_a is from sample 9",
        ),
        ({"slots": {"voice_a": {"start_samples": 0, "stop_samples": 10**14}}}, "slots.voice_a is from"),
        ({"at": -5}, "the cue 'black' is at sample -5"),
        ({"at": 10**14}, "the cue 'black' is at sample 100000000000000"),
        ({"at": None}, "the cue 'black' is missing"),
    ],
)
def test_a_report_with_impossible_places_is_refused(
    film: Project, english: Rendered, tmp_path: Path, change: dict[str, object], named: str
) -> None:
    told = json.loads(report_of(english).read_text())
    if "at" in change:
        black = next(cue for cue in told["cues"] if cue["name"] == "black")
        told["cues"].remove(black)
        told["cues"] += [] if change["at"] is None else [black | {"at_samples": change["at"]}]
    path = tmp_path / "odd.json"
    path.write_text(json.dumps(told | {k: v for k, v in change.items() if k != "at"}))
    with refused(named):
        reference_of_report(read_reference(path), path, spoken(film, "de"))
