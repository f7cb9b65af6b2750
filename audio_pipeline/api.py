"""The functions and classes of the public API. See `audio_pipeline`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import soundfile

from audio_pipeline.audio_io.write.recovery import recover
from audio_pipeline.errors import PresetError
from audio_pipeline.jobs.compare import names_of, report_of
from audio_pipeline.jobs.measure import Known, measure_file
from audio_pipeline.jobs.render import Order
from audio_pipeline.jobs.render import render as render_order
from audio_pipeline.memo.store import open_cache
from audio_pipeline.preset.document import load_document, with_value
from audio_pipeline.preset.model import Preset, build_preset
from audio_pipeline.preset.names import named
from audio_pipeline.preset.project import Project as ProjectFolder
from audio_pipeline.preset.project import deliveries_here, find_project
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.comparison import Comparison, Tolerance, compare_reports
from audio_pipeline.reporting.model import DeliveryVerdict, LoudnessReport
from audio_pipeline.reporting.rejudge import rejudged
from audio_pipeline.timeline.moments import parse_moment

if TYPE_CHECKING:
    from numpy.typing import NDArray

AnyPath = str | os.PathLike[str]


@dataclass(frozen=True)
class Project(ProjectFolder):
    """The folder that holds `presets/`.

    Examples:
        >>> project = Project("film")
        >>> project.preset_names()[0]
        'final'
        >>> project.preset("final", {"dropout.fade": "80ms"}).effects["dropout"].fade.text
        '80ms'
    """

    def __init__(self, root: AnyPath) -> None:
        """Open the project in the folder `root`. Raises PresetError when `presets/` is missing in it."""
        folder = Path(root).absolute()
        if not (folder / "presets").is_dir():
            raise PresetError(
                f"{root} is not a project: the folder presets/ is missing",
                hint=f"Make one with: render-ending init {Path(root).name}",
            )
        super().__init__(folder)

    @classmethod
    def find(cls, start: AnyPath = ".") -> Project:
        """The project of the folder `start`: the nearest folder, itself or a parent, with `presets/`.

        Raises PresetError when no folder has one.
        """
        return cls(find_project(Path(start).absolute()).root)

    def preset(self, name: str, values: Mapping[str, Any] | None = None) -> Preset:
        """The preset `name`, or the preset in the file `name` when it ends in .toml.

        `values` replace values of the preset, by the keys of `--set`: {"dropout.fade": "80ms"}. Raises
        PresetError for an unknown name or key, and for an invalid value.
        """
        document = load_document(self, name)
        for key, value in (values or {}).items():
            document = with_value(document, key, value, "values")
        return build_preset(document)


@dataclass(frozen=True)
class Render:
    """The files of a render. `stems` holds the files of the stems DX, FX, BG and ME by name.

    `stems` is empty, and `report` and `page` are None, where they were not written.
    """

    master: Path
    stems: Mapping[str, Path]
    report: LoudnessReport | None
    page: Path | None


def render(
    preset: Preset,
    *,
    out: AnyPath | None = None,
    name: str | None = None,
    stems: bool = False,
    page: bool = False,
    voices: Mapping[str, AnyPath] | None = None,
    begin: str | None = None,
    finish: str | None = None,
    workers: int | None = None,
    cache: bool = True,
    on_progress: Callable[[str, float], None] = lambda stage, share: None,
) -> Render:
    """Render a preset of `Project.preset`: write a master and its report, and optionally stems and a page.

    Either all files are written to `out` (default: the project's `renders`) or none. `name` is a template for
    their name; `voices` replaces stems by layer ({"voice_a": "fr_a.wav"}); `begin` and `finish` are times like
    "black + 2s" and select an excerpt, which has no report; `workers` is the number of threads (default: the
    number of CPUs). `on_progress` is called with the stage and its progress (0..1).

    The library does not change the environment of its process; the report says `unpinned` unless Python was
    started with the environment of the command (see docs/python.md). The samples equal those of the command on
    the same machine except for rounding. Raises PresetError, StemError or RenderError; existing files are then
    unchanged.

    Examples:
        >>> made = render(Project("film").preset("short"), out="renders")
        >>> made.master.name, made.report.dialogue_lufs is not None
        ('short.wav', True)
    """
    project = preset.document.project
    if project is None:
        raise ValueError("the preset has no project; load it with Project.preset")
    order = Order(
        project=project,
        preset=named(preset, name),
        out=project.renders if out is None else Path(out).absolute(),
        stem_files={layer: Path(file) for layer, file in (voices or {}).items()},
        begin=None if begin is None else parse_moment(begin),
        finish=None if finish is None else parse_moment(finish),
        stems=stems,
        workers=workers or os.cpu_count() or 1,
        cache=open_cache() if cache else None,
        page=page,
    )
    recover(order.out)
    made = render_order(order, on_progress)
    return Render(made.files.master, made.files.stems, made.report, made.files.page)


def measure(
    audio: AnyPath | NDArray[Any],
    sample_rate_hz: int | None = None,
    *,
    dialogue: AnyPath | None = None,
    delivery: str | None = None,
    track: int | None = None,
) -> LoudnessReport:
    """The loudness report of an audio file, or of samples `(n,)` or `(n, channels)` at `sample_rate_hz`.

    `dialogue` is the file of the dialogue stem; `delivery` is the name of the delivery to check; `track` is
    the number of the track to read, from 1, in a file with several. Raises StemError for a file that cannot
    be read, ReportError for an unknown delivery, ValueError for samples without a sample rate.

    Examples:
        >>> import numpy as np
        >>> tone = 0.1 * np.sin(2 * np.pi * 997 * np.arange(48_000) / 48_000)
        >>> round(measure(tone, sample_rate_hz=48_000).integrated_lufs, 1)
        -23.0
    """
    known = Known(
        dialogue=None if dialogue is None else Path(dialogue),
        delivery=delivery,
        own_deliveries=deliveries_here(),
        track=track,
    )
    if isinstance(audio, str | os.PathLike):
        if sample_rate_hz is not None:
            raise ValueError("sample_rate_hz goes with samples; a file states its own sample rate")
        return measure_file(Path(audio), known)
    if sample_rate_hz is None:
        raise ValueError("sample_rate_hz is missing; samples need it")
    with _written(audio, sample_rate_hz) as file:
        return measure_file(file, known)


@contextmanager
def _written(samples: NDArray[Any], sample_rate_hz: int) -> Iterator[Path]:
    """Write the samples to a temporary 64-bit float file, which is exact."""
    with tempfile.TemporaryDirectory(prefix="render-ending-") as folder:
        file = Path(folder) / "samples.wav"
        soundfile.write(file, samples, sample_rate_hz, subtype="DOUBLE")
        yield file


def check(
    audio: LoudnessReport | AnyPath,
    delivery: str,
    *,
    dialogue: AnyPath | None = None,
    track: int | None = None,
) -> DeliveryVerdict:
    """The verdict of `delivery`, clause by clause, on a report or on an audio file, which is measured.

    `delivery` is a built-in delivery, one of a plug-in, or one of the current folder's project.
    `dialogue` is the file of the dialogue stem of an audio file, `track` the number of its track. Raises
    ReportError for an unknown delivery, StemError for a file that cannot be read, ValueError for a report
    with `dialogue` or `track`.

    Examples:
        >>> verdict = check(measure("film/stems/voice_a.flac"), "ebu-r128")
        >>> verdict.verdict, verdict.clauses[0].figure
        ('fail', 'integrated_lufs')
    """
    if not isinstance(audio, LoudnessReport):
        return measure(audio, dialogue=dialogue, delivery=delivery, track=track).delivery
    if dialogue is not None:
        raise ValueError(
            "dialogue goes with an audio file; a report already holds the dialogue loudness"
        )
    if track is not None:
        raise ValueError("a report is about one track; track goes with an audio file")
    return rejudged(audio, delivery, deliveries_here()).delivery


def compare(
    things: Sequence[LoudnessReport | AnyPath], tolerance: float | Mapping[str, float] | None = None
) -> Comparison:
    """Compare reports, report files or audio files with the first of them.

    `tolerance` is the tolerance of levels in dB or LU (default: 0.5), or a tolerance for each figure by name.
    Raises ValueError for fewer than two inputs, ReportError or StemError for a file that cannot be read.

    Examples:
        >>> report = measure("film/stems/voice_a.flac")
        >>> compare([report, "film/stems/voice_a.flac"]).same
        True
    """
    reports = [
        thing if isinstance(thing, LoudnessReport) else report_of(Path(thing)) for thing in things
    ]
    files = [
        Path(report.file if isinstance(thing, LoudnessReport) else thing)
        for thing, report in zip(things, reports, strict=True)
    ]
    named_ones = tolerance if isinstance(tolerance, Mapping) else {}
    levels = None if isinstance(tolerance, Mapping) else tolerance
    return compare_reports(names_of(files), reports, Tolerance(levels, dict(named_ones)))
