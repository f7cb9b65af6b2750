"""Picture rates, timecode and feet+frames, exact in rationals.

Sources: SMPTE ST 12-1 and ST 12-3 (drop frame skips labels 00 and 01, or 00 to 03 at 59.94 frames a second,
in every minute except each tenth; it drops labels, never pictures); 16 frames per foot on 35 mm, 40 on
16 mm.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Literal

from audio_pipeline.records import dataclass

Gauge = Literal["35mm", "16mm"]
FRAMES_PER_FOOT: dict[Gauge, int] = {"35mm": 16, "16mm": 40}

_TIMECODE = re.compile(r"(\d{1,2}):([0-5]\d):([0-5]\d)([:;])(\d{2})")
_FEET = re.compile(r"(\d{1,6})\+(\d{2})")


@dataclass(frozen=True)
class PictureRate:
    """A picture rate: its frames per second and their timecode labels.

    `frames_per_s` is exact (24000/1001 for "23.976"); `nominal` is the number of labels in a second;
    `drop` skips labels so that timecode follows the clock (29.97 and 59.94 only).
    """

    name: str
    frames_per_s: Fraction
    nominal: int
    drop: bool = False

    def timecode(self, frame: int) -> str:
        """The timecode of picture `frame`, counted from 00:00:00:00; wraps at 24 hours.

        A semicolon before the frames marks drop frame, as on every deck.
        """
        label = frame % self.frames_per_day
        if self.drop:
            tens, rest = divmod(label, self._frames_per_ten_minutes)
            minutes = 9 * tens
            if rest >= self.nominal * 60:
                minutes += 1 + (rest - self.nominal * 60) // (self.nominal * 60 - self._dropped)
            label += self._dropped * minutes
        seconds, frames = divmod(label, self.nominal)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        mark = ";" if self.drop else ":"
        return f"{hours:02d}:{minutes:02d}:{seconds:02d}{mark}{frames:02d}"

    def frame(self, timecode: str) -> int:
        """The picture frame at `timecode`, counted from 00:00:00:00.

        Raises ValueError for an invalid timecode, or a label that this rate lacks.
        """
        match = _TIMECODE.fullmatch(timecode)
        if match is None:
            raise ValueError(f"{timecode!r} is not a timecode like 01:00:05:12")
        hours, minutes, seconds, mark, frames = match.groups()
        h, m, s, f = int(hours), int(minutes), int(seconds), int(frames)
        if h > 23:
            raise ValueError(f"{timecode!r} has more than 23 hours")
        if f >= self.nominal:
            raise ValueError(
                f"{timecode!r} has frame {f}; at {self.name} the last is {self.nominal - 1}"
            )
        if mark == ";" and not self.drop:
            raise ValueError(f"{timecode!r} is drop frame, but the picture rate {self.name} is not")
        label = ((h * 60 + m) * 60 + s) * self.nominal + f
        if not self.drop:
            return label
        if f < self._dropped and s == 0 and m % 10:
            raise ValueError(f"{timecode!r} is a label that drop frame skips")
        minute = h * 60 + m
        return label - self._dropped * (minute - minute // 10)

    def seconds(self, frames: int) -> Fraction:
        """The duration of `frames` pictures, in seconds."""
        return frames / self.frames_per_s

    @property
    def frames_per_day(self) -> int:
        """The number of pictures in 24 hours of timecode."""
        return 144 * self._frames_per_ten_minutes if self.drop else self.nominal * 86_400

    @property
    def _dropped(self) -> int:
        """The number of labels that drop frame skips in a minute."""
        return self.nominal // 15

    @property
    def _frames_per_ten_minutes(self) -> int:
        return self.nominal * 600 - 9 * self._dropped


RATES: dict[str, PictureRate] = {
    rate.name: rate
    for rate in (
        PictureRate("23.976", Fraction(24_000, 1001), 24),
        PictureRate("24", Fraction(24), 24),
        PictureRate("25", Fraction(25), 25),
        PictureRate("29.97df", Fraction(30_000, 1001), 30, drop=True),
        PictureRate("29.97", Fraction(30_000, 1001), 30),
        PictureRate("30", Fraction(30), 30),
        PictureRate("48", Fraction(48), 48),
        PictureRate("50", Fraction(50), 50),
        PictureRate("59.94df", Fraction(60_000, 1001), 60, drop=True),
        PictureRate("59.94", Fraction(60_000, 1001), 60),
        PictureRate("60", Fraction(60), 60),
    )
}


def feet_and_frames(frame: int, gauge: Gauge) -> str:
    """`frame` ≥ 0 as a film length: "90+08" is 90 feet and 8 frames."""
    feet, frames = divmod(frame, FRAMES_PER_FOOT[gauge])
    return f"{feet}+{frames:02d}"


def frame_at_feet(text: str, gauge: Gauge) -> int:
    """The frame at a film length such as "90+08". Raises ValueError for an invalid text or frame number."""
    match = _FEET.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not feet+frames like 90+08")
    feet, frames = int(match[1]), int(match[2])
    if frames >= FRAMES_PER_FOOT[gauge]:
        raise ValueError(f"{text!r} has frame {frames}; a foot of {gauge} has {FRAMES_PER_FOOT[gauge]}")
    return feet * FRAMES_PER_FOOT[gauge] + frames


def is_timecode(text: str) -> bool:
    """Whether `text` has the format of a timecode."""
    return _TIMECODE.fullmatch(text) is not None


def is_feet(text: str) -> bool:
    """Whether `text` has the format of feet+frames."""
    return _FEET.fullmatch(text) is not None
