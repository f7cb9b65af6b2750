"""A sound near the head: the sphere's series against another way to work it out, and its laws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import eval_legendre, spherical_jn, spherical_yn

from audio_pipeline.dsp.head import HeadPlacer
from audio_pipeline.dsp.head_models import sphere
from audio_pipeline.dsp.near_field import near_field_gain, sphere_pressure

RATE = 48_000
AZIMUTH_DEG = np.array([-90.0, -45.0, 0.0, 45.0, 90.0])


@pytest.mark.parametrize(
    ("ka", "radii", "cosine"), [(0.1, 2.0, 1.0), (0.4, 3.0, -1.0), (2.0, 1.5, 0.3), (5.0, 4.0, 0.9)]
)
def test_the_series_is_that_of_scipy_s_bessel_functions(ka: float, radii: float, cosine: float) -> None:
    m = np.arange(40)
    source = spherical_jn(m, ka * radii) + 1j * spherical_yn(m, ka * radii)
    slope = spherical_jn(m, ka, True) + 1j * spherical_yn(m, ka, True)
    terms = (2 * m + 1) * eval_legendre(m, cosine) * source / slope
    expected = radii / ka * abs(terms[np.isfinite(terms)].sum())
    found = abs(sphere_pressure(np.array([ka]), np.array([radii]), np.array([cosine]))[0, 0])
    assert found == pytest.approx(expected, rel=1e-4)


def test_ahead_and_far_away_nothing_changes() -> None:
    hz = np.array([0.0, 250.0, 4000.0, 24_000.0])
    gain = near_field_gain(hz, AZIMUTH_DEG, 0.25)
    np.testing.assert_allclose(gain[2], 1.0, atol=1e-9)
    np.testing.assert_allclose(near_field_gain(hz, AZIMUTH_DEG, 8.75), 1.0, atol=0.02)


@pytest.mark.parametrize("frequency_hz", [60.0, 250.0, 1000.0, 4000.0])
def test_the_nearer_the_more_the_near_ear_hears_and_the_less_the_far_one(frequency_hz: float) -> None:
    hz = np.array([frequency_hz])
    gains = np.array([near_field_gain(hz, AZIMUTH_DEG, d)[:, 0] for d in (2.0, 0.5, 0.25, 0.15)])
    assert (np.diff(gains[:, -1]) > 0).all()
    assert (np.diff(gains[:, 0]) < 0).all()


def test_a_source_in_the_head_is_as_near_as_can_be_and_one_behind_nothing_is_misuse() -> None:
    hz = np.array([250.0])
    assert np.isfinite(near_field_gain(hz, AZIMUTH_DEG, 0.01)).all()
    with pytest.raises(ValueError, match="nearest_m"):
        near_field_gain(hz, AZIMUTH_DEG, 0.0)


def test_a_head_with_a_near_field_keeps_power_delay_and_mirror() -> None:
    far, near = HeadPlacer(RATE, sphere()), HeadPlacer(RATE, sphere(), nearest_m=0.25)
    assert near.look_back == far.look_back
    click = np.zeros(near.look_back + 4096)
    click[near.look_back] = 1.0
    f = np.fft.rfftfreq(4096, 1 / RATE)
    levels = []
    for place in (0.0, 0.5, 1.0):
        left, right = near.place(click, np.full(4096, place)).T
        mirrored = near.place(click, np.full(4096, -place))
        assert np.array_equal(mirrored[:, ::-1], np.stack([left, right]).T)
        spectra = np.square(np.abs(np.fft.rfft(np.stack([left, right]))))
        together = 10 * np.log10(spectra.sum(axis=0))
        np.testing.assert_allclose(together[(f > 40) & (f < 18_000)], 0.0, atol=0.25)
        inside = (f > 177) & (f < 354)
        levels.append(10 * np.log10(spectra[1][inside].sum() / spectra[0][inside].sum()))
    assert levels[0] == pytest.approx(0.0, abs=1e-6)
    assert levels[2] >= 8.0
    assert levels[0] < levels[1] < levels[2]
