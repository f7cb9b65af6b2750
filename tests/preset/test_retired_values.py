"""Values of an earlier version are refused with the line that takes their place."""

import pytest

from audio_pipeline.errors import PresetError
from audio_pipeline.jobs.batch.plan import matrices_of, plan
from audio_pipeline.preset.batch_file import parse_vary
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset

OWN = 'cues = { end = "9s" }\n'
VOICES = """
[layers.voice_a]
kind = "voice"
stem = "stems/voice_a.flac"
level = "{a}"
[layers.voice_b]
kind = "voice"
stem = "stems/voice_b.flac"
level = "{b}"
"""


def built(project, text, *sets):
    (project.presets / "old.toml").write_text(text)
    return build_preset(load_document(project, "old", sets))


def refused(project, text, *sets):
    with pytest.raises(PresetError) as caught:
        built(project, text, *sets)
    assert "\n" not in caught.value.message
    return caught.value.message, caught.value.hint


@pytest.mark.parametrize(
    ("a", "b", "line"),
    [
        ("-19.9 LUFS", "-19.9 LUFS", '[layers.voice_a] level = "0 dB"'),
        ("-24 LUFS", "-21.5 LUFS", '[layers.voice_a] level = "-2.5 dB"'),
        ("−24LUFS", "0 dB", '[layers.voice_a] level = "0 dB"'),
        ("0 dB", "-27 LUFS", '[layers.voice_b] level = "0 dB"'),
    ],
)
def test_the_loudness_of_a_voice_is_refused_with_the_level_against_the_other(project, a, b, line):
    message, hint = refused(project, OWN + VOICES.format(a=a, b=b))
    name = line[8:15]
    assert message.startswith(f"presets/old.toml: layers.{name}.level is ")
    assert "in dB against the other voice" in message
    assert line in hint
    assert "[master] dialogue = " in hint


@pytest.mark.parametrize(
    "master",
    ['target = "-24 LUFS"', 'anchor = "dialogue"\ntarget = "-24 LUFS"', 'target = "-24LUFS"'],
)
@pytest.mark.parametrize("base", ['extends = "final"\n', OWN, 'extends = "broadcast"\n'])
def test_a_target_of_the_dialogue_is_refused_with_the_new_line(project, base, master):
    if "broadcast" in base and "anchor" not in master:
        assert built(project, f"{base}[master]\n{master}").master.anchor_lufs == -24.0
        return
    message, hint = refused(project, f"{base}[master]\n{master}")
    assert message.startswith("presets/old.toml: master.target is ")
    assert '[master] dialogue = "-24 LUFS"' in hint


@pytest.mark.parametrize("unit", ["", " dB", " LU"])
def test_a_target_that_is_no_loudness_still_gets_a_line(project, unit):
    _, hint = refused(project, f'extends = "final"\n[master]\ntarget = "-24{unit}"')
    assert '[master] dialogue = "-27 LUFS"' in hint


def test_the_command_line_gets_a_line_for_the_command_line(project):
    final = 'extends = "final"'
    message, hint = refused(project, final, "master.target=-24 LUFS")
    assert message.startswith("--set: master.target is ")
    assert '--set master.dialogue="-24 LUFS"' in hint
    message, hint = refused(project, final, "voice_b.level=-20 LUFS")
    assert message.startswith("--set: layers.voice_b.level is ")
    assert '--set layers.voice_b.level="0 dB"' in hint


@pytest.mark.parametrize("vary", ["master.target=-24 LUFS,-20 LUFS", "voice_a.level=-20 LUFS,0 dB"])
def test_a_batch_that_varies_them_is_refused(project, vary):
    matrices = [m.varying(parse_vary((vary,))) for m in matrices_of(project, ("final",), False)]
    with pytest.raises(PresetError) as caught:
        plan(project, matrices, project.renders)
    assert caught.value.message.startswith("--vary: ")
    assert '--vary layers.voice_a.level="0 dB"' in caught.value.hint or (
        '--vary master.dialogue="-24 LUFS"' in caught.value.hint
    )


def test_an_alternate_may_anchor_on_the_dialogue_where_its_base_had_a_target(project):
    text = 'extends = "broadcast"\n[master]\nanchor = "dialogue"\n'
    assert built(project, text).master.anchor_lufs == -27.0
    by_set = build_preset(load_document(project, "broadcast", ("master.anchor=dialogue",)))
    assert by_set.master.anchor_lufs == -27.0
    assert "target" in by_set.master.unused()


def test_a_value_that_is_replaced_later_is_not_refused(project):
    (project.presets / "older.toml").write_text(OWN + VOICES.format(a="-20 LUFS", b="-20 LUFS"))
    text = 'extends = "older"\n[layers.voice_a]\nlevel = "0 dB"\n[layers.voice_b]\nlevel = "1 dB"\n'
    assert built(project, text).layers["voice_b"].level == 1.0
