"""The head's laws: measured delays and levels between the ears, constant power, mirror, no clicks."""

from ctypes.util import find_library

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.dsp import head_models
from audio_pipeline.dsp.filters import convolve
from audio_pipeline.dsp.head import HeadModel, HeadPlacer, available_models
from audio_pipeline.dsp.head_models import interaural_delay_s
from audio_pipeline.dsp.impulse_response import pink_gain
from audio_pipeline.errors import RenderError

RATE = 48_000
KEMAR_MARKS = pytest.mark.skipif(
    "kemar" not in available_models() or find_library("portaudio") is None,
    reason="KEMAR needs the package slab, and slab needs PortAudio",
)
MODELS = ["sphere", pytest.param("kemar", marks=KEMAR_MARKS)]
# azimuth: delay and level between the ears of KEMAR, broadband, as its raw responses have them
KEMAR = {30: (255e-6, 8.4), 60: (513e-6, 13.9), 90: (723e-6, 11.8)}
# and the spectrum of its ear straight ahead (Gardner & Martin, 1994), dB at Hz, which weighs them
KEMAR_FRONT_HZ = [125, 250, 500, 1000, 1260, 1587, 2000, 2520, 3175, 4000, 5040, 6350, 8000]
KEMAR_FRONT_HZ += [10_079, 12_699, 16_000, 20_159]
KEMAR_FRONT_DB = [-11.7, -11.2, -11.1, -7.9, -6.6, 0.4, 8.9, 9.8, 6.7, 3.8, -1.0, -6.0, -10.6]
KEMAR_FRONT_DB += [-4.6, 1.0, -8.3, -18.8]


def ears(
    model: HeadModel, azimuth_deg: float, rate: int = RATE, from_behind: bool = False
) -> np.ndarray:
    """The response of both ears, `(taps, 2)`, to a pulse from there."""
    placer = HeadPlacer(rate, model, from_behind=from_behind)
    pulse = np.zeros(2 * placer.look_back + 1)
    pulse[placer.look_back] = 1.0
    return placer.place(pulse, np.full(placer.look_back + 1, azimuth_deg / 90.0))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("azimuth_deg", KEMAR)
def test_the_delay_between_the_ears_is_a_head_s(model: HeadModel, azimuth_deg: int) -> None:
    left, right = ears(model, azimuth_deg).T
    assert interaural_delay_s(right, left, RATE) == pytest.approx(KEMAR[azimuth_deg][0], rel=0.1)


def power_spectra(responses: np.ndarray) -> np.ndarray:
    return np.abs(np.fft.rfft(responses, 4096, axis=0)) ** 2


@pytest.mark.parametrize("azimuth_deg", KEMAR)
def test_the_level_between_the_ears_of_a_sphere_is_a_head_s(azimuth_deg: int) -> None:
    f = np.fft.rfftfreq(4096, 1 / RATE)
    octave = np.log2(np.maximum(f, 1.0))
    front = 10 ** (np.interp(octave, np.log2(KEMAR_FRONT_HZ), KEMAR_FRONT_DB) / 10) * (f < 22_050)
    left, right = (front[:, None] * power_spectra(ears("sphere", azimuth_deg))).sum(axis=0)
    assert 10 * np.log10(right / left) == pytest.approx(KEMAR[azimuth_deg][1], abs=1.5)


