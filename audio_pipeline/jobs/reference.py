"""The reference that a mix is locked to: the report of another language, or that language's mix itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from audio_pipeline.audio_io.display_path import printable
from audio_pipeline.errors import ReportError, encodable_texts
from audio_pipeline.memo.store import Cache
from audio_pipeline.mixing.session import lock_of_preset
from audio_pipeline.preset.agreement import differences_from
from audio_pipeline.preset.explain import flat
from audio_pipeline.preset.model import Preset
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.timing import MAX_LENGTH_S
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.model import LoudnessReport
from audio_pipeline.reporting.report_file import read_current_report
from audio_pipeline.reporting.values import rounded
from audio_pipeline.timeline.picture_lock import PictureLock
from audio_pipeline.timeline.spans import Span

_RENDER_IT = "Give the report of a whole render: render-ending --preset NAME writes NAME.report.json."


@dataclass(frozen=True)
class ReferenceReport:
    """A report whose cues and slots other languages use. `programme_db` is the programme gain of its mix."""

    lock: PictureLock
    programme_db: float | None

    def lock_for(self, project: Project, cache: Cache | None) -> PictureLock:
        """The picture lock of the report."""
        return self.lock


@dataclass(frozen=True)
class ReferenceMix:
    """The same mix with the stems of the reference language; the stems' lengths give the lock.

    `programme_db` as in `ReferenceReport`; None if unknown.
    """

    name: str
    preset: Preset
    programme_db: float | None = None

    def lock_for(self, project: Project, cache: Cache | None) -> PictureLock:
        """The picture lock. Raises PresetError for invalid times, StemError for an unreadable stem."""
        return lock_of_preset(project, self.preset, self.name, cache)


Reference = ReferenceReport | ReferenceMix


def read_reference(path: Path) -> LoudnessReport:
    """The report in `path`. Raises ReportError for a report without cues and slots, and for version 1."""
    report = read_current_report(path)
    if not report.preset or not report.cues or report.slots is None:
        raise ReportError(f"{printable(path)} holds no cues and slots to lock to", hint=_RENDER_IT)
    return report


Unlike = Callable[[Mapping[str, Any], Preset], tuple[Mapping[str, Any], Mapping[str, Any]]]
"""From a report's values and a preset: values of both in the report's form, including all that differ."""


def all_values(values: Mapping[str, Any], preset: Preset) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """All values, for a single preset."""
    return values, encodable_texts(rounded(flat(preset)))


def reference_of_report(
    report: LoudnessReport, path: Path, preset: Preset, unlike: Unlike = all_values
) -> ReferenceReport:
    """The report that was read from `path` as the reference of `preset`.

    For many presets, `unlike` leaves out the values that they share. Raises ReportError for a report that
    differs from the preset in its values (except those of voices), its sample rate or its picture.
    """
    shown = printable(path)
    _refuse_another_mix(report, shown, preset, unlike)
    slots = _slots(report, shown)
    speaking = frozenset(n for n in slots if report.preset.get(f"layers.{n}.on", True) is not False)
    cues = {cue.name: cue.at_samples for cue in report.cues}
    for name in preset.cues:
        if not 0 <= cues.get(name, -1) <= cues["end"] <= MAX_LENGTH_S * report.sample_rate_hz:
            place = f"is at sample {cues[name]}" if name in cues else "is missing"
            raise ReportError(
                f"{shown}: the cue {name!r} {place}; it must be within the programme",
                hint=_RENDER_IT,
            )
    return ReferenceReport(PictureLock(report.mix, cues, slots, speaking), report.gains.programme_db)


def _slots(report: LoudnessReport, shown: str) -> dict[str, Span]:
    longest = MAX_LENGTH_S * report.sample_rate_hz
    slots = {}
    for name, slot in (report.slots or {}).items():
        if not slot.start_samples <= slot.stop_samples <= longest:
            place = f"from sample {slot.start_samples} to {slot.stop_samples}"
            raise ReportError(
                f"{shown}: slots.{name} is {place}; it must be within the programme", hint=_RENDER_IT
            )
        slots[name] = Span(slot.start_samples, slot.stop_samples)
    return slots


def _refuse_another_mix(report: LoudnessReport, shown: str, preset: Preset, unlike: Unlike) -> None:
    if report.sample_rate_hz != preset.sample_rate_hz:
        raise ReportError(
            f"{shown} cannot be the reference of {preset.name}: its sample rate is"
            f" {report.sample_rate_hz} Hz, that of the mix is {preset.sample_rate_hz} Hz",
            hint=f'Render with --set sample_rate="{report.sample_rate_hz} Hz".',
        )
    if found := differences_from(*unlike(report.preset, preset), preset):
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        raise ReportError(
            f"{shown} cannot be the reference of {preset.name}: {found[0]}{more}",
            hint="Only values of voices may differ. Render the reference with the same preset and --set.",
        )
