"""Whether a mix is the mix that was asked for, so that nobody is fast by leaving work out.

    python benchmarks/equality.py FOLDER FILE …

prints, for each file, what is wrong with it: JSON, {file: [words]}.
"""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from scene import MINUTE_S, Scene, load

from audio_pipeline.metering.meter import Meter
from audio_pipeline.timeline.spans import Span

_BLOCK = 480_000


@dataclass(frozen=True)
class Wanted:
    """A stretch of the mix and its RMS, dBFS: between those of `final` and of the peers, within 3 dB."""

    name: str
    start_s: float
    stop_s: float
    rms_dbfs: float


def what_is_wrong(file: Path, scene: Scene) -> list[str]:
    """In words; empty when the mix is what was asked for."""
    with soundfile.SoundFile(file) as sound:
        rate, frames = sound.samplerate, sound.frames
        if (rate, sound.channels, sound.subtype) != (48_000, 2, "PCM_24"):
            return [f"{rate} Hz, {sound.channels} channels, {sound.subtype}"]
        stretches = wanted(scene)
        last = scene.length_s - MINUTE_S
        spoken = Span(round((last + scene.voice_a_s) * rate), round(scene.black_s * rate))
        spans = [Span(round(w.start_s * rate), round(w.stop_s * rate)) for w in stretches]
        meter = Meter(rate, 2, spans=[spoken, *spans])
        loudest_in_silence = 0.0
        for block in sound.blocks(_BLOCK, always_2d=True):
            silence = max(0, round(scene.silence_s * rate) - meter.samples)
            meter.feed(block)
            loudest_in_silence = max(loudest_in_silence, float(np.abs(block[silence:]).max(initial=0.0)))
    heard = meter.result()
    words = []
    if frames != scene.length_s * rate:
        words.append(f"{frames} samples instead of {scene.length_s * rate}")
    dialogue = heard.spans[0].integrated_lufs
    if dialogue is None or abs(dialogue - scene.spoken_lufs) > 1.0:
        words.append(f"dialogue {dialogue or -math.inf:.1f} LUFS instead of {scene.spoken_lufs:g}")
    for w, levels in zip(stretches, heard.spans[1:], strict=True):
        if levels.rms_dbfs is None or abs(levels.rms_dbfs - w.rms_dbfs) > 3.0:
            words.append(f"{w.name} {levels.rms_dbfs or -math.inf:.1f} dBFS instead of {w.rms_dbfs:g}")
    if (heard.true_peak_dbtp or -math.inf) > scene.ceiling_dbtp:
        words.append(f"true peak {heard.true_peak_dbtp:.1f} dBTP")
    if loudest_in_silence > 0.0:
        words.append("the silence is not silent")
    return words


def wanted(scene: Scene) -> list[Wanted]:
    """What a mix of that scene must hold, and how loud."""
    last = scene.length_s - MINUTE_S
    a_tail, b_tail = (
        last + at + lasts
        for at, lasts in (
            (scene.voice_a_s, scene.voice_a_lasts_s),
            (scene.voice_b_s, scene.voice_b_lasts_s),
        )
    )
    return [
        Wanted("first voice", last + scene.voice_a_s + 1.5, a_tail, -30.0),
        Wanted("second voice", last + scene.voice_b_s, b_tail - 1.5, -28.6),
        Wanted("echoes", b_tail + 1.0, b_tail + 6.0, -40.5),
        Wanted("projector", scene.black_s + 2.0, scene.dropout_s, -42.9),
        Wanted("hiss", scene.dropout_s + 0.3, scene.silence_s, -55.5),
    ]


if __name__ == "__main__":
    the_scene = load(Path(sys.argv[1]))
    print(json.dumps({name: what_is_wrong(Path(name), the_scene) for name in sys.argv[2:]}))
