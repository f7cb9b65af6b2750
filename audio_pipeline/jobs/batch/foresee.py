"""Checks whether a mix can be rendered, without decoding any audio."""

from __future__ import annotations

from pathlib import Path

from audio_pipeline.audio_io.regular_file import regular_file
from audio_pipeline.errors import AudioPipelineError
from audio_pipeline.jobs.render_files import FileIdentities, files_of_render, refuse_to_replace
from audio_pipeline.preset.headers import Headers
from audio_pipeline.preset.model import Preset
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.stems import head_path, stem_paths
from audio_pipeline.reporting.delivery import load_delivery


class Foresight:
    """Checks the mixes of a project one by one; each delivery and recording is read once."""

    def __init__(self, project: Project, headers: Headers) -> None:
        self._project = project
        self._headers = headers
        self._deliveries: dict[str, AudioPipelineError | None] = {}
        self._heads: dict[Path, AudioPipelineError | None] = {}
        self._identities = FileIdentities()

    def check(self, preset: Preset, out: Path) -> None:
        """Raise the error that a render of the preset into `out` would raise.

        ReportError for an unknown delivery, StemError for a recording or a head that cannot be opened,
        RenderError for a file that must not be overwritten.
        """
        self._check_delivery(preset.master.delivery)
        paths = dict.fromkeys(stem_paths(self._project, preset, {}, self._headers).values())
        for path in paths:  # also those on whose end no cue depends
            self._headers.samples(path, preset.sample_rate_hz)
        head = head_path(self._project, preset)
        if head is not None:
            self._check_head(head)
        files = files_of_render(out, preset.name, stems=False, report=True, page=True)
        refuse_to_replace(files, paths, self._identities)

    def _check_delivery(self, name: str) -> None:
        if name not in self._deliveries:
            try:
                load_delivery(name, self._project.deliveries)
                self._deliveries[name] = None
            except AudioPipelineError as error:
                self._deliveries[name] = error
        _raise_again(self._deliveries[name])

    def _check_head(self, head: Path) -> None:
        if head not in self._heads:
            try:
                with regular_file(head):
                    self._heads[head] = None
            except AudioPipelineError as error:
                self._heads[head] = error
        _raise_again(self._heads[head])


def _raise_again(error: AudioPipelineError | None) -> None:
    if error is not None:
        raise error.with_traceback(None)  # the traceback would grow with every mix
