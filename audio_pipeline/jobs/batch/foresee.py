"""Whether a mix can be made, as far as that is seen before anything is decoded."""

from __future__ import annotations

from pathlib import Path

from audio_pipeline.audio_io.regular_file import regular_file
from audio_pipeline.jobs.render_files import files_of_render, refuse_to_replace
from audio_pipeline.preset.model import Preset
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.stems import head_path, refuse_unreadable, stem_paths
from audio_pipeline.reporting.delivery import load_delivery


def foresee(project: Project, preset: Preset, out: Path) -> None:
    """Raise what a render of the preset into `out` would raise: ReportError for an unknown delivery, StemError
    for a recording or a head that cannot be opened, RenderError for a file that would be overwritten.
    """
    load_delivery(preset.master.delivery, project.deliveries)
    refuse_unreadable(project, preset, {})
    head = head_path(project, preset)
    if head is not None:
        with regular_file(head):
            pass
    files = files_of_render(out, preset.name, stems=False, report=True, page=True)
    refuse_to_replace(files, stem_paths(project, preset, {}).values())
