"""The use case: measure a file and write its report, with the verdict of a delivery."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from audio_pipeline.audio_io.read.audio_file import AudioInfo, probe
from audio_pipeline.audio_io.read.programme import programme_span
from audio_pipeline.audio_io.write.recovery import finish_pending
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.delivery import load_delivery
from audio_pipeline.reporting.facts import MixFacts
from audio_pipeline.reporting.model import LoudnessReport
from audio_pipeline.reporting.own_facts import FROM_FILE, Picture, own_facts
from audio_pipeline.reporting.report import report_of_draft, report_of_file
from audio_pipeline.timeline.spans import Span


@dataclass(frozen=True)
class Known:
    """Inputs of a measurement besides the audio file.

    `picture` is the picture rate and start; `preset` or `markers` name the sections; `fade_s` is the specified
    length of a dropout among the markers; `dialogue` is the dialogue stem; `track` is the number of the track
    to read, from 1; `own_deliveries` is the folder of a project's deliveries.
    """

    preset: str | None = None
    markers: Path | None = None
    fade_s: Fraction = Fraction(1, 4)
    dialogue: Path | None = None
    delivery: str | None = None
    own_deliveries: Path | None = None
    track: int | None = None
    picture: Picture = FROM_FILE


def measure(files: Iterable[Path], known: Known) -> list[LoudnessReport]:
    """The report of every file. Raises StemError, PresetError or ReportError for the first that fails."""
    return [measure_file(path, known) for path in files]


def measure_file(path: Path, known: Known) -> LoudnessReport:
    """The report of a file. Raises as `measure`."""
    return report_of_file(path, facts_of_file(path, known), path.name)


def figures_of_file(path: Path, known: Known) -> LoudnessReport:
    """As `measure_file`, without the hash of the file: 9 % of the time, and no table or verdict shows it."""
    return report_of_draft(path, facts_of_file(path, known), path.name)


def facts_of_file(path: Path, known: Known) -> MixFacts:
    """The facts for the report of a file. Raises as `measure`."""
    finish_pending(path)
    file = probe(path, track=known.track)
    programme = programme_span(path, file)
    info = replace(file, frames=len(programme))
    facts = replace(_facts(path, file, programme, known), track=known.track)
    if known.delivery is not None:
        own = known.own_deliveries or facts.own_deliveries
        name = load_delivery(known.delivery, own).name
        facts = replace(facts, delivery=name, own_deliveries=own)
    if known.dialogue is not None:
        from audio_pipeline.reporting.dialogue import measure_dialogue
        from audio_pipeline.reporting.dialogue_stem import refuse_unlike_stem

        refuse_unlike_stem(path, info, known.dialogue)
        stem = measure_dialogue(known.dialogue, info.duration_s)
        facts = replace(
            facts,
            dialogue_lufs=stem.lufs,
            dialogue_share_percent=stem.share_percent,
            dialogue_momentary_lufs=stem.momentary_lufs,
        )
    return facts


def _facts(path: Path, file: AudioInfo, programme: Span, known: Known) -> MixFacts:
    rate = file.sample_rate_hz
    # presets import every layer and effect, markers every format: both are only imported when they are given
    if known.preset is not None:
        from audio_pipeline.preset.document import load_document
        from audio_pipeline.preset.model import build_preset
        from audio_pipeline.preset.project import find_project
        from audio_pipeline.preset.stems import trimmed_schedule
        from audio_pipeline.reporting.sections import facts_of_preset

        project = find_project(Path.cwd())
        preset = build_preset(load_document(project, known.preset))
        return facts_of_preset(preset, trimmed_schedule(project, preset, {}), rate)
    own = own_facts(path, file, programme, known.picture, known.fade_s)
    if known.markers is not None:
        from audio_pipeline.reporting.marker_facts import facts_of_markers

        return facts_of_markers(known.markers, own.clock, len(programme), rate, known.fade_s)
    return own
