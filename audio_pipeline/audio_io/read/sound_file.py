"""libsndfile over a file that is open already: only read forward, and with its header corrected on the way."""

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
    """`file` from its beginning; closing it leaves the file open. Raises soundfile.SoundFileError."""
    os.lseek(file.descriptor, 0, os.SEEK_SET)  # where libsndfile begins
    source = View(file, structure.splice) if structure.splice else file.descriptor
    if _is_mpeg(file):
        with silenced():
            return QuietSequential(source, closefd=False)
    return Sequential(source, closefd=False)


def _is_mpeg(file: RegularFile) -> bool:
    head = file.bytes_at(0, 3)
    return head == b"ID3" or (head[:1] == b"\xff" and head[1:2] >= b"\xe0")


class Sequential(soundfile.SoundFile):  # type: ignore[misc]
    """A file that is only read forward. soundfile seeks after every block where it may, which makes
    the next block of an MP3 another one than in a single read, and fails in a FLAC stream."""

    def seekable(self) -> bool:
        return False


class QuietSequential(Sequential):
    """One that is decoded by mpg123, which writes what it thinks of the file to stderr."""

    def read(self, *args: Any, **options: Any) -> Any:
        with silenced():
            return super().read(*args, **options)

    def close(self) -> None:
        with silenced():
            super().close()


class View(io.RawIOBase):
    """A file as libsndfile should see it, with another header; it moves no descriptor."""

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
            except StemError:  # libsndfile could not pass it on; it finds the file cut short
                data = b""
        self._position += len(data)
        return data

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
