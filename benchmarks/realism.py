"""Our sounds beside recordings of real ones, by figures, by a tagger and by models of hearing.

    python benchmarks/realism.py --recordings FOLDER [--tagger yamnet.tflite --labels yamnet_class_map.csv]

FOLDER holds the recordings by the names in `PROJECTORS` and `BREATHS`; missing ones are skipped, as is
what needs a package that is not installed: `ai-edge-litert` (tagger), `mosqito`, `pystoi`, `speechmos`.
`docs/sounds.md` says where the recordings are from. They are measured here and belong to others.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scene import ROOT
from scipy import signal
from tables import Table, print_and_keep

from audio_pipeline.mixing.session import open_session
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project

sys.path.insert(0, str(ROOT))

from audio_pipeline.layers.breath import Breath
from audio_pipeline.layers.exhale import Exhale
from audio_pipeline.layers.projector import Projector
from tests.layers.sound_stage import heard, seconds, stage
from tests.realism.sound_figures import (
    RATE,
    crest_db,
    frame_likeness,
    ripple_db,
    treble_envelope_kurtosis,
)

Floats = NDArray[np.float64]

SEEDS = (1, 2, 3)
TAGGER_RATE = 16_000
TAGGER_WINDOW = 15_600
TAGGER_HOP = 7680
TAGGED_DBFS = -25.0

PROJECTORS = {
    "16mm_film_projector.ogg": (24.40, 2.0, 6.0),
    "movie_projector.wav": (24.17, 1.0, 4.0),
    "projector.ogg": (21.70, 0.2, 3.7),
}
"""Frames a second of each, where the frames are most alike; begin and end of the part that runs
steadily, s. The last one is a loop."""

BREATHS: dict[str, tuple[tuple[str, float, float], ...]] = {
    "breath.wav": (("in", 0.0, 0.95), ("out", 1.05, 2.0)),
    "heavy_breathing.wav": (("in", 1.5, 2.5), ("in", 3.7, 4.3), ("out", 5.4, 6.5)),
    "breathing.wav": (("in", 0.2, 1.4), ("out", 1.55, 3.2)),
}
"""Way, begin and end of the phases in each, s."""


def main() -> None:
    """Print every table for which there is something to measure."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--recordings", type=Path, required=True, help="folder of the recordings")
    arguments.add_argument("--tagger", type=Path, help="YAMNet as a TFLite model")
    arguments.add_argument("--labels", type=Path, help="its class map, CSV")
    given = arguments.parse_args()
    print_and_keep("### Projector", projector_table(given.recordings))
    print_and_keep("### Breath", breath_table(given.recordings))
    if given.tagger and given.labels:
        tagger = Tagger(given.tagger, given.labels)
        print_and_keep("### Tagger, highest score of any window", tagger_table(tagger, given.recordings))
        print_and_keep("### Tagger, control", control_table(tagger, given.recordings))
    for heading, table in (("### Hearing", hearing_table), ("### Speech in the mix", speech_table)):
        try:
            print_and_keep(heading, table(given.recordings))
        except ImportError as error:
            print(f"{heading}: skipped, {error.name} is not installed\n")


