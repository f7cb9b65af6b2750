"""The chunks of a Broadcast WAV: `bext` version 2, `iXML`, and the cues with their labels.

Sources: EBU Tech 3285 version 2 (bext), EBU R 98 (coding history), the iXML specification 2.10 (Gallery
Software), Microsoft's "Multimedia Programming Interface and Data Specifications 1.0" (cue, adtl).
A date is written only if one is given, so that the same mix gives the same bytes. The functions of tracks are
from the dictionary in the iXML specification.
"""

from __future__ import annotations

import html
import math
import struct
from collections.abc import Sequence
from typing import TypeAlias

from audio_pipeline.dsp.layouts import film_names
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.timecode import PictureRate

ORIGINATOR = "render-ending"
UNSET = 0x7FFF
BEXT_LOUDNESS_OFFSET = 412
"""Offset of the five loudness fields in the body of a `bext` chunk."""
_BEXT_FIXED = struct.Struct("<256s32s32s10s8sQH64s10s180s")
_WIDEST = 99.99
_Element: TypeAlias = "tuple[str, str | tuple[_Element, ...]]"


@dataclass(frozen=True)
class BextLoudness:
    """The loudness fields of a `bext` chunk; None, or a value out of range, is written as "unset"."""

    integrated_lufs: float | None = None
    range_lu: float | None = None
    max_true_peak_dbtp: float | None = None
    max_momentary_lufs: float | None = None
    max_short_term_lufs: float | None = None

    def encoded(self) -> bytes:
        """The fields as ten bytes: 100 × each value as int16."""
        values = (
            self.integrated_lufs,
            self.range_lu,
            self.max_true_peak_dbtp,
            self.max_momentary_lufs,
            self.max_short_term_lufs,
        )
        return struct.pack("<5h", *(_hundredths(value) for value in values))


@dataclass(frozen=True)
class Bext:
    """The `bext` chunk. Text is ASCII: other characters become "?"; long text is truncated.

    `time_reference_samples` counts from midnight: 172 800 000 is 01:00:00:00 at 48 kHz.
    """

    description: str = ""
    originator_reference: str = ""
    time_reference_samples: int = 0
    coding_history: str = ""
    loudness: BextLoudness = BextLoudness()
    origination_date: str = ""
    """A date such as `2026-11-27`, or empty."""

    def encoded(self) -> bytes:
        """The chunk's body: 602 bytes and the coding history, padded to an even size."""
        fixed = _BEXT_FIXED.pack(
            _ascii(self.description)[:256],
            _ascii(ORIGINATOR)[:32],
            _ascii(self.originator_reference)[:32],
            _ascii(self.origination_date)[:10],
            b"00:00:00" if self.origination_date else b"",
            self.time_reference_samples,
            2,
            b"",
            self.loudness.encoded(),
            b"",
        )
        lines = self.coding_history.splitlines()
        return _even(fixed + b"".join(_ascii(line) + b"\r\n" for line in lines), b"\0")


@dataclass(frozen=True)
class IxmlTrack:
    """A track: its name, and its function from the dictionary ("LEFT"), or empty."""

    name: str
    function: str = ""


@dataclass(frozen=True)
class Ixml:
    """The `iXML` chunk: project, scene and picture rate; without `tracks` the tracks get the film names."""

    project: str
    scene: str
    rate: PictureRate
    note: str = ""
    tracks: tuple[IxmlTrack, ...] = ()

    def encoded(
        self, *, sample_rate_hz: int, channels: int, bits: int, time_reference_samples: int
    ) -> bytes:
        """The chunk's body, UTF-8, padded to an even size."""
        frames = self.rate.frames_per_s
        high, low = divmod(time_reference_samples, 1 << 32)
        speed = f"{frames.numerator}/{frames.denominator}"
        tree: tuple[_Element, ...] = (
            ("IXML_VERSION", "2.10"),
            ("PROJECT", self.project),
            ("SCENE", self.scene),
            ("NOTE", self.note),
            (
                "SPEED",
                (
                    ("MASTER_SPEED", speed),
                    ("CURRENT_SPEED", speed),
                    ("TIMECODE_RATE", speed),
                    ("TIMECODE_FLAG", "DF" if self.rate.drop else "NDF"),
                    ("FILE_SAMPLE_RATE", str(sample_rate_hz)),
                    ("AUDIO_BIT_DEPTH", str(bits)),
                    ("DIGITIZER_SAMPLE_RATE", str(sample_rate_hz)),
                    ("TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI", str(high)),
                    ("TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO", str(low)),
                    ("TIMESTAMP_SAMPLE_RATE", str(sample_rate_hz)),
                ),
            ),
            ("TRACK_LIST", (("TRACK_COUNT", str(channels)), *self._tracks(channels))),
        )
        body = "".join(_written(element) for element in tree)
        document = f'<?xml version="1.0" encoding="UTF-8"?>\n<BWFXML>\n{body}</BWFXML>\n'
        return _even(document.encode("utf-8", errors="replace"), b"\n")

    def _tracks(self, channels: int) -> tuple[_Element, ...]:
        tracks = self.tracks or tuple(map(IxmlTrack, film_names(channels)))
        return tuple(
            ("TRACK", (("CHANNEL_INDEX", str(n)), ("INTERLEAVE_INDEX", str(n)), *_named(track)))
            for n, track in enumerate(tracks, 1)
        )


@dataclass(frozen=True)
class Cue:
    """A marker: its name, and its sample from the start of the file."""

    name: str
    at_samples: int


def cue_chunk(cues: Sequence[Cue]) -> bytes:
    """The body of the `cue ` chunk; cues are numbered from 1."""
    points = (
        struct.pack("<II4sIII", number, cue.at_samples, b"data", 0, 0, cue.at_samples)
        for number, cue in enumerate(cues, 1)
    )
    return struct.pack("<I", len(cues)) + b"".join(points)


def label_list(cues: Sequence[Cue]) -> bytes:
    """The body of the `LIST` chunk of type `adtl`: a label for each cue."""
    labels = (
        chunk(b"labl", struct.pack("<I", number) + _utf8(cue.name) + b"\0")
        for number, cue in enumerate(cues, 1)
    )
    return b"adtl" + b"".join(labels)


def chunk(name: bytes, body: bytes) -> bytes:
    """A RIFF chunk: name, size, body, and a padding byte if the size is odd."""
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _even(body: bytes, filler: bytes) -> bytes:
    # libsndfile ignores the padding byte in an RF64, and finds no data after an odd chunk
    return body + filler * (len(body) % 2)


def _hundredths(value: float | None) -> int:
    if value is None or not math.isfinite(value) or abs(value) > _WIDEST:
        return UNSET
    return math.floor(abs(value) * 100.0 + 0.5) * (-1 if value < 0.0 else 1)


def _ascii(text: str) -> bytes:
    return text.encode("ascii", errors="replace").replace(b"\0", b"?")


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", errors="replace").replace(b"\0", b"?")


def _named(track: IxmlTrack) -> tuple[_Element, ...]:
    function: tuple[_Element, ...] = (("FUNCTION", track.function),) if track.function else ()
    return (("NAME", track.name), *function)


def _written(element: _Element) -> str:
    name, content = element
    if isinstance(content, str):
        return f"<{name}>{_xml_text(content)}</{name}>\n"
    return f"<{name}>\n{''.join(_written(child) for child in content)}</{name}>\n"


def _xml_text(text: str) -> str:
    # XML allows no control characters, not even escaped
    return html.escape("".join(c if c.isprintable() or c in "\t\n" else "?" for c in text), quote=False)
