"""The audio files of a delivery: the rendered samples with the chunks that the delivery requires.

Samples are copied unchanged. Each part is one interleaved file and, if the delivery requires it, a mono file
for each channel; each has its own loudness in `bext`, and every file has the same length, leader and timecode.
"""

from __future__ import annotations

from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from audio_pipeline.audio_io.read.programme import programme_blocks
from audio_pipeline.audio_io.write.chunks import Bext, BextLoudness, Cue, Ixml, IxmlTrack
from audio_pipeline.audio_io.write.wave import Bits, WaveWriter
from audio_pipeline.audio_io.write.whole_folder import new_file
from audio_pipeline.dsp.layouts import film_names
from audio_pipeline.jobs.deliver.names import SILENT, discrete_channels
from audio_pipeline.mastering.leader import HEAD_S, Around, Leader
from audio_pipeline.metering.meter import Meter
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.folder_rules import LeaderRule
from audio_pipeline.reporting.model import LoudnessReport
from audio_pipeline.timeline.moments import Clock
from audio_pipeline.timeline.scene import to_samples
from audio_pipeline.version import __version__

if TYPE_CHECKING:
    from numpy.typing import NDArray

PART_WORDS = {
    "PM": "printmaster",
    "DX": "dialogue",
    "FX": "effects",
    "BG": "backgrounds",
    "ME": "music and effects",
}
_FUNCTIONS = {"L": "LEFT", "R": "RIGHT"}
"""The iXML functions of stereo channels."""
_BLOCK = 262_144


@dataclass(frozen=True)
class Picture:
    """The position of the programme on the picture: clock, length and cues, in samples."""

    clock: Clock
    sample_rate_hz: int
    bits: Bits
    samples: int
    cues: tuple[tuple[str, int], ...]
    leader_rule: LeaderRule

    @staticmethod
    def of_report(report: LoudnessReport, bits: Bits, leader: LeaderRule) -> Picture:
        """The position of a rendered mix, from its report."""
        end = next((cue.at_samples for cue in report.cues if cue.name == "end"), None)
        samples = end or round(report.duration_s * report.sample_rate_hz)
        cues = tuple(sorted(((cue.name, cue.at_samples) for cue in report.cues), key=lambda c: c[1]))
        return Picture(report.clock, report.sample_rate_hz, bits, samples, cues, leader)

    @property
    def frames(self) -> int:
        """The length of the programme in picture frames; a partial last frame counts."""
        exact = Fraction(self.samples, self.sample_rate_hz) * self.clock.rate.frames_per_s
        nearest = round(exact)
        return nearest if abs(exact - nearest) < Fraction(1, 100) else int(exact) + 1

    @property
    def first_frame(self) -> int:
        """The first frame of a file: of the leader, or of the programme without one."""
        lead = HEAD_S * self.clock.rate.nominal if self.leader_rule.on else 0
        return self.clock.start_frame - lead

    def leader(self) -> Leader | None:
        """The leader before and after the programme; None without one."""
        rule = self.leader_rule
        if not rule.on:
            return None
        seconds = self.clock.rate.seconds(self.frames)
        same = to_samples(seconds, self.sample_rate_hz) == self.samples
        end_s = seconds if same else Fraction(self.samples, self.sample_rate_hz)
        around = Around(self.clock.rate, self.sample_rate_hz, end_s, self.samples, self.bits)
        return around.leader(two_pop=rule.two_pop, tail_pop=rule.tail_pop)


@dataclass(frozen=True)
class Words:
    """Texts for the chunks: title, mix, version, and the date as 2026-11-27."""

    title: str
    mix: str
    version: str
    date: str


class PartLoudness:
    """The loudness of parts, by their samples: each part is measured once for all deliveries, and effects,
    backgrounds and M&E once for all languages of one picture."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str | None, int], BextLoudness] = {}

    def of(self, samples: str, kind: str | None, rate_hz: int) -> BextLoudness | None:
        """The loudness of channel `kind` (None: all) of the part with this SHA-256; None if unknown."""
        return self._known.get((samples, kind, rate_hz))

    def put(self, samples: str, kind: str | None, rate_hz: int, loudness: BextLoudness) -> None:
        """Store a measurement."""
        self._known[samples, kind, rate_hz] = loudness


@dataclass(frozen=True)
class AudioFile:
    """A file of the delivery. `channel` is None for an interleaved one."""

    name: str
    part: str
    channel: str | None
    loudness: BextLoudness


@dataclass(frozen=True)
class PartSource:
    """The file with a part's programme, and the SHA-256 of its samples."""

    path: Path
    samples: str


