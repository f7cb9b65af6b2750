"""The figures of a report: label, unit, and whether a gain changes them."""

from __future__ import annotations

from audio_pipeline.records import dataclass


@dataclass(frozen=True)
class Figure:
    """One figure. `decimals` is for display; with `moves`, a gain of x dB changes it by x.

    `tolerance` is the allowed difference in `compare` between two measurements of the same audio.
    """

    label: str
    unit: str
    decimals: int = 1
    moves: bool = False
    tolerance: float = 0.5


FIGURES: dict[str, Figure] = {
    "duration_s": Figure("Duration", "s", 3, tolerance=0.001),
    "sample_rate_hz": Figure("Sample rate", "Hz", 0, tolerance=0.0),
    "channels": Figure("Channels", "", 0, tolerance=0.0),
    "integrated_lufs": Figure("Integrated loudness", "LUFS", moves=True),
    "loudness_range_lu": Figure("Loudness range", "LU"),
    "max_momentary_lufs": Figure("Maximum momentary", "LUFS", moves=True),
    "max_short_term_lufs": Figure("Maximum short-term", "LUFS", moves=True),
    "true_peak_dbtp": Figure("True peak", "dBTP", moves=True),
    "sample_peak_dbfs": Figure("Sample peak", "dBFS", moves=True),
    "dialogue_lufs": Figure("Dialogue-stem loudness", "LUFS", moves=True),
    "loudness_to_dialogue_lu": Figure("Loudness to dialogue", "LU"),
    "bits": Figure("Bits", "bit", 0, tolerance=0.0),
    "leq_m_db": Figure("Leq(m)", "dB Leq(m)", moves=True),
    "dialogue_share_percent": Figure("Dialogue in the programme", "%", 0),
    "real_bits": Figure("Bits in use", "bit", 0, tolerance=0.0),
    "container": Figure("Container", ""),
    "codec": Figure("Codec", ""),
    "channel_faults": Figure("Faults of channels", "", 0, tolerance=0.0),
}

HEADLINE = tuple(FIGURES)[:11]
"""The figures at the top of a report, in its order."""

SECTION_FIGURES: dict[str, Figure] = {
    "start_s": Figure("start", "s", 2, tolerance=0.005),
    "stop_s": Figure("stop", "s", 2, tolerance=0.005),
    "integrated_lufs": Figure("loudness", "LUFS", moves=True),
    "rms_dbfs": Figure("RMS", "dBFS", moves=True),
    "sample_peak_dbfs": Figure("peak", "dBFS", moves=True),
    "below_dialogue_lu": Figure("below dialogue", "LU"),
}

DROPOUT_FIGURES: dict[str, Figure] = {
    "at_s": Figure("begins at", "s", 3, tolerance=0.005),
    "level_before_dbfs": Figure("level before", "dBFS", moves=True),
    "floor_dbfs": Figure("floor after", "dBFS", moves=True),
    "depth_db": Figure("depth", "dB"),
    "fall_s": Figure("fall", "s", 3, tolerance=0.02),
    "silence_at_s": Figure("silent from", "s", 3, tolerance=0.005),
}


def shown(value: float | None, decimals: int) -> str:
    """`value` as text; null becomes a dash, and "-0.0" becomes "0.0"."""
    if value is None:
        return "-"
    text = f"{value:.{decimals}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text
