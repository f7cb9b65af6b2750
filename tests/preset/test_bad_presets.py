"""A bad preset gets one sentence that names the file, the key, what was found and what is allowed."""

import pytest
from annotated_types import Ge, Le

from audio_pipeline.errors import AudioPipelineError
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.registry import EFFECTS, LAYERS
from audio_pipeline.preset.stems import planned_schedule

BASE = 'extends = "final"\n'

CASES = {
    "unknown key in a layer": (
        BASE + '[layers.grain]\nlevle = "-60 dBFS"',
        "presets/bad.toml: [layers.grain] has no key 'levle'; did you mean 'level'?",
    ),
    "unknown key at the top": (
        BASE + 'titel = "x"',
        "a preset has no key 'titel'; did you mean 'title'?",
    ),
    "unknown table": (BASE + "[layer.grain]\non = false", "a preset has no key 'layer'; did you mean"),
    "unknown kind": (BASE + '[layers.x]\nkind = "projektor"', "did you mean 'projector'?"),
    "no kind": (BASE + "[layers.x]\non = true", "layers.x.kind is missing"),
    "no unit": (
        BASE + "[layers.grain]\nlevel = -60",
        "layers.grain.level is wrong: -60 is not a value in dBFS",
    ),
    "wrong unit": (
        BASE + '[layers.grain]\nlevel = "-60 LUFS"',
        "layers.grain.level is wrong: '-60 LUFS' is not a value in dBFS; write '-60 dBFS'",
    ),
    "impossible value": (BASE + '[layers.grain]\nlevel = "6 dBFS"', "is outside -140 dBFS to 0 dBFS"),
    "time without unit": (
        BASE + "[cues]\nblack = 44",
        'cues.black is wrong: 44 has no unit; write "44s"',
    ),
    "length that is a cue": (BASE + '[effects.dropout]\nfade = "black"', "is not a length of time"),
    "not a boolean": (
        BASE + '[layers.grain]\non = "no"',
        'layers.grain.on is "no"; allowed: true, false',
    ),
    "unknown curve": (
        BASE + '[effects.dropout]\ncurve = "sine"',
        'effects.dropout.curve is "sine"; allowed',
    ),
    "unknown law": (
        BASE + '[effects.crossfade]\nlaw = "-5 dB"',
        "allowed: '-3 dB', '-4.5 dB' or '-6 dB'",
    ),
    "pan outside": (BASE + '[effects.crossfade]\ninner = "R120"', 'write "L100", "C" or "R30"'),
    "cue that refers to itself": (
        BASE + '[cues]\nblack = "black + 1s"',
        "cues.black refers to itself: black → black",
    ),
    "cues in a circle": (
        BASE + '[cues]\nblack = "dropout - 12s"',
        "refers to itself: black → dropout → black",
    ),
    "unknown cue": (
        BASE + '[cues]\nblack = "blakc + 1s"',
        "'blakc' is unknown; did you mean 'black'?",
    ),
    "cue before the start": (
        BASE + '[cues]\nbreath = "-1s"',
        'cues.breath is "-1s", 1 s before the programme starts',
    ),
    "layer before the start": (
        BASE + '[layers.grain]\nat = "start - 2s"',
        "2 s before the programme starts",
    ),
    "cue after the end": (BASE + '[cues]\nend = "20s"', "is after the cue 'end'"),
    "ten hours": (BASE + '[cues]\nend = "10h"', "10 hours; a programme has at most 6"),
    "no length": (BASE + '[cues]\nend = "0s"', "cues.end makes the programme shorter than 0.1 s"),
    "frame that the rate has not got": (BASE + '[cues]\nblack = "01:00:44:24"', "at 24 the last is 23"),
    "feet with too many frames": (BASE + '[cues]\nblack = "66+16"', "a foot of 35mm has 16"),
    "extends itself": ('extends = "bad"', "presets/bad.toml extends itself: bad → bad"),
    "extends nothing": ('extends = "finale"', "extends 'finale': unknown preset 'finale'"),
    "extends a number": ("extends = 3", "extends is 3; it must be the name of a preset"),
    "not TOML": ("extends = final", "presets/bad.toml is not valid TOML"),
    "no end": ('title = "x"', "the cue 'end' is missing; it sets the length of the mix"),
    "absolute stem": (BASE + '[layers.voice_a]\nstem = "/etc/passwd"', "is outside the project"),
    "stem above": (BASE + '[layers.voice_a]\nstem = "../voice_a.flac"', "is outside the project"),
    "stem that does not exist": (BASE + '[layers.voice_a]\nstem = "stems/c.flac"', "stems/c.flac"),
    "unknown layer in an effect": (
        BASE + '[effects.dropout]\nspares = ["grian"]',
        "did you mean 'grain'?",
    ),
    "a layer with an effect's name": (
        BASE + '[layers.dropout]\nkind = "grain"',
        "has the name of a layer",
    ),
    "a name with capitals": (BASE + '[layers.Grain]\nkind = "grain"', "is not a valid name for a sound"),
    "a table that is none": (BASE + "layers = 3", "layers is 3; it must be a table"),
    "negative seed": (BASE + "seed = -1", "seed is -1; it must be at least 0"),
    "rate that is none": (BASE + "[picture]\nrate = 12", 'picture.rate is "12"; allowed'),
    "start that is none": (BASE + '[picture]\nstart = "noon"', "picture.start is wrong"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bad_preset_is_told_in_one_sentence(project, case):
    text, words = CASES[case]
    (project.presets / "bad.toml").write_text(text)
    with pytest.raises(AudioPipelineError) as caught:
        planned_schedule(project, build_preset(load_document(project, "bad")), {})
    assert words in caught.value.message
    assert "\n" not in caught.value.message


BOUNDS = [
    (kind, name, bound)
    for kind, table in {**LAYERS, **EFFECTS}.items()
    for name, field in table.model_fields.items()
    for bound in field.metadata
    if isinstance(bound, Ge | Le) and any(hasattr(m, "json_schema") for m in field.metadata)
]
"""What a sound itself allows of a number with a unit, within what the unit allows."""


@pytest.mark.parametrize(("kind", "name", "bound"), BOUNDS, ids=lambda value: str(value))
def test_a_sound_holds_a_number_with_a_unit_within_its_own_bounds(project, kind, name, bound):
    table = {**LAYERS, **EFFECTS}[kind]
    unit = next(m.json_schema for m in table.model_fields[name].metadata if hasattr(m, "json_schema"))
    word = unit["examples"][0].lstrip("+-.0123456789 ").removeprefix("k")
    end, beyond = (bound.ge, -0.01) if isinstance(bound, Ge) else (bound.le, 0.01)
    shelf = "layers" if kind in LAYERS else "effects"
    written = f"[{shelf}.x]\nkind = '{kind}'\nstem = 'stems/voice_a.flac'\n{name} = "
    if "stem" not in table.model_fields:
        written = written.replace("stem = 'stems/voice_a.flac'\n", "")
    (project.presets / "bad.toml").write_text(f'{BASE}{written}"{end + beyond:.3f} {word}"')
    with pytest.raises(AudioPipelineError, match=rf"{shelf}\.x\.{name} is .*(at least|at most|outside)"):
        build_preset(load_document(project, "bad"))


def test_a_chain_of_presets_that_is_too_long_is_refused(project):
    for n in range(20):
        (project.presets / f"p{n}.toml").write_text(f'extends = "p{n + 1}"')
    with pytest.raises(AudioPipelineError, match="longer than 16 presets"):
        load_document(project, "p0")


def test_a_file_that_is_too_large_is_refused(project):
    (project.presets / "big.toml").write_text("# " + "x" * 1_000_001)
    with pytest.raises(AudioPipelineError, match="larger than 1 MB"):
        load_document(project, "big")


def test_nesting_without_end_is_refused_and_not_a_crash(project):
    (project.presets / "deep.toml").write_text("a = " + "[" * 50_000 + "]" * 50_000)
    with pytest.raises(AudioPipelineError, match=r"not valid TOML|nested more than"):
        load_document(project, "deep")


def test_an_unknown_preset_names_those_that_there_are(project):
    with pytest.raises(AudioPipelineError) as caught:
        load_document(project, "finall")
    assert "did you mean 'final'?" in caught.value.hint
    assert "long-wait" in caught.value.hint