@pytest.mark.parametrize("azimuth_deg", [pytest.param(azimuth, marks=KEMAR_MARKS) for azimuth in KEMAR])
def test_the_level_between_the_ears_of_kemar_is_the_measured_one(azimuth_deg: int) -> None:
    """Broadband with the spectrum that its ears had there, and in every octave by itself."""
    from slab import HRTF

    measured = HRTF.kemar()
    place = np.asarray(measured.sources.vertical_polar)
    at = np.flatnonzero((abs(place[:, 0] - (360 - azimuth_deg)) < 0.1) & (abs(place[:, 1]) < 0.1))[0]
    rate = round(float(measured.samplerate))
    raw = power_spectra(np.asarray(measured[int(at)].data))
    heard = power_spectra(ears("kemar", azimuth_deg, rate)) * raw.sum(axis=1, keepdims=True)

    def level_db(power: np.ndarray) -> float:
        return float(10 * np.log10(power[:, 1].sum() / power[:, 0].sum()))

    assert level_db(heard) == pytest.approx(KEMAR[azimuth_deg][1], abs=0.5)
    f = np.fft.rfftfreq(4096, 1 / rate)
    for octave_hz in (250, 500, 1000, 2000, 4000, 8000):
        inside = (f > octave_hz / 2**0.5) & (f < octave_hz * 2**0.5)
        assert level_db(heard[inside]) == pytest.approx(level_db(raw[inside]), abs=1.0)


@pytest.mark.parametrize("model", MODELS)
def test_delay_and_level_grow_as_a_sound_moves_out(model: HeadModel) -> None:
    delay, level = [], []
    for azimuth in range(0, 65, 5):
        left, right = ears(model, azimuth).T
        delay.append(interaural_delay_s(right, left, RATE))
        level.append(np.sum(right**2) / np.sum(left**2))
    assert delay[0] == 0.0
    assert level[0] == 1.0
    assert np.all(np.diff(delay) > 0)
    assert np.all(np.diff(level) > 0)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_every_place_has_the_same_power_at_every_frequency(model: HeadModel, rate: int) -> None:
    f = np.fft.rfftfreq(4096, 1 / rate)
    for azimuth in (-90, -41.3, 0, 12.5, 77, 90):
        responses = ears(model, azimuth, rate)
        assert pink_gain(responses, rate) == pytest.approx(1.0, rel=1e-3)
        together = 10 * np.log10(power_spectra(responses).sum(axis=1))
        np.testing.assert_allclose(together[(f > 40) & (f < 18_000)], 0.0, atol=0.25)


@pytest.mark.parametrize("model", MODELS)
def test_in_the_middle_both_ears_hear_the_same_and_soon(model: HeadModel) -> None:
    middle = ears(model, 0)
    assert np.array_equal(middle[:, 0], middle[:, 1])
    assert np.argmax(np.abs(middle[:, 0])) < 0.001 * RATE


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("azimuth_deg", [0, 20, 60])
def test_from_behind_the_ears_differ_as_from_in_front(model: HeadModel, azimuth_deg: int) -> None:
    """On the cone of confusion delay and level between the ears are those of the front."""
    front, back = (ears(model, azimuth_deg, from_behind=b) for b in (False, True))
    delays = [interaural_delay_s(x[:, 1], x[:, 0], RATE) for x in (front, back)]
    assert delays[1] == pytest.approx(delays[0], abs=25e-6)
    f = np.fft.rfftfreq(4096, 1 / RATE)
    for octave_hz in (250, 500, 1000, 2000, 4000, 8000):
        inside = (f > octave_hz / 2**0.5) & (f < octave_hz * 2**0.5)
        levels = []
        for x in (front, back):
            left, right = power_spectra(x)[inside].sum(axis=0)
            levels.append(10 * np.log10(right / left))
        assert levels[1] == pytest.approx(levels[0], abs=0.7)


