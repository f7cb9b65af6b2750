"""What a page draws besides the report's curves: energy's place, and the dropout close."""

from __future__ import annotations

from typing import Any

import numpy as np

from audio_pipeline.dsp.arrays import Samples

CLOSE_STEP_S = 0.002
BEFORE_S, AFTER_S, LONGEST_S = 0.5, 0.4, 4.0
"""How much of the time around the fall is shown, and how much at most."""

_SILENT = 1e-10
"""A mean power of -100 dBFS has no place that anybody could hear."""


class Place:
    """Where energy is between the ears, a point every `step_s`: (right − left) / (right + left) of the
    power in the time that ends there; −1 is hard left, None is silence."""

    def __init__(self, sample_rate_hz: int, step_s: float) -> None:
        self._step = round(step_s * sample_rate_hz)
        self._waiting = np.zeros((0, 2))
        self._points: list[float | None] = []

    def feed(self, block: Samples) -> None:
        """The next samples, `(n, 2)`."""
        waiting = np.concatenate([self._waiting, block])
        whole = len(waiting) // self._step * self._step
        cut = waiting[:whole].reshape(-1, self._step, 2)
        power = np.einsum("kni,kni->ki", cut, cut) / self._step
        self._waiting = waiting[whole:]
        total = power.sum(axis=1)
        place = (power[:, 1] - power[:, 0]) / np.maximum(total, _SILENT)
        self._points += [
            round(p, 3) + 0.0 if t > _SILENT else None
            for p, t in zip(place.tolist(), total.tolist(), strict=True)
        ]

    def points(self) -> list[float | None]:
        """All points so far."""
        return self._points


class CloseUp:
    """Level around a dropout, RMS of every 2 ms over both channels."""

    def __init__(self, dropout: dict[str, Any], sample_rate_hz: int) -> None:
        at_s, silence_s = dropout["at_s"], dropout["silence_at_s"]
        stop_s = max(at_s + 1.5, silence_s or 0.0) + AFTER_S
        self.start_s = max(0.0, at_s - BEFORE_S)
        self._step = round(CLOSE_STEP_S * sample_rate_hz)
        self._start = round(self.start_s * sample_rate_hz)
        self._stop = round(min(stop_s, self.start_s + LONGEST_S) * sample_rate_hz)
        self._at = 0
        self._kept: list[Samples] = []

    def feed(self, block: Samples) -> None:
        """The next samples, `(n, 2)`."""
        low, high = max(self._start - self._at, 0), max(self._stop - self._at, 0)
        self._kept.append(block[low:high])
        self._at += len(block)

    def as_dict(self) -> dict[str, Any]:
        """`start_s`, `step_s` and `level_dbfs`, None for digital silence."""
        kept = np.concatenate(self._kept) if self._kept else np.zeros((0, 2))
        whole = len(kept) // self._step * self._step
        power = np.square(kept[:whole]).reshape(-1, self._step * 2).mean(axis=1)
        level = 10.0 * np.log10(np.maximum(power, 1e-20))
        return {
            "start_s": self.start_s,
            "step_s": CLOSE_STEP_S,
            "level_dbfs": [None if v <= -199.0 else round(v, 1) for v in level.tolist()],
        }
