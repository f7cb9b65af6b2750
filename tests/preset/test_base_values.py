"""Values that say "base": the same as the value written out, for every field that has a number or a time."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_pipeline.errors import PresetError
from audio_pipeline.preset.base_values import steps_of
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.explain import flat, values_of
from audio_pipeline.preset.model import Head, Master, Picture, Preset, build_preset
from audio_pipeline.preset.registry import EFFECTS, LAYERS
from audio_pipeline.preset.schema import preset_schema
from audio_pipeline.preset.stems import planned_schedule
from audio_pipeline.timeline.moments import Clock, moment_of_choices, parse_moment
from audio_pipeline.timeline.timecode import RATES
from audio_pipeline.units import Unit


def preset(project: Any, *texts: str, sets: tuple[str, ...] = ()) -> Preset:
    """The last of presets that each extend the one before, the first `final`."""
    base = "final"
    for n, text in enumerate(texts):
        (project.presets / f"p{n}.toml").write_text(f'extends = "{base}"\n{text}')
        base = f"p{n}"
    return build_preset(load_document(project, base, sets))


def refused(project: Any, text: str, *sets: str) -> PresetError:
    with pytest.raises(PresetError) as caught:
        planned_schedule(project, preset(project, text, sets=sets), {})
    assert "\n" not in caught.value.message
    return caught.value


FIELDS = [
    (shelf, kind, name, steps)
    for shelf, kinds in (("layers", LAYERS), ("effects", EFFECTS))
    for kind, cls in kinds.items()
    for name, field in cls.model_fields.items()
    if (steps := steps_of(field)) is not None and field.default is not None
]


@pytest.mark.parametrize(("shelf", "kind", "name", "steps"), FIELDS, ids=lambda value: str(value)[:20])
def test_every_number_and_time_of_every_kind_knows_its_default_as_base(
    project: Any, shelf: str, kind: str, name: str, steps: Any
) -> None:
    cls = {**LAYERS, **EFFECTS}[kind]
    required = [n for n, f in cls.model_fields.items() if f.is_required() and n == "stem"]
    table = f"[{shelf}.x]\nkind = '{kind}'\non = false\n" + "".join(
        f"{n} = 'stems/voice_a.flac'\n" for n in required
    )
    key = f"{shelf}.x.{name}"
    default = flat(preset(project, table))[key]
    assert flat(preset(project, f"{table}{name} = 'base'"))[key] == default
    if isinstance(steps, Unit):
        unit = next(iter(steps.changes))
        text = f"{table}{name} = 'base + 0.5 {unit} - 0.5 {unit}'"
        if default == "off":
            assert 'changes "off"' in refused(project, text).message
        else:
            assert flat(preset(project, text))[key] == default


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("layers.grain.level", "base - 3 dB", "-59 dBFS"),
        ("layers.grain.level", "base-3dB", "-59 dBFS"),
        ("layers.grain.level", "base \N{MINUS SIGN} 3.5 dB + 1 dB", "-58.5 dBFS"),
        ("layers.grain.level", "base + 0.1 dB", "-55.9 dBFS"),
        ("effects.echo.level", "base + 0.2 dB", "-14.3 dB"),
        ("layers.projector.early", "base - 3 dB", "-18 dB"),
        ("master.ceiling", "base - 1 dB", "-3 dBTP"),
        ("effects.echo.growth", "base + 5%", "65 %"),
        ("effects.echo.cutoff", "base + 0.5 kHz", "3000 Hz"),
        ("layers.breath.alone_rate", "base - 1/min", "9 /min"),
        ("layers.breath.pan", "base + R30", "R10"),
        ("layers.breath.pan", "base - L20", "C"),
        ("effects.crossfade.inner", "base + L25", "L15"),
        ("effects.dropout.fade", "base + 100ms", "350ms"),
        ("effects.dropout.fade", "base + 1.25s", "1.5s"),
        ("effects.dropout.fade", "base + 2f", "2f + 250ms"),
        ("cues.dropout", "base - 5s", "black + 7s"),
        ("cues.cross", "base + 800ms", "voice_a.tail"),
        ("cues.start", "base", "0s"),
        ("cues.black", "base + 1min", "[104s, echo.tail + 60s]"),
        ("layers.voice_a.at", "base + 5f", "voice_a + 5f"),
        ("layers.grain.at", "base + 5s", "start + 5s"),
        ("seed", "base + 4", 5),
        ("effects.echo.returns", "base - 2", 3),
        ("effects.space.bass_ratio", "base - 0.05", 1.1),
    ],
)
def test_a_change_of_the_base_is_the_value_written_out(
    project: Any, key: str, text: str, value: Any
) -> None:
    *table, name = key.split(".")
    found = preset(project, (f"[{'.'.join(table)}]\n" if table else "") + f'{name} = "{text}"')
    assert flat(found)[key] == value
    by_set = preset(project, "", sets=(f"{key}={text}",))
    assert flat(by_set)[key] == value
    assert {v.key: v.origin for v in values_of(by_set)}[key] == "--set"


def test_base_stands_for_the_nearest_preset_of_a_chain_and_for_the_set_before(project: Any) -> None:
    level = '[layers.grain]\nlevel = "base - 2 dB"'
    assert flat(preset(project, level, "", level, level))["layers.grain.level"] == "-62 dBFS"
    sets = ("grain.level=base - 1 dB", "layers.grain.level=base - 1 dB")
    assert flat(preset(project, level, sets=sets))["layers.grain.level"] == "-60 dBFS"
    later = ("grain.level=base - 1 dB", "grain.level=-50 dBFS", "grain.level=base")
    assert flat(preset(project, level, sets=later))["layers.grain.level"] == "-50 dBFS"


def test_a_list_of_times_takes_in_the_times_of_its_base(project: Any) -> None:
    black = '[cues]\nblack = ["base + 5s", "voice_b.tail + 4s"]'
    found = flat(preset(project, black, '[cues]\nblack = "base - 1s"'))["cues.black"]
    assert found == "[48s, echo.tail + 4s, voice_b.tail + 3s]"


def test_a_sound_of_another_kind_starts_from_its_own_defaults(project: Any) -> None:
    room = preset(project, '[layers.grain]\nkind = "room"\nlevel = "base - 3 dB"').layers["grain"]
    assert room.level == LAYERS["room"].model_fields["level"].default - 3


def test_text_that_holds_the_word_is_text(project: Any) -> None:
    found = preset(project, 'title = "base - the film"\nversion = "base"')
    assert (found.head.title, found.head.version) == ("base - the film", "base")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[layers.grain]\nlevel = "base - 3"', 'write it like "base - 3 dB"'),
        ('[layers.grain]\nlevel = "base - 3 dBFS"', 'write it like "base - 3 dB"'),
        ('[layers.grain]\nlevel = "base * 2"', 'write it like "base - 3 dB"'),
        ('[layers.grain]\nlevel = "-3 dB + base"', 'does not begin with "base"'),
        ('[layers.grain]\nlevel = "base + 100 dB"', "'44 dBFS' is outside"),
        ('[layers.grain]\nearly = "base + 3 dB"', 'changes "off"'),
        ('[layers.breath]\npan = "base + 20"', 'write it like "base + R20"'),
        ('[layers.breath]\npan = "base + L90"', "is beyond L100"),
        ('[effects.dropout]\nfade = "base - 1s"', "comes to '-750ms'"),
        (
            '[effects.dropout]\nfade = "base - 7f"',
            'effects.dropout.fade is "250ms - 7f", less than no time',
        ),
        ('[effects.echo]\nreturns = "base + 0.5"', "effects.echo.returns is 5.5"),
        ('[effects.echo]\nleft_from = "base + 1s"', "the base does not set this value"),
        ('[cues]\nnew = "base + 1s"', "the base does not set this value"),
        ('[cues]\nblack = "voice_b.tail + base"', 'does not begin with "base"'),
        ('[cues]\nblack = "base + base"', 'does not begin with "base"'),
        ('[cues]\nbase = "1s"', "cues.base is not a valid name for a cue"),
        ('[layers.base]\nkind = "grain"', "layers.base is not a valid name for a sound"),
        ('[effects.dropout]\ncurve = "base"', 'effects.dropout.curve is "base"; allowed'),
        ('[layers.grain]\nkind = "base"', "has no kind 'base'"),
        ('layers = "base"', "layers is 'base'; it must be a table"),
    ],
)
def test_a_change_without_meaning_is_refused_in_one_sentence(
    project: Any, text: str, words: str
) -> None:
    assert words in refused(project, text).message


def test_without_a_base_there_is_an_error_that_names_the_file_and_says_what_to_do(project: Any) -> None:
    (project.presets / "alone.toml").write_text('[cues]\nend = "base + 3s"')
    for name, text in (("alone", None), ("below", 'extends = "alone"\n[cues]\nend = "base + 1s"')):
        if text is not None:
            (project.presets / f"{name}.toml").write_text(text)
        with pytest.raises(
            PresetError, match=r"^presets/alone\.toml: cues\.end is wrong: .*no preset$"
        ) as e:
            build_preset(load_document(project, name))
        assert 'extends = "final"' in (e.value.hint or "")


def test_the_schema_takes_what_the_reader_takes(project: Any) -> None:
    validator = jsonschema.Draft202012Validator(preset_schema())
    grain = {"level": "base - 3 dB", "at": "base + 5s", "early": "base-1dB", "pan": "base + R20"}
    effects = {"echo": {"returns": "base + 1", "growth": "base + 5%", "gap": "base + 10ms"}}
    validator.validate({"extends": "final", "seed": "base", "layers": {"g": grain}, "effects": effects})
    assert not validator.is_valid({"layers": {"g": {"kind": "grain", "level": "basement"}}})


def test_lists_that_double_in_every_preset_are_refused_and_not_a_crash(project: Any) -> None:
    many = "[cues]\nblack = [" + ", ".join(['"base"'] * 40) + "]"
    assert "more than 1000 times" in refused_chain(project, many, many, many).message


def refused_chain(project: Any, *texts: str) -> PresetError:
    with pytest.raises(PresetError) as caught:
        preset(project, *texts)
    return caught.value


ATOMS = st.sampled_from(["8s", "250ms", "1.5min", "0.125h", "6f", "2.5f", "01:00:05:12", "90+08", "2s"])


@given(st.lists(st.tuples(st.sampled_from([1, -1]), ATOMS), min_size=1, max_size=8))
def test_a_sum_of_times_written_shorter_comes_to_the_same(terms: list[tuple[int, str]]) -> None:
    clock = Clock(RATES["24"], start_frame=RATES["24"].frame("01:00:00:00"))
    text = moment_of_choices([terms])
    whole = sum((sign * clock.seconds(atom) for sign, atom in terms), Fraction(0))
    assert clock.duration(parse_moment(text)) == whole
    units = [atom for _, atom in itertools.chain(*parse_moment(text).choices) if atom.endswith("s")]
    assert len(units) <= 1


def test_tables_outside_the_sounds_move_too() -> None:
    moving = {n for cls in (Head, Master, Picture) for n, f in cls.model_fields.items() if steps_of(f)}
    assert {"seed", "ceiling", "look_ahead"} <= moving
