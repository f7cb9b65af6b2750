"""Temporary storage of the premaster between two passes, float64: in memory, the overflow on disk."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np

from audio_pipeline.audio_io.positioned_read import read_into_at
from audio_pipeline.dsp.arrays import Samples, unset
from audio_pipeline.errors import RenderError
from audio_pipeline.timeline.spans import Span


class ScratchFile:
    """`(n, channels)` float64, written once in order and then read in any order.

    The first `memory_bytes` stay in memory, without a copy: the caller must not change the arrays. The rest
    is in files, one per channel, without a name in their folder (or unlinked at once), so that no file remains
    even when the process is killed. Raises RenderError when the folder is full or not writable.
    """

    def __init__(self, folder: Path, channels: int, memory_bytes: int = 0) -> None:
        self._channels = channels
        self._folder = folder
        self._written = 0
        self._memory_bytes = memory_bytes
        self._kept: list[tuple[Span, Samples]] = []
        self._in_memory = self._kept_bytes = 0
        self._heard: list[Span] = []
        self._files: list[BinaryIO] = []

    def __enter__(self) -> ScratchFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files:
            with suppress(OSError):  # unwritten data after a full disk is no longer needed
                file.close()

    def __len__(self) -> int:
        return self._written

    def write(self, samples: Samples) -> None:
        """Append `(n, channels)`. Raises ValueError for another shape."""
        if samples.ndim != 2 or samples.shape[1] != self._channels:
            raise ValueError(f"samples {samples.shape} are not (n, {self._channels})")
        here = Span(self._written, self._written + len(samples))
        self._written = here.stop
        self._heard.append(here)
        kept_bytes = self._kept_bytes + 8 * self._channels * len(samples)
        if not self._files and kept_bytes <= self._memory_bytes:
            self._kept.append((here, samples))
            self._in_memory, self._kept_bytes = here.stop, kept_bytes
            return
        try:
            while len(self._files) < self._channels:
                self._files.append(tempfile.TemporaryFile(dir=self._folder))  # noqa: SIM115 - closed above
            for file, channel in zip(self._files, samples.T, strict=True):
                file.write(np.ascontiguousarray(channel, dtype=np.float64).data)
        except OSError as error:
            raise self._failed(error) from error

    def write_silence(self, n: int) -> None:
        """Append `n` samples of zeros, which need no storage."""
        self._written += n
        if not self._files:
            self._in_memory = self._written
            return
        try:
            for file in self._files:
                file.seek(8 * n, os.SEEK_CUR)
                file.truncate()  # extends the file to the new position
        except OSError as error:
            raise self._failed(error) from error

    def is_silent(self, span: Span) -> bool:
        """Whether `span` holds only silence or was not written."""
        return not any(heard.meets(span) for heard in self._heard)

    def read(self, span: Span) -> Samples:
        """`(len(span), channels)`, a new array; samples that were not written are zero."""
        out = unset(len(span), self._channels)
        zero_from = span.start
        for kept, samples in self._kept:
            part = kept.intersect(span)
            if len(part):
                out[zero_from - span.start : part.start - span.start] = 0.0
                out[part.inside(span)] = samples[part.inside(kept)]
                zero_from = part.stop
        there = span.intersect(Span(self._in_memory, self._written))
        out[zero_from - span.start : there.start - span.start] = 0.0
        out[there.stop - span.start :] = 0.0
        for file, channel in zip(self._files, out[there.inside(span)].T, strict=bool(self._files)):
            try:
                file.flush()
                got = read_into_at(file.fileno(), channel.data, 8 * (there.start - self._in_memory))
            except OSError as error:
                raise self._failed(error) from error
            if got < channel.nbytes:
                raise RenderError(
                    f"a temporary file in {self._folder} is truncated",
                    hint="Run it again; leave temporary files alone.",
                )
        return out

    def _failed(self, error: OSError) -> RenderError:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        return RenderError(
            f"cannot write temporary files to {self._folder}: {error.strerror or error}",
            hint=("Free disk space there, or" if full else "Change its permissions, or")
            + " write to another folder with --out DIR.",
        )
