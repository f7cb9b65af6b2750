"""Stems that ask for as much memory and time as they can; what using one costs, told by its own process."""

from __future__ import annotations

import io
import json
import os
import resource
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from audio_pipeline.audio_io.ffmpeg_program import find_ffmpeg
from tests.audio_io.wave_makers import chunk, fmt
from tests.command import run_code
from tests.conftest import REPOSITORY


def wave_of(path: Path, minutes: float, channels: int, rate: int, bits: int = 16) -> Path:
    """A WAV (RF64 where it must be) of a second of noise and then silence; sparse, so it takes no room."""
    frame = channels * bits // 8
    size = round(minutes * 60 * rate) * frame
    noise = np.random.default_rng(1).integers(-3000, 3000, (rate, channels), dtype="<i2").tobytes()
    format_ = chunk(b"fmt ", fmt(channels=channels, rate=rate, bits=bits))
    head = (
        b"RIFF" + struct.pack("<I", 36 + size) + b"WAVE" + format_ + b"data" + struct.pack("<I", size)
        if size < 1 << 32
        else b"RF64\xff\xff\xff\xffWAVE"
        + chunk(b"ds64", struct.pack("<QQQI", 72 + size, size, size // frame, 0))
        + format_
        + b"data\xff\xff\xff\xff"
    )
    with path.open("wb") as file:
        file.write(head + noise)
        file.truncate(len(head) + size)
    return path


def mp3_of(path: Path, minutes: float, rate: int = 48_000) -> Path:
    """Ten seconds of a tone as MP3, again and again, without the first frame, which states the length."""
    out = io.BytesIO()
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(rate * 10) / rate)
    soundfile.write(out, np.column_stack([tone, tone]), rate, format="MP3", subtype="MPEG_LAYER_III")
    data = out.getvalue()
    path.write_bytes(data[data.index(data[:2], 40) :] * round(minutes * 6))
    return path


def aac_of(path: Path, minutes: float, channels: int, rate: int = 48_000) -> Path:
    """Ten seconds of a tone as AAC in ADTS frames, again and again, made by ffmpeg."""
    tone = ["-f", "lavfi", "-i", f"sine=440:sample_rate={rate}:duration=10", "-ac", f"{channels}"]
    command = [str(find_ffmpeg()), "-nostdin", "-v", "error", *tone, "-c:a", "aac", "-f", "adts", "-"]
    made = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    path.write_bytes(made * round(minutes * 6))
    return path


def flac_of(path: Path, minutes: float, channels: int, rate: int) -> Path:
    """A click and then silence, which FLAC keeps in next to nothing."""
    with soundfile.SoundFile(path, "w", rate, channels, "PCM_16", format="FLAC") as file:
        block = np.zeros((rate * 60, channels), dtype="int16")
        block[100] = 9000
        for _ in range(round(minutes)):
            file.write(block)
            block[100] = 0
    return path


@dataclass(frozen=True)
class Cost:
    """What a use took: MB resident at most (of the process, and of its largest child), seconds of CPU; and
    the words of a refusal, or none."""

    resident_mb: float
    child_mb: float
    cpu_s: float
    refusal: str


def cost_of(path: Path, channels: int) -> Cost:
    """Condition `path` for a mix at 48 kHz, in a process of its own."""
    return costs_of([path], channels)[0]


def costs_of(paths: Sequence[Path], channels: int) -> list[Cost]:
    """Condition `paths` one after another, in one process of their own."""
    code = f"from tests.hostile.heavy_stems import use; use({[*map(str, paths)]!r}, {channels})"
    done = run_code(REPOSITORY, code)
    assert done.returncode == 0, done.stderr
    return [Cost(**json.loads(line)) for line in done.stdout.splitlines()]


def use(paths: Sequence[str], channels: int) -> None:
    """Print the cost of conditioning each of `paths` as a render does it."""
    from audio_pipeline.errors import StemError  # noqa: PLC0415 - only the measured process imports them
    from audio_pipeline.memo.stem_cache import StemCache  # noqa: PLC0415 - as above
    from audio_pipeline.timeline.scene import StemRequest  # noqa: PLC0415 - as above

    keep = StemCache(None)
    for path in paths:
        began, refusal = _cpu_s(), ""
        try:
            keep.conditioned(Path(path), StemRequest(path, channels, -27.0), 48_000)
        except StemError as error:
            refusal = error.message
        own = resource.getrusage(resource.RUSAGE_SELF)
        child = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(
            json.dumps(
                vars(Cost(own.ru_maxrss / 1024, child.ru_maxrss / 1024, _cpu_s() - began, refusal))
            )
        )


def _cpu_s() -> float:
    """The seconds of CPU that this process and its children have taken."""
    return sum(os.times()[:4])
