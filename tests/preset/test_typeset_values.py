"""What editors and typesetters do to a value: a byte order mark, a proper minus, spaces left out."""

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_pipeline.errors import PresetError
from audio_pipeline.preset.batch_file import parse_sets, parse_vary, read_batch_file
from audio_pipeline.preset.document import load_document, read_toml, value_of
from audio_pipeline.preset.explain import flat
from audio_pipeline.preset.model import Master, build_preset
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.registry import EFFECTS, LAYERS
from audio_pipeline.timeline.moments import parse_moment
from tests.conftest import REPOSITORY

HERE = Project(REPOSITORY)
BOM = b"\xef\xbb\xbf"
UNITS = {
    annotation.json_schema["pattern"]: annotation
    for table in (Master, *LAYERS.values(), *EFFECTS.values())
    for field in table.model_fields.values()
    for annotation in field.metadata
    if "\\d+" in getattr(annotation, "json_schema", {}).get("pattern", "")
}
"""Every way in which a field holds a number with a unit."""


@pytest.mark.parametrize("path", sorted(HERE.presets.glob("*.toml")), ids=lambda path: path.name)
def test_a_byte_order_mark_changes_no_preset_and_no_batch_file(tmp_path, path):
    marked = tmp_path / path.name
    marked.write_bytes(BOM + path.read_bytes())
    assert read_toml(marked, "it", "preset") == read_toml(path, "it", "preset")


def test_two_byte_order_marks_are_not_toml(tmp_path):
    (tmp_path / "x.toml").write_bytes(BOM + BOM + b"a = 1")
    with pytest.raises(PresetError, match="not valid TOML"):
        read_toml(tmp_path / "x.toml", "it", "preset")


@pytest.mark.parametrize("pattern", UNITS)
def test_every_unit_reads_a_proper_minus_as_a_hyphen(pattern):
    schema, parse = UNITS[pattern].json_schema, UNITS[pattern].parse
    hyphen = schema["examples"][0]
    hyphen = hyphen if hyphen.startswith("-") else f"-{hyphen}"
    typeset = hyphen.replace("-", "−")
    assert _read(parse, typeset) == _read(parse, hyphen)
    for written in (hyphen, typeset):
        assert jsonschema.Draft202012Validator(schema).is_valid(written)


def _read(parse, text):
    try:
        return parse(text)
    except ValueError as error:
        return str(error).replace("−", "-")


ATOM = st.sampled_from(
    ["8s", "250ms", "132f", "1.5min", "01:00:05:12", "90+08", "black", "voice_b.tail", "a2"]
)


@given(
    st.lists(st.tuples(st.sampled_from(["+", "-", "−"]), ATOM), min_size=1, max_size=5), st.booleans()
)
def test_spaces_around_signs_say_nothing_and_a_minus_is_a_minus(terms, leading):
    begin = terms[0][0].replace("+", "") if leading else ""
    spaced = begin + terms[0][1] + "".join(f" {sign} {atom}" for sign, atom in terms[1:])
    tight = spaced.replace(" ", "")
    wanted = parse_moment(spaced.replace("−", "-"))
    assert parse_moment(spaced) == wanted
    assert parse_moment(tight).choices == wanted.choices
    assert [atom for _, atom in wanted.choices[0]] == [atom for _, atom in terms]


@pytest.mark.parametrize(
    "text", ["--2s", "- - 2s", "8s+-2s", "black+", "+8s", "a2+08", "90+8", "90+08s", "1+2+3", "8s−−2s"]
)
def test_signs_that_join_nothing_are_refused(text):
    with pytest.raises(ValueError, match="not a time"):
        parse_moment(text)


@pytest.mark.parametrize(
    ("typeset", "plain"),
    [("−66 dBFS", "−66 dBFS"), ("−0.5", -0.5), ("[−1, '− a']", [-1, "− a"]), ("a − b", "a − b")],
)
def test_a_bare_number_may_have_a_proper_minus_and_texts_keep_theirs(typeset, plain):
    assert value_of(typeset) == plain
    assert parse_sets([f"x={typeset}"]) == {"x": plain}


def test_a_bare_minus_in_a_file_leaves_its_texts_and_comments_alone(tmp_path):
    text = 'a = −1 # −2 "\nb = "x − \\"5"\nc = """\n− "q" −"""\nd = [−1.5, \'− " −\']\n'
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    table = read_toml(tmp_path / "x.toml", "it", "preset")
    assert table == {"a": -1, "b": 'x − "5', "c": '− "q" −', "d": [-1.5, '− " −']}


PLAIN = {"grain.level": "-66 dBFS", "black": "voice_b.tail + 8s", "dropout": "end - 4s"}
TYPESET = {"grain.level": "−66 dBFS", "black": "voice_b.tail+8s", "dropout": "end−4s"}


def test_set_vary_batch_files_and_presets_read_the_same(project):
    wanted = _built(project, PLAIN)
    assert _built(project, TYPESET) == wanted
    assert parse_vary([f"{key}={value}" for key, value in TYPESET.items()]) == {
        key: (value,) for key, value in TYPESET.items()
    }
    batch = project.presets / "x.batch.toml"
    lines = "\n".join(f'"{key}" = "{value}"' for key, value in TYPESET.items())
    batch.write_bytes(BOM + f'presets = ["final"]\n[set]\n{lines}\n'.encode())
    (matrix,) = read_batch_file(batch, "x")
    assert _built(project, matrix.set) == wanted
    preset = project.presets / "typeset.toml"
    level, *cues = (f'{key.rpartition(".")[2]} = "{value}"' for key, value in TYPESET.items())
    text = "\n".join(['extends = "final"', "[cues]", *cues, "[layers.grain]", level])
    preset.write_bytes(BOM + text.encode())
    assert _meant(build_preset(load_document(project, "typeset"))) == wanted


def _built(project, values):
    sets = tuple(f"{key}={value}" for key, value in values.items())
    return _meant(build_preset(load_document(project, "final", sets)))


def _meant(preset):
    shown = {key: value for key, value in flat(preset).items() if not key.startswith("cues.")}
    return shown, {name: moment.choices for name, moment in preset.cues.items()}
