from __future__ import annotations

from pathlib import Path

import pytest

from audio_pipeline.errors import ReportError
from audio_pipeline.reporting.markers.picture_change import PictureChange, Piece, read_change
from tests.reporting.marker_files import clock_of

Cut = tuple[str, int, int, int]
"""Reel, first frame of the source, first frame of the programme, frames."""


def edl(path: Path, cuts: list[Cut], rate: str) -> Path:
    clock = clock_of(rate)

    def record(frame: int) -> str:
        return clock.rate.timecode(clock.start_frame + frame)

    rows = ["TITLE: cut", f"FCM: {'' if clock.rate.drop else 'NON-'}DROP FRAME"]
    for n, (reel, source, start, length) in enumerate(cuts, 1):
        times = [clock.rate.timecode(f) for f in (90_000 + source, 90_000 + source + length)]
        times += [record(start), record(start + length)]
        rows.append(f"{n:03d}  {reel} V     C        {' '.join(times)}")
    path.write_text("\n".join([*rows, ""]))
    return path


def change(tmp_path: Path, old: list[Cut], new: list[Cut], rate: str = "24") -> PictureChange:
    return read_change(
        edl(tmp_path / "old.edl", old, rate), edl(tmp_path / "new.edl", new, rate), clock_of(rate)
    )


OLD: list[Cut] = [("A", 0, 0, 100), ("B", 50, 100, 60), ("A", 300, 160, 40)]


@pytest.mark.parametrize("rate", ["23.976", "24", "25", "29.97", "29.97df"])
def test_a_longer_shot_moves_what_follows_it(tmp_path: Path, rate: str) -> None:
    new = [("A", 0, 0, 100), ("B", 50, 100, 72), ("A", 300, 172, 40)]
    found = change(tmp_path, OLD, new, rate)
    assert found.pieces == (Piece(0, 160, 0), Piece(160, 200, 12))
    assert [found.moved(f) for f in (0, 159, 160, 199, 200, 250)] == [0, 159, 172, 211, 212, 262]


def test_what_was_cut_out_has_no_place(tmp_path: Path) -> None:
    new = [("A", 0, 0, 100), ("B", 60, 100, 30), ("A", 300, 130, 40)]
    found = change(tmp_path, OLD, new)
    assert found.removed() == (Piece(100, 110, None), Piece(140, 160, None))
    assert [found.moved(f) for f in (99, 105, 110, 139, 150, 160)] == [99, None, 100, 129, None, 130]


def test_a_new_shot_in_the_middle_of_an_old_one_parts_it(tmp_path: Path) -> None:
    new = [("A", 0, 0, 50), ("C", 0, 50, 24), ("A", 50, 74, 50), ("B", 50, 124, 60), ("A", 300, 184, 40)]
    found = change(tmp_path, OLD, new)
    assert found.pieces == (Piece(0, 50, 0), Piece(50, 200, 24))


def test_shots_that_change_places_move_each_their_own_way(tmp_path: Path) -> None:
    new = [("B", 50, 0, 60), ("A", 0, 60, 100), ("A", 300, 160, 40)]
    found = change(tmp_path, OLD, new)
    assert found.pieces == (Piece(0, 100, 60), Piece(100, 160, -100), Piece(160, 200, 0))


def test_of_a_picture_that_is_there_twice_the_nearest_counts(tmp_path: Path) -> None:
    found = change(tmp_path, [("A", 0, 0, 100)], [("A", 0, 0, 100), ("A", 0, 100, 100)])
    assert found.pieces == (Piece(0, 100, 0),)
    assert found.moved(100) == 200  # the end


def test_lists_without_anything_in_common_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="have no picture in common"):
        change(tmp_path, OLD, [("Z", 0, 0, 100)])


def test_sound_events_and_cuts_of_no_length_do_not_count(tmp_path: Path) -> None:
    old = edl(tmp_path / "old.edl", OLD, "24")
    text = old.read_text()
    (tmp_path / "new.edl").write_text(
        text
        + "004  A      A     C        00:00:00:00 00:10:00:00 01:00:00:00 01:10:00:00\n"
        + "005  A      V     C        00:00:00:00 00:00:00:00 01:00:00:00 01:00:00:00\n"
        + "005  A      V     D    012 00:00:00:00 00:00:00:00 01:00:00:00 01:00:00:00\n"
    )
    found = read_change(old, tmp_path / "new.edl", clock_of("24"))
    assert {piece.by for piece in found.pieces} == {0}
    assert found.new_stop == 200
