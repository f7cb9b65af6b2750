"""A file is whole or not there: what was before stays until then, whatever happens in between."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import filelock
import numpy as np
import pytest

from audio_pipeline.audio_io.write.atomic_write import atomic_write
from audio_pipeline.audio_io.write.staging import MARK, Staging, clear_in_use, staging_folder
from audio_pipeline.audio_io.write.wave import WaveWriter
from audio_pipeline.errors import RenderError
from audio_pipeline.stopping import Stopped


def test_until_the_end_the_old_file_stands_and_then_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    with atomic_write(path, "w") as file:
        file.write("new é\n")
        file.flush()
        assert path.read_text() == "old"
        assert staging_folder(path).exists()
    assert path.read_bytes() == "new é\n".encode()
    assert [p.name for p in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit, OSError])
def test_when_the_block_raises_the_old_file_stays_and_no_part_is_left(
    tmp_path: Path, kind: type[BaseException]
) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"old")

    def fail() -> None:
        with WaveWriter(path, 48_000, 2) as wave:
            wave.write(np.ones((1000, 2), dtype=np.int32))
            raise kind("no")

    with pytest.raises(kind):
        fail()
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.wav"]


def _write_a_lot(path: Path) -> None:
    with WaveWriter(path, 48_000, 2) as wave:
        for _ in range(40):
            wave.write(np.ones((5000, 2), dtype=np.int32))


def test_a_file_larger_than_allowed_is_a_render_error(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(RenderError, match=r"a\.wav could not be written: it is too large"):
            _write_a_lot(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.wav"]


def test_a_full_disk_is_a_render_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RenderError, match=r"a\.wav could not be written: the disk is full") as error:
        _write_a_lot(tmp_path / "a.wav")
    assert error.value.hint == "Free disk space, then render again."
    assert list(tmp_path.iterdir()) == []


def test_a_second_writer_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with atomic_write(path, "wb") as first:
        first.write(b"first ")
        with (
            pytest.raises(RenderError, match="is being written by another process"),
            atomic_write(path, "wb") as second,
        ):
            second.write(b"second")
        first.write(b"to the end")
    assert path.read_bytes() == b"first to the end"


def test_the_part_of_a_dead_writer_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    program = (
        "import os, sys\n"
        "from audio_pipeline.audio_io.write.atomic_write import atomic_write\n"
        "with atomic_write(sys.argv[1], 'wb') as file:\n"
        "    file.write(b'x' * 100_000)\n"
        "    file.flush()\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], check=False, timeout=60)
    assert done.returncode == -9
    assert (staging_folder(path) / "0.part").stat().st_size == 100_000
    with atomic_write(path, "wb") as file:
        file.write(b"whole")
    assert path.read_bytes() == b"whole"
    assert [p.name for p in tmp_path.iterdir()] == ["a.wav"]


def test_who_waited_for_the_lock_of_a_finished_file_does_not_write_into_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.wav"
    real, calls = filelock.lock_descriptor, []

    def first_finishes_just_before(descriptor: int, *, blocking: bool) -> bool:
        if not calls:
            calls.append(descriptor)
            shutil.rmtree(staging_folder(path))  # the other writer is done with what we have just opened
            path.write_bytes(b"the other's")
        return real(descriptor, blocking=blocking)

    monkeypatch.setattr(filelock, "lock_descriptor", first_finishes_just_before)
    with atomic_write(path, "wb") as file:
        assert path.read_bytes() == b"the other's"
        file.write(b"ours")
    assert path.read_bytes() == b"ours"
    assert [p.name for p in tmp_path.iterdir()] == ["a.wav"]


@pytest.mark.parametrize("length", [250, 251, 255])
def test_a_name_as_long_as_a_name_may_be_is_written(tmp_path: Path, length: int) -> None:
    path = tmp_path / ("n" * (length - 4) + ".wav")
    with atomic_write(path, "wb") as file:
        file.write(b"x")
    assert path.read_bytes() == b"x"


def _device(_: Path) -> Path:
    return Path("/dev/null")


def _folder(tmp_path: Path) -> Path:
    (tmp_path / "a.wav").mkdir()
    return tmp_path / "a.wav"


def _no_folder(tmp_path: Path) -> Path:
    return tmp_path / "nowhere" / "a.wav"


def _file_as_folder(tmp_path: Path) -> Path:
    (tmp_path / "file").write_text("")
    return tmp_path / "file" / "a.wav"


def _too_long(tmp_path: Path) -> Path:
    return tmp_path / ("n" * 256)


def _fifo(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "a.wav")
    return tmp_path / "a.wav"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_device, "it is not a regular file"),
        (_fifo, "it is not a regular file"),
        (_folder, "it is a folder"),
        (_no_folder, "its folder is missing"),
        (_file_as_folder, "its folder is missing"),
        (_too_long, "its name is too long"),
    ],
)
def test_what_cannot_be_written_is_refused_in_words(tmp_path: Path, make: object, words: str) -> None:
    path = make(tmp_path)
    with pytest.raises(RenderError, match=words) as error, atomic_write(path, "wb"):
        pass
    assert error.value.message.isprintable()
    assert str(path) in error.value.message


def test_line_ends_are_the_writers_own(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "a.csv", "w") as file:
        file.write("a\r\nb\n")
    assert (tmp_path / "a.csv").read_bytes() == b"a\r\nb\n"


def _foreign_part(folder: Path) -> None:
    (folder / "a.wav.part").write_text("precious")


def _linked_part(folder: Path) -> None:
    os.link(folder / "precious", folder / "a.wav.part")


def _soft_linked_part(folder: Path) -> None:
    (folder / "a.wav.part").symlink_to("precious")


@pytest.mark.parametrize("make", [_foreign_part, _linked_part, _soft_linked_part])
def test_a_foreign_file_at_the_usual_name_of_a_part_is_left_alone(tmp_path: Path, make: object) -> None:
    (tmp_path / "precious").write_text("precious")
    make(tmp_path)
    with atomic_write(tmp_path / "a.wav", "wb") as file:
        file.write(b"ours")
    assert (tmp_path / "a.wav").read_bytes() == b"ours"
    assert (tmp_path / "a.wav.part").read_text() == (tmp_path / "precious").read_text() == "precious"


def _file(staging: Path) -> None:
    staging.write_text("precious")


def _link_to_a_folder(staging: Path) -> None:
    (staging.parent / "elsewhere").mkdir()
    (staging.parent / "elsewhere" / "0.part").write_text("precious")
    staging.symlink_to("elsewhere")


def _unmarked(staging: Path) -> None:
    staging.mkdir()
    (staging / "0.part").write_text("precious")


def _wrongly_marked(staging: Path) -> None:
    staging.mkdir()
    (staging / "mark").write_text("mine")
    (staging / "0.part").write_text("precious")


def _marked_with_another_file(staging: Path) -> None:
    staging.mkdir()
    (staging / "mark").write_bytes(MARK)
    (staging / "notes.txt").write_text("precious")


def _marked_with_a_hard_link(staging: Path) -> None:
    staging.mkdir()
    (staging / "mark").write_bytes(MARK)
    (staging.parent / "own").write_text("precious")
    os.link(staging.parent / "own", staging / "0.part")


def _lock_is_a_hard_link(staging: Path) -> None:
    staging.mkdir()
    (staging.parent / "own").write_text("precious")
    os.link(staging.parent / "own", staging / "lock")


def _lock_is_a_link(staging: Path) -> None:
    staging.mkdir()
    (staging.parent / "own").write_text("precious")
    (staging / "lock").symlink_to("../own")


def _part_is_a_link(staging: Path) -> None:
    staging.mkdir()
    (staging / "mark").write_bytes(MARK)
    (staging.parent / "own").write_text("precious")
    (staging / "0.part").symlink_to("../own")


def _part_is_a_fifo(staging: Path) -> None:
    staging.mkdir()
    (staging / "mark").write_bytes(MARK)
    os.mkfifo(staging / "0.part")


def _part_is_a_folder(staging: Path) -> None:
    (staging / "0.part").mkdir(parents=True)
    (staging / "mark").write_bytes(MARK)


FOREIGN = [
    _file,
    _link_to_a_folder,
    _unmarked,
    _wrongly_marked,
    _marked_with_another_file,
    _marked_with_a_hard_link,
    _lock_is_a_hard_link,
    _lock_is_a_link,
    _part_is_a_link,
    _part_is_a_fifo,
    _part_is_a_folder,
]


def _everything(folder: Path) -> dict[str, object]:
    return {
        str(p.relative_to(folder)): p.read_bytes() if p.is_file() else p.lstat().st_mode
        for p in folder.rglob("*")
    }


@pytest.mark.parametrize("make", FOREIGN)
def test_a_foreign_thing_at_the_name_of_the_staging_folder_is_refused_and_kept(
    tmp_path: Path, make: object
) -> None:
    path = tmp_path / "a.wav"
    make(staging_folder(path))
    before = _everything(tmp_path)
    with (
        pytest.raises(RenderError, match="already exists and was not written by this program"),
        atomic_write(path, "wb"),
    ):
        pass
    assert _everything(tmp_path) == before


def test_where_there_are_no_locks_a_second_writer_is_refused_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(descriptor: int, *, blocking: bool) -> bool:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(filelock, "lock_descriptor", none)
    path = tmp_path / "a.wav"
    with atomic_write(path, "wb") as first:
        first.write(b"first")
        with pytest.raises(RenderError, match="is being written"), atomic_write(path, "wb"):
            pass
    assert path.read_bytes() == b"first"
    assert [p.name for p in tmp_path.iterdir()] == ["a.wav"]


@pytest.mark.parametrize("step", range(1, 6))
def test_whatever_a_killed_writer_left_is_removed_by_the_next(tmp_path: Path, step: int) -> None:
    path = tmp_path / "a.wav"
    staging = staging_folder(path)
    left = [staging.mkdir, (staging / "lock").touch, (staging / "mark").touch]
    left += [lambda: (staging / "mark").write_bytes(MARK), lambda: (staging / "0.part").write_text("x")]
    for make in left[:step]:
        make()
    with atomic_write(path, "wb") as file:
        file.write(b"whole")
    assert path.read_bytes() == b"whole"
    assert [p.name for p in tmp_path.iterdir()] == ["a.wav"]


@pytest.mark.parametrize(
    "step", ["_make", "_refuse_foreign", "_write_mark", "claim", "remove_parts", "clear"]
)
def test_a_signal_between_two_steps_of_a_claim_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    done = getattr(Staging, step)

    def struck(self: Staging, *arguments: object) -> None:
        done(self, *arguments)
        raise Stopped(15)

    monkeypatch.setattr(Staging, step, struck)
    with pytest.raises(Stopped), atomic_write(tmp_path / "page.html", "w"):
        pass
    monkeypatch.setattr(Staging, step, done)
    clear_in_use()
    assert [p.name for p in tmp_path.iterdir() if p.name != "page.html"] == []
    assert (tmp_path / "page.html").exists() is (step == "clear")
