"""What to do about a marker list that cannot be read."""

from __future__ import annotations

from typing import Final

EXPORT_AGAIN: Final = "Correct the line, or export the list again; docs/markers.md says what is read."
