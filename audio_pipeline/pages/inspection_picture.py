"""The picture of one sound: spectrogram, level, correlation, beats, goniometer, distribution."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from audio_pipeline.audio_io.write.atomic_write import atomic_write
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.errors import ReportError
from audio_pipeline.pages.drawing import check_format, plain, save
from audio_pipeline.pages.inspection import (
    BRIGHT_HZ,
    HIGHEST_BEAT_HZ,
    Inspection,
    beat_spectrum,
    power_spectrum,
)
from audio_pipeline.pages.picture import INK, LEFT, RIGHT, draw_level, draw_spectrum
from audio_pipeline.pages.timbre import pitch_track

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CORRELATION_S = 0.4
_WIDEST_SIGMA = 8.0


def write_inspection(
    samples: Samples,
    found: Inspection,
    path: Path,
    title: str,
    *,
    start_s: float = 0.0,
    dpi: int = 100,
) -> None:
    """Draw `(n, 1)` or `(n, 2)` samples that begin at `start_s`, and write the picture atomically.

    Raises ReportError for a suffix that is neither .png nor .svg or for more than two channels,
    RenderError when the file cannot be written.
    """
    check_format(path)
    if found.channels > 2:
        raise ReportError(
            f"a plot shows 1 or 2 channels, not {found.channels}", hint="Fold the file to stereo first."
        )

    figure = Figure(figsize=(12, 8.4), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(4, 3, height_ratios=(4, 2.2, 1, 4.2))
    spectrum = figure.add_subplot(grid[0, :])
    level, alike = (figure.add_subplot(grid[row, :], sharex=spectrum) for row in (1, 2))
    loudest = _loudest_dbfs(samples, found.sample_rate_hz)
    draw_spectrum(spectrum, samples, found.sample_rate_hz, start_s, loudest, columns=500)
    _draw_pitch(spectrum, samples, found, start_s)
    _draw_levels(level, samples, found, start_s)
    _draw_correlation(alike, samples, found, start_s)
    spectrum.set_xlim(start_s, start_s + found.duration_s)
    _draw_beats(figure.add_subplot(grid[3, 0]), samples, found)
    _draw_goniometer(figure.add_subplot(grid[3, 1]), samples)
    _draw_distribution(figure.add_subplot(grid[3, 2]), samples, found)
    figure.suptitle(f"{plain(title)}\n{_headline(found)}", fontsize=10)
    with atomic_write(path, "wb") as file:
        save(figure, file, path.suffix.lower(), dpi)


def _headline(found: Inspection) -> str:
    shares = "  ".join(f"{share:.0f}" for share in found.bands_db.values())
    return (
        f"RMS {found.rms_dbfs:.1f} dBFS    crest {found.crest_db:.1f} dB    "
        f"bands from 20 / 80 / 250 / 1k / 4k / 10k Hz to 20k:  {shares}  dB of the whole"
    )


def _loudest_dbfs(samples: Samples, sample_rate_hz: int) -> float:
    """The top of the spectrogram's scale: slightly above the loudest bin of the mean spectrum."""
    _, power = power_spectrum(samples, sample_rate_hz)
    return 10.0 * math.ceil(math.log10(max(float(power.max()), 1e-20))) + 10.0


def _draw_pitch(axes: Axes, samples: Samples, found: Inspection, start_s: float) -> None:
    if found.timbre is None or found.timbre.pitch_hz is None:
        return
    track = pitch_track(samples, found.sample_rate_hz)
    axes.plot(start_s + track.time_s, track.pitch_hz, ".", color="cyan", markersize=3, label="pitch")
    axes.legend(fontsize=8, loc="upper right")


def _draw_levels(axes: Axes, samples: Samples, found: Inspection, start_s: float) -> None:
    draw_level(axes, samples, found.sample_rate_hz, start_s)
    top = 10.0 * math.ceil(found.peak_dbfs / 10.0)
    axes.set_ylim(max(top - 70.0, -110.0), top)
    axes.tick_params(labelbottom=False)


