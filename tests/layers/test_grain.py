import numpy as np
import pytest
from scipy import signal

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import rms_dbfs
from audio_pipeline.dsp.optical_track import academy_db
from audio_pipeline.layers import film_dirt
from audio_pipeline.layers.grain import Grain
from audio_pipeline.timeline.spans import Span
from tests.layers.sound_stage import (
    RATE,
    assert_no_step,
    assert_obeys_the_contract,
    db,
    heard,
    seconds,
    stage,
    windowed_rms_dbfs,
)

THIRDS_HZ = 1000.0 * 2.0 ** (np.arange(-10, 10) / 3)


def grain(**values: object) -> Grain:
    return Grain.model_validate(values)


def kurtosis(x: Samples) -> float:
    return float(np.mean(x**4) / np.mean(x**2) ** 2)


def thirds_db(x: Samples) -> Samples:
    """Mean density in the third-octave bands from 100 Hz to 8 kHz, dB."""
    hz, density = signal.welch(x, RATE, nperseg=16_384, axis=0)
    bands = [(hz >= c * 2 ** (-1 / 6)) & (hz < c * 2 ** (1 / 6)) for c in THIRDS_HZ]
    return np.array([db(density[band].mean()) for band in bands])


def test_it_obeys_the_contract_of_a_layer() -> None:
    scene = stage(22, speech=(seconds(5, 10.01),))
    assert_obeys_the_contract(grain(at="1s", until="19s"), scene)


def test_the_academy_curve_has_its_published_points() -> None:
    np.testing.assert_allclose(
        academy_db(np.array([40.0, 100, 400, 1600, 5000, 8000])), [-7, 0, 0, 0, -10, -18], atol=1e-9
    )


def test_white_grain_follows_the_academy_curve_within_1_5_db_from_100_hz_to_8_khz() -> None:
    white = grain(tilt="0 dB", swell="0 dB", scratch_rate="0/min", pop_rate="0/min")
    levels = thirds_db(heard(white.prepare(stage(60), "grain"), seconds(1, 59)))
    error = levels - academy_db(THIRDS_HZ)
    assert np.abs(error - error.mean()).max() < 1.5


def test_tilt_is_the_slope_an_octave() -> None:
    scene = stage(30)
    values = {"swell": "0 dB", "dust_rate": "0/s", "scratch_rate": "0/min", "pop_rate": "0/min"}
    white, pink = (
        thirds_db(heard(grain(tilt=tilt, **values).prepare(scene, "grain"), seconds(1, 29)))
        for tilt in ("0 dB", "-3 dB")
    )
    slope = np.polyfit(np.log2(THIRDS_HZ), pink - white, 1)[0]
    assert slope == pytest.approx(-3.0, abs=0.1)


def test_grain_is_impulsive_and_without_dirt_it_is_gaussian() -> None:
    clean = grain(swell="0 dB", dust_rate="0/s", scratch_rate="0/min", pop_rate="0/min")
    scene, span = stage(60), seconds(1, 59)
    assert kurtosis(heard(clean.prepare(scene, "grain"), span)) == pytest.approx(3.0, abs=0.1)
    dirty = heard(grain().prepare(scene, "grain"), span)
    assert kurtosis(dirty) > 20.0
    assert 24 < 20 * np.log10(np.abs(dirty).max()) - rms_dbfs(dirty) < 36


@pytest.mark.parametrize("per_s", [0.2, 0.31, 1.0])
def test_rare_dust_falls_as_often_as_set(per_s: float) -> None:
    starts = film_dirt.dust(3, "dust", seconds(0, 6000), RATE, per_s, 6.0).starts
    assert len(starts) == pytest.approx(per_s * 6000, rel=0.1)


def test_without_dust_there_is_none() -> None:
    assert not len(film_dirt.dust(3, "dust", seconds(0, 60), RATE, 0.0, 6.0).starts)


@pytest.mark.parametrize("per_s", [6.0, 18.0, 40.0])
def test_dust_falls_as_often_as_set_and_at_random(per_s: float) -> None:
    dust = film_dirt.dust(3, "dust", seconds(100, 700), RATE, per_s, 6.0)
    expected = per_s * 600
    assert abs(len(dust.starts) - expected) < 3 * np.sqrt(expected)
    gaps = np.diff(dust.starts) / RATE
    assert (gaps >= 0).all()
    assert gaps.std() / gaps.mean() > 0.5  # a clock would have 0, and what knows no bounds 1
    assert gaps.max() <= 2 * 1.5 / per_s + 1e-4  # and it is never missing for long


