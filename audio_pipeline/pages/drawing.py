"""Write figures reproducibly, without warnings about characters that a font lacks."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import IO, TYPE_CHECKING

from audio_pipeline.errors import ReportError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg")
"""The suffixes of picture files."""


def check_format(path: Path) -> None:
    """Raise ReportError for a suffix outside `FORMATS`."""
    if path.suffix.lower() not in FORMATS:
        raise ReportError(
            f"{path} has an unknown plot format; the formats are {' and '.join(FORMATS)}",
            hint=f"Name it {path.stem}.png.",
        )


def save(figure: Figure, file: IO[bytes], suffix: str, dpi: int) -> None:
    """Write `figure` in the format of `suffix`, one of `FORMATS`."""
    import matplotlib

    metadata = {"Date": None} if suffix == ".svg" else {"Software": None}
    # a fixed salt makes the ids in an SVG reproducible
    with warnings.catch_warnings(), matplotlib.rc_context({"svg.hashsalt": "render-ending"}):
        warnings.filterwarnings("ignore", "Glyph")  # a missing character is drawn as a box
        figure.savefig(file, format=suffix[1:], dpi=dpi, metadata=metadata)


def plain(text: str) -> str:
    """Text escaped for matplotlib's mathematics."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text).replace("$", r"\$")