def _draw_correlation(axes: Axes, samples: Samples, found: Inspection, start_s: float) -> None:
    axes.set_ylim(-1.05, 1.05)
    axes.set_yticks([-1, 0, 1])
    axes.set_ylabel("L to R")
    axes.set_xlabel("seconds")
    axes.grid(alpha=0.25)
    if found.channels != 2:
        axes.text(0.5, 0.5, "one channel", transform=axes.transAxes, ha="center", va="center")
        return
    hop = round(_CORRELATION_S * found.sample_rate_hz)
    parts = samples[: len(samples) // hop * hop].reshape(-1, hop, 2)
    energy = np.square(parts).sum(axis=1)
    cross = (parts[:, :, 0] * parts[:, :, 1]).sum(axis=1)
    scale = np.sqrt(energy[:, 0] * energy[:, 1])
    alike = np.where(scale > 1e-10 * hop, cross / np.maximum(scale, 1e-30), np.nan)
    axes.plot(start_s + (np.arange(len(alike)) + 0.5) * _CORRELATION_S, alike, color=INK, linewidth=0.9)


def _draw_beats(axes: Axes, samples: Samples, found: Inspection) -> None:
    for above_hz, colour, name in ((0.0, RIGHT, "all"), (BRIGHT_HZ, LEFT, f"above {BRIGHT_HZ:g} Hz")):
        hz, depth = beat_spectrum(samples, found.sample_rate_hz, above_hz)
        axes.plot(hz[2:], depth[2:], color=colour, linewidth=0.8, label=name)
    for beat in found.beats:
        axes.annotate(
            f"{beat.rate_hz:g}",
            (beat.rate_hz, beat.depth_db),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=7,
        )
    axes.set_xlim(0, HIGHEST_BEAT_HZ)
    axes.margins(y=0.1)
    axes.set_xlabel("Hz")
    axes.set_ylabel("depth, dB")
    axes.set_title("envelope spectrum: how it beats", fontsize=9)
    axes.grid(alpha=0.25)
    axes.legend(fontsize=8, loc="upper right")


def _draw_goniometer(axes: Axes, samples: Samples) -> None:
    axes.set_title("goniometer", fontsize=9)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    stereo = samples if samples.shape[1] == 2 else np.repeat(samples, 2, axis=1)
    middle, side = (stereo[:, 1] + stereo[:, 0]) / 2.0, (stereo[:, 1] - stereo[:, 0]) / 2.0
    reach = float(np.quantile(np.abs(stereo[:: max(1, len(stereo) // 500_000)]), 0.9995)) or 1.0
    square = [[-reach, reach], [-reach, reach]]
    count, _, _ = np.histogram2d(side, middle, bins=160, range=square)
    axes.imshow(
        np.log1p(count.T), origin="lower", extent=(-1, 1, -1, 1), cmap="Greys", interpolation="nearest"
    )
    for x, y, name in ((-0.92, 0.88, "L"), (0.86, 0.88, "R"), (-0.04, 0.88, "M"), (0.88, -0.04, "S")):
        axes.text(x, y, name, fontsize=9, color=RIGHT)
    axes.axline((0, 0), (1, 1), color=RIGHT, linewidth=0.4, alpha=0.5)
    axes.axline((0, 0), (-1, 1), color=RIGHT, linewidth=0.4, alpha=0.5)


def _draw_distribution(axes: Axes, samples: Samples, found: Inspection) -> None:
    sigma = 10.0 ** (found.rms_dbfs / 20.0)
    edges = np.linspace(-_WIDEST_SIGMA, _WIDEST_SIGMA, 161)
    count, _ = np.histogram(np.clip(samples / sigma, -_WIDEST_SIGMA, _WIDEST_SIGMA), edges)
    density = count / (samples.size * (edges[1] - edges[0]))
    middle = (edges[1:] + edges[:-1]) / 2.0
    axes.step(middle, np.maximum(density, 1e-9), where="mid", color=LEFT, linewidth=1.0, label="it")
    gaussian = np.exp(-np.square(middle) / 2.0) / math.sqrt(2.0 * math.pi)
    axes.plot(middle, gaussian, color=INK, linewidth=0.8, linestyle="--", label="Gaussian")
    axes.set_yscale("log")
    axes.set_ylim(1e-7, max(3.0, float(density.max()) * 1.5))
    axes.set_xlabel("sample, in RMS")
    axes.set_title(f"amplitudes, kurtosis {found.kurtosis:.1f}", fontsize=9)
    axes.grid(alpha=0.25)
    axes.legend(fontsize=8, loc="upper right")
