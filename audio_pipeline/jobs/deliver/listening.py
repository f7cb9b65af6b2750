"""The listening copies of a delivery, and what each measures once it is decoded again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from audio_pipeline.audio_io.ffmpeg_program import find_ffmpeg
from audio_pipeline.audio_io.read.audio_file import blocks, probe
from audio_pipeline.metering.meter import Meter
from audio_pipeline.pages.encoded_copy import LONGEST_S, write_encoded_copy
from audio_pipeline.pages.tagged_copy import write_tagged_copy

FOLDER = "listening"
_BY_FFMPEG = ("mp3", "m4a")
_BY_LIBSNDFILE = ("opus", "flac")
_BLOCK = 262_144


@dataclass(frozen=True)
class ListeningCopy:
    """A copy and what it measures decoded; `reason` says why there is none."""

    name: str
    true_peak_dbtp: float | None = None
    integrated_lufs: float | None = None
    reason: str | None = None


def write_listening_copies(folder: Path, master: Path, title: str) -> list[ListeningCopy]:
    """MP3, AAC, Opus and FLAC of the programme in `master`, below `folder`.

    Without ffmpeg, or of more than half an hour, there is no MP3 and no AAC.

    Raises RenderError when an encoder fails.
    """
    (folder / FOLDER).mkdir()
    seconds = probe(master).duration_s
    copies = []
    for suffix in (*_BY_FFMPEG, *_BY_LIBSNDFILE):
        name = f"{FOLDER}/{master.stem}.{suffix}"
        if suffix in _BY_LIBSNDFILE:
            write_tagged_copy(master, folder / name, title, master.stem)
        elif find_ffmpeg() is None or seconds > LONGEST_S:
            why = (
                "there is no ffmpeg" if find_ffmpeg() is None else "it would be longer than half an hour"
            )
            copies.append(ListeningCopy(name, reason=why))
            continue
        else:
            write_encoded_copy(master, suffix, title).rename(folder / name)
        copies.append(_measured(folder, name))
    return copies


def _measured(folder: Path, name: str) -> ListeningCopy:
    """The copy as a listener's decoder gives it."""
    info = probe(folder / name)
    meter = Meter(info.sample_rate_hz, info.channels)
    for block in blocks(folder / name, _BLOCK):
        meter.feed(block)
    loudness = meter.result()
    return ListeningCopy(name, loudness.true_peak_dbtp, loudness.integrated_lufs)
