"""Suggests the known name that is nearest to an unknown one."""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST = 60
"""Characters of the unknown name that are compared: the time grows with the square of its length."""
_ALIKE = 0.5
"""The least `difflib` ratio of a suggestion, 0 to 1; its own default, 0.6, misses short names."""


def did_you_mean(unknown: str, known: Iterable[str], form: str = "{}") -> str:
    """The question "did you mean 'x'?" in `form`, with the nearest of `known`; "" without a near one."""
    import difflib  # for a mistake

    near = difflib.get_close_matches(unknown[:_LONGEST], list(known), 1, _ALIKE)
    return form.format(f"did you mean {near[0]!r}?") if near else ""
