"""The delivery letter, as text and as PDF: what the folder holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from audio_pipeline.errors import encodable
from audio_pipeline.pages.words import clause_head, clause_rows, headline_rows
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.folder_rules import FolderRules
from audio_pipeline.reporting.model import LoudnessReport, Silence
from audio_pipeline.reporting.silences import MOST_SILENCES, silences_in_short

Row = tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """A heading, rows of cells (the first may be a head), and notes."""

    heading: str
    rows: Sequence[Row] = ()
    has_head: bool = False
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class LetterFacts:
    """The letter's facts that are not in the report.

    `picture` holds the rows on lengths and sync; `files` has a head and a row for each audio file, `copies` a
    head and a row for each listening copy; `preview` holds facts about the preview; `sums` the digests by path;
    `differs` the changes since `previous`, None for a first version.
    """

    title: str
    mix: str
    version: str
    date: str
    contact: Mapping[str, str]
    rules: FolderRules
    picture: Sequence[Row]
    files: Sequence[Row]
    copies: Sequence[Row]
    preview: Sequence[Row]
    sums: Mapping[str, str]
    previous: str | None
    differs: Sequence[str] | None


def letter_sections(facts: LetterFacts, report: LoudnessReport) -> list[Section]:
    """The letter's sections, in order."""
    verdict = report.delivery.verdict or "not judged"
    head = [
        ("title", facts.title),
        ("mix", facts.mix),
        ("version", facts.version),
        ("date", facts.date),
        ("delivery", f"{facts.rules.title} ({facts.rules.delivery})"),
        ("verdict", verdict),
    ]
    sections = [Section("Delivery", head)]
    if facts.contact:
        sections.append(Section("Contact", list(facts.contact.items())))
    if facts.differs is not None:
        sections.append(Section(f"Changes since {facts.previous}", notes=list(facts.differs)))
    silences = _silences(report) or ["No digital silence of 100 ms or more."]
    rules = facts.rules
    cited = [
        (name, rule.source, rule.citation() if rule.document else "")
        for name, rule in (("names", rules.names), ("files", rules.files), ("leader", rules.leader))
    ]
    sections += [
        Section("Picture and sync", facts.picture),
        Section("Audio files", facts.files, has_head=True),
        Section("Loudness of the printmaster", [tuple(map(str, row)) for row in headline_rows(report)]),
        Section(
            "Clauses",
            [tuple(map(str, row)) for row in (clause_head(), *clause_rows(report))],
            has_head=True,
        ),
        Section("Silence", notes=silences),
        Section(
            "Listening copies",
            facts.copies,
            has_head=True,
            notes=["Listening copies are for review; they are not part of the master."],
        ),
        *([Section("Preview", facts.preview)] if facts.preview else []),
        Section("Rules of the folder", cited),
        Section("Checksums (SHA-256)", [(digest, path) for path, digest in sorted(facts.sums.items())]),
    ]
    return sections


def _silences(report: LoudnessReport) -> list[str]:
    """A line for every digital silence; one after the cue is deliberate. Many others share one line."""
    runs = report.delivery.silences
    told = [run for run in runs if run.deliberate]
    others = [run for run in runs if not run.deliberate]
    lines = [_silence(run, "deliberate, after the silence cue") for run in told]
    if len(others) > MOST_SILENCES:
        return [*lines, f"{silences_in_short(others)}; not requested by a cue."]
    return lines + [_silence(run, "not requested by a cue") for run in others]


def _silence(run: Silence, meaning: str) -> str:
    return f"Digital silence {run.start} to {run.stop} ({run.stop_s - run.start_s:.3f} s): {meaning}."


def letter_text(sections: Sequence[Section]) -> str:
    """The letter as plain text with aligned columns."""
    pieces = []
    for section in sections:
        pieces.append(f"{section.heading}\n{'-' * len(section.heading)}\n")
        pieces += _aligned(section.rows)
        pieces += [f"{note}\n" for note in section.notes]
        pieces.append("\n")
    return encodable("".join(pieces)).rstrip("\n") + "\n"


def _aligned(rows: Sequence[Row]) -> list[str]:
    widths = [0] * max(map(len, rows), default=0)
    for row in rows:
        for column, cell in enumerate(row[:-1]):
            widths[column] = max(widths[column], len(cell))
    return [
        "  ".join(cell.ljust(widths[n]) for n, cell in enumerate(row)).rstrip() + "\n" for row in rows
    ]
