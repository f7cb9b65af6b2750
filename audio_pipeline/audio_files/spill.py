"""The premaster between two passes: float64 on disk, gone when it is closed."""

from __future__ import annotations

import errno
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.errors import RenderError
from audio_pipeline.timeline.spans import Span


class Spill:
    """`(n, channels)` float64 that is written in order once and read in any order afterwards.

    The file has no name in its folder (or loses it at once), so nothing is left behind even when
    the process is killed. Raises RenderError when the folder is full or cannot be written.
    """

    def __init__(self, folder: Path, channels: int) -> None:
        self._channels = channels
        self._folder = folder
        self._written = 0
        try:
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by close()
        except OSError as error:
            raise self._failed(error) from error

    def __enter__(self) -> Spill:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # what a full disk did not take is not wanted any more
            self._file.close()

    def __len__(self) -> int:
        return self._written

    def write(self, samples: Samples) -> None:
        """Add `(n, channels)` at the end."""
        if samples.ndim != 2 or samples.shape[1] != self._channels:
            raise ValueError(f"samples {samples.shape} are not (n, {self._channels})")
        try:
            self._file.write(np.ascontiguousarray(samples, dtype=np.float64).data)
        except OSError as error:
            raise self._failed(error) from error
        self._written += len(samples)

    def read(self, span: Span) -> Samples:
        """`(len(span), channels)`; samples outside what was written are zero."""
        try:
            self._file.flush()
        except OSError as error:
            raise self._failed(error) from error
        out = np.zeros((len(span), self._channels))
        there = span.intersect(Span(0, self._written))
        if len(there):
            stride = 8 * self._channels
            raw = np.memmap(
                self._file,
                dtype=np.float64,
                mode="r",
                offset=there.start * stride,
                shape=(len(there), self._channels),
            )
            out[there.inside(span)] = raw
        return out

    def _failed(self, error: OSError) -> RenderError:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        return RenderError(
            f"the mix could not be put aside in {self._folder}: {error.strerror or error}",
            hint=("Make room there, or" if full else "Give yourself permission, or")
            + " write to another folder with --out DIR.",
        )
