"""A set of files is old or new, whatever happens at which step, and reaches no file of anybody else."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.audio_io.write import file_set, recovery
from audio_pipeline.audio_io.write.file_set import FileSet, after_interruption
from audio_pipeline.audio_io.write.journal import Journal, Move, Removal, belongs, decoded
from audio_pipeline.audio_io.write.recovery import (
    LostPartsError,
    UnfinishedSetError,
    finish_pending,
    recover,
)
from audio_pipeline.audio_io.write.staging import MARK, Staging, staging_folder
from audio_pipeline.errors import RenderError
from tests.audio_io.write.steps import MARKED, STEPS, every_file, failing_at, write_set

OLD, NEW = (
    {n: f"old {n}" for n in ("wav", "json", "DX", "FX")},
    {n: f"new {n}" for n in ("wav", "json", "DX")},
)


@pytest.fixture
def renders(tmp_path: Path) -> Path:
    """A folder that holds an old set with stems, and a file of somebody else."""
    folder = tmp_path / "renders"
    folder.mkdir()
    write_set(folder, OLD)
    (folder / "mix.stems" / "notes.txt").write_text("precious")
    return folder


def test_a_set_appears_whole_and_leaves_nothing_behind(renders: Path) -> None:
    old = every_file(renders)
    with FileSet(renders, "mix") as files:
        for name in ("mix.wav", "mix.report.json"):
            with files.part(renders / name, "wb") as file:
                file.write(MARKED)
        assert files.sha256_hex(renders / "mix.wav") == hashlib.sha256(MARKED).hexdigest()
        visible = {n: c for n, c in every_file(renders).items() if ".part/" not in n}
        assert visible == old
    assert every_file(renders) == {**old, "mix.wav": MARKED, "mix.report.json": MARKED}


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, RenderError, OSError])
def test_when_the_block_raises_the_old_set_stays(renders: Path, kind: type[BaseException]) -> None:
    old = every_file(renders)

    def fail() -> None:
        with FileSet(renders, "mix") as files, files.part(renders / "mix.wav", "wb") as file:
            file.write(MARKED)
            raise kind("no")

    with pytest.raises(kind):
        fail()
    assert every_file(renders) == old


def _whole(found: dict[str, bytes]) -> str:
    """Whether a folder holds the old set or the new one; AssertionError for a mixture."""
    told = {name: content.removeprefix(MARKED).decode() for name, content in found.items()}
    assert told.pop("mix.stems/notes.txt") == "precious"
    names = {"wav": "mix.wav", "json": "mix.report.json", "DX": "mix.stems/mix_DX.wav"}
    old = {f: OLD[n] for n, f in names.items()} | {"mix.stems/mix_FX.wav": OLD["FX"]}
    new = {f: NEW[n] for n, f in names.items()}
    assert told in (old, new)
    return "new" if told == new else "old"


def _finished(renders: Path) -> str:
    finish_pending(renders)
    recover(renders)
    return _whole(every_file(renders))


@pytest.mark.parametrize("kind", [OSError, KeyboardInterrupt])
def test_a_fault_at_any_step_leaves_the_old_set_or_the_new_one(
    tmp_path: Path, kind: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    ends, step = [], 0
    while True:
        folder = tmp_path / f"{step}"
        folder.mkdir()
        write_set(folder, OLD)
        (folder / "mix.stems" / "notes.txt").write_text("precious")
        monkeypatch.setattr(file_set, "_committed", [])
        with failing_at(step, kind) as struck:
            try:
                write_set(folder, NEW, drop=OLD["FX"])
                error = None
            except (RenderError, OSError, KeyboardInterrupt) as caught:
                error = caught
        if not struck:
            break
        said = after_interruption()
        pending = any(name.endswith("/journal") for name in every_file(folder))
        ends.append(_finished(folder))
        if error is not None:
            if kind is KeyboardInterrupt:
                assert ("unchanged" in said) == (ends[-1] == "old")
                assert ("the next command" in said) == pending
            else:
                assert isinstance(error, RenderError)
                assert ("waits in" in error.message) == (ends[-1] == "new") == pending
        step += 1
    assert step > 15
    assert ends == sorted(ends, reverse=True)  # old up to the commit point, new from there on
    assert {"old", "new"} == set(ends)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_kill_at_any_step_leaves_the_old_set_or_the_new_one(tmp_path: Path) -> None:
    ends, step = [], 0
    while True:
        folder = tmp_path / f"{step}"
        folder.mkdir()
        write_set(folder, OLD)
        (folder / "mix.stems" / "notes.txt").write_text("precious")
        if not _killed_at(step, lambda folder=folder: write_set(folder, NEW, drop=OLD["FX"])):
            break
        # the recovery is killed, too, at every step that it has, before one comes to its end
        again = 0
        while _killed_at(again, lambda folder=folder: finish_pending(folder)):
            again += 1
        assert not any(name.endswith("/journal") for name in every_file(folder))
        ends.append(_finished(folder))
        step += 1
    assert ends == sorted(ends, reverse=True)
    assert {"old", "new"} == set(ends)


def _killed_at(step: int, work: Callable[[], None]) -> bool:
    """Do `work` in a process that is killed before its step `step`; whether it came so far."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the child needs none of our threads
        child = os.fork()
    if child == 0:
        try:
            with failing_at(step, signal.SIGKILL):
                work()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1] != 0


