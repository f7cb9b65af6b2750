"""Recovery of an interrupted set of files: the files in its journal are renamed, all others removed.

Every step can be repeated, and the process may be killed before any of them: the next command begins again.
Only the holder of the staging folder's lock recovers a set.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

from audio_pipeline.audio_io.display_path import printable
from audio_pipeline.audio_io.write.atomic_write import refuse_other_kinds
from audio_pipeline.audio_io.write.journal import MOST_BYTES, Journal, Move, decoded
from audio_pipeline.audio_io.write.lock import OPEN_FLAGS
from audio_pipeline.audio_io.write.overwrite_guard import refuse_to_overwrite
from audio_pipeline.audio_io.write.staging import (
    SUFFIX,
    Staging,
    is_left_over,
    is_marked,
    is_real_folder,
    staging_folder,
    sync_folder,
)
from audio_pipeline.errors import RenderError

JOURNAL = "journal"
STEMS = ".stems"
"""The suffix of a mix's folder of stems."""

_PATIENCE_S = 10.0
_LOOK_EVERY_S = 0.02


class UnfinishedSetError(RenderError):
    """A complete set of files cannot be put in place for now."""


class LostPartsError(UnfinishedSetError):
    """Some files of a set are in place and the others are lost."""


def roll_forward(staging: Staging, journal: Journal) -> None:
    """Put the files of `journal` in place and remove it. The caller must hold the staging folder's claim.

    Raises RenderError when a step fails, or a target is a file of another program; the journal then stays, and
    the next command begins again.
    """
    folder = staging.path.parent
    refuse_targets(staging, journal)
    at = folder
    try:
        stems = folder / f"{journal.name}{STEMS}"
        if any("/" in move.into for move in journal.files):
            stems.mkdir(exist_ok=True)
        for move in journal.files:
            part, at = staging.folder / move.part, folder / move.into
            if os.path.lexists(part):
                part.replace(at)
        at = stems
        for removal in journal.remove:
            at = folder / removal.file
            if has_hash(at, removal.sha256):
                at.unlink()
        at = staging.path
        if stems.is_dir():
            sync_folder(stems)
        if journal.remove:
            with suppress(OSError):  # the folder may hold other files
                stems.rmdir()
        sync_folder(folder)
        (staging.folder / JOURNAL).unlink()
        with suppress(OSError):  # if the journal reappears, every file is already in place
            sync_folder(staging.folder)
    except OSError as error:
        raise UnfinishedSetError(
            f"{printable(at)} cannot be put in place: {error.strerror or error}."
            f" The render is complete and waits in {printable(staging.folder)}.",
            hint=f"The next command that reads or writes {printable(folder)} puts it in place.",
        ) from error


def refuse_targets(staging: Staging, journal: Journal) -> None:
    """Raise RenderError if a target of `journal` is not writable or is a file of another program."""
    folder = staging.path.parent
    stems = folder / f"{journal.name}{STEMS}"
    if any("/" in move.into for move in journal.files) and os.path.lexists(stems):
        status = stems.lstat()
        if not is_real_folder(status):
            raise RenderError(
                f"{printable(stems)} is a link or a file; stems are written to a folder.",
                hint="Move it away, or write to another folder with --out DIR.",
            )
        if status.st_dev != folder.stat().st_dev:
            raise RenderError(
                f"{printable(stems)} is on another disk than {printable(folder)}.",
                hint="Write to another folder with --out DIR.",
            )
    for move in journal.files:
        if os.path.lexists(staging.folder / move.part):
            refuse_other_kinds(folder / move.into)
            refuse_to_overwrite(folder / move.into)


def settle(staging: Staging) -> None:
    """Finish or discard the leftovers of a killed process in a claimed staging folder.

    With a journal its set is put in place, without a journal the parts are removed. Raises LostPartsError when
    some of the set's files are in place and the others are lost.
    """
    try:
        journal = _pending(staging)
        if journal is not None and _is_whole(staging, journal):
            roll_forward(staging, journal)
        staging.remove_parts()
    except OSError as error:
        raise RenderError(
            f"{printable(staging.folder)} cannot be cleared: {error.strerror or error}.",
            hint="Remove the folder, then repeat the command.",
        ) from error


def recover(folder: Path) -> None:
    """Finish every interrupted set in `folder`, and remove incomplete files of killed processes.

    Files that another process is writing, and sets that cannot be finished, stay. For commands that write to
    `folder`.
    """
    for staging in _left_in(folder, is_left_over):
        with suppress(RenderError):
            if staging.try_claim():
                _settle_and_release(staging)


