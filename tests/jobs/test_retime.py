"""A preset follows a new picture: +12 frames move what depends on them, and nothing else, by the samples."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from audio_pipeline.errors import PresetError, ReportError
from audio_pipeline.jobs.retime import NewPicture, Retimed, retime
from audio_pipeline.mixing.console import Console
from audio_pipeline.mixing.session import open_session
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from audio_pipeline.timeline.spans import Span
from tests.command import tiny_project

RATE = 48_000
FRAMES_12 = RATE // 2


@pytest.fixture
def tiny(tmp_path: Path) -> Project:
    return Project(tiny_project(tmp_path))


def markers(project: Project, text: str) -> NewPicture:
    file = project.root / "locked.csv"
    file.write_text(text)
    return NewPicture(markers=file)


def cuts(project: Project, *new: str) -> NewPicture:
    """The picture of two shots, cut at 01:00:01:20, and the lines of another cut."""
    head = "TITLE: cut\nFCM: NON-DROP FRAME\n\n"
    old = (
        "001  A001 V     C        01:00:00:00 01:00:01:20 01:00:00:00 01:00:01:20",
        "002  B001 V     C        02:00:00:00 02:00:01:04 01:00:01:20 01:00:03:00",
    )
    for name, lines in (("old.edl", old), ("new.edl", new)):
        (project.root / name).write_text(head + "\n".join(lines) + "\n")
    return NewPicture(old=project.root / "old.edl", new=project.root / "new.edl")


LONGER = (
    "001  A001 V     C        01:00:00:00 01:00:02:08 01:00:00:00 01:00:02:08",
    "002  B001 V     C        02:00:00:00 02:00:01:04 01:00:02:08 01:00:03:12",
)
SHORTER = (
    "001  A001 V     C        01:00:00:00 01:00:01:20 01:00:00:00 01:00:01:20",
    "002  B001 V     C        02:00:00:12 02:00:01:04 01:00:01:20 01:00:02:12",
)


def mixed(project: Project, name: str) -> dict[str, np.ndarray]:
    """The buses of a preset, made without any cache."""
    session = open_session(project, build_preset(load_document(project, name)), {})
    console = Console(session.console.graph)
    found: dict[str, list[np.ndarray]] = {"DX": [], "FX": [], "BG": []}
    for here, buses in console.tiles(session.scene.programme, 1, lambda b: b):
        for bus, samples in buses.items():
            part = here.intersect(session.scene.programme)
            whole = np.zeros((len(here), 2)) if samples is None else samples
            found[bus].append(whole[part.inside(here)])
    return {bus: np.concatenate(parts) for bus, parts in found.items()}


def frames(found: Retimed) -> dict[str, Fraction]:
    return {m.name: (m.after - m.before) * 24 for m in found.moves}


@pytest.mark.parametrize("by", ["markers", "cuts"])
def test_twelve_frames_move_what_depends_on_them_and_nothing_else(tiny: Project, by: str) -> None:
    if by == "markers":
        text = "name,at\nBlack,01:00:02:12\nsilence,3s\nEnd,01:00:03:12\nslate,0s\n"
        picture = markers(tiny, text)
    else:
        picture = cuts(tiny, *LONGER)
    found = retime(tiny, "tiny", picture, "tiny-cut2")
    cues = {"black": 12, "silence": 12, "end": 12}
    lines = {"voice_a (line)": 0, "voice_b (line)": 0}
    moved = frames(found)
    assert {name: moved[name] for name in cues | lines} == cues | lines
    before, after = mixed(tiny, "tiny"), mixed(tiny, "tiny-cut2")
    length = len(before["DX"])
    assert found.compared == Span(0, length)
    assert len(after["DX"]) == length + FRAMES_12
    for bus, samples in before.items():
        equal = np.all(samples == after[bus][:length], axis=1)
        listed = np.zeros(length, dtype=bool)
        for span in found.equal[bus]:
            listed[span.start : span.stop] = True
        assert np.array_equal(equal, listed)
    assert found.equal["DX"] == (Span(0, length),)  # no voice depends on these cues
    ground, *by_chance = found.equal["BG"]
    assert all(len(span) < 10 for span in by_chance)
    silence = 5 * RATE // 2
    assert ground.start == 0
    assert silence - RATE // 20 < ground.stop <= silence  # up to the fade of the silence that moved
    assert after["BG"][silence : silence + FRAMES_12 // 2].any()
    assert found.sounds["grain"] == ("silence",)


def test_the_new_preset_is_a_few_lines_that_extend_the_old(tiny: Project) -> None:
    found = retime(tiny, "tiny", cuts(tiny, *LONGER), "tiny-cut2")
    assert found.file is not None
    text = found.file.read_text()
    assert text.startswith('extends = "tiny"\n')
    assert 'black = "base + 12f"' in text
    assert len(text.splitlines()) <= 8
    assert list(found.changes) == [("cues", "black"), ("cues", "silence"), ("cues", "end")]


def test_what_follows_a_cue_needs_no_line_of_its_own(project: Project) -> None:
    (project.presets / "fixed.toml").write_text('extends = "short"\n[cues]\nblack = "16s"\n')
    picture = markers(project, "name,at\nblack,01:00:16:12\n")
    found = retime(project, "fixed", picture, "fixed-cut2")
    assert found.changes == {("cues", "black"): "base + 12f"}
    moved = {name for name, by in frames(found).items() if by}
    assert moved == {"black", "dropout", "silence", "end"}
    assert all(by in (0, 12) for by in frames(found).values())
    assert found.equal["DX"][0].start == 0
    assert found.equal["mix"][0].stop >= 15 * RATE


def test_a_time_of_its_own_moves_with_its_picture_and_a_sounds_cue_does_not(tiny: Project) -> None:
    preset = tiny.presets / "tiny.toml"
    text = preset.read_text().replace("[cues]", '[cues]\nafter = "voice_b.tail + 100ms"')
    preset.write_text(text.replace('at = "1s"', 'at = "01:00:01:00"'))
    early = (
        "001  A001 V     C        01:00:00:12 01:00:01:20 01:00:00:00 01:00:01:08",
        "002  B001 V     C        02:00:00:00 02:00:01:04 01:00:01:08 01:00:02:12",
    )
    found = retime(tiny, "tiny", cuts(tiny, *early), "tiny-cut2")
    assert found.problems == (
        "voice_a.at at 01:00:00:02 is inside the removed picture (01:00:00:00 to 01:00:00:12)",
    )
    preset.write_text(preset.read_text().replace('at = "100ms"', 'at = "600ms"'))
    found = retime(tiny, "tiny", cuts(tiny, *early), "tiny-cut2")
    assert not found.problems
    assert set(found.changes.values()) == {"base - 12f"}
    assert ("cues", "after") not in found.changes
    assert {name: by for name, by in frames(found).items() if by != -12} == {"start": 0}


def test_a_cut_that_takes_a_cue_away_is_named_and_writes_nothing(tiny: Project) -> None:
    found = retime(tiny, "tiny", cuts(tiny, *SHORTER), "tiny-cut2")
    assert found.problems[0] == (
        "black at 01:00:02:00 is inside the removed picture (01:00:01:20 to 01:00:02:08)"
    )
    assert found.file is None
    assert not (tiny.presets / "tiny-cut2.toml").exists()


def test_cues_that_meet_are_named(tiny: Project) -> None:
    picture = markers(tiny, "name,at\nblack,01:00:02:12\n")
    found = retime(tiny, "tiny", picture, "tiny-cut2")
    assert found.problems == ("black and silence coincide at 01:00:02:12",)


def test_nothing_is_written_where_nothing_moves(tiny: Project) -> None:
    found = retime(tiny, "tiny", markers(tiny, "name,at\nblack,2s\n"), "tiny-cut2")
    assert not found.moved()
    assert found.file is None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("name,at\nslate,2s\n", "no marker with the name of a cue"),
        ("name,at\nblack,2s\nBLACK,2.5s\n", "two markers are named 'black', in lines 2 and 3"),
        ("name,at\nblack,01:00:02;12\n", "is drop frame"),
    ],
)
def test_lists_that_say_nothing_of_the_cues_are_refused(tiny: Project, text: str, named: str) -> None:
    with pytest.raises(ReportError, match=named) as error:
        retime(tiny, "tiny", markers(tiny, text), "tiny-cut2")
    assert "--rate" not in (error.value.hint or "")


def test_a_name_that_is_taken_is_refused(tiny: Project) -> None:
    with pytest.raises(PresetError, match="already exists"):
        retime(tiny, "tiny", markers(tiny, "name,at\nblack,2s\n"), "tiny")
