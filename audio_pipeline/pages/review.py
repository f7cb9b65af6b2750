"""The review page: several mixes on one timeline, level-matched, switched in place.

write_review(Path("renders/review.html"), takes, copies)
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from audio_pipeline.audio_io.read.programme import programme_blocks, programme_info
from audio_pipeline.audio_io.write.atomic_write import atomic_write
from audio_pipeline.audio_io.write.overwrite_guard import refuse_to_overwrite
from audio_pipeline.errors import ReportError
from audio_pipeline.metering.meter import Meter
from audio_pipeline.pages import tables
from audio_pipeline.pages.compare_words import notes, preset_rows
from audio_pipeline.pages.listening_copy import MP3, encoded, stereo
from audio_pipeline.pages.markup import (
    Markup,
    asset,
    bytes_block,
    data_block,
    element,
    join,
    page_pieces,
)
from audio_pipeline.pages.page import zoom_buttons
from audio_pipeline.pages.review_notes import State, identity_of
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.comparison import Comparison, Row, Tolerance, compare_reports
from audio_pipeline.reporting.figures import DROPOUT_FIGURES, FIGURES, SECTION_FIGURES, Figure
from audio_pipeline.reporting.model import DropoutLevels, LoudnessReport, SectionLevels
from audio_pipeline.timeline.moments import Clock
from audio_pipeline.timeline.timecode import RATES

Anchor = Literal["dialogue_lufs", "integrated_lufs"]

SCRIPTS = (
    "timecode.js",
    "engine.js",
    "charts.js",
    "transport.js",
    "abx.js",
    "notes.js",
    "note_markers.js",
    "review.js",
)
MOST_MIXES = 26
"""The maximum number of mixes: one letter each in a blind review."""

LONGEST_S = 1200.0
"""The maximum length: the browser decodes all mixes into memory, 23 MB a minute each."""

_ANCHORS: dict[Anchor, str] = {
    "dialogue_lufs": "loudness of the dialogue stem",
    "integrated_lufs": "loudness of the whole programme",
}


@dataclass(frozen=True)
class Take:
    """One mix of a review: its report, its audio file, and the track to read (None: the file's default)."""

    report: LoudnessReport
    audio: Path
    track: int | None = None

    @cached_property
    def plays_lu(self) -> float:
        """The loudness of the stereo copy minus that of the file, LU; 3.01 for a mono file.

        Raises StemError when the file cannot be read.
        """
        info = programme_info(self.audio, track=self.track)
        measured = self.report.integrated_lufs
        if info.channels == 2 or measured is None:
            return 0.0
        meter = Meter(info.sample_rate_hz, 2)
        for block in stereo(programme_blocks(self.audio, track=self.track), info.layout):
            meter.feed(block)
        played = meter.result().integrated_lufs
        return 0.0 if played is None else round(played - measured, 4)


def names_of(takes: Sequence[Take]) -> list[str]:
    """The mixes' names; the folder is added to names that occur twice."""
    names = [take.report.mix for take in takes]
    shown = [
        f"{take.audio.resolve().parent.name}/{name}" if names.count(name) > 1 else name
        for take, name in zip(takes, names, strict=True)
    ]
    return [
        f"{name} ({shown[:n].count(name) + 1})" if shown.count(name) > 1 else name
        for n, name in enumerate(shown)
    ]


def matching(
    reports: Sequence[LoudnessReport], plays_lu: Sequence[float] = ()
) -> tuple[Anchor, list[float]]:
    """The anchor of the level matching, and the gain of each mix in dB.

    `plays_lu` is each mix's loudness in playback minus that in its report. The softest mix keeps its level and
    the others are attenuated to it, so that nothing can clip. The anchor is the dialogue if all reports have
    its loudness, else the programme; a silent mix keeps its level.
    """
    levels = [dialogue_level(report) for report in reports]
    anchor: Anchor = "dialogue_lufs"
    if None in levels:
        anchor, levels = "integrated_lufs", [report.integrated_lufs for report in reports]
    if plays_lu:
        pairs = zip(levels, plays_lu, strict=True)
        levels = [None if level is None else level + louder for level, louder in pairs]
    softest = min((level for level in levels if level is not None), default=0.0)
    return anchor, [0.0 if level is None else round(softest - level, 4) + 0.0 for level in levels]


def dialogue_level(report: LoudnessReport) -> float | None:
    """The loudness of the dialogue; for music-and-effects, the dialogue of the full mix."""
    measured: float | None = report.dialogue_lufs
    facts = report.provenance
    target = facts.get("target_lufs") if facts.get("anchor") == "dialogue" else None
    return measured if measured is not None or not isinstance(target, int | float) else float(target)


def listening_copy(take: Take) -> bytes:
    """The mix as MP3. Raises StemError when it cannot be read, ReportError when it is too long."""
    info = programme_info(take.audio, track=take.track)
    if info.duration_s > LONGEST_S:
        raise ReportError(
            f"{take.audio} is {info.duration_s / 60:.0f} minutes long;"
            f" a review page holds mixes of up to {LONGEST_S / 60:.0f} minutes",
            hint="Render excerpts with --from and --to.",
        )
    programme = stereo(programme_blocks(take.audio, track=take.track), info.layout)
    return encoded(programme, MP3, info.sample_rate_hz, 2)


def write_review(
    path: Path, takes: Sequence[Take], copies: Sequence[bytes], notes: State | None = None
) -> None:
    """Write the page atomically; it begins with `notes`. Raises RenderError when it cannot be written, or when
    another program's file has its name."""
    refuse_to_overwrite(path)
    with atomic_write(path, "w") as file:
        file.writelines(_pieces(takes, copies, notes))


def review(takes: Sequence[Take], copies: Sequence[bytes], *, starts_blind: bool = False) -> str:
    """The page as text; `starts_blind` begins it with a blind round. Raises ValueError as `write_review`."""
    return "".join(_pieces(takes, copies, starts_blind=starts_blind))


def clock_of(report: LoudnessReport) -> Clock:
    """The picture's clock of a mix, as on its page."""
    rate = RATES.get(str(report.provenance.get("picture_rate")), RATES["24"])
    try:
        start = rate.frame(str(report.provenance.get("picture_start")))
    except ValueError:
        start = 0
    return Clock(rate, start_frame=start)


def _pieces(
    takes: Sequence[Take],
    copies: Sequence[bytes],
    said: State | None = None,
    *,
    starts_blind: bool = False,
) -> Iterator[str]:
    """The page in pieces; `copies` are MP3 files, one per mix. Raises ValueError for too few or too many."""
    if not 2 <= len(takes) <= MOST_MIXES or len(takes) != len(copies):
        raise ValueError(f"{len(takes)} mixes and {len(copies)} copies make no review")
    names, reports = names_of(takes), [take.report for take in takes]
    plays_lu = [take.plays_lu for take in takes]
    anchor, gains = matching(reports, plays_lu)
    title = _title(reports)
    data: dict[str, Any] = {
        "id": _identity(names, reports),
        "title": title,
        "anchor": anchor,
        "mixes": [
            {**_mix_data(name, report, gain), "plays_lu": louder}
            for name, report, gain, louder in zip(names, reports, gains, plays_lu, strict=True)
        ],
    }
    if said is not None:
        data["notes"] = {"id": identity_of(said), "state": said}
    if starts_blind:
        data["starts_blind"] = True
    audio = chain.from_iterable(bytes_block(f"audio-{n}", copy) for n, copy in enumerate(copies))
    held = chain([data_block("review", data)], audio)
    return page_pieces(f"Review · {title}", _body(title, names, reports, plays_lu), held, SCRIPTS)


def _mix_data(name: str, report: LoudnessReport, gain_db: float) -> dict[str, Any]:
    facts, delivery, curves = report.provenance, report.delivery, report.curves
    return {
        "name": name,
        "description": report.preset.get("description", ""),
        "gain_db": gain_db,
        "duration_s": report.duration_s,
        "picture": [facts.get("picture_rate"), facts.get("picture_start")],
        "sections": [
            {"name": s.name, "start_s": s.start_s, "stop_s": s.stop_s} for s in report.sections
        ],
        "curves": {
            "step_s": curves.step_s,
            "momentary_lufs": curves.momentary_lufs,
            "short_term_lufs": curves.short_term_lufs,
        },
        "figures": [
            ["dialogue", f"{tables.number(report.dialogue_lufs, 1)} LUFS"],
            ["programme", f"{tables.number(report.integrated_lufs, 1)} LUFS"],
            ["true peak", f"{tables.number(report.true_peak_dbtp, 1)} dBTP"],
            ["length", tables.seconds(report.duration_s)],
            ["delivery", f"{delivery.name}: {delivery.verdict}" if delivery.name else "–"],
        ],
    }


def _identity(names: Sequence[str], reports: Sequence[LoudnessReport]) -> str:
    """The key under which the browser stores notes: equal for the same mixes."""
    facts = [
        (name, report.curves.model_dump(mode="json"))
        for name, report in zip(names, reports, strict=True)
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _title(reports: Sequence[LoudnessReport]) -> str:
    titles = {str(report.preset["title"]) for report in reports if "title" in report.preset}
    return titles.pop() if len(titles) == 1 else f"{len(reports)} mixes"


def _body(
    title: str, names: Sequence[str], reports: Sequence[LoudnessReport], plays_lu: Sequence[float]
) -> Markup:
    anchor, gains = matching(reports, plays_lu)
    slots = {
        "title": element("p", title, class_="overline"),
        "count": str(len(names)),
        "anchor": _ANCHORS[anchor],
        "zoom": zoom_buttons(),
        "differences": _differences(names, reports, gains, plays_lu),
    }
    # in one pass, so that text inserted into one slot is not searched for other slots
    return Markup(re.sub(r"\{\{(\w+)\}\}", lambda slot: slots[slot[1]], asset("review.html")))


def at_gain(report: LoudnessReport, gain_db: float, plays_lu: float = 0.0) -> LoudnessReport:
    """The report at another gain: every level shifted by `gain_db`, all else unchanged.

    Loudness also shifts by `plays_lu`: a mono file on both sides is louder, with the same peaks.
    """
    curves, dropout = report.curves, report.dropout
    momentary = tuple(None if v is None else v + gain_db + plays_lu for v in curves.momentary_lufs)
    return report.model_copy(
        update={
            **_moved(report, FIGURES, gain_db, plays_lu),
            "sections": tuple(
                section.model_copy(update=_moved(section, SECTION_FIGURES, gain_db, plays_lu))
                for section in report.sections
            ),
            "dropout": dropout
            and dropout.model_copy(update=_moved(dropout, DROPOUT_FIGURES, gain_db, plays_lu)),
            "curves": curves.model_copy(update={"momentary_lufs": momentary}),
        }
    )


def _moved(
    levels: LoudnessReport | SectionLevels | DropoutLevels,
    figures: Mapping[str, Figure],
    gain_db: float,
    plays_lu: float,
) -> dict[str, float]:
    """The figures that depend on gain, shifted by it; loudness also by `plays_lu`."""
    values = {name: getattr(levels, name, None) for name, figure in figures.items() if figure.moves}
    gains = {name: gain_db + (plays_lu if figures[name].unit == "LUFS" else 0.0) for name in values}
    return {name: value + gains[name] for name, value in values.items() if value is not None}


def _differences(
    names: Sequence[str],
    reports: Sequence[LoudnessReport],
    gains: Sequence[float],
    plays_lu: Sequence[float],
) -> Markup:
    """Each mix compared with the first, both level-matched: notes, changes of the preset, and the figures
    that differ for other reasons than level."""
    parts = []
    reports = [at_gain(*heard) for heard in zip(reports, gains, plays_lu, strict=True)]
    for name, report in zip(names[1:], reports[1:], strict=True):
        compared = compare_reports((names[0], name), (reports[0], report), Tolerance())
        said = [element("p", sentence) for sentence in notes(compared)[:-1]]
        parts.append(
            element(
                "article",
                element("h3", f"{name}, from {names[0]}"),
                *said,
                _preset_table(compared),
                _figure_table(compared),
            )
        )
    return join(*parts)


def _preset_table(compared: Comparison) -> Markup:
    rows = preset_rows(compared)
    if not rows:
        return Markup("")
    return tables.table(f"Preset of {compared.names[1]}", ("Preset", *compared.names), rows, (0, 1, 2))


def _figure_table(compared: Comparison) -> Markup:
    rows = [
        _figure_row(row)
        for row in compared.rows
        if any(row.different) and (row.table != "sections" or row.name == "integrated_lufs")
    ]
    if not rows:
        return element("p", "At matched level every figure is within its tolerance.")
    head = ("Figure at matched level", *compared.names, "Δ")
    return tables.table(f"Figures of {compared.names[1]} at matched level", head, rows)


def _figure_row(row: Row) -> tuple[str, ...]:
    figure, delta = row.figure, row.deltas[1]
    label = f"{row.section}: {figure.label}" if row.section else figure.label
    if row.table == "dropout":
        label = f"Dropout, {label}"
    unit = f", {figure.unit}" if figure.unit else ""
    signed = "" if delta is None else tables.minus(f"{delta:+.{max(figure.decimals, 1)}f}")
    values = [tables.number(value, figure.decimals) for value in row.values]
    return (f"{label}{unit}", *values, signed)
