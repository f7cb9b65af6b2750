"""Temporary storage of the premaster between two passes, float64: in memory, in files, or in the cache."""

from __future__ import annotations

import errno
import tempfile
from bisect import bisect_right
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np

from audio_pipeline.audio_io.positioned_read import read_into_at
from audio_pipeline.dsp.arrays import Samples, unset
from audio_pipeline.errors import RenderError
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.spans import Span

ReadInto = Callable[[int, int, Samples], None]
"""`read_into(channel, start, out)` fills `out`, `(n,)` float64, with stored samples from sample `start`."""


@dataclass(frozen=True, eq=False)
class _Segment:
    span: Span
    read_into: ReadInto


class ScratchFile:
    """`(n, channels)` float64, written once in order and then read in any order.

    The first `memory_bytes` stay in memory, without a copy: the caller must not change the arrays. The rest
    is in files, one per channel, without a name in their folder (or unlinked at once), so that no file remains
    even when the process is killed. Samples that are stored elsewhere are not copied. Raises RenderError when
    the folder is full or not writable.
    """

    def __init__(self, folder: Path, channels: int, memory_bytes: int = 0) -> None:
        self._channels = channels
        self._folder = folder
        self._written = self._in_files = 0
        self._memory_left = memory_bytes
        self._segments: list[_Segment] = []
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
        self._memory_left -= samples.nbytes
        if self._memory_left >= 0:
            self.write_stored(len(samples), partial(_copy, samples))
            return
        try:
            while len(self._files) < self._channels:
                self._files.append(tempfile.TemporaryFile(dir=self._folder))  # noqa: SIM115 - closed above
            for file, channel in zip(self._files, samples.T, strict=True):
                file.write(np.ascontiguousarray(channel, dtype=np.float64).data)
        except OSError as error:
            raise self._failed(error) from error
        self.write_stored(len(samples), partial(self._read_into, self._in_files))
        self._in_files += len(samples)

    def write_stored(self, n: int, read_into: ReadInto) -> None:
        """Append `n` samples that are stored elsewhere until this file is closed; reading raises its errors."""
        here = Span(self._written, self._written + n)
        self._written = here.stop
        if n:
            self._segments.append(_Segment(here, read_into))

    def write_silence(self, n: int) -> None:
        """Append `n` samples of zeros, which need no storage."""
        self._written += n

    def is_silent(self, span: Span) -> bool:
        """Whether `span` holds only silence or was not written."""
        return not self._within(span)

    def read(self, span: Span) -> Samples:
        """`(len(span), channels)`, a new array; samples that were not written are zero."""
        out = unset(len(span), self._channels)
        zero_from = span.start
        for segment in self._within(span):
            part = segment.span.intersect(span)
            out[zero_from - span.start : part.start - span.start] = 0.0
            zero_from = part.stop
            for number, channel in enumerate(out[part.inside(span)].T):
                segment.read_into(number, part.start - segment.span.start, channel)
        out[zero_from - span.start :] = 0.0
        return out

    def _within(self, span: Span) -> list[_Segment]:
        """The segments that meet `span`, in order."""
        if not len(span):
            return []
        first = max(0, bisect_right(self._segments, span.start, key=lambda s: s.span.start) - 1)
        last = bisect_right(self._segments, span.stop - 1, key=lambda s: s.span.start)
        return [segment for segment in self._segments[first:last] if segment.span.meets(span)]

    def _read_into(self, at: int, channel: int, start: int, out: Samples) -> None:
        """Read samples that begin `at` in the file of `channel`; see `ReadInto`."""
        file = self._files[channel]
        try:
            file.flush()
            got = read_into_at(file.fileno(), out.data, 8 * (at + start))
        except OSError as error:
            raise self._failed(error) from error
        if got < out.nbytes:
            raise RenderError(
                f"a temporary file in {self._folder} is truncated",
                hint="Run it again; leave temporary files alone.",
            )

    def _failed(self, error: OSError) -> RenderError:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        return RenderError(
            f"cannot write temporary files to {self._folder}: {error.strerror or error}",
            hint=("Free disk space there, or" if full else "Change its permissions, or")
            + " write to another folder with --out DIR.",
        )


def _copy(samples: Samples, channel: int, start: int, out: Samples) -> None:
    out[:] = samples[start : start + len(out), channel]
