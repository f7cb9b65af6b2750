"""Checks on a cluster worker, before each mix, whether it would render the same bytes.

The check is repeated because a worker may join late, be restarted with other code, or see another disk.
"""

from __future__ import annotations

import os
import pickle
import platform
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from pathlib import Path

import numpy as np

from audio_pipeline.audio_io.read.audio_file import opened
from audio_pipeline.audio_io.read.decoders import ffmpeg_version, library_versions
from audio_pipeline.audio_io.regular_file import sha256_hex
from audio_pipeline.dsp.arithmetic import arithmetic
from audio_pipeline.errors import AudioPipelineError
from audio_pipeline.jobs.batch.mix_task import Outcome, Task, render_one
from audio_pipeline.jobs.batch.plan import Mix
from audio_pipeline.jobs.batch.plugin_check import AskedPlugin, lacking, plugins_of
from audio_pipeline.jobs.reference import ReferenceMix
from audio_pipeline.memo.keys import sources_key
from audio_pipeline.preset.model import Preset
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.stems import head_path, stem_paths
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.delivery_files import full_name

PINNED = (
    "Start workers with the command's arithmetic: OPENBLAS_CORETYPE=Haswell OPENBLAS_NUM_THREADS=1"
    " NPY_ENABLE_CPU_FEATURES=X86_V3 dask worker …"
)
SAME_VERSIONS = "Install the same versions (constraints.txt) on hosts of one kind."
SAME_PLUGINS = "Install the same plug-in where the worker runs, and start it again: pip install {}=={}"
SAME_DISK = "The project must lie on a disk that all hosts share, at the same path."


@dataclass(frozen=True)
class Asked:
    """The requirements on a worker for a mix.

    `versions` of everything that determines the bytes, by the name used in messages; `files` is the SHA-256 of
    each file that the mix reads; `folders` must exist; `plugins` are the plug-ins of its kinds.
    """

    versions: Mapping[str, str]
    files: Mapping[str, str]
    folders: Sequence[Path]
    plugins: Sequence[AskedPlugin] = ()


@dataclass(frozen=True)
class Refusal:
    """The answer of a worker that would not render the same bytes. `reason` completes "the worker …"."""

    worker: str
    reason: str
    hint: str


class Inquiry:
    """Computes the requirements of each mix in the process of the batch; each file is read once."""

    def __init__(self) -> None:
        self._versions = versions()
        self._files: dict[Path, tuple[str, bool]] = {}

    def asked(self, mix: Mix) -> Asked:
        """The requirements of `mix`. A file that cannot be read is left out; the render reports it."""
        files, by_ffmpeg = {}, False
        for path in _files_of(mix):
            if (known := self._known(path)) is not None:
                files[str(path)] = known[0]
                by_ffmpeg = by_ffmpeg or known[1]
        wanted = self._versions | ({"ffmpeg": ffmpeg_version()} if by_ffmpeg else {})
        return Asked(
            wanted,
            files,
            (mix.root, mix.out),
            plugins_of(_presets_of(mix), Project(mix.root).deliveries),
        )

    def _known(self, path: Path) -> tuple[str, bool] | None:
        """The hash of a file, and whether ffmpeg decodes it."""
        if path not in self._files:
            try:
                digest = sha256_hex(path)
            except AudioPipelineError:
                return None
            self._files[path] = (digest, _is_read_by_ffmpeg(path))
        return self._files[path]


def sealed(task: Task) -> bytes:
    """The task as bytes for `render_if_same`, so that only a worker with all its kinds unpickles it."""
    return pickle.dumps(task)


def render_if_same(task: bytes, asked: Asked) -> Outcome | Refusal:
    """Render a task from `sealed`, or refuse it. Runs on the worker."""
    refused = refusal(asked, _worker())
    if refused is not None:
        return refused
    opened_task: Task = pickle.loads(task)  # noqa: S301 - from the scheduler, like the call itself
    return render_one(opened_task)


def refusal(asked: Asked, worker: str) -> Refusal | None:
    """The reason why this process would render other bytes; None when it renders the same."""
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
    for plugin in asked.plugins:
        if (reason := lacking(plugin)) is not None:
            return Refusal(worker, reason, SAME_PLUGINS.format(plugin.package, plugin.version))
    for path, sha256 in asked.files.items():
        if _hash_here(path) != sha256:
            return Refusal(worker, f"sees another {path}, or none", SAME_DISK)
    return None


def versions() -> dict[str, str]:
    """The versions in this process that determine the bytes of a render, by the name used in messages."""
    return {
        "NumPy": np.__version__,
        "SciPy": str(import_module("scipy").__version__),
        "processor": platform.machine(),
        "arithmetic": str(arithmetic()),
        **library_versions(),
        "render-ending": _code_now(),
    }


def _code_now() -> str:
    """The hash of the program's current files, from which later imports come.

    If the files changed after this process started, it holds old and new modules, and the text says so.
    """
    now = sources_key(Path(__file__).parent.parent.parent)
    return now if now == _code_at_first() else f"{now}, after a change while it ran"


@lru_cache(maxsize=1)
def _code_at_first() -> str:
    return sources_key(Path(__file__).parent.parent.parent)


def _presets_of(mix: Mix) -> list[Preset]:
    """The preset of a mix, and the preset of its reference mix."""
    locked = [mix.reference.preset] if isinstance(mix.reference, ReferenceMix) else []
    return [*([] if mix.preset is None else [mix.preset]), *locked]


def _files_of(mix: Mix) -> list[Path]:
    if mix.preset is None:
        return []
    project = Project(mix.root)
    try:
        paths = [*stem_paths(project, mix.preset, {}).values(), head_path(project, mix.preset)]
        delivery = full_name(mix.preset.master.delivery, project.deliveries)
    except AudioPipelineError:
        return []
    own = project.deliveries / f"{delivery}.toml"
    paths += [own] if own.is_file() else []
    return [path for path in dict.fromkeys(paths) if path is not None]


def _is_read_by_ffmpeg(path: Path) -> bool:
    try:
        with opened(path) as recording:
            return recording.by_ffmpeg
    except AudioPipelineError:  # not a recording, e.g. the file of a head
        return False


def _hash_here(path: str) -> str | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - the path is a key, as text
        return _hash_of(path, status.st_size, status.st_mtime_ns, status.st_ino)
    except (AudioPipelineError, OSError):
        return None


@lru_cache(maxsize=256)
def _hash_of(path: str, size: int, changed_ns: int, number: int) -> str:
    """The hash of a file; a changed file has another cache entry."""
    return sha256_hex(path)


def _worker() -> str:
    distributed = import_module("distributed")
    return str(distributed.get_worker().address)


_code_at_first()  # hashed when the worker imports this module
