"""A folder appears whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from audio_pipeline.audio_io.write.recovery import recover
from audio_pipeline.audio_io.write.staging import MARK, staging_folder
from audio_pipeline.audio_io.write.whole_folder import new_file, whole_folder
from audio_pipeline.errors import RenderError


def test_it_appears_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "delivery"
    with whole_folder(target) as folder:
        with new_file(folder / "inner" / "text.txt", "w") as file:
            file.write("one\n")
        assert not target.exists()
    assert (target / "inner" / "text.txt").read_bytes() == b"one\n"
    assert list(tmp_path.iterdir()) == [target]


def test_nothing_is_left_when_it_fails(tmp_path: Path) -> None:
    def fail() -> None:
        with whole_folder(tmp_path / "delivery") as folder:
            (folder / "a.txt").write_text("a")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "delivery"
    with (
        whole_folder(target) as folder,
        pytest.raises(RenderError, match="another process"),
        whole_folder(target),
    ):
        pass
    assert not folder.exists()


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_is_there_is_never_replaced(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "delivery"
    if kind == "folder":
        target.mkdir()
    elif kind == "file":
        target.write_text("mine")
    else:
        target.symlink_to("nowhere")
    with pytest.raises(RenderError, match="never overwritten"), whole_folder(target):
        pass
    assert list(tmp_path.iterdir()) == [target]


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    left = staging_folder(tmp_path / "delivery")
    (left / "tree" / "inner").mkdir(parents=True)
    (left / "tree" / "inner" / "a.wav").write_bytes(b"RIFF")
    (left / "mark").write_bytes(MARK)
    recover(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_tree_without_the_mark_is_not_ours(tmp_path: Path) -> None:
    left = staging_folder(tmp_path / "delivery")
    (left / "tree").mkdir(parents=True)
    (left / "tree" / "theirs.txt").write_text("theirs")
    with (
        pytest.raises(RenderError, match="already exists and was not written by this program"),
        whole_folder(tmp_path / "delivery"),
    ):
        pass
    recover(tmp_path)
    assert (left / "tree" / "theirs.txt").read_text() == "theirs"


def test_a_link_in_the_place_of_the_tree_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "a.txt").write_text("a")
    left = staging_folder(tmp_path / "delivery")
    left.mkdir()
    (left / "mark").write_bytes(MARK)
    (left / "tree").symlink_to(tmp_path / "theirs")
    with (
        pytest.raises(RenderError, match="already exists and was not written by this program"),
        whole_folder(tmp_path / "delivery"),
    ):
        pass
    recover(tmp_path)
    assert (tmp_path / "theirs" / "a.txt").exists()
