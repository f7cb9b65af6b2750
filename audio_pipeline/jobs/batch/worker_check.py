"""Checks on a cluster worker, before each mix, whether it would render the same bytes.

A worker may join late, be started again with other code, or see another disk; what was true of it when the
batch began may not be so any more.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module, metadata
from pathlib import Path

import numpy as np

from audio_pipeline.audio_io.read.audio_file import opened
from audio_pipeline.audio_io.read.decoders import ffmpeg_version, library_versions
from audio_pipeline.audio_io.regular_file import sha256_hex
from audio_pipeline.dsp.arithmetic import arithmetic
from audio_pipeline.errors import AudioPipelineError
from audio_pipeline.jobs.batch.mix_task import Outcome, Task, render_one
from audio_pipeline.jobs.batch.plan import Mix
from audio_pipeline.memo.keys import sources_key
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.stems import head_path, stem_paths

PLUGIN_GROUPS = ("render_ending.layers", "render_ending.effects", "render_ending.deliveries")
"""The entry points of plug-ins."""

PINNED = (
    "Start workers with the command's arithmetic: OPENBLAS_CORETYPE=Haswell OPENBLAS_NUM_THREADS=1"
    " NPY_ENABLE_CPU_FEATURES=X86_V3 dask worker …"
)
SAME_VERSIONS = "Install the same versions (constraints.txt) on hosts of one kind."
SAME_DISK = "The project must lie on a disk that all hosts share, at the same path."


@dataclass(frozen=True)
class Asked:
    """What a worker must have to render a mix: `versions` of what decides bytes, by the names that a message
    uses; the SHA-256 of each file that the mix plays; the folders that it must see."""

    versions: Mapping[str, str]
    files: Mapping[str, str]
    folders: Sequence[Path]


@dataclass(frozen=True)
class Refusal:
    """A worker's answer that it would not make the same bytes. `reason` completes "the worker …"."""

    worker: str
    reason: str
    hint: str


class Inquiry:
    """What to ask of workers, mix by mix; each file is read once. For the process that has the batch."""

    def __init__(self) -> None:
        self._versions = versions()
        self._files: dict[Path, tuple[str, bool]] = {}

    def asked(self, mix: Mix) -> Asked:
        """What a worker must have to render `mix`. A file that cannot be read is left to the render."""
        files, by_ffmpeg = {}, False
        for path in _files_of(mix):
            if (known := self._known(path)) is not None:
                files[str(path)] = known[0]
                by_ffmpeg = by_ffmpeg or known[1]
        wanted = self._versions | ({"ffmpeg": ffmpeg_version()} if by_ffmpeg else {})
        return Asked(wanted, files, (mix.root, mix.out))

    def _known(self, path: Path) -> tuple[str, bool] | None:
        """The hash of a file, and whether ffmpeg decodes it."""
        if path not in self._files:
            try:
                digest = sha256_hex(path)
            except AudioPipelineError:
                return None
            self._files[path] = (digest, _is_read_by_ffmpeg(path))
        return self._files[path]


def render_if_same(task: Task, asked: Asked) -> Outcome | Refusal:
    """The task's outcome, or why this worker refuses it. Runs on the worker."""
    return refusal(asked, _worker()) or render_one(task)


def refusal(asked: Asked, worker: str) -> Refusal | None:
    """Why this process would render other bytes; None when it renders the same."""
    for folder in asked.folders:
        if not folder.is_dir():
            return Refusal(worker, f"does not see {folder}", SAME_DISK)
    here = versions() | ({"ffmpeg": ffmpeg_version()} if "ffmpeg" in asked.versions else {})
    for name in dict.fromkeys([*asked.versions, *here]):
        found, wanted = here.get(name, "missing"), asked.versions.get(name, "missing")
        if found != wanted:
            return Refusal(
                worker,
                f"would not make the same bytes: its {name} is {found}, here it is {wanted}",
                PINNED if name == "arithmetic" else SAME_VERSIONS,
            )
    for path, sha256 in asked.files.items():
        if _hash_here(path) != sha256:
            return Refusal(worker, f"sees another {path}, or none", SAME_DISK)
    return None


def versions() -> dict[str, str]:
    """What the bytes of a render owe to this process, by the names that a message uses."""
    return {
        "NumPy": np.__version__,
        "SciPy": str(import_module("scipy").__version__),
        "processor": platform.machine(),
        "arithmetic": str(arithmetic()),
        **library_versions(),
        **plugins(),
        "render-ending": _code_now(),
    }


@lru_cache(maxsize=1)
def plugins() -> dict[str, str]:
    """The packages whose plug-ins are found here, with their versions."""
    found = {}
    for group in PLUGIN_GROUPS:
        for point in metadata.entry_points(group=group):
            version = "unknown" if point.dist is None else point.dist.version
            found[f"plug-in {point.name} ({group})"] = version
    return found


def _code_now() -> str:
    """The hash of the program's files as they are now: what has not been imported yet comes from them.

    Where they are no longer those that this process began with, it has a mixture of both.
    """
    now = sources_key(Path(__file__).parent.parent.parent)
    return now if now == _code_at_first() else f"{now}, after a change while it ran"


@lru_cache(maxsize=1)
def _code_at_first() -> str:
    return sources_key(Path(__file__).parent.parent.parent)


def _files_of(mix: Mix) -> list[Path]:
    if mix.preset is None:
        return []
    project = Project(mix.root)
    try:
        paths = [*stem_paths(project, mix.preset, {}).values(), head_path(project, mix.preset)]
    except AudioPipelineError:
        return []
    return [path for path in dict.fromkeys(paths) if path is not None]


def _is_read_by_ffmpeg(path: Path) -> bool:
    try:
        with opened(path) as recording:
            return recording.by_ffmpeg
    except AudioPipelineError:  # no recording: the ears of a head
        return False


def _hash_here(path: str) -> str | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - as a key
        return _hash_of(path, status.st_size, status.st_mtime_ns, status.st_ino)
    except (AudioPipelineError, OSError):
        return None


@lru_cache(maxsize=256)
def _hash_of(path: str, size: int, changed_ns: int, number: int) -> str:
    """The hash of a file, read again when it has changed."""
    return sha256_hex(path)


def _worker() -> str:
    distributed = import_module("distributed")
    return str(distributed.get_worker().address)


_code_at_first()  # when the worker has imported this
