"""The listening copies of a delivery, and the loudness of each decoded copy."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from audio_pipeline.audio_io.ffmpeg_program import find_ffmpeg
from audio_pipeline.audio_io.read.audio_file import blocks, probe
from audio_pipeline.metering.meter import Meter
from audio_pipeline.pages.encoded_copy import LONGEST_S, write_encoded_copy
from audio_pipeline.pages.tagged_copy import write_tagged_copy
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.workers import in_order

FOLDER = "listening"
_BY_LIBSNDFILE = ("opus", "flac")
_CONCURRENT = (("mp3", "m4a"), ("opus",), ("flac",))
"""Suffixes by thread: pydub's exports share a patched module, so one thread makes both."""
_BLOCK = 262_144


@dataclass(frozen=True)
class ListeningCopy:
    """A copy with the loudness of its decoded samples; `reason` says why a copy is missing."""

    name: str
    true_peak_dbtp: float | None = None
    integrated_lufs: float | None = None
    reason: str | None = None


class CopyShelf:
    """Encodes each mix once for all its deliveries; `folder` must exist meanwhile."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._encoded: dict[tuple[Path, str], list[ListeningCopy]] = {}

    def write(self, folder: Path, stem: str, master: Path, title: str) -> list[ListeningCopy]:
        """MP3, AAC, Opus and FLAC of the programme in `master` as `stem`.suffix below `folder`.

        Without ffmpeg, or over half an hour, MP3 and AAC are left out. Raises RenderError when an
        encoder fails, StemError when the master cannot be read.
        """
        key = (master, title)
        number = list(self._encoded).index(key) if key in self._encoded else len(self._encoded)
        shelf = self._folder / str(number)
        if key not in self._encoded:
            shelf.mkdir()

            def encoded(suffixes: tuple[str, ...]) -> list[ListeningCopy]:
                return [_encoded(shelf, master, suffix, title) for suffix in suffixes]

            made = in_order(encoded, _CONCURRENT, len(_CONCURRENT))
            self._encoded[key] = [copy for copies in made for copy in copies]
        (folder / FOLDER).mkdir()
        copies = []
        for copy in self._encoded[key]:
            name = f"{FOLDER}/{stem}{Path(copy.name).suffix}"
            if copy.reason is None:
                shutil.copyfile(shelf / copy.name, folder / name)
            copies.append(replace(copy, name=name))
        return copies


def _encoded(shelf: Path, master: Path, suffix: str, title: str) -> ListeningCopy:
    """One copy on the shelf, named after the master."""
    name = f"{master.stem}.{suffix}"
    if suffix in _BY_LIBSNDFILE:
        write_tagged_copy(master, shelf / name, title, master.stem)
    elif find_ffmpeg() is None:
        return ListeningCopy(name, reason="ffmpeg not found")
    elif probe(master).duration_s > LONGEST_S:
        return ListeningCopy(name, reason="longer than half an hour")
    else:
        write_encoded_copy(master, suffix, title, shelf)
    return _measured(shelf, name)


def _measured(folder: Path, name: str) -> ListeningCopy:
    """The copy, measured as a decoder returns it."""
    info = probe(folder / name)
    meter = Meter(info.sample_rate_hz, info.channels)
    for block in blocks(folder / name, _BLOCK):
        meter.feed(block)
    loudness = meter.result()
    return ListeningCopy(name, loudness.true_peak_dbtp, loudness.integrated_lufs)
