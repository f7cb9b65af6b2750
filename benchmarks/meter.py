"""How fast the meter is, against ffmpeg's, as whole processes that read the same file, in turns.

    python benchmarks/meter.py [MINUTES] [ROUNDS]

"meter" is the library's: read the file, check it, measure it, which is what ffmpeg does; "command" is
`render-ending measure`, which looks for silences and for holes in the mono fold besides.
Four programmes, each stereo, 48 kHz, 24 bit: the demo dialogue (long pauses), beats and chords driven
into a soft limiter, dense noise, and a steady tone, for which no block can be skipped in the search for
the true peak.
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
from multiprocessing import Process
from pathlib import Path

import numpy as np
import soundfile

RATE = 48_000
ROOT = Path(__file__).parents[1]
OURS = """
import sys
from audio_pipeline.audio_io.read.audio_file import blocks, probe
from audio_pipeline.metering.meter import Meter
from audio_pipeline.timeline.workers import prefetch
info = probe(sys.argv[1])
meter = Meter(info.sample_rate_hz, info.channels)
for block in prefetch(blocks(sys.argv[1], 262_144)):
    meter.feed(block)
result = meter.result()
print(result.integrated_lufs, result.true_peak_dbtp)
"""


def dialogue(n: int) -> np.ndarray:
    """The two demo voices, one in each ear."""
    voices = [soundfile.read(ROOT / "stems" / f"voice_{v}.flac", always_2d=True)[0][:, 0] for v in "ab"]
    return np.stack([np.resize(voice, n) for voice in voices], axis=1)


def music(n: int) -> np.ndarray:
    """Two beats a second and a chord every two, at −2 dBFS after the limiter."""
    rng, second = np.random.default_rng(7), np.arange(RATE) / RATE
    kick = 0.5 * np.exp(-8 * second) * np.sin(2 * np.pi * (50 + 80 * np.exp(-30 * second)) * second)
    x = np.zeros((n + 2 * RATE, 2))
    for start in range(0, n, RATE // 2):
        hat = 0.15 * rng.standard_normal((RATE, 2)) * np.exp(-40 * second)[:, None]
        x[start : start + RATE] += kick[:, None] + hat
    for start in range(0, n, 2 * RATE):
        t = np.arange(2 * RATE)[:, None] / RATE
        for pitch_hz in 110 * 2 ** (rng.integers(0, 36, 5) / 12):
            for k in range(1, 8):
                wave = np.sin(2 * np.pi * pitch_hz * k * t + rng.uniform(0, 6, 2))
                x[start : start + 2 * RATE] += 0.06 / k * np.exp(-(1 + 0.5 * k) * t) * wave
    return 0.85 * np.tanh(1.2 * x[:n])


def noise(n: int) -> np.ndarray:
    """White noise at −20 dBFS."""
    return 0.1 * np.random.default_rng(1).standard_normal((n, 2))


def tone(n: int) -> np.ndarray:
    """997 Hz at −20 dBFS."""
    return 0.1 * np.sin(2 * np.pi * 997 / RATE * np.arange(n))[:, None] * np.ones(2)


def write(path: str, make: Callable[[int], np.ndarray], minutes: float) -> None:
    """Minute by minute; in a process of its own, as a child is counted from its parent's size."""
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
    print(f"{'':10}{'ffmpeg: wall':>13}{'cpu':>8}", end="")
    print("".join(f"{name + ': wall':>15}{'cpu':>8}{'memory':>9}" for name in ("meter", "command")))
    for make in (dialogue, music, noise, tone):
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "programme.wav")
            writer = Process(target=write, args=(path, make, minutes))
            writer.start()
            writer.join()
            commands = (
                ["ffmpeg", "-nostdin", "-i", path, "-af", "ebur128=peak=true", "-f", "null", "-"],
                [sys.executable, "-c", OURS, path],
                [sys.executable, "-m", "audio_pipeline", "measure", path],
            )
            taken = [[run(command) for command in commands] for _ in range(rounds)]
        theirs, *ours = ([costs[side] for costs in taken] for side in range(len(commands)))
        wall_s, cpu_s = _median(theirs)
        print(f"{make.__name__:10}{wall_s:11.2f} s{cpu_s:6.2f} s", end="")
        for costs in ours:
            own_s, own_cpu_s = _median(costs)
            memory_mb = max(cost.memory_mb for cost in costs)
            print(f"{own_s:7.2f} s {wall_s / own_s:4.1f}×{own_cpu_s:6.2f} s{memory_mb:6.0f} MB", end="")
        print(flush=True)


def _median(costs: list[Cost]) -> tuple[float, float]:
    """Wall and processor seconds."""
    return statistics.median(c.wall_s for c in costs), statistics.median(c.cpu_s for c in costs)


if __name__ == "__main__":
    main()
