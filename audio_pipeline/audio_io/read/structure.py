"""What is worth knowing of a header before its sound is read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Chunk:
    """One chunk: its name, where its body begins, and how many bytes it has, or claims to have."""

    name: bytes
    body: int
    size: int

    @property
    def stop(self) -> int:
        """The first byte after it."""
        return self.body + self.size


@dataclass(frozen=True)
class SampleForm:
    """How samples stand in a WAV: the number of the codec (1 whole numbers, 3 floats), bits of a sample, bytes
    of a sample of all channels, the sample rate, and the byte order as `struct` calls it."""

    codec: int
    bits: int
    frame_bytes: int
    rate_hz: int
    end: str

    @property
    def is_plain(self) -> bool:
        """Whether they are numbers, one after the other."""
        return self.codec in (1, 3)


@dataclass(frozen=True)
class Splice:
    """A file as libsndfile should see it: `header` in place of its own, then its bytes `start` to `stop`.

    A header that is wrong is not mended in place: what follows the sound would still be misread.
    """

    header: bytes
    start: int
    stop: int


@dataclass(frozen=True)
class Structure:
    """A header that has passed: sentences on what is odd about it, and where its samples lie.

    `data` is where the samples of a little-endian WAV lie; None for others. `splice` is what libsndfile is
    given where the file's own header would mislead it. `title` is the format's name where that of
    the splice is another one.
    """

    warnings: tuple[str, ...] = ()
    data: Chunk | None = None
    splice: Splice | None = None
    title: str | None = None
