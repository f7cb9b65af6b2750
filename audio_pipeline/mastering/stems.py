"""The stems of a master."""

from __future__ import annotations

STEMS = ("DX", "FX", "BG", "ME")
"""The buses of a mix, and ME, which is FX and BG."""
