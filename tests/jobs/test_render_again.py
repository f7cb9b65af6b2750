"""A second render with a cache: nothing that is equal is mixed again, and no byte is different."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from audio_pipeline.effects.base import Strip
from audio_pipeline.jobs.render import Order, Rendered, render
from audio_pipeline.memo.store import Cache
from audio_pipeline.mixing.console import Console
from audio_pipeline.mixing.graph import Group
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project

TWO_TILES = ("cues.breath=4s", "cues.voice_a=6s")
CHANGES = (
    (),
    ("master.ceiling=-6 dBTP",),
    ("master.dialogue=-30 LUFS",),
    ("dropout.fade=80ms",),
    ("layers.grain.level=-50 dBFS",),
    ("cues.silence=dropout + 700ms",),
)


def order(project: Project, out: Path, cache: Cache | None, *sets: str, stems: bool = False) -> Order:
    preset = build_preset(load_document(project, "short", (*TWO_TILES, *sets)))
    return Order(project, preset, out, workers=2, cache=cache, stems=stems, page=False)


def bytes_of(done: Rendered) -> list[bytes]:
    files = (done.master.file, done.files.report, *done.files.stems.values())
    return [file.read_bytes() for file in files if file is not None]


def test_every_file_is_the_same_to_the_byte_whatever_was_rendered_before(
    shared_project: Project, tmp_path: Path
) -> None:
    cache = Cache(tmp_path / "cache")
    for n, sets in enumerate(CHANGES):
        made = [
            bytes_of(render(order(shared_project, tmp_path / f"{n}{kept}", kept, *sets, stems=True)))
            for kept in (cache, None)
        ]
        assert made[0] == made[1], sets


@pytest.mark.parametrize(
    ("sets", "stems"), [(CHANGES[0], True), (CHANGES[1], True), (CHANGES[2], False)]
)
def test_a_change_of_the_master_mixes_nothing(
    shared_project: Project,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sets: tuple[str, ...],
    stems: bool,
) -> None:
    cache = Cache(tmp_path / "cache")
    render(order(shared_project, tmp_path / "first", cache, stems=stems))
    monkeypatch.setattr(Console, "_group", lambda *_: pytest.fail("mixed again"))
    render(order(shared_project, tmp_path / "again", cache, *sets, stems=stems))


def test_only_the_changed_tile_is_mixed_again(
    shared_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path / "cache")
    done = render(order(shared_project, tmp_path / "first", cache))
    mixed: list[int] = []
    group_over = Console._group

    def counted(console: Console, group: Group, passed: int, index: int) -> Strip:
        mixed.append(index)
        return group_over(console, group, passed, index)

    monkeypatch.setattr(Console, "_group", counted)
    render(order(shared_project, tmp_path / "again", cache, "dropout.fade=80ms"))
    dropout = done.session.scene.cue("dropout")
    assert {*mixed} == {dropout // 384_000}


def cleared(cache: Path) -> None:
    Cache(cache).clear()


def truncated(cache: Path) -> None:
    for entry in cache.glob("*.kept"):
        os.truncate(entry, 5000)


@pytest.mark.parametrize("damage", [cleared, truncated])
def test_a_cache_that_is_damaged_while_it_is_used_changes_nothing(
    shared_project: Project, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    cache = Cache(tmp_path / "cache")
    expected = bytes_of(render(order(shared_project, tmp_path / "first", cache)))

    done: list[str] = []

    def damaged(now: str, share: float) -> None:
        if now == "mix" and share == 1.0:  # between the two passes
            damage(tmp_path / "cache")
            done.append(now)

    again = render(order(shared_project, tmp_path / "again", cache), damaged)
    assert done
    assert bytes_of(again) == expected