def _pending(folder: Path, *, moved: int = 0) -> Path:
    """A set that was killed right behind its commit point, after some of its renames; its staging folder."""

    class StopError(Exception):
        pass

    def stop(*arguments: object) -> None:
        raise StopError

    patched = pytest.MonkeyPatch()
    patched.setattr(file_set, "roll_forward", stop)
    patched.setattr("audio_pipeline.audio_io.write.staging.Staging.clear", lambda self: self.leave())
    with pytest.raises(StopError):
        write_set(folder, NEW, drop=OLD["FX"])
    patched.undo()
    staging = staging_folder(folder / "mix")
    journal = decoded((staging / "journal").read_bytes(), "mix")
    for move in journal.files[:moved]:
        (folder / move.into).parent.mkdir(exist_ok=True)
        (staging / move.part).replace(folder / move.into)
    return staging


@pytest.mark.parametrize("moved", [0, 1, 2, 3])
@pytest.mark.parametrize(
    "named", ["", "mix.wav", "mix.report.json", "mix.stems/mix_DX.wav", "mix.stems"], ids=str
)
def test_a_reader_finishes_what_was_interrupted_however_the_set_is_named(
    renders: Path, named: str, moved: int
) -> None:
    _pending(renders, moved=moved)
    finish_pending(renders / named)
    assert _whole(every_file(renders)) == "new"


def test_the_next_set_finishes_the_earlier_one_before_it_fails(renders: Path) -> None:
    _pending(renders, moved=1)
    with pytest.raises(ValueError, match="no"), FileSet(renders, "mix"):
        raise ValueError("no")
    assert _whole(every_file(renders)) == "new"


def test_a_reader_touches_neither_a_set_that_is_being_written_nor_one_that_never_was(
    renders: Path,
) -> None:
    with FileSet(renders, "mix") as files:
        with files.part(renders / "mix.wav", "wb") as file:
            file.write(MARKED)
            finish_pending(renders)
            recover(renders)
        assert (staging_folder(renders / "mix") / "0.part").exists()
    left = staging_folder(renders / "other")
    left.mkdir()
    (left / "mark").write_bytes(MARK)
    (left / "0.part").write_bytes(b"half")
    finish_pending(renders)
    assert (left / "0.part").exists()
    recover(renders)
    assert not left.exists()


def test_when_parts_are_lost_readers_say_so_and_a_new_set_replaces_the_mixture(renders: Path) -> None:
    staging = _pending(renders, moved=1)
    (staging / "1.part").unlink()
    with pytest.raises(LostPartsError, match=r"mix\.report\.json is missing") as error:
        finish_pending(renders)
    assert error.value.hint == "Render mix again."
    recover(renders)
    assert (staging / "journal").exists()
    write_set(renders, NEW, drop=OLD["FX"])
    assert _whole(every_file(renders)) == "new"


def test_when_all_parts_are_lost_nothing_was_renamed_and_the_old_set_counts(renders: Path) -> None:
    staging = _pending(renders)
    for part in staging.glob("*.part"):
        part.unlink()
    finish_pending(renders)
    assert _whole(every_file(renders)) == "old"


def test_a_part_that_is_not_what_the_journal_says_is_lost(renders: Path) -> None:
    staging = _pending(renders, moved=1)
    (staging / "1.part").write_bytes(MARKED + b"NEW json")  # as long as it was
    with pytest.raises(LostPartsError):
        finish_pending(renders)


