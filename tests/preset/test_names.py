"""Names of files: studio templates without gaps, and a name of its own for every change of the command."""

from __future__ import annotations

import itertools
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_pipeline.errors import PresetError, StemError
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import Preset, build_preset
from audio_pipeline.preset.names import (
    LONGEST_BYTES,
    check_name,
    dated,
    filled,
    named,
    same_file,
    stem_names,
    template_values,
)
from audio_pipeline.preset.override_names import LONGEST_SUFFIX, with_own_name
from audio_pipeline.preset.project import Project

STEMS = ("DX", "FX", "BG", "ME")
DIGITS = re.compile(r"-[0-9a-f]{8}$")


def preset(project: Project, *sets: str, name: str = "final") -> Preset:
    return build_preset(load_document(project, name, sets))


def own(project: Project, *sets: str, **files: str) -> str:
    keys = [text.partition("=")[0] for text in sets]
    paths = {voice: project.root / file for voice, file in files.items()}
    return with_own_name(project, preset(project, *sets), keys, paths).name


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{title}_{reel}_{language}_{type}", "T_MIX"),
        ("{reel}_{title}", "T"),
        ("{title}_{reel}", "T"),
        ("{title}_{reel}_{language}", "T"),
        ("{reel}_{language}_{title}_{reel}", "T"),
        ("{title}-{reel}-{type}", "T-MIX"),
        ("{title} {reel}", "T"),
        ("{title}_{language}-{reel}_{type}", "T_MIX"),
        ("{title}-{reel}_{type}", "T_MIX"),
        ("{title}_v{reel}_{type}", "T_v_MIX"),
        ("{title}{reel}{type}", "TMIX"),
        ("x__{title}_{reel}_{type}", "x__T_MIX"),
    ],
)
def test_an_empty_field_takes_one_separator_with_it(project: Project, template: str, name: str) -> None:
    assert filled(template, template_values(preset(project, "title=T"))) == name


FIELDS = st.lists(
    st.sampled_from(["{reel}", "{language}", "{title}", "{type}", "{version}"]), min_size=1
)


@given(fields=FIELDS, empty=st.sets(st.sampled_from(["reel", "language", "title", "type", "version"])))
def test_whatever_is_empty_no_underscore_is_doubled_or_stands_outside(
    fields: list[str], empty: set[str]
) -> None:
    values = {
        key: "" if key in empty else "x" for key in ("reel", "language", "title", "type", "version")
    }
    name = filled("_".join(fields), values)
    assert name == "_".join("x" for field in fields if field[1:-1] not in empty)


def test_a_value_that_no_file_name_may_hold_is_empty_too(project: Project) -> None:
    assert filled("{title}_{type}", template_values(preset(project, 'title="???"'))) == "MIX"
    with pytest.raises(PresetError, match="is empty"):
        named(preset(project), "{reel}_{language}")
    with pytest.raises(PresetError, match=r"it has \\x00"):
        named(preset(project), "a\0b")


def test_reel_and_language_stand_in_the_preset_and_a_batch_knows_its_language(project: Project) -> None:
    mix = preset(project, "reel=3", "language=de")
    assert filled("{reel}_{language}", template_values(mix)) == "3_de"
    assert filled("{reel}_{language}", template_values(mix, "fr")) == "3_fr"
    assert filled("{reel}", template_values(preset(project, "reel=R2"))) == "R2"


def test_stems_have_a_name_each_where_the_template_says_the_type(project: Project) -> None:
    mix = preset(project)
    assert stem_names(mix, "{preset}_{type}_{fps}", STEMS) == {s: f"final_{s}_24" for s in STEMS}
    assert stem_names(mix, "{preset}_{fps}", STEMS) == stem_names(mix, None, STEMS) == {}
    with pytest.raises(PresetError, match="it has /"):
        stem_names(mix, "a/{type}", STEMS)


