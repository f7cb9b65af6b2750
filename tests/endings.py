"""A synthetic ending whose every figure is known in advance, written where a test wants it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile

from audio_pipeline.dsp import noise
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.curves import CurveName, curve
from audio_pipeline.reporting.facts import DropoutPlan, MixFacts, Section
from audio_pipeline.timeline.moments import Clock
from audio_pipeline.timeline.spans import Span
from audio_pipeline.timeline.timecode import RATES

RATE = 48_000
CUES_S = {"start": 0.0, "voices": 1.0, "black": 4.0, "dropout": 6.0, "silence": 7.0, "end": 8.0}
PROJECTOR_DBFS, GRAIN_DBFS = -40.0, -60.0
TONE_PEAK = 10 ** (-20 / 20)
CLOCK = Clock(RATES["24"], start_frame=86_400)


def at(cue: str) -> int:
    """The sample of a cue."""
    return round(CUES_S[cue] * RATE)


def ending(
    shape: CurveName = "qsin", fade_s: float = 0.25, grain_dbfs: float | None = GRAIN_DBFS
) -> Samples:
    """`(n, 2)`: a projector of noise, a tone where voices are, a fall, grain alone, zeros.

    The tone is 997 Hz of peak -20 dBFS in both channels, which reads -20 LUFS.
    """
    whole = Span(0, at("end"))
    seconds = np.arange(len(whole)) / RATE
    mix = white("projector", whole) * 10 ** (PROJECTOR_DBFS / 20)
    speaks = slice(at("voices"), at("black"))
    mix[speaks] = TONE_PEAK * np.sin(2 * np.pi * 997 * seconds[speaks, None])
    mix *= curve(shape, 1.0 - (seconds - CUES_S["dropout"]) / max(fade_s, 1e-9))[:, None]
    if grain_dbfs is not None:
        quiet = slice(at("black"), None)
        mix[quiet] += white("grain", whole)[quiet] * 10 ** (grain_dbfs / 20)
    mix[at("silence") :] = 0.0
    return mix


def white(stream: str, span: Span) -> Samples:
    """`(n, 2)` uniform noise of RMS 1, so 0 dBFS."""
    channels = [noise.uniform(7, f"{stream}/{c}", span.start, span.stop) for c in "LR"]
    samples = np.stack(channels, axis=1) - np.mean(channels)
    level: Samples = samples / np.sqrt(np.mean(samples**2))
    return level


def facts(fade_s: float = 0.25, **changes: object) -> MixFacts:
    """What the ending's file cannot tell about itself."""
    names = list(CUES_S)
    sections = tuple(Section(a, Span(at(a), at(b))) for a, b in pairwise(names))
    plan = DropoutPlan(at("dropout"), round(fade_s * RATE), at("silence"))
    known = {
        "sections": sections,
        "dropout": plan,
        "dialogue_lufs": -20.0,
        "clock": CLOCK,
        "dialogue_share_percent": 37.5,
    }
    return MixFacts("ending", **{**known, **changes})  # type: ignore[arg-type]


def written(path: Path, samples: Samples, subtype: str = "PCM_24") -> Path:
    """The samples as a file."""
    soundfile.write(path, samples, RATE, subtype=subtype)
    return path
