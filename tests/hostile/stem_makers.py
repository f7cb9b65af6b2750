"""Makers of damaged audio files: bytes of every format that libsndfile writes, changed."""

from __future__ import annotations

import io
import random
from functools import cache
from pathlib import Path

import numpy as np
import soundfile

from audio_pipeline.audio_io.condition import condition
from audio_pipeline.errors import AudioPipelineError
from audio_pipeline.metering.meter import measure
from tests.hostile.law import refusal

SIZES = (0, 1, 2, 7, 8, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFF0, 0xFFFF_FFFF)


@cache
def seeds() -> list[bytes]:
    """A quarter of a second of noise in every format and subtype that libsndfile writes."""
    rng = np.random.default_rng(1)
    files = []
    for kind in sorted(soundfile.available_formats().keys() - {"SD2"}):  # which writes a file beside it
        for subtype in sorted(soundfile.available_subtypes(kind)):
            for channels in (1, 2):
                out = io.BytesIO()
                x = rng.uniform(-0.3, 0.3, (12_000, channels))
                try:
                    soundfile.write(out, x, 48_000, format=kind, subtype=subtype)
                except (soundfile.SoundFileError, ValueError, TypeError):
                    continue  # a subtype that can be read only, or a format that wants another rate
                files.append(out.getvalue())
    return files


def mutated_stem(seed: int) -> bytes:
    """One of the seeds with bytes changed (its head mostly), sizes that lie, parts cut or doubled."""
    rng = random.Random(seed)
    data = bytearray(rng.choice(seeds()))
    for _ in range(rng.choice([1, 1, 2, 3, 8, 30])):
        at = rng.randrange(min(len(data), rng.choice([64, 256, 2000, 1 << 30])) or 1)
        match rng.randrange(7):
            case 0 | 1:
                data[at : at + 1] = bytes([rng.randrange(256)])
            case 2:
                data[at : at + 4] = rng.choice(SIZES).to_bytes(4, rng.choice(["little", "big"]))
            case 3:
                del data[at : at + rng.choice([1, 2, 4, 100])]
            case 4:
                data[at:at] = data[at : at + rng.choice([1, 4, 24, 400])]
            case 5:
                data = data[: max(1, rng.randrange(len(data) + 1))]
            case 6:
                other = rng.choice(seeds())
                data[at : at + 64] = other[at : at + 64]
        data = data or bytearray(b"\0")
    return bytes(data)


def use_stem(folder: Path, content: bytes) -> AudioPipelineError | None:
    """Condition a file of these bytes as a voice; what comes out is finite and at 48 kHz in mono."""
    path = folder / "hostile.audio"
    path.write_bytes(content)

    def used() -> None:
        stem = condition(
            path,
            sample_rate_hz=48_000,
            channels=1,
            level_lufs=-27.0,
            measure=lambda x, rate: measure(x, rate).integrated_lufs,
        )
        assert stem.samples.ndim == 2
        assert stem.samples.shape[1] == 1
        assert np.isfinite(stem.samples).all()

    return refusal(used)
