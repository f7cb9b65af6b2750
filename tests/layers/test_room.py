import numpy as np
import pytest
from scipy import signal

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import rms_dbfs
from audio_pipeline.layers.room import Room, coherence
from tests.layers.sound_stage import (
    RATE,
    assert_no_step,
    assert_obeys_the_contract,
    db,
    heard,
    seconds,
    stage,
)

OCTAVES_HZ = (63, 125, 250, 500, 1000, 2000, 4000, 8000)
NC_30_DB_SPL = (57, 48, 41, 35, 31, 29, 28, 27)
"""ANSI/ASA S12.2 and ASHRAE Handbook, noise criteria, octave bands."""
THEATRE_DB_SPL_AT_0_DBFS = 105


def room(**values: object) -> Room:
    return Room.model_validate({"rise": "10ms", **values})


def octaves_dbfs(x: Samples) -> Samples:
    hz, density = signal.welch(x, RATE, nperseg=32_768, axis=0)
    power = density.mean(axis=1) * hz[1]
    return np.array([db(power[(hz >= c / 2**0.5) & (hz < c * 2**0.5)].sum()) for c in OCTAVES_HZ])


def test_it_obeys_the_contract_of_a_layer() -> None:
    assert_obeys_the_contract(room(at="1s", until="19s"), stage(22))


def test_an_empty_cinema_stays_within_nc_30_at_every_octave() -> None:
    levels = octaves_dbfs(heard(room().prepare(stage(30), "room"), seconds(1, 29)))
    below = np.array(NC_30_DB_SPL) - (levels + THEATRE_DB_SPL_AT_0_DBFS)
    assert below.min() > 0
    assert below.min() < 3  # and it is no quieter than such a room


@pytest.mark.parametrize("slope", [-4.0, -5.5, -7.0])
def test_octave_bands_fall_by_the_slope(slope: float) -> None:
    layer = room(slope=f"{slope} dB", drift="0 dB", rumble="-60 dB")
    levels = octaves_dbfs(heard(layer.prepare(stage(30), "room"), seconds(1, 29)))
    middle = slice(1, 6)  # 125 Hz to 2 kHz, away from both ends
    fitted = np.polyfit(np.log2(OCTAVES_HZ[middle]), levels[middle], 1)[0]
    assert fitted == pytest.approx(slope, abs=0.25)


@pytest.mark.parametrize("rumble", ["-60 dB", "-8 dB", "6 dB"])
def test_level_is_that_of_ventilation_and_rumble_together(rumble: str) -> None:
    layer = room(level="-50 dBFS", rumble=rumble, drift="0 dB")
    x = heard(layer.prepare(stage(30), "room"), seconds(1, 29))
    assert rms_dbfs(x) == pytest.approx(-50.0, abs=0.25)


@pytest.mark.parametrize("spacing_m", [0.2, 0.35, 1.0])
def test_left_and_right_are_as_alike_as_two_points_in_a_diffuse_field(spacing_m: float) -> None:
    layer = room(spacing=f"{spacing_m} m", drift="0 dB", rumble="-60 dB")
    left, right = heard(layer.prepare(stage(30), "room"), seconds(1, 29)).T
    hz, cross = signal.csd(left, right, RATE, nperseg=2048)
    power = [signal.welch(x, RATE, nperseg=2048)[1] for x in (left, right)]
    measured = cross.real / np.sqrt(power[0] * power[1])
    band = (hz > 60) & (hz < 5000)
    assert np.abs(measured[band] - coherence(hz[band], spacing_m)).max() < 0.12
    assert np.mean(np.abs(measured[band] - coherence(hz[band], spacing_m))) < 0.03


def test_folding_it_to_mono_costs_less_than_a_random_sum_would() -> None:
    x = heard(room().prepare(stage(30), "room"), seconds(1, 29))
    assert -1.0 < db(np.mean(x.mean(axis=1) ** 2) / np.mean(x**2)) <= 0.0


def test_it_never_comes_back() -> None:
    x = heard(room().prepare(stage(30), "room"), seconds(1, 29))
    envelope = np.sqrt(np.mean(x[: len(x) // 480 * 480].reshape(-1, 480 * 2) ** 2, axis=1))
    envelope -= envelope.mean()
    for signal_ in (envelope, x[::4, 0]):
        spectrum = np.abs(np.fft.rfft(signal_, 2 * len(signal_))) ** 2
        likeness = np.fft.irfft(spectrum)[: len(signal_) // 2]
        far = likeness[len(signal_) // 16 :]
        assert np.abs(far).max() / likeness[0] < 0.2


def test_it_drifts_as_far_as_set_and_slowly() -> None:
    still, drifting = (
        heard(
            room(drift=d, drift_interval="1s", rumble="-140 dB").prepare(stage(120), "room"),
            seconds(1, 119),
        )[:, 0]
        for d in ("0 dB", "1 dB")
    )
    sounding = np.abs(still) > 1e-5
    gain = 20 * np.log10(np.abs(drifting[sounding] / still[sounding]))
    assert gain.std() == pytest.approx(1.0, abs=0.25)
    assert np.abs(gain).max() < 3.0
    assert np.abs(np.diff(gain[::1000])).max() < 0.2


def test_it_rises_from_nothing() -> None:
    x = heard(room(rise="3s").prepare(stage(10), "room"), seconds(0, 10))
    assert_no_step(x, 1e-6)
    levels = [rms_dbfs(x[i * RATE : (i + 1) * RATE]) for i in range(4)]
    assert levels[0] < levels[1] - 3
    assert levels[1] < levels[2] - 1
    assert rms_dbfs(x[4 * RATE :]) == pytest.approx(-54.0, abs=1.5)
