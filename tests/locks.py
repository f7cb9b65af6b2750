"""A film of some seconds for tests of the picture lock: two voices, a bed that listens, a dropout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import Preset, build_preset
from audio_pipeline.preset.project import Project
from tests.conftest import speech_like

RATE = 48_000
LINES_S = {"en": (0.9, 0.8), "de": (1.9, 1.5), "fr": (0.6, 0.4)}
"""How long each language's two lines are."""

DUB = """
title = "Locked"
[picture]
rate = "30"
[cues]
voice_a = "500ms"
cross = "voice_a.tail - 200ms"
voice_b = "voice_a.tail + 700ms"
black = ["3.7s", "echo.tail"]
dropout = "black + 500ms"
silence = "black + 800ms"
end = "black + 1s"
[layers.voice_a]
kind = "voice"
stem = "stems/en_a.wav"
at = "voice_a"
[layers.voice_b]
kind = "voice"
stem = "stems/en_b.wav"
at = "voice_b"
[layers.breath]
kind = "breath"
at = "start"
hold_before = "50ms"
hold_after = "100ms"
longest_hold = "2s"
[layers.room]
kind = "room"
bus = "BG"
at = "voice_a.tail"
[layers.grain]
kind = "grain"
bus = "BG"
at = "echo.tail - 500ms"
[effects.crossfade]
kind = "crossfade"
cross_from = "cross"
cross_to = "voice_b + 200ms"
slip = "100ms"
[effects.echo]
kind = "echo"
words = "300ms"
gap = "50ms"
returns = 2
dies = "50ms"
[effects.dropout]
kind = "dropout"
fade = "100ms"
[master]
delivery = "theatrical"
"""
BED = """
extends = "dub"
[master]
buses = ["FX", "BG"]
delivery = "music-and-effects"
"""
BATCH = 'presets = ["dub", "bed"]\n' + "".join(
    f'[stems.{language}]\nvoice_a = "stems/{language}_a.wav"\nvoice_b = "stems/{language}_b.wav"\n'
    for language in LINES_S
)


def locked_film(folder: Path) -> Project:
    """A project with the presets `dub` and `bed`, the batch file `languages` and lines in three languages."""
    for name in ("presets", "stems", "renders"):
        (folder / name).mkdir(parents=True)
    (folder / "presets" / "dub.toml").write_text(DUB)
    (folder / "presets" / "bed.toml").write_text(BED)
    (folder / "presets" / "languages.batch.toml").write_text(BATCH)
    for seed, (language, lengths_s) in enumerate(LINES_S.items()):
        for voice, seconds in zip("ab", lengths_s, strict=True):
            line(folder / "stems" / f"{language}_{voice}.wav", seconds, 2 * seed + (voice == "b"))
    return Project(folder)


def line(path: Path, seconds: float, seed: int = 0) -> Path:
    """A line of that many seconds."""
    soundfile.write(path, speech_like(seed, seconds), RATE, subtype="PCM_24")
    return path


def spoken(project: Project, language: str, *sets: str, preset: str = "dub") -> Preset:
    """The preset in a language."""
    lines = (f"voice_{v}.stem=stems/{language}_{v}.wav" for v in "ab")
    return build_preset(load_document(project, preset, (*lines, *sets)))


def samples(path: Path) -> Samples:
    """The whole numbers of a file, `(n, channels)`."""
    data, _ = soundfile.read(path, dtype="int32", always_2d=True)
    return np.asarray(data)
