"""The mix in plain NumPy, SciPy and pyloudnorm: python plain_python_script.py FOLDER OUT."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyloudnorm
import soundfile
from scipy import signal
from scipy.ndimage import minimum_filter1d

RATE = 48_000


def db(value: float) -> float:
    return 10.0 ** (value / 20.0)


def samples(seconds: float) -> int:
    return round(seconds * RATE)


def pan(mono, place):
    angle = np.pi / 4 * (1 + place)
    return mono[:, None] * np.stack(np.broadcast_arrays(np.cos(angle), np.sin(angle)), axis=-1)


def add(bus, sound, at):
    at = samples(at)
    sound = sound[: max(0, len(bus) - at)]
    bus[at : at + len(sound)] += sound


def butter(x, order, cutoff, kind):
    return signal.sosfilt(signal.butter(order, cutoff, kind, fs=RATE, output="sos"), x, axis=0)


def voice(scene, stem, at_s, side):
    t = np.arange(len(stem)) / RATE
    cross_from, cross_to = scene.cross_from - at_s, scene.cross_to - at_s
    lasts = len(stem) / RATE
    outward = t if side < 0 else lasts - t
    way = cross_to if side < 0 else lasts - cross_from
    near = 0.5 - 0.5 * np.cos(np.pi * np.clip(outward / way, 0, 1))
    fader = np.clip((t - cross_from) / (cross_to - cross_from), 0, 1) * np.pi / 2
    cross = np.cos(fader) if side < 0 else np.sin(fader)
    slip = np.sin(np.pi / 2 * np.clip(outward / 1.5, 0, 1))
    dark = butter(stem, 1, 1800, "low")
    sound = (dark + near * (stem - dark)) * slip * cross * (0.5 + 0.5 * near)
    return pan(sound, side * (1 - near))


def conversation(scene, stems):
    minute = np.zeros((samples(60), 2))
    for stem, at_s, side in zip(stems, (scene.voice_a_s, scene.voice_b_s), (-1, 1), strict=True):
        add(minute, voice(scene, stem, at_s, side), at_s)
        words = stem[-samples(scene.words_s) :] * np.minimum(1, np.arange(samples(scene.words_s)) / 9000)
        words_s = at_s + len(stem) / RATE - scene.words_s
        echoes = zip(scene.returns_s, scene.cutoffs_hz, scene.echo_db, strict=True)
        for k, (delay, cutoff, level) in enumerate(echoes):
            dark = butter(words, 2, cutoff, "low") * db(level)
            add(minute, pan(dark, np.array(-side * (-1) ** k * 0.9)), words_s + delay)
    return minute


def projector(scene, n, rng):
    t = np.arange(n) / RATE
    hum = sum(np.sin(2 * np.pi * 100 * k * t) / k for k in range(1, 6)) * 0.0021
    fan = butter(butter(rng.standard_normal(n), 1, 300, "low"), 2, 90, "high") * 0.02
    clicks = np.zeros(n)
    ring_t = np.arange(samples(0.01)) / RATE
    for rate, hz, decay, level in ((24, 2300, 700, 0.025), (96, 4400, 1500, 0.008)):
        ring = np.exp(-decay * ring_t) * np.sin(2 * np.pi * hz * ring_t) * level
        burst = np.exp(-decay * ring_t) * level
        for at in (np.arange(int(n / RATE * rate)) * RATE / rate).astype(int):
            part = clicks[at : at + len(ring)]
            strength = 1 + 0.15 * rng.standard_normal()
            noise = rng.uniform(-1, 1, len(part))
            part += (
                strength * (ring + noise * burst)[: len(part)]
                if len(part) < len(ring)
                else (strength * (ring + noise * burst))
            )
    rise = 0.5 - 0.5 * np.cos(np.pi * np.clip(t / scene.rise_s, 0, 1))
    return ((hum + fan + clicks) * rise)[:, None] * np.array([0.9, 1.08])


def limit(x, ceiling):
    """Look-ahead gain from four times oversampled peaks."""
    peaks = np.abs(signal.resample_poly(x, 4, 1, axis=0)).max(axis=1).reshape(-1, 4).max(axis=1)
    if peaks.max() <= ceiling:
        return x
    needed = minimum_filter1d(np.minimum(1, ceiling / np.maximum(peaks, 1e-12)), 481)
    window = np.hanning(481)
    return x * signal.fftconvolve(needed, window / window.sum(), "same")[:, None]


def main() -> None:
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    scene = SimpleNamespace(**json.loads((folder / "scene.json").read_text()))
    scene.cross_from = scene.voice_a_s + scene.voice_a_lasts_s - 0.8
    scene.cross_to = scene.voice_b_s + 0.8
    rng = np.random.default_rng(1)
    n, silence = samples(scene.length_s), samples(scene.length_s - 3)
    stems = [soundfile.read(folder / "stems" / f"voice_{v}.flac")[0] for v in "ab"]
    room, _ = soundfile.read(folder / "room.wav")

    fall = np.sqrt(
        np.clip((samples(scene.length_s - 4 + scene.fade_s) - np.arange(n)) / samples(0.25), 0, 1)
    )
    dialogue = np.tile(conversation(scene, stems), (scene.length_s // 60, 1))
    film = projector(scene, n, rng)
    send = db(-14) * dialogue + db(-18) * film
    mix = dialogue + film
    mix += signal.oaconvolve(send, room, axes=0)[:n]
    mix *= fall[:, None]
    dialogue *= fall[:, None]
    del film, send
    hiss = rng.uniform(-0.0055, 0.0055, (n, 2))
    mix += butter(butter(hiss, 1, 3500, "low"), 1, 80, "high")
    del hiss
    mix[silence:] = 0

    meter = pyloudnorm.Meter(RATE)
    mix *= db(scene.target_lufs - meter.integrated_loudness(dialogue))
    del dialogue
    master = limit(mix, db(scene.ceiling_dbtp - 0.2))
    dither = rng.random((silence, 2)) - rng.random((silence, 2))
    steps = np.zeros((n, 2), np.int32)
    steps[:silence] = np.clip(np.rint(master[:silence] * 2**23 + dither), -(2**23), 2**23 - 1)
    soundfile.write(out, steps << 8, RATE, "PCM_24")

    written, _ = soundfile.read(out)
    peaks = [np.abs(signal.resample_poly(written[:, c], 4, 1)).max() for c in range(2)]
    report = {
        "integrated_lufs": meter.integrated_loudness(written),
        "loudness_range_lu": meter.loudness_range(written) if hasattr(meter, "loudness_range") else None,
        "true_peak_dbtp": 20 * np.log10(max(peaks)),
    }
    out.with_suffix(".json").write_text(json.dumps(report, indent=2))


main()