def test_dust_has_log_normal_levels_and_a_mean_energy_of_1() -> None:
    gains = film_dirt.dust(3, "dust", seconds(0, 600), RATE, 40.0, 6.0).gains
    levels = 20 * np.log10(gains)
    assert np.mean(gains**2) == pytest.approx(1.0, abs=0.06)
    assert levels.std() == pytest.approx(5.75, abs=0.2)  # 6 dB, clipped at two deviations
    assert np.ptp(levels) <= 24.0 + 1e-9


def test_events_do_not_depend_on_the_window_that_asks() -> None:
    whole = film_dirt.pops(3, "pops", seconds(0, 100), RATE, 0.5, 6.0)
    part = film_dirt.pops(3, "pops", seconds(40, 60), RATE, 0.5, 6.0)
    first = 40 * RATE - int(np.ceil(film_dirt.POP_S[1] * RATE))
    inside = (whole.starts >= first) & (whole.starts < 60 * RATE)
    np.testing.assert_array_equal(part.starts, whole.starts[inside])
    np.testing.assert_array_equal(part.waves, whole.waves[inside])


@pytest.mark.parametrize("start", [-300, 0, 40_000, 95_900, 200_000])
def test_bursts_are_heard_through_the_response_wherever_a_window_cuts_them(start: int) -> None:
    rng = np.random.default_rng(5)
    bursts = film_dirt.Bursts(
        starts=np.array([-200, 40_100, 40_150, 99_999]),
        waves=rng.standard_normal((4, 96)),
        gains=np.array([1.0, -2.0, 0.5, 3.0]),
        positions=np.array([0.0, -1.0, 1.0, 0.5]),
    )
    impulse = rng.standard_normal(700)
    left, right = np.zeros((2, 300_000))
    angles = (1.0 + 0.6 * bursts.positions) * np.pi / 4
    for at, wave, gain, angle in zip(bursts.starts, bursts.waves, bursts.gains, angles, strict=True):
        sound = 3.0 * gain * np.convolve(wave, impulse)
        left[at + 1000 :][: len(sound)] += np.cos(angle) * sound
        right[at + 1000 :][: len(sound)] += np.sin(angle) * sound
    out = np.ones((60_000, 2))
    bursts.add_to(out, start, impulse, width=0.6, energy=9.0)
    expected = np.stack([left, right], axis=1)[start + 1000 :][:60_000]
    np.testing.assert_allclose(out[: len(expected)] - 1.0, expected, atol=1e-3)


def test_pops_are_60_to_70_times_rarer_than_dust() -> None:
    assert 60 <= grain().dust_rate / (grain().pop_rate / 60) <= 70


def test_pops_are_under_200_hz_and_10_to_40_ms_long() -> None:
    waves = film_dirt.pops(3, "pops", seconds(0, 100), RATE, 1.0, 6.0).waves
    power = np.abs(np.fft.rfft(waves, RATE, axis=1)) ** 2
    assert (power[:, :200].sum(axis=1) / power.sum(axis=1)).min() > 0.95
    lengths = [np.flatnonzero(wave)[-1] / RATE for wave in waves]
    assert min(lengths) > 0.009
    assert max(lengths) < 0.041


def test_a_scratch_comes_back_at_every_turn_of_the_reel_for_a_while() -> None:
    turn, turns = round(1.6 * RATE), 6
    starts = film_dirt.scratches(3, "scratches", seconds(0, 1200), RATE, 0.05, turn, turns).starts
    hits = starts[(starts > 0) & (starts < (1200 - 2) * RATE)]
    late = np.abs(starts[None, :] - hits[:, None] - turn).min(axis=1)
    assert np.mean(late <= turn / 100 + 2) == pytest.approx((turns - 1) / turns, abs=0.04)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_750_ms_of_grain_stand_within_1_1_db_of_its_level(seed: int) -> None:
    scene = stage(60, seed=seed)
    x = heard(grain().prepare(scene, "grain"), seconds(0.05, 59.95))
    levels = windowed_rms_dbfs(x, 0.75)
    assert rms_dbfs(x) == pytest.approx(-60.0, abs=0.1)
    assert np.abs(levels + 60.0).max() < 1.1


