"""The outliers of a batch, by the modified z-score of Iglewicz and Hoaglin.

Source: B. Iglewicz, D. C. Hoaglin, "How to Detect and Handle Outliers" (ASQC, 1993): the score is
0.6745·(x − median) / MAD, and a value above 3.5 is an outlier. The median absolute deviation (MAD) is at
least 0.2, so that figures that nearly agree have no outliers within a decibel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

FAR_OUT = 3.5
LEAST_DEVIATION = 0.2
LEAST_MIXES = 5
RULE = (
    "A figure stands out when it is far from the median of mixes for the same delivery; its distance "
    "from that median stands under it. Far is a modified z-score (Iglewicz and Hoaglin, 1993) over "
    f"{FAR_OUT}; of fewer than {LEAST_MIXES} mixes none stands out."
)


def outliers(rows: Sequence[Mapping[str, float | None]]) -> list[dict[str, float]]:
    """The outliers of each row of figures, each with its distance from the median."""
    found: list[dict[str, float]] = [{} for _ in rows]
    for name in {name: None for row in rows for name in row}:
        values = [value for row in rows if (value := row.get(name)) is not None]
        if len(values) < LEAST_MIXES:
            continue
        middle = median(values)
        deviation = max(LEAST_DEVIATION, median(abs(value - middle) for value in values))
        for row, marks in zip(rows, found, strict=True):
            value = row.get(name)
            if value is not None and 0.6745 * abs(value - middle) / deviation > FAR_OUT:
                marks[name] = value - middle
    return found