@pytest.mark.parametrize("model", MODELS)
def test_what_is_behind_has_the_colour_that_kemar_s_ears_give_it(model: HeadModel) -> None:
    """More at 1.25 kHz, less at 2 kHz, at 4 kHz and from 10 kHz on; pink noise stays as loud."""
    f = np.fft.rfftfreq(4096, 1 / RATE)
    front, back = (power_spectra(ears(model, 20, from_behind=b)).sum(axis=1) for b in (False, True))
    change = 10 * np.log10(back / front)

    def third(hz: float) -> float:
        return float(change[(f > hz * 2 ** (-1 / 6)) & (f < hz * 2 ** (1 / 6))].mean())

    reference = third(400)
    found = {hz: third(hz) - reference for hz in (1260, 2000, 5000, 10_000, 16_000)}
    wanted = {1260: 3.5, 2000: -2.4, 5000: -2.8, 10_000: -5.2, 16_000: -10.6}
    assert found == pytest.approx(wanted, abs=1.5)
    assert pink_gain(ears(model, 20, from_behind=True), RATE) == pytest.approx(1.0, rel=1e-3)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_mirroring_the_place_swaps_the_ears_to_the_last_bit(seed: int) -> None:
    placer = HeadPlacer(RATE, "sphere")
    draw = np.random.default_rng(seed)
    window = draw.standard_normal(4000 + placer.look_back)
    place = np.interp(np.arange(4000), np.linspace(0, 4000, 5), draw.uniform(-1.1, 1.1, 5))
    one, mirrored = placer.place(window, place), placer.place(window, -place)
    assert np.array_equal(one[:, ::-1], mirrored)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("seconds", [4.0, 1.0, 0.25])
def test_a_moving_sound_does_not_click(model: HeadModel, seconds: float) -> None:
    """A 1 kHz sine that goes from ear to ear stays a sine: away from it, nothing above −80 dBFS."""
    n = 6 * RATE
    placer = HeadPlacer(RATE, model)
    sine = np.sin(2 * np.pi * 1000 * np.arange(n + placer.look_back) / RATE)
    progress = np.clip((np.arange(n) / RATE - 3.0) / seconds, -0.5, 0.5)
    heard = placer.place(sine, np.sin(np.pi * progress))
    window = np.kaiser(n, 20.0)
    spectrum = 2 * np.abs(np.fft.rfft(heard * window[:, None], axis=0)) / window.sum()
    away = np.abs(np.fft.rfftfreq(n, 1 / RATE) - 1000) > 50 + 100 / seconds
    energy = np.square(spectrum[away]).sum() / 2
    assert 10 * np.log10(energy) < -80.0


@pytest.mark.parametrize("place", [-1.0, 0.0, 0.3, 1.0])
def test_a_sound_at_rest_is_one_response(place: float) -> None:
    placer = HeadPlacer(RATE, "sphere")
    window = np.random.default_rng(1).standard_normal(40_000 + placer.look_back)
    response = ears("sphere", 90 * place)
    expected = convolve(np.stack([window, window], axis=1), response)
    np.testing.assert_allclose(placer.place(window, np.full(40_000, place)), expected, atol=1e-12)


def test_windows_with_other_cuts_agree() -> None:
    placer = HeadPlacer(RATE, "sphere")
    window = np.random.default_rng(2).standard_normal(30_000 + placer.look_back)
    place = np.sin(np.arange(30_000) / 5000)
    whole = placer.place(window, place)
    for start, stop in ((0, 7), (7, 12_345), (12_345, 30_000)):
        part = placer.place(window[start : stop + placer.look_back], place[start:stop])
        np.testing.assert_allclose(part, whole[start:stop], atol=1e-12)


def test_silence_stays_silence() -> None:
    placer = HeadPlacer(RATE, "sphere")
    assert not placer.place(np.zeros(5000 + placer.look_back), np.linspace(-1, 1, 5000)).any()
    assert placer.place(np.zeros(placer.look_back), np.zeros(0)).shape == (0, 2)


def test_wrong_shapes_and_unknown_heads_are_misuse() -> None:
    with pytest.raises(ValueError, match="look_back"):
        HeadPlacer(RATE, "sphere").place(np.zeros(100), np.zeros(100))
    with pytest.raises(ValueError, match="unknown head"):
        HeadPlacer(RATE, "cube")  # type: ignore[arg-type]


def test_a_head_that_is_not_installed_is_never_replaced_by_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(head_models, "find_spec", lambda name: None)
    assert available_models() == ("sphere",)
    with pytest.raises(RenderError, match="slab") as caught:
        HeadPlacer(32_000, "kemar")
    assert "headphones" in (caught.value.hint or "")
