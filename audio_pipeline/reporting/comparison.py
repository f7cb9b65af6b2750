"""Reports side by side: every figure, its difference from the first, and the tolerances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Literal

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.figures import (
    DROPOUT_FIGURES,
    FIGURES,
    HEADLINE,
    SECTION_FIGURES,
    Figure,
)
from audio_pipeline.reporting.model import DropoutLevels, LoudnessReport, SectionLevels

LOWEST_LUFS = -70.0
"""The floor of compared curves, the gate of BS.1770: softer levels and silence count as this."""

SILENT_DB = -85.0
"""Levels below this count as silence, as null does: silence with 16-bit dither equals digital silence."""

_SILENT_UNITS = ("LUFS", "dBTP", "dBFS")
_LEVEL_UNITS = ("LUFS", "LU", "dBTP", "dBFS", "dB")


@dataclass(frozen=True)
class Tolerance:
    """The allowed differences: `levels` for every level (LUFS, LU, dBTP, dBFS, dB), None for each level's
    default (0.5); `named` for single figures by name, which take precedence."""

    levels: float | None = None
    named: Mapping[str, float] = field(default_factory=dict)

    def of(self, name: str, figure: Figure) -> float:
        """The allowed difference of the figure `name`."""
        if name in self.named:
            return self.named[name]
        levels = self.levels if figure.unit in _LEVEL_UNITS else None
        return figure.tolerance if levels is None else levels


def tolerated_names() -> list[str]:
    """The names of figures for `Tolerance.named`."""
    return sorted({*HEADLINE, *SECTION_FIGURES, *DROPOUT_FIGURES})


@dataclass(frozen=True)
class Row:
    """One figure of all reports. `section` is the section's name in the table "sections", else "";
    `deltas[0]` is None."""

    table: Literal["figures", "sections", "dropout"]
    section: str
    name: str
    figure: Figure
    tolerance: float
    values: tuple[float | None, ...]

    @property
    def deltas(self) -> tuple[float | None, ...]:
        """Each value minus the first; None when either is null."""
        first, *others = self.values
        return (None, *(None if v is None or first is None else v - first for v in others))

    @property
    def different(self) -> tuple[bool, ...]:
        """Whether each value differs from the first by more than the tolerance. Null differs from a number, but
        silence equals silence."""
        return tuple(self._differs(self.values[0], value) for value in self.values)

    def _differs(self, first: float | None, value: float | None) -> bool:
        if self._is_silence(first) and self._is_silence(value):
            return False
        if first is None or value is None:
            return first is not value
        return abs(value - first) > self.tolerance + 1e-9

    def _is_silence(self, value: float | None) -> bool:
        if self.table == "dropout" or self.figure.unit not in _SILENT_UNITS:
            return False
        return value is None or value <= SILENT_DB


@dataclass(frozen=True)
class Widest:
    """The largest difference in momentary loudness from the first report: amount, time, and both levels."""

    delta_lu: float
    at_s: float
    timecode: str
    section: str | None
    first_lufs: float | None
    other_lufs: float | None


@dataclass(frozen=True)
class Comparison:
    """Reports compared with the first one. `preset` holds the keys that differ and their values."""

    names: tuple[str, ...]
    rows: tuple[Row, ...]
    widest: tuple[Widest | None, ...]
    preset: tuple[tuple[str, tuple[Any, ...]], ...]
    reports: tuple[LoudnessReport, ...]

    @property
    def same(self) -> bool:
        """Whether every figure is within its tolerance."""
        return not any(any(row.different) for row in self.rows)


def compare_reports(
    names: Sequence[str], reports: Sequence[LoudnessReport], tolerance: Tolerance
) -> Comparison:
    """Compare two or more reports with the first. Raises ValueError for fewer than two."""
    if len(reports) < 2 or len(names) != len(reports):
        raise ValueError(f"{len(reports)} reports and {len(names)} names cannot be compared")
    return Comparison(
        tuple(names),
        (
            *_figure_rows(reports, tolerance),
            *_section_rows(reports, tolerance),
            *_dropout_rows(reports, tolerance),
        ),
        (None, *(_widest(reports[0], other) for other in reports[1:])),
        _preset_keys(reports),
        tuple(reports),
    )


def _figure_rows(reports: Sequence[LoudnessReport], tolerance: Tolerance) -> list[Row]:
    return [
        Row("figures", "", name, f, tolerance.of(name, f), tuple(r.figure(name) for r in reports))
        for name, f in ((name, FIGURES[name]) for name in HEADLINE)
    ]


def _dropout_rows(reports: Sequence[LoudnessReport], tolerance: Tolerance) -> list[Row]:
    dropouts = [report.dropout for report in reports]
    return [
        Row("dropout", "", name, f, tolerance.of(name, f), tuple(_of(d, name) for d in dropouts))
        for name, f in DROPOUT_FIGURES.items()
        if any(dropouts)
    ]


def _section_rows(reports: Sequence[LoudnessReport], tolerance: Tolerance) -> list[Row]:
    """Sections by name, in the order of first occurrence; equal names are numbered."""
    tables = [_by_name(report) for report in reports]
    names = list(dict.fromkeys(name for table in tables for name in table))
    return [
        Row(
            "sections",
            section,
            name,
            f,
            tolerance.of(name, f),
            tuple(_of(table.get(section), name) for table in tables),
        )
        for section in names
        for name, f in SECTION_FIGURES.items()
    ]


def _of(levels: SectionLevels | DropoutLevels | None, name: str) -> float | None:
    value: float | None = getattr(levels, name, None)
    return value


def _by_name(report: LoudnessReport) -> dict[str, SectionLevels]:
    table: dict[str, SectionLevels] = {}
    for section in report.sections:
        name, n = section.name, 1
        while name in table:
            n += 1
            name = f"{section.name} ({n})"
        table[name] = section
    return table


def _widest(first: LoudnessReport, other: LoudnessReport) -> Widest | None:
    curves = [report.curves for report in (first, other)]
    pieces = aligned_pieces(first, other)
    if not pieces or curves[0].step_s != curves[1].step_s:
        return None
    a, b = (curve_of(curve.momentary_lufs) for curve in curves)
    furthest = [
        int(np.argmax(np.abs(b[p.other : p.other + p.count] - a[p.first : p.first + p.count])))
        for p in pieces
    ]
    places = [(p.first + at, p.other + at) for p, at in zip(pieces, furthest, strict=True)]
    at, there = max(places, key=lambda place: abs(b[place[1]] - a[place[0]]))
    at_s = (at + 1) * curves[0].step_s
    section = next((s.name for s in first.sections if s.start_s < at_s <= s.stop_s), None)
    return Widest(
        float(b[there] - a[at]),
        at_s,
        first.clock.timecode_of_rounded(at_s),
        section,
        curves[0].momentary_lufs[at],
        curves[1].momentary_lufs[there],
    )


@dataclass(frozen=True)
class Piece:
    """A compared part of two curves: its start in each, and its number of points."""

    first: int
    other: int
    count: int


def aligned_pieces(first: LoudnessReport, other: LoudnessReport) -> list[Piece]:
    """The parts compared over time: those between the same cues in both reports, each aligned at its cue;
    without common cues, the whole curves from their start."""
    lengths = [len(report.curves.momentary_lufs) for report in (first, other)]
    step_s = first.curves.step_s or 1.0
    here, there = _by_name(first), _by_name(other)
    pieces = []
    for name in (name for name in here if name in there):
        starts = [round(section.start_s / step_s) for section in (here[name], there[name])]
        stops = [round(section.stop_s / step_s) for section in (here[name], there[name])]
        count = min(
            min(stop, length) - start for start, stop, length in zip(starts, stops, lengths, strict=True)
        )
        if count > 0:
            pieces.append(Piece(starts[0], starts[1], count))
    if not pieces and min(lengths):
        return [Piece(0, 0, min(lengths))]
    return pieces


def curve_of(points: Sequence[float | None]) -> Samples:
    """A report's curve `(n,)` in LUFS; null and softer values become -70."""
    return np.array([LOWEST_LUFS if p is None else max(p, LOWEST_LUFS) for p in points], dtype=float)


def _preset_keys(reports: Sequence[LoudnessReport]) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    flat = [report.preset for report in reports]
    if not all(flat):
        return ()
    keys = dict.fromkeys(key for table in flat for key in table)
    values = ((key, tuple(table.get(key) for table in flat)) for key in keys)
    return tuple((key, row) for key, row in values if any(v != row[0] for v in row[1:]))
