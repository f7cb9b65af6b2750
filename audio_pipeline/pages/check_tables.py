"""The verdicts on several files: a table for people, CSV for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from audio_pipeline.pages.csv_tables import to_csv
from audio_pipeline.reporting.check_result import CheckResult
from audio_pipeline.reporting.figures import shown

HEAD = ("file", "verdict", "LUFS", "dialogue", "dBTP", "fails", "gain dB", "warnings")
COLUMNS = (
    *("file", "delivery", "verdict", "integrated_lufs", "dialogue_lufs", "true_peak_dbtp"),
    *("failed", "not_measurable", "gain_db", "gain_lowest_db", "gain_highest_db"),
    *("contradicting", "warnings", "error"),
)


def check_rows(results: Iterable[CheckResult]) -> list[tuple[str, ...]]:
    """A row for every file; `gain dB` is the advised gain, or "none" when clauses contradict."""
    return [
        (
            result.file,
            "ERROR" if result.verdict is None else _verdict(result),
            shown(result.measured("integrated_lufs"), 1),
            shown(result.measured("dialogue_lufs"), 1),
            shown(result.measured("true_peak_dbtp"), 1),
            ", ".join(result.codes("fail", "not measurable")) or result.error or "-",
            _gain(result),
            ", ".join(dict.fromkeys(warning.code.value for warning in result.warnings)) or "-",
        )
        for result in results
    ]


def check_csv(results: Sequence[CheckResult]) -> str:
    """CSV text with a row for every file; lists of codes are joined by a space."""
    return to_csv(COLUMNS, [_row(result) for result in results])


def _row(result: CheckResult) -> list[object]:
    advice = result.advice
    return [
        result.file,
        result.name,
        result.verdict,
        result.measured("integrated_lufs"),
        result.measured("dialogue_lufs"),
        result.measured("true_peak_dbtp"),
        " ".join(result.codes("fail")),
        " ".join(result.codes("not measurable")),
        None if advice is None else advice.gain_db,
        None if advice is None else advice.lowest_db,
        None if advice is None else advice.highest_db,
        "" if advice is None else " ".join(gains.code for gains in advice.contradicting),
        " ".join(dict.fromkeys(warning.code.value for warning in result.warnings)),
        result.error,
    ]


def _verdict(result: CheckResult) -> str:
    return "FAIL" if result.verdict == "fail" else str(result.verdict)


def _gain(result: CheckResult) -> str:
    advice = result.advice
    if advice is None or result.passes:
        return "-"
    return "none" if advice.gain_db is None else f"{advice.gain_db:+.2f}"