@pytest.mark.parametrize(
    ("epoch", "date"), [("0", "19700101"), ("1795737600", "20261127"), ("1795737599", "20261126")]
)
def test_the_date_is_that_of_source_date_epoch(
    monkeypatch: pytest.MonkeyPatch, epoch: str, date: str
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    assert dated(["{date}_{title}", None, "{title}", "{ date }"]) == [
        f"{date}_{{title}}",
        None,
        "{title}",
        date,
    ]


def test_without_it_the_date_is_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    before, (name,), after = datetime.now(), dated(["{date}"]), datetime.now()
    assert name in {f"{day:%Y%m%d}" for day in (before, after)}


@pytest.mark.parametrize("epoch", ["x", "-1", "1.5", "9" * 15, "9" * 400, " 1", "١"])
def test_a_source_date_epoch_that_is_no_date_is_refused_where_a_date_is_wanted(
    monkeypatch: pytest.MonkeyPatch, epoch: str
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    assert dated(["{title}"]) == ["{title}"]
    with pytest.raises(PresetError, match=r"^SOURCE_DATE_EPOCH is .*not a date$"):
        dated(["{date}"])


def test_a_change_is_told_in_the_name(project: Project, tmp_path: Path) -> None:
    (project.root / "stems" / "fr_a.wav").write_bytes(b"a")
    assert own(project) == "final"
    assert own(project, "dropout.fade=80ms") == "final_dropout.fade-80ms"
    assert own(project, "grain.level=base - 3 dB", "seed=3") == "final_grain.level--59dBFS_seed-3"
    assert own(project, "black=50s") == "final_black-50s"
    assert own(project, voice_a="stems/fr_a.wav") == "final_voice_a-fr_a"
    swapped = own(project, voice_a="stems/voice_b.flac", voice_b="stems/voice_a.flac")
    assert re.fullmatch(r"final_voice_a-voice_b_voice_b-voice_a-[0-9a-f]{8}", swapped)


def test_the_order_and_the_spelling_of_changes_do_not_matter_and_the_last_value_counts(
    project: Project,
) -> None:
    one = own(project, "seed=3", "dropout.fade=80ms")
    assert own(project, "effects.dropout.fade=80ms", "seed=3") == one
    assert own(project, "seed=9", "dropout.fade=80ms", "seed=3") == one


CHANGES = [
    *({"sets": (f"title={title}",)} for title in ('"a b"', "a-b", "a_b", '"a/b"', "A-b", "a", '"a."')),
    *(
        {"sets": (text,)}
        for text in ('title="66 dB"', "title=66db", "title=66dB", "version=a", "reel=a")
    ),
    {"sets": ("title=a_seed-2",)},
    {"sets": ("title=a", "seed=2")},
    {"sets": ("seed=2",)},
    {"sets": ("seed=12345678",)},
    {"sets": ("dropout.fade=80ms",)},
    {"sets": ('dropout.fade="80 ms"',)},
    {"sets": ("dropout.curve=tri",)},
    {"sets": ("voice_a=9s",)},
    {"sets": ("breath.pan=L20",)},
    {"sets": ("breath.pan=R20",)},
    {"sets": ("breath.pan=C",)},
    {"sets": ("breath=5s",)},
    {"sets": ("breath.rate=12/min",)},
    {"sets": ('black=["50s", "echo.tail"]',)},
    {"sets": ('black=["50s", "echo.tail + 1s"]',)},
    {"sets": tuple(f"crossfade.{key}_level=-{n} dB" for n, key in enumerate(("far", "far")))},
    *({"sets": (f"description={'x' * n}",)} for n in (1, 100, 101, 300)),
    {"voice_a": "stems/9s.wav"},
    {"voice_a": "stems/a.wav"},
    {"voice_a": "stems/a.flac"},
    {"voice_a": "stems/A.wav"},
    {"voice_a": "other/a.wav"},
    {"voice_b": "stems/a.wav"},
    {"voice_a": "stems/a.wav", "voice_b": "stems/a.wav"},
    {"voice_a": "stems/a_voice_b-a.wav"},
    {"voice_a": "stems/a_voice_b.wav"},
    {"voice_a": "stems/a_voice_b.wav", "voice_b": "stems/a.wav"},
    {"voice_a": "stems/é.wav"},
    {"sets": ("seed=2",), "voice_a": "stems/a.wav"},
]


def test_no_two_changes_share_a_name_and_none_has_that_of_the_preset(project: Project) -> None:
    (project.root / "other").mkdir()
    files = {f for change in CHANGES for key, f in change.items() if key != "sets"}
    for n, file in enumerate(sorted(files)):
        (project.root / str(file)).write_bytes(bytes([n]))
    names = []
    for change in CHANGES:
        paths: dict[str, Any] = {key: value for key, value in change.items() if key != "sets"}
        names.append(own(project, *change.get("sets", ()), **paths))
    for name in names:
        check_name(name)
        assert name.startswith("final_")
        assert len(name.encode()) <= len("final") + LONGEST_SUFFIX + 9
    for (one, a), (two, b) in itertools.combinations(zip(names, CHANGES, strict=True), 2):
        assert same_file(one) != same_file(two), (a, b)


def test_a_name_that_another_preset_has_is_told_apart(project: Project) -> None:
    (project.presets / "final_seed-2.toml").write_text('extends = "final"')
    assert DIGITS.search(own(project, "seed=2"))


def test_a_long_name_keeps_its_bounds(project: Project) -> None:
    long = "p" * (LONGEST_BYTES - 12)
    (project.presets / f"{long}.toml").write_text('extends = "final"')
    mix = preset(project, "seed=123", "dropout.fade=80ms", name=long)
    name = with_own_name(project, mix, ["seed", "dropout.fade"], {}).name
    check_name(name)
    assert DIGITS.search(name) or name.endswith(name[-8:])
    other = preset(project, "seed=124", "dropout.fade=80ms", name=long)
    assert with_own_name(project, other, ["seed", "dropout.fade"], {}).name != name


def test_a_file_elsewhere_is_told_by_its_bytes_and_not_by_its_path(
    project: Project, tmp_path: Path
) -> None:
    for folder, content in (("one", b"a"), ("two", b"a"), ("three", b"b")):
        (project.root / folder).mkdir()
        (project.root / folder / "take 3.wav").write_bytes(content)
    one, two, three = (own(project, voice_a=f"{f}/take 3.wav") for f in ("one", "two", "three"))
    assert one == two != three
    assert re.fullmatch(r"final_voice_a-take-3-[0-9a-f]{8}", one)
    with pytest.raises(StemError, match="does not exist"):
        own(project, voice_a="one/none.wav")


def test_a_reference_is_told_without_the_endings_of_a_report(project: Project) -> None:
    (project.root / "final_en.report.json").write_bytes(b"{}")
    name = own(project, reference="final_en.report.json")
    assert re.fullmatch(r"final_reference-final_en-[0-9a-f]{8}", name)
