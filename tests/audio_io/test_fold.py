"""Channels become a voice by their roles, or the one track with the voice; no LFE, no comb filter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.audio_io.channel_statistics import ChannelMeter
from audio_pipeline.audio_io.fold import Fold, fold_to_mono, fold_to_stereo, pair_of, refuse_silent_fold
from audio_pipeline.dsp.layouts import Layout, ambisonic, assumed, of_mask, stated, tracks
from audio_pipeline.errors import StemError
from audio_pipeline.timeline.scene import ChannelChoice

RATE = 16_000
MASKS = {"4.1": 0x3B, "5.0": 0x37, "5.1": 0x3F, "6.1": 0x70F, "7.1": 0x63F, "7.1.4": 0x2D63F}


def noise(seed: int, channels: int = 1, n: int = 2 * RATE, level: float = 0.1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, channels)) * level


def speech(seed: int, level: float = 0.1, n: int = 3 * RATE) -> np.ndarray:
    """Noise in syllables and pauses, `(n,)`."""
    t = np.arange(n) / RATE
    gates = (np.sin(2 * np.pi * 2.5 * t + seed) > 0) * (0.3 + 0.7 * np.abs(np.sin(2 * np.pi * 4 * t)))
    return noise(seed, n=n, level=level)[:, 0] * np.maximum(gates, 1e-3)


def folded(x: np.ndarray, layout: Layout, choice: ChannelChoice = "auto") -> tuple[np.ndarray, Fold]:
    meter = ChannelMeter(RATE, x.shape[1], pair_of(layout))
    for start in range(0, len(x), 7000):
        meter.feed(x[start : start + 7000])
    fold = fold_to_mono("x.wav", meter.result(x.T @ x / len(x)), layout, choice)
    assert fold is not None
    return fold.of(x)[:, 0], fold


def delayed(x: np.ndarray, seconds: float) -> np.ndarray:
    return np.roll(x, round(seconds * RATE))


def third_octave_db(x: np.ndarray, reference: np.ndarray, at_hz: float) -> float:
    hz = np.fft.rfftfreq(len(x), 1 / RATE)
    band = (hz > at_hz * 2 ** (-1 / 6)) & (hz < at_hz * 2 ** (1 / 6))
    powers = [np.sum(np.abs(np.fft.rfft(y)[band]) ** 2) for y in (x, reference)]
    return float(10 * np.log10(powers[0] / powers[1]))


# --- left and right


def test_stereo_of_one_source_becomes_that_source() -> None:
    x = noise(1)
    mono, fold = folded(np.hstack([x, x]), assumed(2))
    assert np.allclose(mono, x[:, 0], atol=1e-15)
    assert fold.how == "took the mean of left and right"


def test_one_source_at_two_levels_and_with_two_noises_is_still_one_source() -> None:
    x = np.stack([speech(2), 0.5 * speech(2)], axis=1)
    mono, fold = folded(x + noise(3, 2, n=len(x), level=1e-4), assumed(2))
    assert fold.how == "took the mean of left and right"
    assert np.corrcoef(mono, x[:, 0])[0, 1] > 0.99


def test_mirrored_channels_keep_their_energy() -> None:
    x = noise(3)
    mono, fold = folded(np.hstack([x, -0.8 * x]), assumed(2))
    assert np.allclose(mono, 0.9 * x[:, 0])
    assert fold.how == "inverted right, which mirrors left, and took the mean of both"


@pytest.mark.parametrize("delay_s", [0.0002, 0.0005, 0.001, 0.003, 0.02])
@pytest.mark.parametrize("sound", ["noise", "speech"])
def test_two_microphones_are_never_averaged(delay_s: float, sound: str) -> None:
    one = noise(4, n=3 * RATE)[:, 0] if sound == "noise" else speech(4)
    mono, fold = folded(np.stack([one, 0.9 * delayed(one, delay_s)], axis=1), assumed(2))
    assert np.array_equal(mono, one)
    assert fold.how.startswith(
        "took the left channel; the right one differs from it, and the mean of both"
    )
    assert fold.warning is None


def test_a_mix_of_two_microphones_is_warned_of_with_its_worst_third_octave() -> None:
    one = noise(5, n=3 * RATE)[:, 0]
    x = np.stack([one, delayed(one, 0.0005)], axis=1)
    mono, fold = folded(x, assumed(2), "mix")
    assert fold.warning is not None
    assert "the third octave at 1 kHz loses 20 dB" in fold.warning
    assert third_octave_db(mono, one, 1000.0) < -18.0


def test_a_mix_of_one_source_is_not_warned_of() -> None:
    x = noise(6)
    assert folded(np.hstack([x, x]), assumed(2), "mix")[1].warning is None


@given(correlation=st.floats(-1.0, 1.0), balance_db=st.floats(-60.0, 60.0))
@settings(max_examples=30, deadline=None)
def test_no_third_octave_of_any_pair_is_lost(correlation: float, balance_db: float) -> None:
    x, y = noise(6, n=16_000), noise(7, n=16_000)
    right = (correlation * x + np.sqrt(1 - correlation**2) * y) * 10 ** (balance_db / 20)
    both = np.hstack([x, right])
    mono, _ = folded(both, assumed(2))
    for at_hz in (250.0, 1000.0, 4000.0):
        # 6 dB are what a mean with a much softer channel costs, in every third octave alike
        assert max(third_octave_db(mono, channel, at_hz) for channel in both.T) > -7.0


@pytest.mark.parametrize(("silent", "taken"), [(0, "right"), (1, "left")])
def test_a_silent_side_costs_nothing(silent: int, taken: str) -> None:
    x = noise(8, 2)
    x[:, silent] = 0.0
    mono, fold = folded(x, assumed(2))
    assert np.array_equal(mono, x[:, 1 - silent])
    assert fold.how.startswith(f"took the {taken} channel")
    assert "silent" in fold.how


# --- stated layouts


@pytest.mark.parametrize("name", ["5.0", "5.1", "6.1", "7.1", "7.1.4"])
def test_the_centre_is_taken_when_it_carries_something(name: str) -> None:
    layout = of_mask(MASKS[name], MASKS[name].bit_count())
    x = noise(9, len(layout.roles))
    x[:, 2] *= 0.2
    mono, fold = folded(x, layout)
    assert np.array_equal(mono, x[:, 2])
    assert fold.how == f"took the centre of {len(layout.roles)} channels"


def test_a_centre_that_speaks_is_taken_under_loud_music() -> None:
    layout = of_mask(0x3F, 6)
    x = noise(25, 6, n=3 * RATE, level=0.2)
    x[:, 2] = speech(26, level=0.01)
    mono, fold = folded(x, layout)
    assert np.array_equal(mono, x[:, 2])
    assert fold.how == "took the centre of 6 channels"


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("lfe_db", [-20.0, 0.0, 12.0, 40.0])
def test_without_a_centre_left_and_right_are_taken_and_never_the_lfe(name: str, lfe_db: float) -> None:
    layout = of_mask(MASKS[name], MASKS[name].bit_count())
    x = noise(10, len(layout.roles), level=0.001)
    voice = speech(11, n=len(x))
    x[:, layout.roles.index("FL")] = x[:, layout.roles.index("FR")] = voice
    for role in ("FC", "LFE"):
        if role in layout.roles:
            x[:, layout.roles.index(role)] = 0.0
    if "LFE" in layout.roles:
        t = np.arange(len(x)) / RATE
        x[:, layout.roles.index("LFE")] = 0.02 * 10 ** (lfe_db / 20) * np.sin(2 * np.pi * 50 * t)
    mono, fold = folded(x, layout)
    assert np.allclose(mono, voice)
    assert fold.how == f"took the mean of left and right (of {len(layout.roles)} channels)"


@pytest.mark.parametrize("name", MASKS)
def test_a_voice_on_a_surround_is_refused_with_the_channel_to_name(name: str) -> None:
    layout = of_mask(MASKS[name], MASKS[name].bit_count())
    x = noise(12, len(layout.roles), level=1e-5)
    surround = layout.roles.index("BL" if "BL" in layout.roles else "SL")
    x[:, surround] = speech(13, n=len(x))
    with pytest.raises(
        StemError, match=r"x\.wav: the channels that carry a voice .* below channel"
    ) as refusal:
        folded(x, layout)
    assert f"channel = {surround + 1}" in (refusal.value.hint or "")
    mono, _ = folded(x, layout, surround + 1)
    assert np.array_equal(mono, x[:, surround])


@pytest.mark.parametrize("name", ["4.1", "5.1", "7.1"])
def test_only_an_lfe_is_refused(name: str) -> None:
    layout = of_mask(MASKS[name], MASKS[name].bit_count())
    x = np.zeros((RATE, len(layout.roles)))
    x[:, layout.roles.index("LFE")] = noise(14, n=RATE)[:, 0]
    with pytest.raises(StemError, match="is silent after the fold"):
        folded(x, layout)
    with pytest.raises(StemError, match="is the LFE, which carries no voice"):
        folded(x, layout, layout.roles.index("LFE") + 1)


# --- tracks of a recorder


@pytest.mark.parametrize("count", [3, 4, 5, 6, 8, 9, 12])
@pytest.mark.parametrize(
    "layout_of", [assumed, lambda n: tracks(tuple(f"T{k}" for k in range(1, n + 1)))]
)
def test_the_only_track_with_sound_is_taken_and_named(count: int, layout_of: object) -> None:
    for voice in range(count):
        x = np.zeros((3 * RATE, count))
        x[:, voice] = speech(voice)
        mono, fold = folded(x, layout_of(count))
        assert np.array_equal(mono, x[:, voice])
        assert fold.how.startswith(f"took track {voice + 1}")
        assert "the only one with sound" in fold.how


def test_the_voice_is_found_among_noise_hum_timecode_and_bleed() -> None:
    n = 3 * RATE
    t = np.arange(n) / RATE
    timecode = 0.3 * np.sign(np.sin(2 * np.pi * 1200 * t + np.sin(2 * np.pi * 800 * t)))
    hum = 0.3 * np.sin(2 * np.pi * 50 * t)
    voice = speech(15, 0.05, n)
    for order in ((0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (2, 0, 4, 1, 3)):
        sources = [timecode, hum, noise(16, n=n, level=0.1)[:, 0], voice, 0.1 * voice]
        x = np.stack([sources[k] for k in order], axis=1)
        names = tuple(("TC", "Hum", "Amb", "Boom", "Lav")[k] for k in order)
        mono, fold = folded(x, tracks(names))
        assert np.array_equal(mono, voice)
        assert "(Boom)" in fold.how
        assert "the loudest that has the pauses of speech" in fold.how


def test_of_steady_tracks_the_loudest_is_taken() -> None:
    x = noise(17, 4) * [0.1, 1.0, 0.3, 0.01]
    mono, fold = folded(x, assumed(4))
    assert np.array_equal(mono, x[:, 1])
    assert fold.how == "took track 2 of 4, the loudest; the others are left out"


@pytest.mark.parametrize("count", [6, 8])
def test_a_low_fourth_track_of_an_unstated_layout_is_taken_for_an_lfe(count: int) -> None:
    x = noise(18, count, level=0.01)
    t = np.arange(len(x)) / RATE
    x[:, 3] = np.sin(2 * np.pi * 50 * t)
    assert folded(x, assumed(count))[1].matrix[3] == 0.0


def test_a_sound_field_gives_its_omnidirectional_channel() -> None:
    x = noise(19, 4)
    mono, _ = folded(x, ambisonic(4))
    assert np.array_equal(mono, x[:, 0])


# --- what a preset names


@pytest.mark.parametrize(("choice", "taken"), [("left", 0), ("right", 1), (1, 0), (2, 1)])
def test_a_named_channel_is_taken(choice: ChannelChoice, taken: int) -> None:
    x = noise(20, 2)
    mono, fold = folded(x, assumed(2), choice)
    assert np.array_equal(mono, x[:, taken])
    assert (
        fold.how
        == f"took channel {taken + 1} ({'FL' if taken == 0 else 'FR'}) of 2, as set in the preset"
    )


@pytest.mark.parametrize("choice", [3, 24, "centre"])
def test_a_channel_that_is_not_there_is_refused(choice: ChannelChoice) -> None:
    with pytest.raises(StemError, match=r"x\.wav has 2 channels; channel = .* is not one of them"):
        folded(noise(21, 2), assumed(2), choice)


def test_a_silent_choice_is_refused() -> None:
    x = noise(22, 2) * [1.0, 0.0]
    with pytest.raises(StemError, match="is silent after the fold"):
        folded(x, assumed(2), 2)


@pytest.mark.parametrize("choice", ["auto", "left", "mix", "right", 1])
def test_mono_is_left_alone(choice: ChannelChoice) -> None:
    x = noise(23)
    meter = ChannelMeter(RATE, 1, None)
    meter.feed(x)
    assert fold_to_mono("x.wav", meter.result(x.T @ x / len(x)), assumed(1), choice) is None


# --- stereo


def test_mono_on_two_channels_is_the_same_on_both() -> None:
    x = noise(24)
    fold = fold_to_stereo(assumed(1))
    assert fold is not None
    assert np.array_equal(fold.of(x), np.hstack([x, x]))
    assert fold_to_stereo(assumed(2)) is None


@pytest.mark.parametrize("layout", [assumed(n) for n in (3, 4, 5, 6, 7, 8, 10, 12, 16, 24)])
def test_the_fold_down_is_symmetric_and_leaves_the_lfe_out(layout: Layout) -> None:
    fold = fold_to_stereo(layout)
    assert fold is not None
    gains = dict(zip(layout.roles, fold.matrix.tolist(), strict=True))
    for role, (left, right) in gains.items():
        assert role is not None
        mirrored = f"{role[:-1]}R" if role.endswith("L") else role.replace("LC", "RC")
        if mirrored != role and mirrored in gains:
            assert gains[mirrored] == [right, left]
        if role == "FC":
            assert left == right == pytest.approx(10 ** (-3 / 20))
        assert (left == right == 0.0) == role.startswith("LFE")


def test_roles_and_not_places_decide() -> None:
    fold = fold_to_stereo(stated("FC FL FR SL SR LFE"))
    assert fold is not None
    assert fold.matrix[1].tolist() == [1.0, 0.0]
    assert fold.matrix[5].tolist() == [0.0, 0.0]


def test_a_silent_stereo_fold_is_refused() -> None:
    layout = of_mask(0x3F, 6)
    fold = fold_to_stereo(layout)
    products = np.zeros((6, 6))
    products[3, 3] = 1.0
    assert fold is not None
    with pytest.raises(StemError, match="is silent after the fold"):
        refuse_silent_fold("x.wav", fold, products)
