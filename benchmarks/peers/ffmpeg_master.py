"""What ffmpeg does to a premaster that is too soft or too loud: gain, ceiling, dither, report."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from scene import Scene

Run = Callable[[list[str]], str]

FFMPEG = ["ffmpeg", "-nostdin", "-hide_banner", "-y"]
# the ceiling is held at four times the rate, so that it is one of true peaks
_LIMITER = "aresample=192000,alimiter=limit={limit:.6f}:level=false:attack=5:release=50,aresample=48000,"
_DITHER = "aresample=osf=s32:output_sample_bits=24:dither_method=triangular"


def deliver(
    scene: Scene, premaster: Path, log: str, out: Path, run: Run, first_of_all: str = ""
) -> None:
    """Write and measure the master of a premaster, and remove that.

    `log` is what ffmpeg said while it was metered by the filters ebur128@dialogue and
    ebur128@programme=peak=true. The limiter is only there when a peak would pass the ceiling.
    """
    gain_db = scene.target_lufs - _loudness(log, "dialogue")
    peak_dbtp = max(_figures(log, "Peak")) + gain_db
    aim_dbtp = scene.ceiling_dbtp - 0.2
    limiter = _LIMITER.format(limit=10.0 ** (aim_dbtp / 20.0)) if peak_dbtp > aim_dbtp else ""
    # dither would fill the silence: the end is cut off before it and put back as zeros
    graph = (
        f"{first_of_all}volume={gain_db:.3f}dB:precision=double,{limiter}"
        f"atrim=end={scene.silence_s:g},{_DITHER},"
        f"apad=whole_dur={scene.length_s:g},ebur128=peak=true:framelog=verbose"
    )
    run([*FFMPEG, "-i", str(premaster), "-af", graph, "-c:a", "pcm_s24le", str(out)])
    premaster.unlink()


def _loudness(log: str, meter: str) -> float:
    """The integrated loudness by the filter ebur128@meter."""
    meters = [line.split("@")[1].split()[0] for line in log.splitlines() if line.endswith("Summary:")]
    return dict(zip(meters, _figures(log, "I"), strict=True))[meter]


def _figures(log: str, figure: str) -> list[float]:
    """A figure of every meter that prints it, in that order."""
    return [float(value) for value in re.findall(rf"^\s+{figure}:\s+(-?[\d.]+|-inf) ", log, re.M)]
