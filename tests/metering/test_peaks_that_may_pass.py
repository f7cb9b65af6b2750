"""The limiter's shortcut gives what the whole interpolation gives, wherever the limit may be passed."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.metering.true_peak import REACH, inter_sample_peaks, peaks_that_may_pass


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.floats(0.05, 3.0))
def test_no_peak_over_the_limit_is_missed(seed, limit):
    rng = np.random.default_rng(seed)
    n = 20_000
    swell = np.abs(np.sin(np.linspace(0, 7, n + 2 * REACH)))[:, None] ** 4
    window = swell * rng.standard_normal((n + 2 * REACH, 2))
    whole, quick = inter_sample_peaks(window), peaks_that_may_pass(window, limit)
    if quick is None:
        assert whole.max() <= limit
    else:
        over = whole > limit
        np.testing.assert_allclose(quick[over], whole[over], rtol=1e-12)
        assert (quick[~over] <= limit * (1 + 1e-12)).all()


def test_a_quiet_programme_needs_no_interpolation():
    assert peaks_that_may_pass(np.full((50_000, 2), 0.1), 0.8) is None