@pytest.mark.parametrize(
    "values",
    [
        {"dust": "-6 dB", "dust_rate": "40/s"},
        {"pops": "-15 dB", "pop_rate": "60/min", "spread": "0 dB"},
        {"scratches": "-12 dB", "scratch_rate": "20/min"},
        {"tilt": "-3 dB", "correlation": "90%"},
        {"swell": "3 dB"},
    ],
    ids=str,
)
def test_level_is_the_sum_of_all_that_grain_is_made_of(values: dict[str, str]) -> None:
    x = heard(grain(level="-66 dBFS", **values).prepare(stage(60), "grain"), seconds(0.05, 59.9))
    assert rms_dbfs(x) == pytest.approx(-66.0, abs=0.35)


@pytest.mark.parametrize("percent", [0, 30, 70, 100])
def test_left_and_right_are_as_alike_as_set(percent: int) -> None:
    scene = stage(30)
    x = heard(grain(correlation=f"{percent}%").prepare(scene, "grain"), seconds(1, 29))
    assert np.corrcoef(x.T)[0, 1] == pytest.approx(percent / 100, abs=0.03)


def test_the_swell_has_its_depth_and_keeps_between_its_rates() -> None:
    source = grain(swell="1.5 dB").prepare(stage(600), "grain")
    level = 20 * np.log10(source.swell_gain(seconds(0, 600))[::480])
    assert level.max() == pytest.approx(1.5, abs=0.01)
    assert level.min() == pytest.approx(-1.5, abs=0.01)
    rising = np.flatnonzero((level[:-1] < 0) & (level[1:] >= 0)) * 480 / RATE
    rates = 1.0 / np.diff(rising)
    assert rates.min() > 0.2 - 0.005
    assert rates.max() < 0.3 + 0.005
    assert np.ptp(rates) > 0.05  # it wanders


def test_ground_noise_reduction_stands_its_depth_lower_soon_after_the_voice() -> None:
    voice = seconds(10, 20)
    spoken = stage(30, speech=(voice,))
    layer = grain(ground_noise_reduction="8 dB")
    opened = heard(layer.prepare(spoken, "grain"), spoken.programme)
    shut = heard(layer.prepare(stage(30), "grain"), spoken.programme)
    sounding = np.abs(shut[:, 0]) > 1e-7
    gain = 20 * np.log10(np.abs(opened[sounding, 0] / shut[sounding, 0]))
    at = np.flatnonzero(sounding) / RATE
    np.testing.assert_allclose(gain[(at > 10) & (at < 20.02)], 8.0, atol=1e-6)
    np.testing.assert_allclose(gain[(at < 9.98) | (at > 20.08)], 0.0, atol=1e-6)
    halfway = at[(at > 20) & (gain < 4.0)][0] - 20
    assert 0.02 < halfway < 0.055


def test_what_is_left_in_the_last_second_has_the_level_that_was_set() -> None:
    scene = stage(60, speech=(seconds(8, 17.6), seconds(21, 30.8)), silence_s=57)
    last = heard(grain(level="-63 dBFS").prepare(scene, "grain"), seconds(56.25, 56.99))
    assert rms_dbfs(last) == pytest.approx(-63.0, abs=1.0)


def test_it_comes_and_goes_without_a_click() -> None:
    scene = stage(3)
    x = heard(grain(at="1s", until="2s").prepare(scene, "grain"), seconds(1, 2))
    assert_no_step(x, 1e-6)
    end = windowed_rms_dbfs(x[-round(0.002 * RATE) :], 0.001)
    assert end.max() < -70.0


def test_adding_dirt_leaves_the_hiss_where_it_is() -> None:
    clean = {"dust_rate": "0/s", "scratch_rate": "0/min", "pop_rate": "0/min"}
    scene, span = stage(10), Span(0, 10 * RATE)
    hiss = heard(grain(correlation="0%", **clean).prepare(scene, "grain"), span)
    dirty = heard(grain(correlation="0%", dust="-14 dB").prepare(scene, "grain"), span)
    assert np.corrcoef(hiss[:, 0], dirty[:, 0])[0, 1] > 0.97
