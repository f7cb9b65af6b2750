"""Reusable scratch arrays."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.dsp.arrays import Precision

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Scratch:
    """Arrays that the next call reuses, because mapping memory for each call can take longer than its work.

    For one thread at a time. The initial contents of an array are undefined.
    """

    def __init__(self) -> None:
        self._kept: dict[str, NDArray[np.uint8]] = {}

    def take(self, name: str, shape: tuple[int, ...], kind: type[Precision]) -> NDArray[Precision]:
        """An array of that shape, valid until `take` is called again with the same name."""
        size = math.prod(shape) * np.dtype(kind).itemsize
        kept = self._kept.get(name)
        if kept is None or len(kept) < size:
            kept = self._kept[name] = np.empty(size, np.uint8)
        return kept[:size].view(kind).reshape(shape)
