"""How fast the meter is, against ffmpeg's, as whole processes that read the same file, in turns.

    python benchmarks/meter.py [MINUTES] [ROUNDS]

Three programmes, each stereo, 48 kHz, 24 bit: the demo dialogue (long pauses), dense noise, and a steady
tone, for which no block can be skipped in the search for the true peak.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

RATE = 48_000
ROOT = Path(__file__).parents[1]
OURS = """
import sys
from concurrent.futures import ThreadPoolExecutor
import soundfile
from audio_pipeline.loudness.meter import Meter
with soundfile.SoundFile(sys.argv[1]) as file, ThreadPoolExecutor(1) as reader:
    meter = Meter(file.samplerate, file.channels)
    coming = reader.submit(file.read, 480_000, always_2d=True)
    while len(block := coming.result()):
        coming = reader.submit(file.read, 480_000, always_2d=True)
        meter.feed(block)
result = meter.result()
print(result.integrated_lufs, result.true_peak_dbtp)
"""


def dialogue(n: int) -> np.ndarray:
    """The two demo voices, one in each ear."""
    voices = [soundfile.read(ROOT / "stems" / f"voice_{v}.flac", always_2d=True)[0][:, 0] for v in "ab"]
    return np.stack([np.resize(voice, n) for voice in voices], axis=1)


def noise(n: int) -> np.ndarray:
    """White noise at −20 dBFS."""
    return 0.1 * np.random.default_rng(1).standard_normal((n, 2))


def tone(n: int) -> np.ndarray:
    """997 Hz at −20 dBFS."""
    return 0.1 * np.sin(2 * np.pi * 997 / RATE * np.arange(n))[:, None] * np.ones(2)


def write(path: str, make: Callable[[int], np.ndarray], minutes: float) -> None:
    """Minute by minute, so that this process stays small: a child is counted from its parent's size."""
    minute = make(60 * RATE)
    with soundfile.SoundFile(path, "w", RATE, minute.shape[1], "PCM_24") as file:
        for start in range(0, int(minutes * 60 * RATE), len(minute)):
            file.write(minute[: int(minutes * 60 * RATE) - start])


@dataclass(frozen=True)
class Cost:
    """Wall and processor seconds, and the most memory held, MB."""

    wall_s: float
    cpu_s: float
    memory_mb: float


def run(command: list[str]) -> Cost:
    """What a command costs from start to end."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"failed: {' '.join(command)}")
    wall_s = time.perf_counter() - start
    return Cost(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def main() -> None:
    """Print a table."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    print(f"{minutes:g} minutes, stereo, 48 kHz, 24 bit; medians of {rounds} rounds, in turns")
    print(f"{'':10}{'wall: ffmpeg':>14}{'ours':>8}{'ratio':>7}{'cpu: ffmpeg':>14}{'ours':>8}{'ratio':>7}"
          f"{'memory':>9}")  # fmt: skip
    for make in (dialogue, noise, tone):
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "programme.wav")
            write(path, make, minutes)
            theirs = ["ffmpeg", "-nostdin", "-i", path, "-af", "ebur128=peak=true", "-f", "null", "-"]
            ours = [sys.executable, "-c", OURS, path]
            taken = [(run(theirs), run(ours)) for _ in range(rounds)]
        print(f"{make.__name__:10}", end="")
        for field in ("wall_s", "cpu_s"):
            ffmpeg_s, ours_s = (
                statistics.median(getattr(t[side], field) for t in taken) for side in (0, 1)
            )
            print(f"{ffmpeg_s:12.2f} s{ours_s:6.2f} s{ffmpeg_s / ours_s:6.1f}×", end="")
        print(f"{max(ours.memory_mb for _, ours in taken):6.0f} MB")


if __name__ == "__main__":
    main()
