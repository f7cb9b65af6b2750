"""The structure of an audio file's header: chunks, sample format, corrected header."""

from __future__ import annotations

from audio_pipeline.records import dataclass


@dataclass(frozen=True)
class Chunk:
    """A chunk: its name, the offset of its body, and its size in bytes, as stated or true."""

    name: bytes
    body: int
    size: int

    @property
    def stop(self) -> int:
        """The offset of the first byte after the body."""
        return self.body + self.size


@dataclass(frozen=True)
class SampleForm:
    """The sample format of a WAV.

    `codec` is the codec's number (1 integers, 3 floats), `bits` the bits of a sample, `frame_bytes` the bytes
    of one sample of all channels, `end` the byte order as a `struct` prefix.
    """

    codec: int
    bits: int
    frame_bytes: int
    rate_hz: int
    end: str

    @property
    def is_plain(self) -> bool:
        """Whether samples are uncompressed integers or floats."""
        return self.codec in (1, 3)


@dataclass(frozen=True)
class Splice:
    """A corrected file for libsndfile: `header` replaces the file's own, then its bytes `start` to `stop`.

    Correcting only the fields of the header is not enough: data after the samples would still be misread.
    """

    header: bytes
    start: int
    stop: int


@dataclass(frozen=True)
class Structure:
    """A checked header.

    `warnings` are sentences about its faults. `data` is the data chunk of a little-endian WAV; None for other
    files. `splice` is the corrected file for libsndfile if the file's own header is misleading. `title` is the
    format's name if the splice has another format.
    """

    warnings: tuple[str, ...] = ()
    data: Chunk | None = None
    splice: Splice | None = None
    title: str | None = None
