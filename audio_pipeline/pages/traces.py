"""The curves of a page that are not in the report: the balance, and a close-up of the dropout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.products import energies

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLOSE_STEP_S = 0.002
BEFORE_S, AFTER_S, LONGEST_S = 0.5, 0.4, 4.0
"""The time shown before and after the fall, and the maximum length shown."""

_SILENT = 1e-10
"""The mean power (−100 dBFS) below which the balance is not shown."""


class _Steps:
    """Splits two channels into equal steps; the rest of a block is kept for the next."""

    def __init__(self, step: int) -> None:
        self._step = step
        self._waiting = np.zeros((2, 0))

    def energies(self, block: Samples) -> Samples:
        """Feed the next block `(n, 2)`; returns the sums of squares `(2, k)` of the k completed steps."""
        new = block.T
        missing = -self._waiting.shape[1] % self._step
        first = np.concatenate([self._waiting, new[:, :missing]], axis=1)
        whole = missing + max(0, new.shape[1] - missing) // self._step * self._step
        if first.shape[1] % self._step:
            self._waiting = first
            return np.zeros((2, 0))
        self._waiting = new[:, whole:].copy()
        cut = [part.reshape(2, -1, self._step) for part in (first, new[:, missing:whole])]
        return np.concatenate([energies(part) for part in cut], axis=1)


class Balance:
    """The balance between left and right, one point per `step_s`: (right − left) / (right + left) of the
    power in the step that ends there; −1 is hard left, None is silence."""

    def __init__(self, sample_rate_hz: int, step_s: float) -> None:
        self._step = round(step_s * sample_rate_hz)
        self._steps = _Steps(self._step)
        self._points: list[float | None] = []

    def feed(self, block: Samples) -> None:
        """Feed the next block, `(n, 2)`."""
        left, right = self._steps.energies(block) / self._step
        total = left + right
        balance = (right - left) / np.maximum(total, _SILENT)
        self._points += [
            round(p, 3) + 0.0 if t > _SILENT else None
            for p, t in zip(balance.tolist(), total.tolist(), strict=True)
        ]

    def points(self) -> list[float | None]:
        """All points so far."""
        return self._points


class CloseUp:
    """The RMS level over both channels in steps of 2 ms, for the close-up of the dropout."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._step = round(CLOSE_STEP_S * sample_rate_hz)
        self._steps = _Steps(self._step)
        self._powers: list[NDArray[np.float32]] = []

    def feed(self, block: Samples) -> None:
        """Feed the next block, `(n, 2)`."""
        left, right = self._steps.energies(block)
        self._powers.append(((left + right) / (2 * self._step)).astype(np.float32))

    def around(self, at_s: float, silence_s: float | None) -> dict[str, Any]:
        """The level around a dropout at `at_s`, until after `silence_s`: `start_s`, `step_s` and
        `level_dbfs`, None for digital silence."""
        first = int(max(0.0, at_s - BEFORE_S) / CLOSE_STEP_S)
        start_s = first * CLOSE_STEP_S
        stop_s = min(max(at_s + 1.5, silence_s or 0.0) + AFTER_S, start_s + LONGEST_S)
        power = np.concatenate([np.zeros(0, np.float32), *self._powers])
        near = power[first : round(stop_s / CLOSE_STEP_S)].astype(np.float64)
        level = 10.0 * np.log10(np.maximum(near, 1e-20))
        return {
            "start_s": round(start_s, 3),
            "step_s": CLOSE_STEP_S,
            "level_dbfs": [None if v <= -199.0 else round(v, 1) for v in level.tolist()],
        }
