"""libsndfile on an open file: read forward only, with a corrected header if necessary."""

from __future__ import annotations

import io
import os
from typing import Any

import soundfile

from audio_pipeline.audio_io.read.quiet_libraries import silenced
from audio_pipeline.audio_io.read.structure import Splice, Structure
from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.errors import StemError


def sound_file(file: RegularFile, structure: Structure) -> soundfile.SoundFile:
    """A SoundFile at the start of `file`; closing it leaves `file` open. Raises soundfile.SoundFileError."""
    os.lseek(file.descriptor, 0, os.SEEK_SET)  # libsndfile begins at the current position
    source = View(file, structure.splice) if structure.splice else file.descriptor
    if _is_mpeg(file):
        with silenced():
            return QuietSequential(source, closefd=False)
    return Sequential(source, closefd=False)


def _is_mpeg(file: RegularFile) -> bool:
    head = file.bytes_at(0, 3)
    return head == b"ID3" or (head[:1] == b"\xff" and head[1:2] >= b"\xe0")


class Sequential(soundfile.SoundFile):  # type: ignore[misc]
    """A file that is read forward only.

    soundfile seeks after every block of a seekable file; this changes the next block of an MP3 compared with a
    single read, and fails in a FLAC stream.
    """

    def seekable(self) -> bool:
        return False


class QuietSequential(Sequential):
    """A file decoded by mpg123, whose messages on stderr are suppressed."""

    def read(self, *args: Any, **options: Any) -> Any:
        with silenced():
            return super().read(*args, **options)

    def close(self) -> None:
        with silenced():
            super().close()


class View(io.RawIOBase):
    """A file for libsndfile with a replaced header; it does not move the descriptor's position."""

    def __init__(self, file: RegularFile, splice: Splice) -> None:
        self._file = file
        self._splice = splice
        self._size = len(splice.header) + splice.stop - splice.start
        self._position = 0

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def read(self, size: int = -1) -> bytes:
        count = self._size - self._position if size < 0 else size
        header, start, stop = self._splice.header, self._splice.start, self._splice.stop
        data = header[self._position : self._position + count]
        offset = start + self._position + len(data) - len(header)
        if (wanted := min(count - len(data), stop - offset)) > 0:
            try:
                data += self._file.bytes_at(offset, wanted)
            except StemError:  # libsndfile cannot pass the error on; it sees a truncated file
                data = b""
        self._position += len(data)
        return data

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
