"""The neutral model of a session: tracks of clips, automation and markers, all in samples.

Sample 0 is the first of the session. This model is the only input of every writer.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import PurePosixPath

from audio_pipeline.records import dataclass
from audio_pipeline.timeline.timecode import PictureRate


@dataclass(frozen=True)
class AutomationPoint:
    """Volume and balance of a track at one sample; between two points both are linear.

    `volume` is a linear gain of 0 or more. `balance` is −1 (left) to +1 (right) and attenuates the other side:
    left = volume × (1 − max(0, balance)), right = volume × (1 + min(0, balance)).
    """

    at_samples: int
    volume: float
    balance: float

    @property
    def left(self) -> float:
        """The linear gain of the left channel."""
        return self.volume * (1.0 - max(0.0, self.balance))

    @property
    def right(self) -> float:
        """The linear gain of the right channel."""
        return self.volume * (1.0 + min(0.0, self.balance))


@dataclass(frozen=True)
class Clip:
    """A complete audio file on a track.

    `file` is relative to the session's folder. `at_samples` is its position in the session;
    `time_reference_samples` is its first sample after midnight, as in its `bext` chunk.
    """

    name: str
    file: PurePosixPath
    channels: int
    bits: int
    at_samples: int
    length_samples: int
    time_reference_samples: int


@dataclass(frozen=True)
class Track:
    """One track. Without `automation` it plays at 0 dB in the centre; `muted` ones are not in the sum."""

    name: str
    clips: tuple[Clip, ...]
    automation: tuple[AutomationPoint, ...] = ()
    muted: bool = False


@dataclass(frozen=True)
class Marker:
    """A cue at its sample in the session."""

    name: str
    at_samples: int


@dataclass(frozen=True)
class ExportSession:
    """A session: picture `rate`, start as a frame from midnight, tracks and markers.

    `name` is the file name without its suffix; `title` is for display.
    """

    name: str
    title: str
    sample_rate_hz: int
    rate: PictureRate
    start_frame: int
    length_samples: int
    tracks: tuple[Track, ...]
    markers: tuple[Marker, ...]

    @property
    def start_s(self) -> Fraction:
        """The start after midnight, in exact seconds."""
        return self.rate.seconds(self.start_frame)

    def frame(self, sample: int) -> int:
        """The picture frame nearest to a sample, from the start of the session."""
        return round(Fraction(sample, self.sample_rate_hz) * self.rate.frames_per_s)

    def timecode(self, sample: int) -> str:
        """The timecode of the frame nearest to a sample."""
        return self.rate.timecode(self.start_frame + self.frame(sample))

    @property
    def automated(self) -> bool:
        """Whether any track has automation: a layer session."""
        return any(track.automation for track in self.tracks)
