"""Makers of damaged reports and marker lists."""

from __future__ import annotations

import json
import random
import tempfile
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from audio_pipeline.errors import AudioPipelineError
from audio_pipeline.reporting.comparison import Tolerance, compare_reports
from audio_pipeline.reporting.facts import MixFacts
from audio_pipeline.reporting.marker_facts import facts_of_markers
from audio_pipeline.reporting.rejudge import rejudged
from audio_pipeline.reporting.report import report_of_file, to_json
from audio_pipeline.reporting.report_file import read_report
from audio_pipeline.timeline.moments import Clock
from audio_pipeline.timeline.timecode import RATES
from tests.hostile.law import refusal
from tests.hostile.preset_makers import WORDS

CLOCK = Clock(RATES["24"], "35mm", 86_400)
VALUES: list[Any] = [
    *(None, True, 0, -1, 1e308, -1e308, 10**400, 2**63, [], {}, [[]], {"a": {}}, [None], "x" * 20_000),
    *WORDS,
]
MARKERS = "name,at,stop\nvoices,8s,9s\nblack,01:00:44:00,\ndropout,0:56.000,\nsilence,57s,60s\n"


@cache
def good_report() -> str:
    """The report of a second of noise."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "noise.wav"
        noise = np.random.default_rng(1).uniform(-0.1, 0.1, (48_000, 2))
        soundfile.write(path, noise, 48_000, subtype="PCM_24")
        return to_json(report_of_file(path, MixFacts(mix="noise"), path.name))


def _places(value: Any) -> list[tuple[Any, Any]]:
    keys = (
        value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    return [place for key in list(keys) for place in [(value, key), *_places(value[key])]]


def mutated_report(seed: int) -> bytes:
    """A report with some values exchanged, left out or invented, or some bytes changed."""
    rng = random.Random(seed)
    report = json.loads(good_report())
    for _ in range(rng.choice([0, 1, 1, 2, 5])):
        places = _places(report)
        container, key = rng.choice(places[:60] if rng.random() < 0.7 else places)
        match rng.randrange(3):
            case 0 | 1:
                container[key] = rng.choice(VALUES)
            case 2:
                del container[key]
    text = bytearray(json.dumps(report).encode())
    for _ in range(rng.choice([0, 0, 1, 3])):
        at = rng.randrange(len(text))
        text[at : at + rng.choice([0, 1, 20])] = rng.choice(
            [b"NaN", b"[" * 3000, b'"', b"{", b"\xff", b"1e999"]
        )
    return bytes(text)


def mutated_markers(seed: int) -> bytes:
    """A marker list with some cells, signs and bytes changed."""
    rng = random.Random(seed)
    text = bytearray(MARKERS.encode())
    for _ in range(rng.choice([1, 1, 2, 4, 20])):
        at = rng.randrange(len(text) + 1)
        new = rng.choice(
            [rng.choice(WORDS).encode(), b",", b'"', b"\n", b"\0", b"9" * 300, b"=1+1", b"\xff"]
        )
        text[at : at + rng.choice([0, 1, 5])] = new
    return bytes(text)


def read_report_of(folder: Path, content: bytes) -> AudioPipelineError | None:
    """Read a report of these bytes, compare it with the good one and judge it again."""
    path, good = folder / "hostile.report.json", folder / "good.report.json"
    path.write_bytes(content)
    if not good.exists():
        good.write_text(good_report())

    def used() -> None:
        report = read_report(path)
        compare_reports(["good", "hostile"], [read_report(good), report], Tolerance(0.5, {}))
        rejudged(report, "netflix")

    return refusal(used)


def read_markers(folder: Path, content: bytes) -> AudioPipelineError | None:
    """Read a marker list of these bytes for a minute of sound."""
    path = folder / "hostile.csv"
    path.write_bytes(content)
    return refusal(lambda: facts_of_markers(path, CLOCK, 2_880_000, 48_000, Fraction(1, 4)))
