"""libsndfile over a file that is open already: only read forward, and with its header corrected on the way."""

from __future__ import annotations

import io
import os

import soundfile

from audio_pipeline.audio_io.read.containers import Structure
from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.errors import StemError


def sound_file(file: RegularFile, structure: Structure) -> soundfile.SoundFile:
    """`file` from its beginning; closing it leaves the file open. Raises soundfile.SoundFileError."""
    os.lseek(file.descriptor, 0, os.SEEK_SET)  # where libsndfile begins
    source = View(file, structure.corrections) if structure.corrections else file.descriptor
    return Sequential(source, closefd=False)


class Sequential(soundfile.SoundFile):  # type: ignore[misc]
    """A file that is only read forward. soundfile seeks after every block where it may, which makes
    the next block of an MP3 another one than in a single read, and fails in a FLAC stream."""

    def seekable(self) -> bool:
        return False


class View(io.RawIOBase):
    """A file as libsndfile should see it, some bytes of its header replaced; it moves no descriptor."""

    def __init__(self, file: RegularFile, corrections: tuple[tuple[int, bytes], ...]) -> None:
        self._file = file
        self._corrections = corrections
        self._position = 0

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._file.size}[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def read(self, size: int = -1) -> bytes:
        count = self._file.size - self._position if size < 0 else size
        try:
            data = bytearray(self._file.bytes_at(self._position, count))
        except StemError:  # libsndfile could not pass it on; it finds the file cut short
            data = bytearray()
        for offset, replacement in self._corrections:
            start = offset - self._position
            for index, byte in enumerate(replacement, start):
                if 0 <= index < len(data):
                    data[index] = byte
        self._position += len(data)
        return bytes(data)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
