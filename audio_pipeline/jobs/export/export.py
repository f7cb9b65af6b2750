"""The use case: export a mix as a session of another program, in a folder that can be moved."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from audio_pipeline.audio_io.display_path import printable
from audio_pipeline.audio_io.write.atomic_write import atomic_write
from audio_pipeline.audio_io.write.overwrite_guard import refuse_to_overwrite
from audio_pipeline.errors import RenderError, ReportError
from audio_pipeline.jobs.export.aaf import is_own_aaf, write_aaf
from audio_pipeline.jobs.export.edl import edit_decision_list
from audio_pipeline.jobs.export.fcp7 import fcp7_xml
from audio_pipeline.jobs.export.layer_session import layer_session
from audio_pipeline.jobs.export.model import ExportSession
from audio_pipeline.jobs.export.otio import otio_timeline
from audio_pipeline.jobs.export.reaper import reaper_project
from audio_pipeline.jobs.export.rendered_mix import (
    MixRequest,
    RenderedMix,
    preset_of_report,
    rendered_mix,
)
from audio_pipeline.jobs.export.stem_session import AUDIO, stem_session
from audio_pipeline.jobs.export.table import session_csv
from audio_pipeline.jobs.render import Progress
from audio_pipeline.jobs.render_files import folder_for
from audio_pipeline.mastering.gain_staging import Gains
from audio_pipeline.mixing.session import Session, open_session
from audio_pipeline.records import dataclass

Format = Literal["reaper", "otio", "fcp7", "aaf", "edl", "csv"]
SUFFIXES: dict[Format, str] = {
    "reaper": ".rpp",
    "otio": ".otio",
    "fcp7": ".xml",
    "aaf": ".aaf",
    "edl": ".edl",
    "csv": ".csv",
}
WITH_AUTOMATION: tuple[Format, ...] = ("reaper", "otio", "csv")
"""The formats of a layer session: the others hold no automation, or only one value per frame."""
_TEXTS: dict[Format, Callable[[ExportSession], str]] = {
    "reaper": reaper_project,
    "otio": otio_timeline,
    "fcp7": fcp7_xml,
    "edl": edit_decision_list,
    "csv": session_csv,
}
_MARK = b"render-ending"
_HEAD_BYTES = 4096


@dataclass(frozen=True)
class Exported:
    """The session's file, its audio files, and its content. An AAF has no separate audio files."""

    file: Path
    audio: tuple[Path, ...]
    session: ExportSession


def export(
    request: MixRequest,
    to: Format,
    *,
    layers: bool = False,
    out: Path | None = None,
    progress: Progress = lambda stage, share: None,
) -> Exported:
    """Write a session of a mix to the folder `out` (default: `<mix>.export` next to the render).

    With `layers` it holds every layer, otherwise the stems. The same render gives the same bytes. Raises
    RenderError when the format has no automation for layers, a package of the extra `exchange` is missing, or a
    file of another program has the name; and as `rendered_mix`.
    """
    if layers and to not in WITH_AUTOMATION:
        raise RenderError(
            f"a layer session cannot be exported to {to}: the format holds no automation to the sample",
            hint=f"Choose one of {', '.join(WITH_AUTOMATION)}.",
        )
    mix = rendered_mix(request, progress)
    folder = mix.folder / f"{mix.name}.export" if out is None else out
    with folder_for(folder), tempfile.TemporaryDirectory(prefix=".export-", dir=folder) as temporary:
        staged = Path(temporary)
        if layers:
            session = _layers(request, mix, staged, progress)
        else:
            session = stem_session(mix)
            _copy_stems(session, mix, staged)
        target = folder / f"{session.name}{SUFFIXES[to]}"
        _refuse(target)
        if to == "aaf":
            write_aaf(session, staged, staged / target.name)
            _move(staged / target.name, target)
            return Exported(target, (), session)
        text = _TEXTS[to](session)
        audio = _published(session, staged, folder)
        with atomic_write(target, "w") as file:
            file.write(text)
    return Exported(target, audio, session)


def _layers(request: MixRequest, mix: RenderedMix, staged: Path, progress: Progress) -> ExportSession:
    preset = preset_of_report(request, mix.report)
    session = open_session(request.in_project(), preset, request.stem_files)
    _refuse_other_stems(session, mix)
    found = mix.report.gains
    gains = Gains(found.dialogue_db, found.programme_db or 0.0)
    return layer_session(session, gains, staged, lambda share: progress("layers", share))


def _refuse_other_stems(session: Session, mix: RenderedMix) -> None:
    """Raise ReportError when a stem differs from the render's, because its gains would be wrong."""
    rendered = mix.report.provenance.get("stems")
    known = rendered if isinstance(rendered, list) else []
    hashes = {stem.get("sha256") for stem in known if isinstance(stem, dict)}
    for sound, stems in session.stems.items():
        if any(stem.sha256 not in hashes for stem in stems):
            raise ReportError(
                f"the stem of {sound} has changed since {mix.name} was rendered",
                hint=f"Render it again: render-ending --preset {mix.report.mix}",
            )


def _copy_stems(session: ExportSession, mix: RenderedMix, staged: Path) -> None:
    (staged / AUDIO).mkdir()
    for track in session.tracks:
        for clip in track.clips:
            shutil.copyfile(mix.stems[track.name], staged / clip.file)


def _published(session: ExportSession, staged: Path, folder: Path) -> tuple[Path, ...]:
    """Move the audio files to the folder, after a check that each may be written there."""
    files = [clip.file for track in session.tracks for clip in track.clips]
    for file in files:
        refuse_to_overwrite(folder / file)
    for file in files:
        (folder / file).parent.mkdir(exist_ok=True)
        _move(staged / file, folder / file)
    return tuple(folder / file for file in files)


def _move(source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except OSError as error:
        raise RenderError(
            f"{printable(target)} cannot be written: {error.strerror}",
            hint="Export to another folder with --out DIR.",
        ) from error


def _refuse(target: Path) -> None:
    """Raise RenderError when `target` exists and is not an earlier export."""
    if not target.exists() and not target.is_symlink():
        return
    if not (target.is_file() and _is_own(target)):
        raise RenderError(
            f"{printable(target)} already exists and was not exported by this program.",
            hint="Move it away, or write to another folder with --out DIR.",
        )


def _is_own(target: Path) -> bool:
    if target.suffix == SUFFIXES["aaf"]:
        return is_own_aaf(target)
    with target.open("rb") as file:
        return _MARK in file.read(_HEAD_BYTES)
