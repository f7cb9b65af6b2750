"""The lengths of recordings from their headers, without decoding."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from pathlib import Path

from audio_pipeline.audio_io.read.flac_header import stated_length
from audio_pipeline.errors import AudioPipelineError
from audio_pipeline.preset.project import Project


class Headers:
    """The paths of a project's recordings, and their lengths from their headers.

    For many presets: each recording is located, and its header read, once.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._paths: dict[str, Path] = {}
        self._lengths: dict[tuple[Path, int], int | AudioPipelineError] = {}

    def path(self, name: str, key: str) -> Path:
        """The file that a preset names at `key`. Raises StemError as `Project.inside`."""
        if name not in self._paths:
            self._paths[name] = self._project.inside(name, key)
        return self._paths[name]

    def samples(self, path: Path, sample_rate_hz: int) -> int:
        """The length of the recording at `path` in samples at the given rate, by its header.

        Raises StemError for an unreadable file.
        """
        place = (path, sample_rate_hz)
        if place not in self._lengths:
            try:
                self._lengths[place] = stated_samples(path, sample_rate_hz)
            except AudioPipelineError as error:
                self._lengths[place] = error
        length = self._lengths[place]
        if isinstance(length, AudioPipelineError):
            raise length.with_traceback(None)  # it would grow with every preset
        return length


def stated_samples(path: Path, sample_rate_hz: int) -> int:
    """The length of the recording at `path` in samples at the given rate, by its header.

    Raises StemError for an unreadable file.
    """
    frames, rate_hz = stated_length(path) or _probed_length(path)
    return ceil(Fraction(frames * sample_rate_hz, rate_hz))


def _probed_length(path: Path) -> tuple[int, int]:
    from audio_pipeline.audio_io.read.audio_file import (
        probe,  # imports NumPy, which is slow
    )

    info = probe(path)
    return info.frames, info.sample_rate_hz
