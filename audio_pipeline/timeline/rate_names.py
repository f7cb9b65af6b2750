"""Picture rates in their common spellings: "23.98", "29.97 DF", 59.94, "24000/1001"."""

from __future__ import annotations

import re
from fractions import Fraction

from audio_pipeline.timeline.timecode import RATES, PictureRate

PATTERN = (
    r"^\s*(\d{1,6}([.,]\d{1,9})?|\d{1,6}\s*/\s*\d{1,4})\s*([fF][pP][sS]|[pP])?"
    r"([- ]*([nN]([oO][nN])?[- ]?)?[dD]([fF]|[rR][oO][pP]([- ]?[fF][rR][aA][mM][eE])?)?)?\s*$"
)
"""The syntax of a rate: number, unit, DF or NDF. Without flags, because it is used in JSON Schema."""
_RATE = re.compile(PATTERN)


def rate_named(written: str | int | float) -> PictureRate:
    """The picture rate of a text or number.

    A fraction of 1001 may be rounded or truncated to two decimals or more. "fps" may follow the number, and
    "DF" or "NDF" for the labels. Raises ValueError for an unknown rate.
    """
    text = f"{written:.9g}" if isinstance(written, float) else str(written)
    match = None if isinstance(written, bool) else _RATE.fullmatch(text)
    if match is not None:
        number, drop = match[1].replace(",", "."), match[4] is not None and match[5] is None
        for rate in RATES.values():
            if rate.drop == drop and _means(number, rate.frames_per_s):
                return rate
    raise ValueError(f"{written!r} is not a picture rate; there are: {', '.join(RATES)}")


def _means(number: str, exact: Fraction) -> bool:
    """Whether a decimal number or a fraction equals `exact`, or `exact` rounded or truncated."""
    if "/" in number:
        above, below = map(int, number.split("/"))
        return below != 0 and Fraction(above, below) == exact
    value = Fraction(number)
    if value == exact:
        return True
    decimals = len(number.partition(".")[2])
    steps = exact * 10**decimals
    cut, rounded = steps // 1, (steps + Fraction(1, 2)) // 1
    return decimals >= 2 and value * 10**decimals in (cut, rounded)
