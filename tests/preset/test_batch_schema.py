"""The JSON Schema of batch files: it takes what the reader takes, and refuses an editor's common slips."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.errors import PresetError
from audio_pipeline.preset.batch_file import KEYS, MIX_KEYS, SUFFIX, read_batch_file
from audio_pipeline.preset.batch_schema import batch_schema
from tests.conftest import REPOSITORY
from tests.hostile.batch_makers import batch_by_bytes, batch_by_structure

SHIPPED = sorted((REPOSITORY / "presets").glob(f"*{SUFFIX}"))
VALIDATOR = jsonschema.Draft202012Validator(batch_schema())


def test_it_is_a_schema_with_every_key_of_the_reader():
    jsonschema.Draft202012Validator.check_schema(batch_schema())
    properties = batch_schema()["properties"]
    assert tuple(properties) == KEYS
    assert tuple(properties["mix"]["items"]["properties"]) == MIX_KEYS
    assert all(field["description"] for field in properties.values())


def test_it_accepts_every_shipped_batch_file():
    assert SHIPPED
    for path in SHIPPED:
        VALIDATOR.validate(tomllib.loads(path.read_text(encoding="utf-8")))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([batch_by_structure, batch_by_bytes]))
def test_it_accepts_whatever_the_reader_accepts(tmp_path_factory, seed, make):
    path: Path = tmp_path_factory.getbasetemp() / f"any{SUFFIX}"
    path.write_bytes(make(seed))
    try:
        read_batch_file(path, "any")
    except PresetError:
        return
    table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    VALIDATOR.validate(json.loads(json.dumps(table, default=str)))  # a date is a text to an editor


@pytest.mark.parametrize(
    "text",
    [
        'preset = ["final"]',
        'presets = "final"',
        "presets = []",
        'presets = ["final"]\nname = 7',
        'presets = ["final"]\n[vary]\n"dropout.fade" = "80ms"',
        'presets = ["final"]\n[vary]\n"dropout.fade" = []',
        'presets = ["final"]\n[vary.dropout]\nfade = "80ms"',
        'presets = ["final"]\nstems = "stems/fr.wav"',
        'presets = ["final"]\n[stems.fr]',
        'presets = ["final"]\n[stems.fr]\nvoice_a = 1',
        'presets = ["final"]\n[stems.fr]\nset = "quiet"',
        'presets = ["final"]\n[exclude]\n"dropout.fade" = "80ms"',
        '[[mix]]\nname = "x"',
        '[[mix]]\npreset = "final"\nsets = {}',
    ],
)
def test_it_refuses_what_the_reader_refuses(tmp_path, text):
    path = tmp_path / f"x{SUFFIX}"
    path.write_text(text)
    with pytest.raises(PresetError):
        read_batch_file(path, "x")
    assert not VALIDATOR.is_valid(tomllib.loads(text))


@pytest.mark.parametrize("voice", ["", "a", "voice_b"])
def test_a_value_that_is_no_file_is_an_error_with_a_hint_for_any_name(tmp_path, voice):
    path = tmp_path / f"any{SUFFIX}"
    path.write_text(f'presets = ["final"]\n[stems.de]\n"{voice}" = 7\n', encoding="utf-8")
    with pytest.raises(PresetError, match=r"stems\.de.* must be the path of a file") as error:
        read_batch_file(path, "any")
    assert '= "stems/de_' in str(error.value.hint)
