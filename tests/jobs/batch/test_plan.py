"""The plan: every mix by name, and every mistake in one sentence before anything is rendered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_pipeline.errors import PresetError
from audio_pipeline.jobs.batch.forecast import forecast
from audio_pipeline.jobs.batch.plan import Mix, matrices_of, plan
from audio_pipeline.preset.batch_file import MOST_MIXES, parse_sets, parse_vary
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.names import LONGEST_BYTES, check_name, filled, same_file, template_values
from audio_pipeline.preset.project import Project


def _planned(project: Project, text: str) -> list[Mix]:
    file = project.presets / "b.batch.toml"
    file.write_text(text)
    return plan(project, matrices_of(project, [str(file)], False), project.renders)


def _varied(project: Project, *vary: str, things: tuple[str, ...] = ("tiny",)) -> list[Mix]:
    axes = parse_vary(vary)
    matrices = [m.varying(axes) for m in matrices_of(project, things, False)]
    return plan(project, matrices, project.renders)


def test_values_are_crossed_and_named_by_what_differs(tiny: Project) -> None:
    mixes = _varied(tiny, "dropout.fade=80ms,250ms", "grain.level=-66 dBFS,-60 dBFS")
    assert [mix.name for mix in mixes] == [
        f"tiny_fade-{fade}_level--{level}dBFS" for fade in ("80ms", "250ms") for level in (66, 60)
    ]
    assert mixes[0].preset.effects["dropout"].fade.text == "80ms"
    assert mixes[0].overrides == {"effects.dropout.fade": "80ms", "layers.grain.level": "-66 dBFS"}
    assert all(mix.length_s == 2.0 for mix in mixes)


def test_keys_with_the_same_end_are_named_whole(tiny: Project) -> None:
    names = [mix.name for mix in _varied(tiny, "grain.level=-66 dBFS", "room.level=-50 dBFS")]
    assert names == ["tiny_grain.level--66dBFS_room.level--50dBFS"]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a.b=1s,2s", ("1s", "2s")),
        ('dropout.spares=["grain"],["grain", "room"]', (["grain"], ["grain", "room"])),
        ("x.on=true,false", (True, False)),
        ('c="black + 6s, or so",d', ("black + 6s, or so", "d")),
        ("seed=1,2,3", (1, 2, 3)),
    ],
)
def test_vary_splits_at_commas_outside_quotes_and_brackets(text: str, values: tuple[Any, ...]) -> None:
    assert parse_vary([text]) == {text.split("=")[0]: values}


def test_a_batch_file_lists_crosses_excludes_and_adds(tiny: Project) -> None:
    mixes = _planned(
        tiny,
        """
        presets = ["voi*"]
        name = "{title}_{version}_{language}_{dropout.fade}_{type}_{channels}_{rate}_{fps}"
        [set]
        "grain.level" = "-62 dBFS"
        version = "v2"
        [vary]
        "dropout.fade" = ["80ms", "250ms"]
        [stems.en]
        voice_a = "stems/voice_a.flac"
        [stems.fr]
        voice_a = "stems/fr_a.flac"
        [[exclude]]
        language = "fr"
        "effects.dropout.fade" = "80ms"
        [[mix]]
        preset = "tiny"
        name = "quiet"
        set = { "master.target" = "-30 LUFS" }
        """,
    )
    assert [mix.name for mix in mixes] == [
        "Tiny-a-film_v2_en_80ms_MIX_20_48k_24",
        "Tiny-a-film_v2_en_250ms_MIX_20_48k_24",
        "Tiny-a-film_v2_fr_250ms_MIX_20_48k_24",
        "quiet",
    ]
    assert mixes[2].preset.layers["voice_a"].stem == "stems/fr_a.flac"
    assert mixes[2].preset.layers["grain"].level == -62.0
    assert mixes[3].preset.master.target == -30.0


LANGUAGES = """
presets = ["voiced"]
[set]
"grain.level" = "base - 1 dB"
"room.level" = "-50 dBFS"
[vary]
"dropout.fade" = ["base", "base + 50ms"]
[stems.en]
set = { "room.level" = "base - 2 dB" }
[stems.fr]
voice_a = "stems/fr_a.flac"
set = { "grain.level" = "base - 2 dB", voice_a.pan = "L10" }
[[mix]]
preset = "voiced"
name = "more"
language = "fr"
set = { "grain.level" = "base - 4 dB" }
"""


def test_a_language_has_values_of_its_own_after_those_for_all(tiny: Project) -> None:
    mixes = {mix.name: mix for mix in _planned(tiny, LANGUAGES)}
    assert set(mixes) == {f"voiced_{x}_fade-{f}ms" for x in ("en", "fr") for f in (250, 300)} | {"more"}
    levels = {
        name: tuple(mix.preset.layers[sound].level for sound in ("grain", "room"))
        for name, mix in mixes.items()
    }
    assert levels["voiced_en_fade-250ms"] == (-51.0, -52.0)
    assert levels["voiced_fr_fade-300ms"] == (-53.0, -50.0)
    assert levels["more"] == (-57.0, -50.0)
    assert mixes["voiced_fr_fade-250ms"].preset.layers["voice_a"].pan == -0.1
    assert mixes["voiced_fr_fade-250ms"].overrides["layers.grain.level"] == "-53 dBFS"


def test_a_set_of_the_command_comes_after_those_of_the_file(tiny: Project) -> None:
    (tiny.presets / "b.batch.toml").write_text(LANGUAGES)
    fixed = parse_sets(["grain.level=base - 8 dB"])
    matrices = [replace(m, sets=fixed) for m in matrices_of(tiny, ["b"], False)]
    mixes = {mix.name.partition("_grain.level-")[0]: mix for mix in plan(tiny, matrices, tiny.renders)}
    levels = {name: mix.preset.layers["grain"].level for name, mix in mixes.items()}
    assert levels["voiced_en_fade-250ms"] == -59.0
    assert levels["voiced_fr_fade-250ms"] == -61.0
    assert levels["more"] == -65.0


def test_patterns_name_presets_in_their_order(tiny: Project) -> None:
    assert [m.name for m in _varied(tiny, things=("*",))] == ["tiny", "voiced"]
    assert [m.name for m in plan(tiny, matrices_of(tiny, [], True), tiny.renders)] == ["tiny", "voiced"]
    path = str(tiny.presets / "tiny.toml")
    assert [m.name for m in _varied(tiny, things=(path,))] == ["tiny"]


def _ones(count: int) -> str:
    return "[" + ", ".join(f'"{n + 1}ms"' for n in range(count)) + "]"


MISTAKES = {
    "unknown key": ('presets = ["tiny"]\n[vary]\n"dropuot.fade" = ["1s"]', "no key 'dropuot'"),
    "unknown field": ('presets = ["tiny"]\n[vary]\n"dropout.fad" = ["1s"]', "did you mean 'fade'"),
    "unknown table": ('presets = ["tiny"]\n[varry]\nx = [1]', "no key 'varry'; did you mean 'vary'"),
    "wrong unit": ('presets = ["tiny"]\n[vary]\n"dropout.fade" = ["1s", "8 Hz"]', "'8 Hz' is not"),
    "impossible time": (
        'presets = ["tiny"]\n[vary]\n"cues.dropout" = ["1s", "9s"]',
        "after the cue 'end'",
    ),
    "no values": ('presets = ["tiny"]\n[vary]\n"dropout.fade" = []', "dropout.fade has no values"),
    "no list": ('presets = ["tiny"]\n[vary]\n"dropout.fade" = "1s"', "must be a list"),
    "value twice": ('presets = ["tiny"]\n[vary]\n"dropout.fade" = ["1s", "1s"]', "twice"),
    "nothing": ("", "names no preset"),
    "no preset": ("presets = []", "names no preset"),
    "axes without presets": ('[vary]\n"a.b" = ["1"]\n[[mix]]\npreset = "tiny"', "varies values but"),
    "unknown preset": ('presets = ["tinny"]', "unknown preset 'tinny'"),
    "unmatched pattern": ('presets = ["z*"]', "no preset matches 'z*'"),
    "too many": (
        f'presets = ["tiny"]\n[vary]\n"dropout.fade" = {_ones(1000)}\n"cues.dropout" = {_ones(1000)}',
        "1 000 000 mixes; a batch has at most 10 000",
    ),
    "one name for two": (
        'presets = ["tiny"]\nname = "x"\n[vary]\n"dropout.fade" = ["1s", "2s"]',
        "two mixes have the name x.wav",
    ),
    "names alike but for case": (
        'presets = ["tiny"]\n[[mix]]\npreset = "tiny"\nname = "TINY"',
        "two mixes have the name TINY.wav",
    ),
    "forbidden sign": ('presets = ["tiny"]\nname = "a/../{preset}"', "it has /"),
    "hidden": ('presets = ["tiny"]\nname = ".{preset}"', "hides or breaks"),
    "device": ('presets = ["tiny"]\nname = "nul"', "Windows"),
    "unknown template key": ('presets = ["tiny"]\nname = "{preset}_{nope}"', "'nope'"),
    "exclusion of what does not vary": (
        'presets = ["tiny"]\n[vary]\n"dropout.fade" = ["1s"]\n[[exclude]]\n"dropout.fede" = "1s"',
        "which does not vary",
    ),
    "exclusion of another value": (
        'presets = ["tiny"]\n[vary]\n"dropout.fade" = ["1s"]\n[[exclude]]\n"dropout.fade" = "2s"',
        "not one of its values",
    ),
    "all excluded": ('presets = ["tiny"]\n[[exclude]]\npreset = "tiny"', "every mix is excluded"),
    "unknown voice": ('presets = ["tiny"]\n[stems.fr]\nvoice_x = "a.wav"', "no layer of tiny"),
    "stems without files": ('presets = ["tiny"]\n[stems.fr]', "names no files"),
    "a language's set that is none": ('presets = ["tiny"]\n[stems.fr]\nset = 3', "must be a table"),
    "a language's unknown key": (
        'presets = ["tiny"]\n[stems.fr]\nset = { "dropout.fad" = "1s" }',
        "[stems.fr]: [effects.dropout] has no key 'fad'; did you mean 'fade'",
    ),
    "a change without a base": (
        'presets = ["tiny"]\n[set]\n"cues.new" = "base + 1s"',
        "the base does not set this value",
    ),
    "unknown language": ('[[mix]]\npreset = "tiny"\nlanguage = "de"', "no language 'de'"),
    "mix without preset": ('[[mix]]\nname = "x"', "names no preset"),
    "no TOML": ("presets = [", "is not valid TOML"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_batch_file_gets_one_sentence(mistake: str, tiny: Project) -> None:
    text, words = MISTAKES[mistake]
    with pytest.raises(PresetError) as caught:
        _planned(tiny, text)
    assert words in caught.value.message
    assert "presets/b.batch.toml" in caught.value.message or mistake == "too many"
    assert "\n" not in caught.value.message
    assert not tiny.renders.exists()


@pytest.mark.parametrize("vary", ["dropout.fade", "=1s", "dropout.fade=", "dropout.fade=1s,,2s"])
def test_a_vary_that_says_nothing_is_refused(vary: str) -> None:
    with pytest.raises(PresetError):
        parse_vary([vary])


def test_a_preset_that_is_broken_by_itself_fails_alone(tiny: Project) -> None:
    (tiny.presets / "bad.toml").write_text('extends = "tiny"\n[layers.room]\nlevle = "-3 dBFS"')
    (tiny.presets / "gone.toml").write_text('extends = "voiced"\n[layers.voice_a]\nstem = "no.wav"')
    mixes = {mix.name: mix for mix in plan(tiny, matrices_of(tiny, ["*"], False), tiny.renders)}
    assert "levle" in mixes["bad"].failure
    assert "no.wav" in mixes["gone"].failure
    assert mixes["tiny"].failure is None


@given(name=st.text(max_size=260))
def test_a_name_that_is_let_through_breaks_no_file_system(name: str) -> None:
    try:
        check_name(name)
    except PresetError as error:
        said = error.message
    else:
        said = ""
    assert said.isprintable()
    if said:
        return
    assert not set(name) & set('/\\:*?"<>|')
    assert name.isprintable()
    assert 0 < len(name.encode("utf-8", "surrogateescape")) <= LONGEST_BYTES
    assert name[-1] not in ". "


@given(title=st.text(max_size=200))
def test_any_title_fills_a_template_without_leading_out_of_its_folder(
    shared_tiny: Project, title: str
) -> None:
    preset = build_preset(load_document(shared_tiny, "tiny"))
    name = filled("x{title}x", {**template_values(preset), "title": title})
    assert Path(name).name == name
    assert not set(name) & set('/\\:*?"<>|')


def test_names_that_some_file_system_takes_for_one_are_one() -> None:
    assert same_file("Caf\u00e9") == same_file("CAFE\u0301")
    assert same_file("a") != same_file("b")


def test_many_mixes_are_planned_within_the_bound(tiny: Project) -> None:
    mixes = _varied(tiny, "seed=" + ",".join(map(str, range(300))))
    assert len({mix.name for mix in mixes}) == 300 <= MOST_MIXES


def test_the_forecast_sees_what_is_shared_and_what_disk_it_takes(tiny: Project) -> None:
    mixes = _varied(tiny, "dropout.fade=80ms,250ms,1s", "master.bits=16,24")
    expected = forecast(mixes, 2)
    assert expected.shared[0] == (0, 3)
    assert expected.shared[1] == (3, 3)
    assert expected.shared[2] == (2, 3)
    assert expected.mix_bytes[0] < expected.mix_bytes[1]
    assert expected.mix_bytes[1] >= 2 * 48_000 * 6
    assert expected.scratch_bytes == 2 * 2 * 48_000 * 32
    assert 0 < expected.seconds < forecast(mixes, 1).seconds
    assert len({mix.family for mix in mixes}) == 1
