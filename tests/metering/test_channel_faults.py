"""Faults of channels are found, named and placed; sound without a fault has none."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.metering.faults.clipping import ClippingFinder
from audio_pipeline.metering.faults.finder import FaultFinder
from audio_pipeline.metering.faults.gaps import GapFinder, _silent_runs
from audio_pipeline.metering.faults.half_seconds import half_seconds
from audio_pipeline.metering.faults.kinds import FaultKind
from audio_pipeline.metering.faults.pairs import PairMeter
from tests.conftest import REPOSITORY
from tests.metering.faulty import (
    PROGRAMMES,
    RATE,
    SECONDS,
    faults,
    kinds,
    music,
    noise,
    speech,
    the,
    without,
)

SURROUND = ("L", "R", "C", "LFE", "Ls", "Rs")


def surround() -> Samples:
    x = noise(6, 11).copy()
    rumble = np.sin(2 * np.pi * 45.0 * np.arange(len(x)) / RATE)
    x[:, 3] = 0.1 * rumble
    return x


@pytest.mark.parametrize("name", PROGRAMMES)
def test_a_programme_without_a_fault_has_none(name: str) -> None:
    assert faults(PROGRAMMES[name]()) == []


@pytest.mark.parametrize("voice", ["voice_a", "voice_b"])
def test_natural_speech_has_none(voice: str) -> None:
    x, rate = soundfile.read(REPOSITORY / "stems" / f"{voice}.flac", always_2d=True)
    assert rate == 48_000
    assert faults(x, ("C",), 24) == []


@pytest.mark.parametrize("room", [0.0, 3e-5, 3e-4])
def test_pauses_in_speech_are_no_faults(room: float) -> None:
    assert faults(speech(room).copy(), ("C",)) == []
    both = speech(room) * [[1.0, 0.7]]
    assert kinds(faults(both)) <= {"channel_imbalance", "dual_mono"}  # one voice, panned


def test_a_surround_mix_whose_channels_rest_has_none() -> None:
    x = surround()
    x[:, 2] = speech()[:, 0]  # dialogue in the centre, digital silence between the lines
    x[: 3 * RATE, 4:] = 0.0  # surrounds that come in late and go early
    x[5 * RATE :, 4:] = 0.0
    x[:, 3] *= np.arange(len(x)) > 4 * RATE
    assert faults(x, SURROUND) == []


def test_an_ending_that_falls_silent_has_none() -> None:
    x = noise().copy()
    x[5 * RATE :] = 0.0
    x[: RATE // 2] = 0.0
    assert faults(x) == []


@pytest.mark.parametrize(("role", "channel"), [("L", 0), ("R", 1), ("C", 2), ("Ls", 4), ("Rs", 5)])
@pytest.mark.parametrize("left_over", [0.0, 2e-5])
def test_a_dead_channel_is_named(role: str, channel: int, left_over: float) -> None:
    x = surround()
    x[:, channel] *= left_over
    assert the(faults(x, SURROUND), FaultKind.DEAD).channels == (channel,)
    if channel < 2:
        pair = noise().copy()
        pair[:, channel] = left_over + 0.0001 * left_over  # nothing but an offset
        assert the(faults(pair), FaultKind.DEAD).channels == (channel,)


def test_a_silent_lfe_is_mentioned_and_one_that_is_not_filtered() -> None:
    x = surround()
    x[:, 3] = 0.0
    assert the(faults(x, SURROUND), FaultKind.LFE_SILENT).channels == (3,)
    x[:, 3] = noise(1, 12)[:, 0]
    assert the(faults(x, SURROUND), FaultKind.LFE_FULL_BAND).channels == (3,)


@pytest.mark.parametrize("name", PROGRAMMES)
@pytest.mark.parametrize("channels", [[0], [1], [0, 1]])
@pytest.mark.parametrize("milliseconds", [1.0, 2.0, 5.0, 10.0, 20.0, 50.0])
def test_a_dropout_is_found_and_placed(name: str, channels: list[int], milliseconds: float) -> None:
    x = PROGRAMMES[name]()
    # where it sounds: a gap in a pause is none
    loud = np.convolve((x**2).sum(axis=1), np.ones(RATE // 4), "same")
    loud[: 2 * RATE], loud[-2 * RATE :] = 0.0, 0.0
    at_s = int(np.argmax(loud)) / RATE
    fault = the(faults(without(x, channels, at_s, milliseconds / 1000.0)), FaultKind.DROPOUT)
    assert fault.channels == tuple(channels)
    assert fault.start == pytest.approx(at_s * RATE, abs=3)
    assert fault.stop == pytest.approx((at_s + milliseconds / 1000.0) * RATE, abs=3)


def test_every_dropout_is_found() -> None:
    x = noise().copy()
    for number, at_s in enumerate(np.arange(0.5, 5.5, 0.5)):
        x = without(x, [number % 2], at_s, 0.004 + 0.001 * number)
    found = faults(x)
    assert kinds(found) == {"audio_dropout"}
    assert [fault.start for fault in found] == pytest.approx(np.arange(0.5, 5.5, 0.5) * RATE, abs=3)


@pytest.mark.parametrize("channel", [0, 1])
@pytest.mark.parametrize(
    ("start_s", "length_s"), [(4.0, 2.0), (2.0, 2.0), (2.0, 0.1), (0.0, 2.0), (2.0, 4.0), (3.0, 0.4)]
)
@pytest.mark.parametrize("ramp_s", [0.0, 0.01])
@pytest.mark.parametrize("name", ["noise", "music"])
def test_a_muted_stretch_of_one_channel_is_found_and_placed(
    name: str, channel: int, start_s: float, length_s: float, ramp_s: float
) -> None:
    inner = start_s > 0.0 and start_s + length_s < SECONDS
    if not inner and name != "noise":
        ramp_s = 0.0  # one edge alone, in sound that is not steady: a fade
    ramp_s = ramp_s if start_s > 0.0 else 0.0
    x = without(PROGRAMMES[name](), [channel], start_s, length_s, ramp_s)
    fault = the(faults(x), FaultKind.MUTED)
    assert fault.channels == (channel,)
    assert fault.start == pytest.approx(start_s * RATE, abs=3)
    assert fault.stop == pytest.approx(min(start_s + length_s, SECONDS) * RATE, abs=3)


def test_all_channels_muted_are_found_but_pauses_are_not() -> None:
    fault = the(faults(without(noise(), [0, 1], 2.0, 1.5)), FaultKind.MUTED)
    assert fault.channels == (0, 1)
    x = noise()
    for at_s in np.arange(0.6, 5.5, 0.8):
        x = without(x, [0, 1], at_s, 0.3)
    assert faults(x) == []


def test_a_muted_side_of_a_surround_mix_is_found() -> None:
    x = without(surround(), [4], 2.0, 1.0)
    assert the(faults(x, SURROUND), FaultKind.MUTED).channels == (4,)
    x = without(surround(), [2], 2.0, 1.0)
    assert the(faults(x, SURROUND), FaultKind.MUTED).channels == (2,)


@pytest.mark.parametrize("name", ["noise", "music", "speech"])
@pytest.mark.parametrize("second", [-1.0, -0.5])
def test_inverted_polarity_is_found(name: str, second: float) -> None:
    one = {"noise": noise()[:, 0], "music": music().sum(axis=1), "speech": speech(1e-4)[:, 0]}[name]
    x = np.stack([one, second * one], axis=1) + noise(2, 8, 1e-5)
    found = faults(x)
    assert "polarity_inverted" in kinds(found)
    assert kinds(found) <= {"polarity_inverted", "channel_imbalance"}
    assert found[0].start is None


def test_polarity_that_is_inverted_in_a_part_is_placed() -> None:
    one = noise()[:, 0]
    x = np.stack([one, one], axis=1) + noise(2, 8, 0.005)
    x[2 * RATE : 4 * RATE, 1] *= -1.0
    fault = the(faults(x), FaultKind.INVERTED)
    assert fault.start == pytest.approx(2 * RATE, abs=RATE // 2)
    assert fault.stop == pytest.approx(4 * RATE, abs=RATE // 2)


def test_a_wide_pair_that_cancels_is_out_of_phase() -> None:
    mid, side = noise()[:, 0], noise()[:, 1]
    x = np.stack([0.4 * mid + side, 0.4 * mid - side], axis=1)
    assert the(faults(x), FaultKind.OUT_OF_PHASE).figure == pytest.approx(-0.72, abs=0.05)
    wide = np.stack([mid + side, mid - side], axis=1)
    assert faults(wide) == []


@pytest.mark.parametrize("gain", [1.0, 0.9])
@pytest.mark.parametrize("dither", [0.0, 2.0**-16])
def test_dual_mono_is_found(gain: float, dither: float) -> None:
    one = speech(1e-4)[:, 0]
    x = np.stack([one, gain * one], axis=1) + dither * noise(2, 8, 1.0)
    the(faults(x), FaultKind.DUAL_MONO)


def test_identical_channels_of_a_surround_mix_are_named() -> None:
    x = surround()
    x[:, 5] = x[:, 4]
    assert the(faults(x, SURROUND), FaultKind.IDENTICAL).channels == (4, 5)


@pytest.mark.parametrize("samples", [-400, -24, -3, 2, 5, 24, 160, 700])
def test_a_delayed_channel_is_found_with_its_delay(samples: int) -> None:
    one = noise()[:, 0]
    x = np.stack([one, np.roll(one, samples)], axis=1) + noise(2, 8, 1e-4)
    fault = the(faults(x), FaultKind.DELAYED)
    assert fault.figure == pytest.approx(1000.0 * samples / RATE, abs=0.05)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 60)), min_size=0, max_size=30),
    st.integers(3, 45),
)
def test_every_long_run_is_found_and_no_short_one(runs: list[tuple[bool, int]], shortest: int) -> None:
    small = np.concatenate([np.zeros(0, np.bool_), *(np.full(n, value) for value, n in runs)])
    edges = np.flatnonzero(np.diff(small.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
    assert _silent_runs(np.where(small, 0.0, 1.0), shortest) == [
        (a, b) for a, b in edges.tolist() if b - a >= shortest
    ]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(-60, 60), st.integers(5, 4_000)), max_size=5),
    st.integers(10_000, 14_000),
)
def test_gaps_at_the_edges_of_long_blocks_are_the_same_as_in_one_block(
    holes: list[tuple[int, int, int]], size: int
) -> None:
    x = noise().copy()
    for number, (channel, offset, length) in enumerate(holes, start=1):
        x[number * size + offset :, channel][:length] = 0.0
    found = []
    for block in (size, len(x)):
        finder = GapFinder(RATE, 2)
        for start in range(0, len(x), block):
            finder.feed(x[start : start + block])
        found.append([(gap.channel, gap.start, gap.stop) for gap in finder.finish()])
    assert found[0] == found[1]


@pytest.mark.parametrize("top", [0.5, 0.97])
def test_flat_tops_are_counted_the_same_however_they_are_fed(top: float) -> None:
    x = noise(1).copy()
    x[1_000::3_000] = 0.6 * top  # single samples that are louder than their block, but not flat
    starts = np.arange(4_094, len(x) - 4, 4_096)  # across the edges of blocks
    for later in range(4):
        x[starts + later] = top
    found = []
    for block in (501, 4_096, len(x)):
        finder = ClippingFinder()
        for start in range(0, len(x), block):
            finder.feed(x[start : start + block, 0])
        found.append(finder.result())
    assert found == [(len(starts), int(starts[0]), top)] * 3


@pytest.mark.parametrize("unlike", range(13))
@pytest.mark.parametrize("seconds", [6, 19, 20, 30])
def test_windows_are_looked_at_for_as_long_as_they_can_matter(
    unlike: int, seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = [None if n < unlike else (24, 1.0) for n in range(40)]
    asked = iter(looked)
    monkeypatch.setattr(PairMeter, "_delay", lambda *windows: next(asked))
    meter, x = PairMeter(RATE, delays=True), np.full(RATE, 0.5) * (-1.0) ** np.arange(RATE)
    for _ in range(seconds):
        meter.feed(half_seconds(x, RATE), half_seconds(x, RATE))
    windows = looked[: 2 * seconds]
    delayed = windows.count((24, 1.0)) >= 0.8 * len(windows)
    assert meter.delay_samples() == (24 if delayed else None)
    assert len(list(asked)) == 40 - min(9 if unlike >= 9 else 40, len(windows))


def test_a_tone_with_a_phase_is_no_delay() -> None:
    t = np.arange(len(noise())) / RATE
    x = 0.1 * np.stack([np.sin(2 * np.pi * 440 * t), np.sin(2 * np.pi * 440 * t + 1.0)], axis=1)
    assert faults(x) == []


@pytest.mark.parametrize("db", [-12.0, -9.5, 15.0])
def test_a_pair_of_unlike_levels_is_found(db: float) -> None:
    x = noise() * [[1.0, 10 ** (db / 20)]]
    assert the(faults(x), FaultKind.IMBALANCE).figure == pytest.approx(db, abs=0.2)
    one = noise()[:, 0]
    panned = np.stack([one, 10 ** (-7 / 20) * one], axis=1)
    assert the(faults(panned), FaultKind.IMBALANCE).figure == pytest.approx(-7.0, abs=0.01)


@pytest.mark.parametrize("name", ["noise", "music"])
@pytest.mark.parametrize(("top", "drive"), [(1.0, 3.0), (0.98, 3.0), (0.96, 1.5), (0.5, 3.0)])
@pytest.mark.parametrize("channels", [[0], [1], [0, 1]])
def test_flat_tops_are_clipping(name: str, top: float, drive: float, channels: list[int]) -> None:
    x = PROGRAMMES[name]().copy() if name == "music" else np.cumsum(noise(), axis=0)
    x = x - x.mean(axis=0)
    x = x / np.abs(x).max(axis=0) * 0.4
    x[:, channels] = np.clip(x[:, channels] * drive / 0.4, -1.0, 1.0) * top
    found = [fault for fault in faults(x) if fault.kind is FaultKind.CLIPPED]
    assert sorted(fault.channels for fault in found) == [(c,) for c in channels]
    assert all(fault.figure == pytest.approx(20 * np.log10(top), abs=0.01) for fault in found)


@pytest.mark.parametrize("hz", [20.0, 50.0, 997.0, RATE / 4, RATE / 6])
@pytest.mark.parametrize("bits", [16, 24])
def test_a_tone_at_full_scale_is_not_clipped(hz: float, bits: int) -> None:
    t = np.arange(len(noise())) / RATE
    scale = 2.0 ** (bits - 1)
    x = np.round(0.9999 * np.sin(2 * np.pi * hz * t + 0.8) * (scale - 1)) / scale
    assert "clipping" not in kinds(faults(x[:, None], ("C",)))


@pytest.mark.parametrize("channels", [[0], [1], [0, 1]])
@pytest.mark.parametrize("offset", [0.005, 0.05, -0.01])
def test_a_dc_offset_is_found_by_channel(channels: list[int], offset: float) -> None:
    x = noise().copy()
    x[:, channels] += offset
    found = faults(x)
    assert kinds(found) == {"dc_offset"}
    assert [fault.channels for fault in found] == [(c,) for c in channels]
    assert found[0].figure == pytest.approx(20 * np.log10(abs(offset)), abs=0.5)


def test_deep_sound_is_no_offset() -> None:
    t = np.arange(len(noise())) / RATE
    x = noise() + (0.2 * np.sin(2 * np.pi * 0.31 * t))[:, None]
    assert "dc_offset" not in kinds(faults(x))


@pytest.mark.parametrize(("real", "bits"), [(16, 24), (20, 24), (24, 32), (16, 32), (12, 16), (8, 16)])
def test_padded_bits_are_found(real: int, bits: int) -> None:
    x = np.round(noise() * 2.0 ** (real - 1)) / 2.0 ** (real - 1)
    assert the(faults(x, bits=bits), FaultKind.PADDED).figure == real
    full = np.round(noise() * 2.0 ** (bits - 1)) / 2.0 ** (bits - 1)
    assert faults(full, bits=bits) == []


def test_one_channel_with_padded_bits_is_named() -> None:
    x = np.round(noise() * 2.0**23) / 2.0**23
    x[:, 1] = np.round(x[:, 1] * 2.0**15) / 2.0**15
    assert the(faults(x, bits=24), FaultKind.PADDED).channels == (1,)


def test_the_way_it_is_fed_changes_nothing() -> None:
    x = without(without(noise(), [0], 1.0, 0.01), [1], 3.0, 1.0)
    found = []
    for size in (501, 4096, len(x)):
        finder = FaultFinder(RATE, ("L", "R"), None)
        for start in range(0, len(x), size):
            finder.feed(x[start : start + size])
        found.append([(f.kind, f.channels, f.start, f.stop) for f in finder.result()])
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 2
