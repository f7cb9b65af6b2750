"""The audio tracks listed by `ffmpeg -i`, and the selection of tracks to read."""

from __future__ import annotations

import re
from collections.abc import Sequence

from audio_pipeline.audio_io.read.container_kinds import Container
from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.errors import StemError
from audio_pipeline.records import dataclass

OTHER_TRACKS = "other_tracks"
"""The code of the remark about tracks that are not read, or are read together."""

_KINDS = "Audio|Video|Subtitle|Data|Attachment"
# the listing also holds the file's tags, with a larger indent, so the pattern requires the indent of streams
_STREAM = re.compile(
    rf"^ {{2,4}}Stream #0:\d+(?:\[\w+\])?(?:\((\w+)\))?[^\n]*?: ({_KINDS}): (\w*)", re.MULTILINE
)
_FORMAT = re.compile(r"[^\n]*?, (\d+) Hz, ([^,\n]+)(?:, (\w+)(?: \((\d+) bit\))?)?")
_DEFAULT = re.compile(r"[^\n]*\(default\)")
_UNDETERMINED = ("und", "", None)
_BITS = {"u8": 8, "s16": 16, "s32": 32, "s64": 64, "flt": 32, "dbl": 64}
_LOSSLESS = {"alac": "ALAC", "flac": "FLAC", "wavpack": "WAVPACK", "tta": "TTA", "ape": "APE"}
_MOST_LISTED = 24


@dataclass(frozen=True)
class Track:
    """An audio track as listed by ffmpeg.

    `number` counts from 1; `bits` is None if samples have no width; `below` is the text after the track in the
    listing.
    """

    number: int
    codec: str
    sample_rate_hz: int
    layout: str
    sample: str
    bits: int | None
    language: str | None
    is_default: bool
    below: str

    @property
    def is_mono(self) -> bool:
        """Whether the track has one channel."""
        return self.layout == "mono" or self.layout.startswith("1 channel")

    @property
    def words(self) -> str:
        """The track as text: "2 (fra, ac3, stereo)"."""
        known = (self.language, self.codec, self.layout)
        return f"{self.number} ({', '.join(word for word in known if word not in _UNDETERMINED)})"

    @property
    def subtype(self) -> str:
        """The codec by libsndfile's name if it is lossless, otherwise by ffmpeg's name."""
        bits = self.bits or 0
        if self.codec.startswith("pcm_f"):
            return "DOUBLE" if bits == 64 else "FLOAT"
        if self.codec in ("pcm_alaw", "pcm_mulaw"):
            return {"pcm_alaw": "ALAW", "pcm_mulaw": "ULAW"}[self.codec]
        if self.codec.startswith(("pcm_", "s302m")):
            return f"PCM_U{bits}" if self.codec == "pcm_u8" else f"PCM_{bits}" if bits else self.codec
        lossless = _LOSSLESS.get(self.codec)
        return f"{lossless}_{bits}" if lossless and bits else self.codec or "unknown"


@dataclass(frozen=True)
class Selection:
    """The tracks to read, one track or several mono tracks, and a sentence about the choice, or None."""

    tracks: tuple[Track, ...]
    remark: str | None = None


def tracks_of(listing: str) -> tuple[list[Track], int]:
    """The audio tracks, and the number of streams of any type."""
    parts = _STREAM.split(listing)
    streams = list(zip(parts[1::4], parts[2::4], parts[3::4], parts[4::4], strict=True))
    tracks: list[Track] = []
    for language, kind, codec, below in streams:
        if kind != "Audio":
            continue
        form = _FORMAT.match(below)
        rate_hz, layout, sample, bits = form.groups() if form else ("0", "", "", None)
        kind_of_sample = (sample or "").removesuffix("p")
        tracks.append(
            Track(
                number=len(tracks) + 1,
                codec=codec,
                sample_rate_hz=int(rate_hz),
                layout=layout.strip(),
                sample=kind_of_sample,
                bits=int(bits) if bits else _BITS.get(kind_of_sample),
                language=language,
                is_default=_DEFAULT.match(below) is not None,
                below=below,
            )
        )
    return tracks, len(streams)


def selected(
    file: RegularFile, container: Container, tracks: Sequence[Track], number: int | None
) -> Selection:
    """The tracks to read: track `number`, otherwise the default track, with all mono tracks if it is mono.

    Cameras and editors write mono tracks as the channels of one recording. Raises StemError for an unknown
    number.
    """
    if number is not None:
        if not 1 <= number <= len(tracks):
            raise no_such_track(file.name, number, len(tracks))
        said = f"{file.name}: track {tracks[number - 1].words} of {len(tracks)} is read."
        return Selection((tracks[number - 1],), said if len(tracks) > 1 else None)
    if len(tracks) == 1:
        return Selection((tracks[0],))
    first = next((track for track in tracks if track.is_default), tracks[0])
    alike = [track for track in tracks if _belongs(track, first)] if container.splits_channels else []
    read = tuple(alike) if len(alike) > 1 else (first,)
    others = [track for track in tracks if track not in read]
    if len(read) > 1:
        numbers = f"{read[0].number} to {read[-1].number}" if not others else _numbers(read)
        did = f"{len(read)} mono tracks ({numbers}) are read as {len(read)} channels"
    else:
        did = f"track {first.words} is read"
    left = f"; not read: {_listed(others)}" if others else ""
    return Selection(read, f"{file.name} has {len(tracks)} tracks of sound: {did}{left}. See --track.")


def no_such_track(name: str, number: int, count: int) -> StemError:
    """The error for an unknown track."""
    has = "1 track" if count == 1 else f"{count} tracks"
    return StemError(
        f"{name} has {has} of audio; track {number} does not exist.",
        hint=f"Use --track 1{f' to {count}' if count > 1 else ''}, or leave it out.",
    )


def _belongs(track: Track, first: Track) -> bool:
    """Whether both tracks are channels of one recording."""
    same = (track.sample_rate_hz, track.codec) == (first.sample_rate_hz, first.codec)
    languages = {track.language, first.language} - set(_UNDETERMINED)
    return track.is_mono and first.is_mono and same and len(languages) < 2


def _numbers(tracks: Sequence[Track]) -> str:
    return ", ".join(str(track.number) for track in tracks)


def _listed(tracks: Sequence[Track]) -> str:
    listed = ", ".join(track.words for track in tracks[:_MOST_LISTED])
    return listed + (" …" if len(tracks) > _MOST_LISTED else "")
