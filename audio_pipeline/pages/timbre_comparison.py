"""The timbre of audio files side by side, and the distance of each from the first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audio_pipeline.audio_io.read.programme import read_programme
from audio_pipeline.errors import ReportError
from audio_pipeline.pages.timbre import Timbre, mel_distance_db, timbre_of
from audio_pipeline.records import dataclass

LONGEST_S = 1200.0
"""The maximum length of a file: files are read completely into memory."""


@dataclass(frozen=True)
class TimbreComparison:
    """The timbre of each file, and the distance of its mean mel spectrum from that of the first."""

    files: tuple[str, ...]
    timbres: tuple[Timbre, ...]
    mel_distance_db: tuple[float, ...]

    def as_dict(self) -> dict[str, Any]:
        """The comparison as JSON values."""
        return {
            "files": [
                {"file": file, **timbre.as_dict(), "mel_distance_db": round(distance, 3)}
                for file, timbre, distance in zip(
                    self.files, self.timbres, self.mel_distance_db, strict=True
                )
            ]
        }

    def rows(self) -> list[tuple[str, ...]]:
        """A row for each feature with a column for each file, as text."""
        return [
            ("spectral centroid, Hz", *(f"{t.centroid_hz:.0f}" for t in self.timbres)),
            ("flatness, dB", *(f"{t.flatness_db:.1f}" for t in self.timbres)),
            ("onsets a second", *(f"{t.onsets_per_s:.2f}" for t in self.timbres)),
            ("pitch, Hz", *("-" if t.pitch_hz is None else f"{t.pitch_hz:.0f}" for t in self.timbres)),
            ("voiced, %", *(f"{t.voiced_percent:.0f}" for t in self.timbres)),
            ("mel spectrum, dB from the first", *(f"{d:.1f}" for d in self.mel_distance_db)),
        ]


def compare_timbre(files: Sequence[Path]) -> TimbreComparison:
    """The timbres of two or more files.

    Raises StemError for a file that cannot be read, ReportError for a silent or too long file and for files
    with different sample rates.
    """
    sounds, rates = [], []
    for file in files:
        samples, info = read_programme(file)
        if info.duration_s > LONGEST_S:
            raise ReportError(
                f"{file.name} lasts {info.duration_s:.0f} s; timbre is compared up to {LONGEST_S:.0f} s",
                hint="Cut the file to the passage in question.",
            )
        sounds.append(samples)
        rates.append(info.sample_rate_hz)
    if len(set(rates)) > 1:
        differing = ", ".join(f"{file.name} {rate} Hz" for file, rate in zip(files, rates, strict=True))
        raise ReportError(
            f"the sample rates differ: {differing}", hint="Convert the files to one sample rate."
        )
    return TimbreComparison(
        tuple(file.name for file in files),
        tuple(timbre_of(samples, rates[0]) for samples in sounds),
        tuple(mel_distance_db(samples, sounds[0], rates[0]) for samples in sounds),
    )
