"""A picture of reports over time: the loudness of each, the cues, and the difference from the first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from audio_pipeline.audio_io.write.atomic_write import atomic_write
from audio_pipeline.pages.drawing import check_format, plain, save
from audio_pipeline.reporting.comparison import Comparison, aligned_pieces, curve_of
from audio_pipeline.reporting.model import LoudnessReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#1f5fa8", "#d1495b", "#3a8f5c", "#8a5fb0", "#b07a2a", "#4b5560")
"""Distinguishable in print and for most colour-blind readers; the lines also differ in their dashes."""
DASHES = ("-", "--", "-.", ":")
LOWEST_LUFS = -75.0


def write_curves(comparison: Comparison, path: Path) -> None:
    """Draw the comparison and write it atomically, in the format of the suffix.

    Raises ReportError for a suffix that is neither .png nor .svg, RenderError for a file that cannot be
    written.
    """
    check_format(path)
    figure = Figure(figsize=(12, 7), layout="constrained")
    FigureCanvasAgg(figure)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    _draw_loudness(top, comparison)
    _draw_differences(bottom, comparison)
    _draw_cues(top, bottom, comparison)
    with atomic_write(path, "wb") as file:
        save(figure, file, path.suffix.lower(), 130)


def _draw_loudness(axes: Axes, comparison: Comparison) -> None:
    for n, (name, report) in enumerate(zip(comparison.names, comparison.reports, strict=True)):
        times, momentary = _curve(report, "momentary_lufs")
        colour = COLOURS[n % len(COLOURS)]
        axes.plot(times, momentary, color=colour, lw=0.7, alpha=0.45)
        times, short_term = _curve(report, "short_term_lufs")
        integrated = report.integrated_lufs
        said = "not measurable" if integrated is None else f"{integrated:.1f} LUFS"
        axes.plot(
            times,
            short_term,
            color=colour,
            ls=DASHES[n % len(DASHES)],
            lw=1.8,
            label=plain(f"{name}  ({said})"),
        )
    loudest = max((r.max_momentary_lufs or LOWEST_LUFS for r in comparison.reports), default=0.0)
    axes.set_ylim(LOWEST_LUFS, max(loudest, -30.0) + 4.0)
    axes.set_ylabel("LUFS   short-term bold, momentary thin")
    axes.grid(alpha=0.25)
    axes.legend(loc="lower center", ncols=2, framealpha=0.9)


def _draw_differences(axes: Axes, comparison: Comparison) -> None:
    first, *others = comparison.reports
    base = curve_of(first.curves.momentary_lufs)
    for n, report in enumerate(others, 1):
        other = curve_of(report.curves.momentary_lufs)
        for piece in aligned_pieces(first, report):
            times = (np.arange(piece.first, piece.first + piece.count) + 1) * first.curves.step_s
            axes.plot(
                times,
                other[piece.other :][: piece.count] - base[piece.first :][: piece.count],
                color=COLOURS[n % len(COLOURS)],
                ls=DASHES[n % len(DASHES)],
                lw=1.2,
            )
    axes.axhline(0.0, color=COLOURS[0], lw=0.8)
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, -1.0), max(high, 1.0))
    axes.set_ylabel(plain(f"LU from\n{comparison.names[0][:24]}"))
    axes.set_xlabel(
        "seconds, and timecode of the cues   (a window reads at its end; softer than -70 is -70)"
    )
    axes.grid(alpha=0.25)


def _draw_cues(top: Axes, bottom: Axes, comparison: Comparison) -> None:
    """Draw the cues of the first report, with rotated names so that close ones do not overlap."""
    report = comparison.reports[0]
    clock = report.clock
    end = max(r.duration_s for r in comparison.reports)
    top.set_xlim(0.0, end)
    last = -1.0
    for section in report.sections:
        at = section.start_s
        for axes in (top, bottom):
            axes.axvline(at, color="#222", lw=0.6, alpha=0.5)
        if at - last >= end / 70.0 or last < 0.0:
            label = f"{section.name}  {clock.timecode_of_rounded(at)}"
            place = (at, 1.01)
            top.annotate(
                plain(label),
                place,
                xycoords=("data", "axes fraction"),
                rotation=65,
                ha="left",
                va="bottom",
                fontsize=8,
            )
            last = at


def _curve(report: LoudnessReport, name: str) -> tuple[Any, Any]:
    """The end times of the windows, and their levels; a gap before the first complete window."""
    points = getattr(report.curves, name)
    window_s = 3.0 if name == "short_term_lufs" else 0.4
    step_s = report.curves.step_s
    times = (np.arange(len(points)) + 1) * step_s
    levels = np.array([np.nan if p is None else p for p in points], dtype=float)
    silent = np.isnan(levels) & (times >= window_s - 1e-9)
    return times, np.where(silent, LOWEST_LUFS, levels)