def test_a_foreign_file_in_the_way_of_an_interrupted_set_stays_and_is_named(renders: Path) -> None:
    _pending(renders)
    (renders / "mix.report.json").write_text("precious")
    with pytest.raises(UnfinishedSetError, match=r"mix\.report\.json already exists"):
        finish_pending(renders)
    assert (renders / "mix.report.json").read_text() == "precious"
    (renders / "mix.report.json").unlink()
    finish_pending(renders)
    assert _whole(every_file(renders)) == "new"


def test_a_stem_that_changed_since_is_not_removed(renders: Path) -> None:
    _pending(renders)
    (renders / "mix.stems" / "mix_FX.wav").write_text("edited")
    finish_pending(renders)
    assert (renders / "mix.stems" / "mix_FX.wav").read_text() == "edited"


def test_a_folder_of_stems_goes_when_its_last_stem_goes(tmp_path: Path) -> None:
    write_set(tmp_path, OLD)
    with FileSet(tmp_path, "mix") as files:
        with files.part(tmp_path / "mix.wav", "wb") as file:
            file.write(MARKED)
        for stem in ("DX", "FX"):
            sha256 = hashlib.sha256(MARKED + OLD[stem].encode()).hexdigest()
            files.remove(tmp_path / "mix.stems" / f"mix_{stem}.wav", sha256)
    assert sorted(every_file(tmp_path)) == ["mix.report.json", "mix.wav"]


def test_a_folder_of_stems_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "mix.stems").symlink_to("elsewhere")
    with pytest.raises(RenderError, match="is a link or a file"):
        write_set(tmp_path, NEW)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["elsewhere", "mix.stems"]
    assert not list((tmp_path / "elsewhere").iterdir())


def _read_only(folder: Path) -> Iterator[Path]:
    pytest.importorskip("fcntl")
    if os.geteuid() != 0:
        folder.chmod(0o500)
        yield folder
        folder.chmod(0o700)
        return
    mount = ["mount", "--bind", "-o", "ro", folder, folder]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("nothing can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_in_a_read_only_folder_a_reader_says_what_is_pending_and_who_can_finish_it(
    renders: Path,
) -> None:
    _pending(renders)
    with contextmanager(_read_only)(renders):
        with pytest.raises(UnfinishedSetError, match=r"mix: this render was interrupted") as error:
            finish_pending(renders)
        assert error.value.hint.startswith("Run this command where it may write to")
    finish_pending(renders)
    assert _whole(every_file(renders)) == "new"


GOOD = Journal(
    "mix",
    (Move("0.part", "mix.wav", 3, "0" * 64), Move("1.part", "mix.stems/mix_DX.wav", 3, "1" * 64)),
    (Removal("mix.stems/mix_FX.wav", "2" * 64),),
)
OUTSIDE = [
    "precious.txt",
    "mix",
    "mix.",
    "mixed.wav",
    "../mix.wav",
    "/etc/passwd",
    "mix.stems",
    "mix.stems/../mix.wav",
    "mix.stems/notes.txt",
    "mix.stems/mix_../x",
    "mix.stems/.hidden.wav",
    "mix.stems/.wav",
    "mix.stems/a/b.wav",
    "mix.stems/a\\b.wav",
    "mix.stems/a.wav:stream.wav",
    "mix.stems/a\n.wav",
    "mix.stems/a.wav/x",
    "mixed.stems/mix_DX.wav",
    "mix.wav/x",
    "mix.wav\\x",
    "mix.stems\\mix_DX.wav",
    "mix.C:",
    "mix.wav\0",
    "mix.wav:stream",
    "",
    ".mix.part/journal",
]


def test_a_journal_comes_back_as_it_was() -> None:
    assert decoded(GOOD.encoded(), "mix") == GOOD


def test_stems_may_have_names_of_their_own_in_the_folder_of_their_mix() -> None:
    for name in ("mix_DX.wav", "Film_DX_24.wav", "DX.wav", "Größe 1,5.wav", "a.b.wav"):
        assert belongs("mix", f"mix.stems/{name}")


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_journal_names_nothing_outside_its_mix(name: str) -> None:
    if name != "mix.stems":  # which is a name like mix.wav, and a folder: refused when it is a target
        assert not belongs("mix", name)
        for bad in (
            replace(GOOD, files=(Move("0.part", name, 3, "0" * 64),)),
            replace(GOOD, remove=(Removal(name, "0" * 64),)),
        ):
            with pytest.raises(ValueError, match="outside its mix"):
                decoded(bad.encoded(), "mix")


