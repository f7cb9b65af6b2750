"""The requirements of a delivery: clauses, anchor and listening level. The data are in `deliveries/`."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Any, Literal

from audio_pipeline.errors import ReportError
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.clause import READINGS, Clause
from audio_pipeline.reporting.delivery_files import MAX_BYTES, delivery_names, delivery_text, full_name
from audio_pipeline.reporting.figures import FIGURES
from audio_pipeline.reporting.quality_clause import with_quality
from audio_pipeline.suggestions import did_you_mean

__all__ = ["Delivery", "delivery_names", "load_delivery", "parse_delivery"]

MAX_CLAUSES = 50

_CLAUSE_NUMBERS = (
    "target",
    "tolerance",
    "minimum",
    "maximum",
    "when_share_above",
    "when_share_at_most",
)
_CITATION = ("document", "version", "section")
_CLAUSE_KEYS = {
    *("figure", "code", "unit", "source", "caveat", "read", "binding", "allowed"),
    *("when_dialogue", "when_codec", *_CITATION, *_CLAUSE_NUMBERS),
}


_DEMANDS = "target and tolerance, or minimum or maximum, or allowed"


@dataclass(frozen=True)
class Delivery:
    """A delivery. A mix is normalised to `anchor`, `target_lufs` and `ceiling_dbtp`; a level of x dBFS plays at
    about x + `spl_at_full_scale_db` dB SPL in the intended room."""

    name: str
    title: str
    source: str
    anchor: Literal["dialogue", "programme"]
    target_lufs: float
    ceiling_dbtp: float
    listening_level: str
    spl_at_full_scale_db: float
    clauses: tuple[Clause, ...]


def load_delivery(name: str, own: Path | None = None) -> Delivery:
    """The delivery `name`, which may be an unambiguous prefix ("netflix"). `own` is a project's folder of
    deliveries.

    Raises ReportError for an unknown delivery, with the nearest name, and for an invalid one.
    """
    found = full_name(name, own)
    return parse_delivery(found, delivery_text(found, own))


def parse_delivery(name: str, text: str) -> Delivery:
    """Parse the TOML of a delivery.

    Raises ReportError with the key for an unknown or missing key, and for a wrong type or value.
    """
    if len(text.encode()) > MAX_BYTES:
        raise ReportError(
            f"the delivery {name!r} is larger than {MAX_BYTES} bytes", hint="Update its plug-in."
        )
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ReportError(
            f"the delivery {name!r} is not valid TOML: {' '.join(str(error).split())}",
            hint="Correct that line, or update the plug-in that holds it.",
        ) from error
    _only(name, "", table, {"title", "source", "normalise", "listening", "clauses", "folder"})
    normalise, listening = _table(name, table, "normalise"), _table(name, table, "listening")
    _only(name, "normalise.", normalise, {"anchor", "target_lufs", "ceiling_dbtp"})
    _only(name, "listening.", listening, {"level", "spl_at_full_scale_db"})
    anchor = normalise.get("anchor")
    if anchor not in ("dialogue", "programme"):
        raise _wrong(name, "normalise.anchor", anchor, '"dialogue" or "programme"')
    clauses = table.get("clauses")
    if not isinstance(clauses, list) or not 1 <= len(clauses) <= MAX_CLAUSES:
        raise _wrong(name, "clauses", clauses, f"1 to {MAX_CLAUSES} tables")
    read = tuple(_clause(name, f"clauses[{n}].", clause) for n, clause in enumerate(clauses))
    _refuse_twins(name, read)
    return Delivery(
        name=name,
        title=_text(name, table, "title"),
        source=_text(name, table, "source"),
        anchor=anchor,
        target_lufs=_number(name, normalise, "target_lufs", "normalise."),
        ceiling_dbtp=_number(name, normalise, "ceiling_dbtp", "normalise."),
        listening_level=_text(name, listening, "level", "listening."),
        spl_at_full_scale_db=_number(name, listening, "spl_at_full_scale_db", "listening."),
        clauses=with_quality(read),
    )


def _clause(name: str, above: str, table: object) -> Clause:
    if not isinstance(table, dict):
        raise _wrong(name, above[:-1], table, "a table")
    _only(name, above, table, _CLAUSE_KEYS)
    figure = table.get("figure")
    if not isinstance(figure, str) or figure not in FIGURES:
        raise _wrong(name, f"{above}figure", figure, f"one of {', '.join(FIGURES)}")
    numbers: dict[str, Any] = {
        key: _number(name, table, key, above) for key in _CLAUSE_NUMBERS if key in table
    }
    allowed = _allowed(name, table, above)
    texts: dict[str, Any] = {
        key: _text(name, table, key, above) for key in ("caveat", *_CITATION) if key in table
    }
    read = table.get("read")
    if read is not None and (not isinstance(read, str) or read not in READINGS):
        raise _wrong(name, f"{above}read", read, f"one of {', '.join(READINGS)}")
    clause = Clause(
        figure=figure,
        unit="" if FIGURES[figure].unit == "" else _text(name, table, "unit", above),
        source=_text(name, table, "source", above),
        code=_text(name, table, "code", above) if "code" in table else figure,
        read=read,
        binding=_flag(name, table, "binding", above) is not False,
        allowed=allowed,
        when_dialogue=_flag(name, table, "when_dialogue", above),
        when_codec=_words(name, table, "when_codec", above),
        **texts,
        **numbers,
    )
    aims, bounds = clause.target is not None, "minimum" in table or "maximum" in table
    if aims != (clause.tolerance is not None) or (aims, bounds, bool(allowed)).count(True) != 1:
        raise _wrong(name, above[:-1], sorted(numbers), _DEMANDS)
    lowest, highest = clause.lowest, clause.highest
    if lowest is not None and highest is not None and lowest > highest:
        raise _wrong(name, above[:-1], sorted(numbers), "limits that something can lie between")
    return clause


def _allowed(name: str, table: dict[str, Any], above: str) -> tuple[float | str, ...]:
    """The numbers or texts that pass."""
    values = table.get("allowed")
    if isinstance(values, list) and values and all(isinstance(value, str) for value in values):
        return _words(name, table, "allowed", above)
    if values is None:
        return ()
    if not isinstance(values, list) or not values:
        raise _wrong(name, f"{above}allowed", values, "a list of numbers or of words")
    return tuple(_number(name, {"allowed": value}, "allowed", above) for value in values)


def _words(name: str, table: dict[str, Any], key: str, above: str) -> tuple[str, ...]:
    values = table.get(key, [])
    if not isinstance(values, list):
        raise _wrong(name, above + key, values, "a list of words")
    return tuple(_text(name, {key: value}, key, above) for value in values)


def _flag(name: str, table: dict[str, Any], key: str, above: str) -> bool | None:
    value = table.get(key)
    if value is not None and not isinstance(value, bool):
        raise _wrong(name, above + key, value, "true or false")
    return value


def _refuse_twins(name: str, clauses: tuple[Clause, ...]) -> None:
    codes = [clause.code for clause in clauses]
    for number, code in enumerate(codes):
        if code in codes[:number]:
            raise _wrong(name, f"clauses[{number}].code", code, "a code that no other clause has")


def _only(name: str, above: str, table: dict[str, Any], allowed: set[str]) -> None:
    for key in table:
        if key not in allowed:
            meant = did_you_mean(key, allowed, "; {}")
            raise ReportError(
                f"the delivery {name!r} has an unknown key {above + key!r}{meant}",
                hint=f"There are: {', '.join(sorted(allowed))}.",
            )


def _table(name: str, table: dict[str, Any], key: str) -> dict[str, Any]:
    value = table.get(key)
    if not isinstance(value, dict):
        raise _wrong(name, key, value, "a table")
    return value


def _text(name: str, table: dict[str, Any], key: str, above: str = "") -> str:
    value = table.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= 400 or not value.isprintable():
        raise _wrong(name, above + key, value, "a line of text")
    return value


def _number(name: str, table: dict[str, Any], key: str, above: str = "") -> float:
    value = table.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _wrong(name, above + key, value, "a number")
    return float(value)


def _wrong(name: str, key: str, found: object, wanted: str) -> ReportError:
    what = "is missing" if found is None else f"is {repr(found)[:60]}"
    return ReportError(
        f"the delivery {name!r}: {key} {what}; it must be {wanted}",
        hint="Correct the delivery, or update the plug-in that holds it.",
    )
