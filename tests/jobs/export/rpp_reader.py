"""A second reader of REAPER projects, which shares nothing with the package rpp, and a player of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile


@dataclass
class Chunk:
    """`<NAME values` with its lines and the chunks in it."""

    name: str
    values: list[str]
    lines: list[list[str]] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)

    def all(self, name: str) -> list[Chunk]:
        return [chunk for chunk in self.chunks if chunk.name == name]

    def line(self, name: str) -> list[str]:
        (found,) = (line[1:] for line in self.lines if line[0] == name)
        return found


def words(line: str) -> list[str]:
    """A line's words; a word in quotes may hold spaces and the other quotes."""
    found, at = [], 0
    while at < len(line):
        if line[at] == " ":
            at += 1
        elif line[at] in "\"'`":
            end = line.index(line[at], at + 1)
            found.append(line[at + 1 : end])
            at = end + 1
        else:
            end = line.find(" ", at)
            end = len(line) if end < 0 else end
            found.append(line[at:end])
            at = end
    return found


def read(path: Path) -> Chunk:
    """The project in `path`."""
    root = Chunk("", [])
    open_chunks = [root]
    for text in path.read_text("utf-8").splitlines():
        line = text.strip()
        if line == ">":
            open_chunks.pop()
        elif line.startswith("<"):
            name, *values = words(line[1:])
            chunk = Chunk(name, values)
            open_chunks[-1].chunks.append(chunk)
            open_chunks.append(chunk)
        else:
            open_chunks[-1].lines.append(words(line))
    assert open_chunks == [root]
    (project,) = root.chunks
    return project


def points(track: Chunk, name: str, without: float) -> tuple[np.ndarray, np.ndarray]:
    """Times and values of an envelope; a track without it stays at `without`."""
    found = track.all(name)
    if not found:
        return np.zeros(1), np.full(1, without)
    (envelope,) = found
    assert not any(line[0] == "VOLTYPE" for line in envelope.lines)  # or it were in fader scaling
    rows = [line[1:] for line in envelope.lines if line[0] == "PT"]
    assert all(row[2] == "0" for row in rows)  # linear
    return np.array([float(row[0]) for row in rows]), np.array([float(row[1]) for row in rows])


def gains(track: Chunk, seconds: np.ndarray) -> np.ndarray:
    """Left and right, `(n, 2)`: envelopes linear in amplitude, the pan as a balance without a pan law, whose
    positive values are left."""
    volume = np.interp(seconds, *points(track, "VOLENV2", 1.0))
    pan = np.interp(seconds, *points(track, "PANENV2", 0.0))
    return volume[:, None] * np.stack([1 - np.maximum(0, -pan), 1 - np.maximum(0, pan)], axis=1)


def played(path: Path) -> tuple[np.ndarray, int]:
    """What the project plays, `(n, 2)`, and its sample rate."""
    project = read(path)
    rate = int(project.line("SAMPLERATE")[0])
    mix = np.zeros((0, 2))
    for track in project.all("TRACK"):
        if track.line("MUTESOLO")[0] != "0":
            continue
        for item in track.all("ITEM"):
            (source,) = item.all("SOURCE")
            audio, _ = soundfile.read(path.parent / source.line("FILE")[0], always_2d=True)
            first = float(item.line("POSITION")[0]) * rate
            start = round(first)
            assert abs(first - start) < 1e-6
            seconds = (start + np.arange(len(audio))) / rate
            heard = audio * gains(track, seconds)
            if start + len(heard) > len(mix):
                mix = np.concatenate([mix, np.zeros((start + len(heard) - len(mix), 2))])
            mix[start : start + len(heard)] += heard
    return mix, rate