@pytest.mark.parametrize("part", ["../x", "mark", "0.part/..", "/0.part", "", "x.part", "0.part\n"])
def test_a_journal_moves_nothing_but_parts(part: str) -> None:
    bad = replace(GOOD, files=(Move(part, "mix.wav", 3, "0" * 64),))
    with pytest.raises(ValueError, match="outside its mix"):
        decoded(bad.encoded(), "mix")


def test_a_journal_of_another_mix_or_with_a_file_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="another mix"):
        decoded(GOOD.encoded(), "other")
    twice = replace(GOOD, remove=(Removal("mix.WAV", "2" * 64),))
    with pytest.raises(ValueError, match="twice"):
        decoded(twice.encoded(), "mix")


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.tuples(st.integers(0, 400), st.integers(1, 255)),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=8),
            lambda v: (
                st.lists(v, max_size=3)
                | st.dictionaries(st.sampled_from(["name", "files", "remove", "part", "into"]), v)
            ),
            max_leaves=12,
        ),
    )
)
def test_a_damaged_or_made_up_journal_is_a_value_error(found: object) -> None:
    if isinstance(found, bytes):
        raw = found
    elif isinstance(found, tuple):
        changed = bytearray(GOOD.encoded())
        changed[found[0] % (len(changed) - 1)] ^= found[1]
        raw = bytes(changed)
    else:  # with a right checksum
        body = json.dumps(found).encode()
        raw = f"render-ending journal 1 {hashlib.sha256(body).hexdigest()}\n".encode() + body
    with pytest.raises(ValueError, match=r"."):
        decoded(raw, "mix")


def test_a_hostile_journal_neither_moves_nor_removes_a_foreign_file(renders: Path) -> None:
    (renders / "precious.txt").write_text("precious")
    staging = staging_folder(renders / "mix")
    staging.mkdir()
    (staging / "mark").write_bytes(MARK)
    (staging / "0.part").write_bytes(b"bad")
    sha256 = hashlib.sha256(b"bad").hexdigest()
    (staging / "journal").write_bytes(
        Journal("mix", (Move("0.part", "precious.txt", 3, sha256),)).encoded()
    )
    with pytest.raises(UnfinishedSetError, match="outside its mix"):
        finish_pending(renders)
    recover(renders)
    with pytest.raises(UnfinishedSetError, match="outside its mix"), FileSet(renders, "mix"):
        pass
    assert (renders / "precious.txt").read_text() == "precious"


def test_what_only_looks_like_a_staging_folder_stops_no_reader(renders: Path) -> None:
    staging = staging_folder(renders / "mix")
    staging.mkdir()
    (staging / "journal").write_text("my diary")
    before = every_file(renders)
    finish_pending(renders)
    recover(renders)
    assert every_file(renders) == before


def test_recoveries_at_once_harm_nothing(renders: Path) -> None:
    _pending(renders)
    program = (
        "import sys; from pathlib import Path\n"
        "from audio_pipeline.audio_io.write.recovery import finish_pending\n"
        "sys.stdin.read(1); finish_pending(Path(sys.argv[1]))\n"
    )
    line = [sys.executable, "-c", program, str(renders)]
    several = [subprocess.Popen(line, stdin=subprocess.PIPE) for _ in range(3)]
    for process in several:
        assert process.stdin is not None
        process.stdin.write(b"x")
        process.stdin.flush()
    assert [process.wait(60) for process in several] == [0, 0, 0]
    assert _whole(every_file(renders)) == "new"


def test_a_reader_waits_no_longer_than_its_patience(
    renders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging = _pending(renders)
    monkeypatch.setattr(recovery, "_PATIENCE_S", 0.0)
    held = Staging(renders / "mix", staging)
    held.claim()
    with pytest.raises(UnfinishedSetError, match="another process is writing it"):
        finish_pending(renders)
    held.leave()


def test_only_files_of_the_mix_are_part_of_its_set(tmp_path: Path) -> None:
    with FileSet(tmp_path, "mix") as files:
        for name in ("other.wav", "mix.stems/notes.txt"):
            with (
                pytest.raises(ValueError, match="is not a file of the mix"),
                files.part(tmp_path / name, "w"),
            ):
                pass
    assert not list(tmp_path.iterdir())


def test_steps_are_counted_where_the_system_is_asked() -> None:
    assert all(hasattr(os, name) for name in STEPS)
