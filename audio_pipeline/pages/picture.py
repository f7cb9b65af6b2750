"""The picture of a mix: level over time, balance, spectrogram, and the cues."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from audio_pipeline.audio_io.write.atomic_write import atomic_write
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.errors import ReportError
from audio_pipeline.pages.drawing import check_format, plain, save
from audio_pipeline.records import dataclass

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Colours:
    """The colours of a picture. Left and right are from Okabe and Ito's palette: distinguishable for
    colour-blind readers and, because their lightness differs, in grey."""

    left: str
    right: str
    ink: str
    cue: str
    paper: str


LIGHT = Colours("#0072B2", "#D55E00", "#222222", "#666666", "#ffffff")
DARK = Colours("#56B4E9", "#F0E442", "#ece6da", "#8a8173", "#121110")
LEFT, RIGHT, INK = LIGHT.left, LIGHT.right, LIGHT.ink

_HOP_S = 0.05
_FLOOR_DBFS = -100.0


def draw_mix(
    samples: Samples,
    sample_rate_hz: int,
    cues: Sequence[tuple[str, float]],
    title: str,
    path: Path,
    colours: Colours = LIGHT,
) -> None:
    """Draw `(n, 2)` samples with `cues` as (name, seconds), and write `path` atomically.

    Raises ReportError for a suffix that is neither .png nor .svg, or a file that cannot be written.
    """
    check_format(path)
    try:
        with matplotlib.rc_context(_style(colours)), atomic_write(path, "wb") as file:
            figure = _figure(samples, sample_rate_hz, cues, title, colours)
            save(figure, file, path.suffix.lower(), 110)
    except OSError as error:
        raise ReportError(
            f"{path} cannot be written: {error.strerror or error}", hint="Name another file with --plot."
        ) from error


def _style(colours: Colours) -> Any:
    ink = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
    paper = ("figure.facecolor", "axes.facecolor", "savefig.facecolor", "legend.facecolor")
    style: dict[str, Any] = dict.fromkeys(ink, colours.ink) | dict.fromkeys(paper, colours.paper)
    return style | {"grid.color": colours.cue}


def _figure(
    samples: Samples,
    sample_rate_hz: int,
    cues: Sequence[tuple[str, float]],
    title: str,
    colours: Colours,
) -> Figure:
    figure = Figure(figsize=(12, 7.2), layout="constrained")
    level, balance, spectrum = figure.subplots(3, 1, sharex=True, height_ratios=(3, 1.2, 4))
    draw_level(level, samples, sample_rate_hz, colours=colours)
    _draw_balance(balance, samples, sample_rate_hz, colours)
    draw_spectrum(spectrum, samples, sample_rate_hz)
    for axes in (level, balance, spectrum):
        for _, at_s in cues:
            axes.axvline(at_s, color=colours.cue, linewidth=0.8, linestyle=":")
    for n, (name, at_s) in enumerate(cues):
        level.annotate(
            plain(name),
            (at_s, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(2, 3 + 11 * (n % 3)),
            textcoords="offset points",
            fontsize=8,
            color=colours.ink,
        )
    spectrum.set_xlabel("seconds")
    spectrum.set_xlim(0, len(samples) / sample_rate_hz)
    figure.suptitle(plain(title), fontsize=11)
    return figure


def _per_hop(samples: Samples, sample_rate_hz: int) -> Samples:
    hop = round(_HOP_S * sample_rate_hz)
    whole = len(samples) // hop * hop
    power: Samples = np.square(samples[:whole]).reshape(-1, hop, samples.shape[1]).mean(axis=1)
    return power


def draw_level(
    axes: Axes,
    samples: Samples,
    sample_rate_hz: int,
    start_s: float = 0.0,
    colours: Colours = LIGHT,
) -> None:
    """Draw the level of `(n, 1)` or `(n, 2)` samples that begin at `start_s`, one point per 50 ms."""
    power = _per_hop(samples, sample_rate_hz)
    level = 10.0 * np.log10(np.maximum(power, 10.0 ** (_FLOOR_DBFS / 10)))
    time = start_s + (np.arange(len(level)) + 0.5) * _HOP_S
    names = ("left", "right") if level.shape[1] == 2 else ("mono",)
    for column, (name, colour) in enumerate(zip(names, (colours.left, colours.right), strict=False)):
        axes.plot(time, level[:, column], color=colour, linewidth=0.9, label=name)
    axes.set_ylim(_FLOOR_DBFS, 0)
    axes.set_ylabel("RMS, dBFS")
    axes.grid(alpha=0.25)
    axes.legend(loc="upper right", fontsize=8, framealpha=0.9)


def _draw_balance(axes: Axes, samples: Samples, sample_rate_hz: int, colours: Colours) -> None:
    power = _per_hop(samples, sample_rate_hz)
    total = power.sum(axis=1)
    heard = total > 10.0 ** (_FLOOR_DBFS / 10)
    balance = np.where(heard, (power[:, 1] - power[:, 0]) / np.maximum(total, 1e-30), np.nan)
    axes.plot((np.arange(len(balance)) + 0.5) * _HOP_S, balance, color=colours.ink, linewidth=0.8)
    axes.set_ylim(1.05, -1.05)
    axes.set_yticks([-1, 0, 1], ["L", "C", "R"])
    axes.set_ylabel("balance")
    axes.grid(alpha=0.25)


def draw_spectrum(
    axes: Axes,
    samples: Samples,
    sample_rate_hz: int,
    start_s: float = 0.0,
    loudest_dbfs: float = -40.0,
    columns: int = 1600,
) -> None:
    """Draw the spectrogram of the channels' mean, 80 dB down from `loudest_dbfs`."""
    size, bins = 4096, 400
    mono = samples.mean(axis=1)
    hop = max(size // 4, len(mono) // columns)
    starts = np.arange(0, max(1, len(mono) - size), hop)
    window = np.hanning(size)
    scale = 2.0 / window.sum()
    edges = np.geomspace(40.0, sample_rate_hz / 2, bins + 1)
    index = np.clip(np.round(edges / sample_rate_hz * size).astype(int), 1, size // 2)
    image = np.empty((bins, len(starts)))
    for column, start in enumerate(starts):
        block = np.zeros(size)
        block[: len(mono) - start] = mono[start : start + size]
        power = np.square(np.abs(np.fft.rfft(block * window)) * scale)
        total = np.concatenate([[0.0], np.cumsum(power)])
        upper = np.maximum(index[1:], index[:-1] + 1)
        image[:, column] = (total[upper] - total[index[:-1]]) / (upper - index[:-1])
    level = 10.0 * np.log10(np.maximum(image, 1e-15))
    extent_s = (starts[-1] + size) / sample_rate_hz
    time = start_s + np.linspace(0.0, extent_s, len(starts) + 1)
    shades = Normalize(loudest_dbfs - 80.0, loudest_dbfs)
    mesh = axes.pcolormesh(time, edges, level, norm=shades, cmap="magma", rasterized=True)
    axes.set_yscale("log")
    axes.set_ylim(40, sample_rate_hz / 2)
    axes.set_yticks([50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000])
    axes.set_yticklabels(["50", "100", "200", "500", "1k", "2k", "5k", "10k", "20k"])
    axes.set_ylabel("Hz")
    axes.figure.colorbar(mesh, ax=axes, label="dBFS a bin", pad=0.01, fraction=0.03)
