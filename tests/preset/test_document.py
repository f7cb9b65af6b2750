"""Merging by name, origins, and `--set`."""

import pytest

from audio_pipeline.errors import PresetError
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.explain import differences, flat, values_of
from audio_pipeline.preset.model import build_preset


def preset(project, name="final", *sets):
    return build_preset(load_document(project, name, sets))


def test_an_alternate_changes_what_it_says_and_nothing_else(project):
    changed = differences(preset(project, "long-wait"), preset(project))
    assert set(changed) == {"cues.dropout", "master.delivery"}
    assert changed["cues.dropout"] == ("black + 12s", "black + 48s")


def test_a_sound_of_another_kind_replaces_its_namesake_whole(project):
    (project.presets / "other.toml").write_text(
        'extends = "final"\n[layers.projector]\nkind = "room"\nlevel = "-50 dBFS"'
    )
    assert preset(project, "other").layers["projector"].kind == "room"


def test_every_value_knows_where_it_came_from(project):
    origins = {v.key: v.origin for v in values_of(preset(project, "long-wait", "seed=5"))}
    assert origins["cues.dropout"] == "presets/long-wait.toml"
    assert origins["cues.black"] == "presets/final.toml"
    assert origins["seed"] == "--set"
    assert origins["effects.crossfade.fade"] == "default"


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("layers.grain.level=-66 dBFS", "layers.grain.level", "-66 dBFS"),
        ("grain.level='-66 dBFS'", "layers.grain.level", "-66 dBFS"),
        ("dropout.fade=80ms", "effects.dropout.fade", "80ms"),
        ("layers.breath.on=false", "layers.breath.on", False),
        ("black=50s", "cues.black", "50s"),
        ('black=["50s", "echo.tail"]', "cues.black", "[50s, echo.tail]"),
        ("picture.rate=25", "picture.rate", "25"),
        ("title=A = B", "title", "A = B"),
    ],
)
def test_set_speaks_the_presets_own_keys(project, text, key, value):
    assert flat(preset(project, "final", text))[key] == value


def test_a_wrong_set_is_told_as_a_wrong_preset_is(project):
    with pytest.raises(PresetError, match=r"--set: effects\.dropout\.fade is wrong"):
        preset(project, "final", "dropout.fade=80")
    with pytest.raises(PresetError, match="is not key=value"):
        preset(project, "final", "dropout.fade")
    with pytest.raises(PresetError, match="has no key 'fad'"):
        preset(project, "final", "dropout.fad=80ms")


def test_a_later_set_wins_over_an_earlier_one(project):
    assert flat(preset(project, "final", "seed=2", "seed=3"))["seed"] == 3