def recording(folder: Path, name: str) -> Floats | None:
    """`(n,)` at `RATE`, mean of the channels; None when the file is missing."""
    if not (folder / name).exists():
        return None
    samples, rate = soundfile.read(folder / name, always_2d=True)
    common = np.gcd(rate, RATE)
    mono: Floats = signal.resample_poly(samples.mean(axis=1), RATE // common, rate // common)
    return mono


def recorded(folder: Path, names: Iterable[str]) -> dict[str, Floats]:
    """Those of `names` that are in the folder."""
    return {name: x for name in names if (x := recording(folder, name)) is not None}


def projector(seed: int, **chosen: str) -> Floats:
    """20 s of our running machine, `(n,)`."""
    layer = Projector.model_validate({"rise": "0s", **chosen})
    return heard(layer.prepare(stage(20, seed=seed), "projector"), seconds(0, 20)).mean(axis=1)


def breathing(seed: int) -> Floats:
    """40 s of our breath, `(n,)`, dry."""
    return heard(Breath().prepare(stage(40, seed=seed), "breath"), seconds(0, 40))[:, 0]


def last_breath(seed: int) -> Floats:
    """Our last breath amid silence, `(n,)`, dry."""
    source = Exhale().prepare(stage(13, seed=seed, silence_s=5), "last_breath")
    return heard(source, seconds(5, 12)).mean(axis=1)


def our_phases(seed: int) -> list[tuple[str, Floats]]:
    """Way and sound of each inhale and exhale in 40 s."""
    source, x = Breath().prepare(stage(40, seed=seed), "breath"), breathing(seed)
    return [(p.way, x[p.span.start : p.span.stop]) for p in source.phases if p.span.stop <= 40 * RATE]


def real_phases(folder: Path) -> list[tuple[str, str, Floats]]:
    """Name, way and sound of each recorded inhale and exhale."""
    return [
        (name, way, x[int(begin * RATE) : int(end * RATE)])
        for name, x in recorded(folder, BREATHS).items()
        for way, begin, end in BREATHS[name]
    ]


def projector_table(folder: Path) -> Table:
    """Likeness of frames, kurtosis of the treble's envelope, crest."""
    table: Table = [("projector", "frames over 800 Hz", "frames 2–6 kHz", "kurtosis", "crest")]
    sounds = [
        (name, x[int(PROJECTORS[name][1] * RATE) : int(PROJECTORS[name][2] * RATE)], PROJECTORS[name][0])
        for name, x in recorded(folder, PROJECTORS).items()
    ]
    sounds += [(f"ours, 35 mm, seed {seed}", projector(seed), 24.0) for seed in SEEDS]
    sounds += [("ours, 16 mm", projector(1, gauge="16mm"), 24.0)]
    sounds += [("ours, Super 8", projector(1, gauge="super8"), 18.0)]
    for name, x, per_s in sounds:
        likeness = [frame_likeness(x, *band, RATE / per_s) for band in ((800.0, None), (2000.0, 6000.0))]
        table.append(
            (
                name,
                *(f"{each:.2f}" for each in likeness),
                f"{treble_envelope_kurtosis(x):.1f}",
                f"{crest_db(x):.1f} dB",
            )
        )
    return table


def breath_table(folder: Path) -> Table:
    """Ripple of each recorded phase, and the range of ours."""
    table: Table = [("breath", "way", "ripple")]
    table += [(name, way, f"{ripple_db(x):.1f} dB") for name, way, x in real_phases(folder)]
    for way in ("in", "out"):
        ripples = [ripple_db(x) for seed in SEEDS for own, x in our_phases(seed) if own == way]
        table.append(("ours", way, f"{min(ripples):.1f} to {max(ripples):.1f} dB"))
    return table


class Tagger:
    """YAMNet: scores of AudioSet's classes for windows of 0.975 s."""

    def __init__(self, model: Path, labels: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415 - an extra for this measure alone

        with labels.open(encoding="utf-8", newline="") as file:
            self.names = [row["display_name"] for row in csv.DictReader(file)]
        self._interpreter = Interpreter(str(model))
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def scores(self, x: Floats) -> Floats:
        """`(windows, classes)` of `x` `(n,)`, brought to one RMS."""
        low = signal.resample_poly(x, 1, RATE // TAGGER_RATE)
        low = low * 10.0 ** (TAGGED_DBFS / 20.0) / np.sqrt(np.mean(low**2))
        low = np.pad(low, (0, max(TAGGER_WINDOW - len(low), 0))).astype(np.float32)
        rows = []
        for start in range(0, len(low) - TAGGER_WINDOW + 1, TAGGER_HOP):
            self._interpreter.set_tensor(self._input, low[start : start + TAGGER_WINDOW])
            self._interpreter.invoke()
            rows.append(self._interpreter.get_tensor(self._output)[0].copy())
        return np.array(rows)

    def best(self, x: Floats, *names: str) -> list[float]:
        """The highest score of each class in any window."""
        scores = self.scores(x).max(axis=0)
        return [float(scores[self.names.index(name)]) for name in names]

    def top(self, x: Floats) -> str:
        """The three classes with the highest mean score."""
        mean = self.scores(x).mean(axis=0)
        return ", ".join(f"{self.names[i]} {mean[i]:.2f}" for i in np.argsort(-mean)[:3])


def tagger_table(tagger: Tagger, folder: Path) -> Table:
    """What the tagger hears in recordings and in ours."""
    table: Table = [("sound", "Breathing", "Sigh", "highest means")]
    sounds = list(recorded(folder, [*BREATHS, *PROJECTORS]).items())
    for seed in SEEDS:
        sounds += [(f"our breath, seed {seed}", breathing(seed))]
        sounds += [(f"our last breath, seed {seed}", last_breath(seed))]
        sounds += [(f"our projector, seed {seed}", projector(seed))]
    for name, x in sounds:
        found = tagger.best(x, "Breathing", "Sigh")
        table.append((name, *(f"{score:.2f}" for score in found), tagger.top(x)))
    return table


def control_table(tagger: Tagger, folder: Path) -> Table:
    """Real and our colour crossed with real and our envelope: which of the two is wrong, if one is."""
    table: Table = [("colour", "envelope", "Breathing", "Sigh")]
    real = [(way, x) for _, way, x in real_phases(folder)]
    ours = our_phases(1)[:6]
    sets = {"real": real, "ours": ours}
    for colour_name, colours in sets.items():
        for envelope_name, envelopes in sets.items():
            found = np.array([tagger.best(x, "Breathing", "Sigh") for x in _crossed(colours, envelopes)])
            if len(found):
                cells = [f"{row.max():.2f} (median {np.median(row):.2f})" for row in found.T]
                table.append((colour_name, envelope_name, *cells))
    return table


def _crossed(colours: list[tuple[str, Floats]], envelopes: list[tuple[str, Floats]]) -> list[Floats]:
    """Cycles of in and out, of noise: each in of the one list with the envelope of one of the other."""
    cycles = []
    number = max(len(colours), len(envelopes)) // 2
    for cycle in range(number):
        rng = np.random.default_rng(cycle)
        parts = [np.zeros(RATE // 2)]
        for way in ("in", "out"):
            colour, envelope = (
                [x for own, x in phases if own == way] for phases in (colours, envelopes)
            )
            if colour and envelope:
                parts += [
                    _shaped(colour[cycle % len(colour)], envelope[cycle % len(envelope)], rng),
                    np.zeros(RATE // 4),
                ]
        cycles.append(np.concatenate([*parts, np.zeros(RATE // 2)]))
    return cycles


def _shaped(colour: Floats, envelope: Floats, rng: np.random.Generator) -> Floats:
    """Noise with the mean spectrum of one sound and the level over time of another."""
    hz, density = signal.welch(colour, RATE, nperseg=2048)
    taps = signal.firwin2(2049, hz / (RATE / 2), np.sqrt(density / density.max()))
    noise = signal.fftconvolve(rng.standard_normal(len(envelope) + 2048), taps, "valid")
    window = np.hanning(RATE // 20)
    level = np.sqrt(np.maximum(np.convolve(envelope**2, window / window.sum(), "same"), 0.0))
    shaped: Floats = noise / np.sqrt(np.mean(noise**2)) * level
    return shaped * 0.05 / np.sqrt(np.mean(shaped**2))


def hearing_table(folder: Path) -> Table:
    """Sharpness and roughness by MoSQITo, each sound at one level (60 dB SPL)."""
    from mosqito.sq_metrics import roughness_dw, sharpness_din_st  # noqa: PLC0415 - an extra for this measure alone

    table: Table = [("sound", "sharpness (DIN 45692)", "roughness (Daniel and Weber)")]
    sounds = list(recorded(folder, [*PROJECTORS, *BREATHS]).items())
    sounds += [("our projector", projector(1)), ("our 16 mm projector", projector(1, gauge="16mm"))]
    sounds += [("our breath", breathing(1)[: 5 * RATE])]
    for name, x in sounds:
        pascal = x[: 4 * RATE] * 0.02 / np.sqrt(np.mean(x[: 4 * RATE] ** 2))
        roughness = float(np.mean(roughness_dw(pascal, RATE)[0]))
        table.append((name, f"{sharpness_din_st(pascal, RATE):.2f} acum", f"{roughness:.3f} asper"))
    return table


def speech_table(folder: Path) -> Table:
    """Intelligibility (STOI, `pystoi`) and quality (DNSMOS, `speechmos`) of the voices in `final`."""
    from pystoi import stoi  # noqa: PLC0415 - an extra for this measure alone

    project = Project(ROOT)
    console = open_session(project, build_preset(load_document(project, "final")), {}).console
    quality = _quality()
    table: Table = [("voice", "STOI in the mix", "DNSMOS of the stem", "DNSMOS in the mix")]
    for voice in ("voice_a", "voice_b"):
        span = console.sources[voice].span
        dry = console.dry(voice, span).mean(axis=1)
        mix = console.render(span, workers=2).mean(axis=1)
        table.append((voice, f"{stoi(dry, mix, RATE):.2f}", quality(dry), quality(mix)))
    return table


def _quality() -> Callable[[Floats], str]:
    """DNSMOS of speech `(n,)`, or dashes where it is not installed."""
    try:
        from speechmos import dnsmos  # noqa: PLC0415 - an extra for this measure alone
    except ImportError:
        return lambda x: "–"

    def of(x: Floats) -> str:
        low = signal.resample_poly(x, 1, RATE // TAGGER_RATE)
        low = low * 10.0 ** (TAGGED_DBFS / 20.0) / np.sqrt(np.mean(low**2))
        return f"{dnsmos.run(np.clip(low, -1, 1), sr=TAGGER_RATE)['ovrl_mos']:.2f}"

    return of


if __name__ == "__main__":
    main()
