"""The input of a delivery: a rendered mix with its stems, its report and the media of its page."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from audio_pipeline.audio_io.read.programme import programme_blocks
from audio_pipeline.audio_io.regular_file import sha256_hex
from audio_pipeline.errors import AudioPipelineError, RenderError
from audio_pipeline.jobs.order_key import order_key
from audio_pipeline.jobs.render import Order, Progress, render
from audio_pipeline.jobs.render_files import RenderFiles, files_of_render
from audio_pipeline.mastering.gain_staging import Gains, softest_dbfs
from audio_pipeline.memo.store import Cache, digest
from audio_pipeline.pages.changes import Changes, changes_of
from audio_pipeline.pages.page import PageMedia, page_media
from audio_pipeline.preset.model import Preset
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.model import LoudnessReport
from audio_pipeline.reporting.report_file import read_report

_BLOCK = 262_144


@dataclass(frozen=True)
class SharedEffects:
    """Music and effects for all languages: their mix, file and length, and the SHA-256 of their samples."""

    mix: str
    source: Path
    samples: str
    duration_s: float


@dataclass(frozen=True)
class Material:
    """A rendered mix. `sources` is the file of each part, `samples` the SHA-256 of each part's programme,
    `main` the part that the report measures; `me_of` is the mix of the music and effects if it is another."""

    mix: str
    language: str
    preset: Preset
    report: LoudnessReport
    main: str
    sources: Mapping[str, Path]
    samples: Mapping[str, str]
    media: PageMedia
    changes: Changes
    rendered: bool
    me_of: str | None = None

    def effects(self) -> SharedEffects | None:
        """The music and effects that other languages share; None where the mix has none."""
        if "ME" not in self.sources:
            return None
        return SharedEffects(self.mix, self.sources["ME"], self.samples["ME"], self.report.duration_s)

    def with_effects(self, shared: SharedEffects) -> Material:
        """The same, with the music and effects of another language.

        Raises RenderError when their lengths differ.
        """
        if shared.mix == self.mix or self.main == "ME":
            return self
        if self.report.duration_s != shared.duration_s:
            raise RenderError(
                f"{self.mix} and {shared.mix} share music and effects but differ in length",
                hint=f'Lock it to the picture: reference = "{shared.mix}" in the batch file.',
            )
        return replace(
            self,
            sources={**self.sources, "ME": shared.source},
            samples={**self.samples, "ME": shared.samples},
            me_of=shared.mix,
        )


def material_of(order: Order, language: str, progress: Progress = lambda stage, share: None) -> Material:
    """The mix of `order` with its stems; rendered unless its files exist.

    Raises as `render`.
    """
    preset = order.preset
    files = files_of_render(order.out, preset.name, stems=True, report=True, page=True)
    key = digest("deliver", order_key(order.project, preset, preset.name, order.out, order.reference))
    rendered = not _is_kept(files, order.cache, key)
    if rendered:
        report = render(replace(order, stems=True, page=True), progress).report
        if order.cache is not None:
            order.cache.put(key, note={"files": _hashes(files)})
    else:
        assert files.report is not None
        report = read_report(files.report)
    assert report is not None  # only an excerpt has no report
    sources = _sources(preset, files)
    gains = Gains(report.gains.dialogue_db, report.gains.programme_db or 0.0)
    return Material(
        preset.name,
        language,
        preset,
        report,
        next(iter(sources)),
        sources,
        {part: _samples_sha256(path, preset.master.bits) for part, path in sources.items()},
        page_media(files.master, softest_dbfs(preset, gains)),
        changes_of(preset),
        rendered,
    )


def _sources(preset: Preset, files: RenderFiles) -> dict[str, Path]:
    """The file of each part. A mix without dialogue is music and effects itself."""
    if "DX" in preset.master.buses:
        return {"PM": files.master, **files.stems}
    return {"ME": files.master, "FX": files.stems["FX"], "BG": files.stems["BG"]}


def _samples_sha256(path: Path, bits: int) -> str:
    """The SHA-256 of the programme's samples, without chunks and leader."""
    found, scale = hashlib.sha256(), 2.0 ** (bits - 1)
    for block in programme_blocks(path, _BLOCK):
        found.update(np.rint(block * scale).astype("<i4").tobytes())
    return found.hexdigest()


def _hashes(files: RenderFiles) -> dict[str, list[object]]:
    folder = files.master.parent
    return {
        path.relative_to(folder).as_posix(): [path.stat().st_size, sha256_hex(path)]
        for path in files.all()
    }


def _is_kept(files: RenderFiles, cache: Cache | None, key: str) -> bool:
    """Whether the mix was rendered with its stems under this key, and its files have not changed since."""
    if cache is None:
        return False
    try:
        kept = cache.get(key)
        return kept is not None and bool(kept.note["files"] == _hashes(files))
    except (AudioPipelineError, OSError, KeyError, TypeError, ValueError):
        return False
