"""`overruns.csv`: the lines that a translator has to shorten, a row for each line that exceeds its slot."""

from __future__ import annotations

from collections.abc import Iterable

from audio_pipeline.pages.csv_tables import to_csv
from audio_pipeline.reporting.model import LoudnessReport
from audio_pipeline.reporting.warnings import ReportWarning, WarningCode, overruns_among

COLUMNS = ("language", "voice", "seconds_too_long", "from_s")
_SLOT = "slots."
_ECHOES = (WarningCode.ECHO_PAST_BLACK, WarningCode.TAIL_PAST_END)


def overruns_csv(reports: Iterable[tuple[str, LoudnessReport]]) -> str:
    """CSV text with a row for every line that is too long; `reports` are pairs of language and report.

    Without such lines the text is only the head. For each line, the longest overrun in all mixes of its
    language counts; words go before echoes, because shorter words also shorten their echoes. `from_s` is the
    time in the programme.
    """
    longest: dict[tuple[str, str], ReportWarning] = {}
    for language, report in reports:
        for warning in overruns_among(report.warnings):
            line = language, (warning.figure or "").removeprefix(_SLOT)
            if line not in longest or _weight(warning) > _weight(longest[line]):
                longest[line] = warning
    rows = [
        (language, voice, round(length_s(warning), 3), round(warning.at_s or 0.0, 3))
        for (language, voice), warning in longest.items()
    ]
    return to_csv(COLUMNS, rows)


def _weight(overrun: ReportWarning) -> tuple[bool, float]:
    return overrun.code not in _ECHOES, length_s(overrun)


def length_s(overrun: ReportWarning) -> float:
    """The length of the audio that an overrun is about, in seconds."""
    return (overrun.until_s or 0.0) - (overrun.at_s or 0.0)


def overruns_as_text(overruns: Iterable[ReportWarning]) -> str | None:
    """The number of overruns and the longest, as text; None without overruns."""
    lengths = [length_s(overrun) for overrun in overruns]
    if not lengths:
        return None
    count = f"{len(lengths)} overruns" if len(lengths) > 1 else "1 overrun"
    return f"{count}, {'longest ' if len(lengths) > 1 else ''}{max(lengths):.3f} s"
