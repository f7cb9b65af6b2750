from __future__ import annotations

from pathlib import Path

import pytest

from audio_pipeline.errors import PresetError
from audio_pipeline.jobs.note_mix import is_note_of, sets_of_note, write_note_preset
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.explain import flat
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from tests.command import tiny_project


@pytest.fixture
def tiny(tmp_path: Path) -> Project:
    return Project(tiny_project(tmp_path))


@pytest.mark.parametrize(
    "note",
    [
        "grain.level = base - 3 dB",
        "--set grain.level='-58 dBFS'",
        "grain.on=false\nblack = 1.5s",
        "master.bits = 16\nlayers.voice_b.pan = L20",
        "seed=7",
    ],
)
def test_the_preset_of_a_note_is_what_the_command_would_render(tiny: Project, note: str) -> None:
    sets = ("grain.level=-57 dBFS",)
    made = write_note_preset(tiny, "tiny", sets if "base" not in note else (), note)
    by_file = flat(build_preset(load_document(tiny, made)))
    given = sets if "base" not in note else ()
    by_sets = flat(build_preset(load_document(tiny, "tiny", (*given, *sets_of_note(note)))))
    assert by_file | {"description": ""} == by_sets | {"description": ""}
    assert made == "tiny-note-1"
    assert write_note_preset(tiny, "tiny", (), note) == "tiny-note-2"


@pytest.mark.parametrize(
    ("note", "named"),
    [
        ("voice_a.stem = /etc/passwd", "cannot set layers.voice_a.stem"),
        ("layers.voice_a.stem = ../x.wav", "cannot set layers.voice_a.stem"),
        ("head = mine.sofa", "cannot set head"),
        ("title = x", "cannot set title"),
        ("master.delivery = theatrical", "cannot set master.delivery"),
        ("layers.grain.kind = room", "cannot set layers.grain.kind"),
        ("softer, please", "is not key=value"),
        ("", "has 0 values"),
        ("seed=1\n" * 21, "has 21 values"),
        ("grain.levl = 3", "levl"),
        ("grain.level = 2 bananas", "level"),
        ("layers.grain = {kind = 'clip', stem = '/etc/passwd'}", "."),
        ("extends = /tmp/x.toml", "."),
        ("seed = 1979-05-27", "."),
    ],
)
def test_a_note_sets_values_and_nothing_else(tiny: Project, note: str, named: str) -> None:
    with pytest.raises(PresetError, match=named):
        write_note_preset(tiny, "tiny", (), note)
    assert [p.name for p in tiny.presets.iterdir()] == ["tiny.toml"]


def test_notes_are_known_by_their_names() -> None:
    assert is_note_of("final", "final-note-12")
    assert not is_note_of("final", "final-notes")
    assert not is_note_of("final-note-1", "final-note-1")
