"""The presets that ship: each valid, each a few lines, each with its schema and its timing."""

import tomllib

import jsonschema
import pytest
import soundfile

from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.explain import cue_times, values_of
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.schema import preset_schema
from audio_pipeline.preset.stems import planned_schedule
from audio_pipeline.timeline.scene import to_samples
from tests.conftest import REPOSITORY, speech_like

HERE = Project(REPOSITORY)
NAMES = HERE.preset_names()


def schedule(name):
    preset = build_preset(load_document(HERE, name))
    return preset, planned_schedule(HERE, preset, {})


def test_the_alternates_of_the_scene_are_there():
    assert {
        "final", "last-breath", "theatrical", "broadcast", "streaming",
        "music-and-effects", "long-wait", "hard-cut", "super-8",
    } <= set(NAMES)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_preset_is_valid_and_can_be_timed(name):
    preset, timing = schedule(name)
    assert preset.head.description
    assert timing.named("end") >= 60


@pytest.mark.parametrize("name", [n for n in NAMES if n != "final"])
def test_an_alternate_is_a_few_lines(name):
    lines = (HERE.presets / f"{name}.toml").read_text().splitlines()
    assert len([line for line in lines if line.strip()]) <= 24


def test_the_cue_sheet_of_final_is_that_of_the_scene():
    preset, timing = schedule("final")
    at = {c.name: c.seconds for c in cue_times(preset, timing)}
    assert (at["start"], at["breath"], at["voice_a"]) == (0, 4, 8)
    assert 19 <= at["voice_b"] <= 21
    assert (at["black"], at["dropout"], at["silence"], at["end"]) == (44, 56, 57, 60)
    assert to_samples(timing.named("end"), 48_000) == 2_880_000


def test_other_stems_make_the_scene_longer(project):
    preset = build_preset(load_document(HERE, "final"))
    one = planned_schedule(HERE, preset, {}).named("end")
    stem = project.root / "stems" / "long.flac"
    soundfile.write(stem, speech_like(3, 20.0), 48_000)
    assert planned_schedule(HERE, preset, {"voice_b": stem}).named("end") > one + 8


def test_cues_are_shown_as_timecode_frame_and_film_length():
    black = next(c for c in cue_times(*schedule("final")) if c.name == "black")
    assert (black.timecode, black.frame, black.feet) == ("01:00:44:00", 1056, "66+00")


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_accepts_every_shipped_preset(name):
    table = tomllib.loads((HERE.presets / f"{name}.toml").read_text())
    jsonschema.Draft202012Validator(preset_schema()).validate(table)


@pytest.mark.parametrize(
    "table",
    [
        {"titel": "x"},
        {"layers": {"grain": {"kind": "grain", "levle": "-60 dBFS"}}},
        {"layers": {"grain": {"level": -60}}},
        {"cues": {"black": 44}},
        {"effects": {"x": {"kind": "nothing"}}},
    ],
)
def test_the_schema_refuses_what_the_program_refuses(table):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(preset_schema()).validate(table)


def test_every_key_of_every_sound_has_a_description():
    schema = preset_schema()
    for shelf in ("layers", "effects"):
        for table in schema["properties"][shelf]["patternProperties"].popitem()[1]["anyOf"]:
            for key, field in table["properties"].items():
                assert key == "kind" or field.get("description"), (table["title"], key)


def test_values_are_shown_as_a_preset_writes_them():
    values = {v.key: v.value for v in values_of(build_preset(load_document(HERE, "final")))}
    assert values["layers.grain.level"] == "-56 dBFS"
    assert values["effects.dropout.fade"] == "250ms"
    assert values["effects.crossfade.inner"] == "R10"