def write_part(
    folder: Path,
    name: str,
    part: str,
    source: PartSource,
    picture: Picture,
    words: Words,
    known: PartLoudness,
    *,
    discrete: bool,
) -> list[AudioFile]:
    """Write one part into `folder` as `name`.wav and, if `discrete`, as `name`.L.wav and `name`.R.wav.

    Loudness that is not `known` is measured and stored there.

    Raises StemError when the source cannot be read, RenderError when a file cannot be written.
    """
    channels = film_names(2)
    kinds: list[str | None] = [None, *(discrete_channels(channels) if discrete else ())]
    leader = picture.leader()
    scale = 2.0 ** (picture.bits - 1)
    with ExitStack() as open_files:
        waves = {
            kind: open_files.enter_context(
                _wave(folder, name, part, kind, channels, picture, words, leader)
            )
            for kind in kinds
        }
        rate_hz = picture.sample_rate_hz
        meters = {
            kind: Meter(rate_hz, 2 if kind is None else 1)
            for kind in kinds
            if known.of(source.samples, kind, rate_hz) is None
        }
        for block in programme_blocks(source.path, _BLOCK):
            steps = np.rint(block * scale).astype(np.int32)
            for kind, wave in waves.items():
                wave.write(_of_channel(steps, kind, channels))
            for kind, meter in meters.items():
                meter.feed(_of_channel(block, kind, channels))
        for kind, meter in meters.items():
            known.put(source.samples, kind, rate_hz, _loudness(meter))
        files = []
        for kind, wave in waves.items():
            loudness = known.of(source.samples, kind, rate_hz)
            assert loudness is not None
            wave.draft()
            wave.set_loudness(loudness)
            files.append(AudioFile(wave.path.name, part, kind, loudness))
    return files


def _loudness(meter: Meter) -> BextLoudness:
    measured = meter.result()
    return BextLoudness(
        measured.integrated_lufs,
        measured.loudness_range_lu,
        measured.true_peak_dbtp,
        measured.max_momentary_lufs,
        measured.max_short_term_lufs,
    )


def _of_channel(block: NDArray[Any], kind: str | None, channels: tuple[str, ...]) -> NDArray[Any]:
    if kind is None:
        return block
    if kind == SILENT:
        return np.zeros((len(block), 1), block.dtype)
    return block[:, [channels.index(kind)]]


def _wave(
    folder: Path,
    name: str,
    part: str,
    kind: str | None,
    channels: tuple[str, ...],
    picture: Picture,
    words: Words,
    leader: Leader | None,
) -> WaveWriter:
    one_for_all = part == "ME"  # the same bytes in every language, so it names no mix
    scene = words.title if one_for_all else words.mix
    before = 0 if leader is None else len(leader.head)
    last = picture.samples if leader is not None else picture.samples - 1
    rate_hz = picture.sample_rate_hz
    tracks = channels if kind is None else (kind,)
    mode = "stereo" if kind is None else "mono"
    about = (
        f"{words.title} {words.version}: {part} ({PART_WORDS[part]}), {'LR' if kind is None else kind}"
    )
    return WaveWriter(
        folder / f"{name}{'' if kind is None else f'.{kind}'}.wav",
        rate_hz,
        len(tracks),
        picture.bits,
        bext=Bext(
            description=about if one_for_all else f"{about}; {words.mix}",
            originator_reference=f"render-ending {__version__}",
            time_reference_samples=to_samples(
                picture.clock.rate.seconds(picture.first_frame % picture.clock.rate.frames_per_day),
                rate_hz,
            ),
            coding_history=f"A=PCM,F={rate_hz},W={picture.bits},M={mode},T=render-ending",
            origination_date=words.date,
        ),
        ixml=Ixml(
            words.title,
            scene,
            picture.clock.rate,
            note=f"{words.version} {part}",
            tracks=tuple(IxmlTrack(f"{part} {role}", _FUNCTIONS.get(role, "")) for role in tracks),
        ),
        cues=[Cue(cue, at + before) for cue, at in picture.cues if 0 <= at <= last],
        writing=new_file,
        lead_in=None if leader is None else _of_channel(leader.head, kind, channels),
        lead_out=None if leader is None else _of_channel(leader.tail, kind, channels),
    )
