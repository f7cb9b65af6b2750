"""Thirty-six programmes in twelve layouts, from 8 to 192 kHz, against libebur128 where it is installed."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from audio_pipeline.audio_io.read.audio_file import blocks, probe
from audio_pipeline.dsp.layouts import position_deg
from audio_pipeline.metering.meter import Meter
from tests.audio_io.wave_makers import chunk, float32

RATES = (8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000, 176_400, 192_000)
MASKS = {
    "mono": 0x4,
    "stereo": 0x3,
    "2.1": 0xB,
    "3.0": 0x7,
    "quad": 0x33,
    "5.0 (side)": 0x607,
    "5.1": 0x3F,
    "6.1": 0x70F,
    "7.1": 0x63F,
    "7.1 (wide)": 0xFF,
    "5.1.4": 0x2D03F,
    "7.1.4": 0x2D63F,
}
GUID = bytes.fromhex("0300000000001000800000aa00389b71")


def masked_wave(x: np.ndarray, rate: int, mask: int) -> bytes:
    """A WAVE_FORMAT_EXTENSIBLE of float32 with that channel mask."""
    n = x.shape[1]
    form = struct.pack("<HHIIHHHHI", 0xFFFE, n, rate, rate * 4 * n, 4 * n, 32, 22, 32, mask) + GUID
    body = b"WAVE" + chunk(b"fmt ", form) + chunk(b"data", float32(x))
    return b"RIFF" + struct.pack("<I", len(body)) + body


def programme(index: int, rate: int, channels: int) -> np.ndarray:
    """Noise in steps of level, each channel another, 5 s; the third has a pause."""
    rng = np.random.default_rng(index)
    n = 5 * rate
    steps = np.repeat(10 ** (rng.uniform(-30, -6, (10, channels)) / 20), -(-n // 10), axis=0)[:n]
    x = np.cumsum(rng.standard_normal((n, channels)), axis=0) * 0.02
    x = (x - np.roll(x, 40, axis=0)) * steps
    x[: n // 4] *= index % 3 > 0
    return np.clip(x, -1, 1).astype("<f4").astype(float)


CASES = [
    (index, layout, RATES[(index * 5 + index // 12 * 3) % len(RATES)])
    for index, layout in enumerate(name for _ in range(3) for name in MASKS)
]


@pytest.mark.parametrize(("index", "layout", "rate"), CASES, ids=lambda value: str(value))
def test_the_integrated_loudness_is_that_of_libebur128(
    tmp_path: Path, index: int, layout: str, rate: int
) -> None:
    pyebur128 = pytest.importorskip("pyebur128")
    mask = MASKS[layout]
    x = programme(index, rate, mask.bit_count())
    path = tmp_path / "programme.wav"
    path.write_bytes(masked_wave(x, rate, mask))
    info = probe(path)
    meter = Meter(rate, info.channels, info.loudness_weights)
    for block in blocks(path):
        meter.feed(block)
    ours = meter.result().integrated_lufs
    state = pyebur128.R128State(info.channels, rate, pyebur128.MeasurementMode.MODE_I)
    for channel, role in enumerate(info.layout.roles):
        assert role is not None
        state.set_channel(
            channel, theirs_of(pyebur128.ChannelType, position_deg(role, info.layout.roles))
        )
    state.add_frames(np.ascontiguousarray(x).reshape(-1), len(x))
    # where 100 ms are no whole number of samples, libebur128 rounds them and its gate's blocks drift from ours
    tolerance_lu = 0.01 if rate % 10 == 0 else 0.05
    assert ours == pytest.approx(pyebur128.get_loudness_global(state), abs=tolerance_lu)


def theirs_of(channel_type: object, position: tuple[float, float] | None) -> object:
    """libebur128's name of a position ("M_PLUS_090", "U_MINUS_045"); the LFE is not used."""
    if position is None:
        return channel_type.UNUSED
    azimuth, elevation = position
    if (abs(azimuth), elevation) in ((30.0, 0.0), (0.0, 0.0), (110.0, 0.0)):
        name = {
            30.0: "LEFT",
            -30.0: "RIGHT",
            0.0: "CENTER",
            110.0: "LEFT_SURROUND",
            -110.0: "RIGHT_SURROUND",
        }
        return getattr(channel_type, name[azimuth])
    level, sign = "U" if elevation else "M", "PLUS" if azimuth >= 0 else "MINUS"
    shown = "SC" if abs(azimuth) == 15.0 else f"{abs(azimuth):03.0f}"
    return getattr(channel_type, f"{level}_{sign}_{shown}")


def test_a_6_1_with_a_loud_lfe_is_as_loud_as_its_centre(tmp_path: Path) -> None:
    t = np.arange(3 * 48_000) / 48_000
    x = np.zeros((len(t), 7))
    x[:, 2] = 10 ** (-27 / 20) * np.sin(2 * np.pi * 997 * t)
    x[:, 3] = 10 ** (-10 / 20) * np.sin(2 * np.pi * 60 * t)
    (tmp_path / "6.1.wav").write_bytes(masked_wave(x, 48_000, 0x70F))
    info = probe(tmp_path / "6.1.wav")
    meter = Meter(48_000, 7, info.loudness_weights)
    meter.feed(x)
    assert info.layout.name == "6.1"
    assert meter.result().integrated_lufs == pytest.approx(-30.0, abs=0.02)
