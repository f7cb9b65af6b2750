"""The premaster between two passes, float64: what fits in memory, the rest on disk, gone when closed."""

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
    """`(n, channels)` float64 that is written in order once and read in any order afterwards.

    The first `memory_bytes` of it stay in memory, as they were given: nobody may change them. The rest is
    in files, one a channel, that have no name in their folder (or lose it at once), so nothing is left
    behind even when the process is killed. Raises RenderError when the folder is full or cannot be written.
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
            with suppress(OSError):  # what a full disk did not take is not wanted any more
                file.close()

    def __len__(self) -> int:
        return self._written

    def write(self, samples: Samples) -> None:
        """Add `(n, channels)` at the end."""
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
        """Add `n` samples of zeros at the end, which take no room."""
        self._written += n
        if not self._files:
            self._in_memory = self._written
            return
        try:
            for file in self._files:
                file.seek(8 * n, os.SEEK_CUR)
                file.truncate()  # makes the file longer where it ends earlier
        except OSError as error:
            raise self._failed(error) from error

    def is_silent(self, span: Span) -> bool:
        """Whether nothing but silence was written in `span`, or nothing at all."""
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