def is_claimed(folder: Path, name: str) -> bool:
    """Whether another process is writing the mix `name` in `folder` now.

    Finishes or removes the leftovers of a killed process.
    """
    staging = Staging(folder / f"{name}.wav", staging_folder(folder / name))
    if not os.path.lexists(staging.folder):
        return False
    try:
        if not staging.try_claim():
            return True
        _settle_and_release(staging)
    except RenderError:  # the next render of this mix reports it
        pass
    return False


def finish_pending(path: Path) -> None:
    """Finish interrupted sets before `path`, a folder of renders or one of its files, is read.

    Parts without a journal stay, because their set is incomplete. Raises UnfinishedSetError when a set cannot
    be finished for now, such as in a read-only folder, and LostPartsError when files are lost.
    """
    for staging in chain(_left_in(path, is_marked) if path.is_dir() else (), _left_of(path)):
        if os.path.lexists(staging.folder / JOURNAL):
            try:
                _finish(staging)
            except LostPartsError:
                raise
            except RenderError as error:
                folder = printable(staging.path.parent)
                raise UnfinishedSetError(
                    f"{printable(staging.path)}: this render was interrupted and is not in place yet;"
                    f" {error.message}",
                    hint=f"Run this command where it may write to {folder}; it puts the files in place.",
                ) from error


def has_hash(path: Path, sha256: str) -> bool:
    """Whether `path` is a regular file with one name and the SHA-256 `sha256` (hex)."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
            return False
        with open(path, "rb", opener=_opened) as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except FileNotFoundError:
        return False


def _finish(staging: Staging) -> None:
    """Claim the folder, waiting for another process, and `settle` it; does nothing if that process did."""
    deadline = time.monotonic() + _PATIENCE_S
    while not staging.try_claim():
        if not os.path.lexists(staging.folder / JOURNAL):
            return
        if time.monotonic() > deadline:
            raise RenderError(
                "another process is writing it", hint="Wait until it is done, then try again."
            )
        time.sleep(_LOOK_EVERY_S)
    _settle_and_release(staging)


def _settle_and_release(staging: Staging) -> None:
    """`settle`, then release the claim and remove the folder; after an error the folder stays."""
    try:
        settle(staging)
    except BaseException:
        staging.leave()
        raise
    staging.clear()


def _is_whole(staging: Staging, journal: Journal) -> bool:
    """Whether every file of the set is staged or in place; False if files are lost and none is in place.

    Raises LostPartsError when some are in place and others are lost.
    """
    lost, moved = [], False
    for move in journal.files:
        if not _is(staging.folder / move.part, move):
            there = _is(staging.path.parent / move.into, move)
            moved = moved or there
            if not there:
                lost.append(move.into)
    if lost and moved:
        raise LostPartsError(
            f"the interrupted render of {printable(journal.name)} cannot be finished:"
            f" {printable(lost[0])} is missing from {printable(staging.folder)}.",
            hint=f"Render {printable(journal.name)} again.",
        )
    return not lost


def _pending(staging: Staging) -> Journal | None:
    path = staging.folder / JOURNAL
    name = staging.folder.name.removeprefix(".").removesuffix(SUFFIX)
    try:
        with open(path, "rb", opener=_opened) as file:
            return decoded(file.read(MOST_BYTES), name)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) else error
        raise UnfinishedSetError(
            f"{printable(path)} cannot be read: {cause}.",
            hint=f"Move {printable(staging.folder)} away, then render {printable(name)} again.",
        ) from error


def _is(path: Path, move: Move) -> bool:
    try:
        return path.lstat().st_size == move.bytes and has_hash(path, move.sha256)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _opened(path: str, flags: int) -> int:
    return os.open(path, flags | OPEN_FLAGS)


def _left_in(folder: Path, is_ours: Callable[[Path], bool]) -> Iterator[Staging]:
    """The staging folders in `folder` for which `is_ours` is true, in use or not."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(e.name for e in entries if e.name.startswith(".") and e.name.endswith(SUFFIX))
    except OSError:
        return
    for name in names:
        if is_ours(folder / name):
            yield Staging(folder / name.removeprefix(".").removesuffix(SUFFIX), folder / name)


def _left_of(path: Path) -> Iterator[Staging]:
    """The marked staging folders of the mixes to which `path` may belong, by its name."""
    beside = [path]
    if path.parent.name.endswith(STEMS):
        beside.append(path.parent)
    for file in beside:
        pieces = file.name.split(".")
        for name in (".".join(pieces[:count]) for count in range(1, len(pieces))):
            if name.strip(".") and is_marked(staging_folder(file.with_name(name))):
                yield Staging(file.with_name(name), staging_folder(file.with_name(name)))
