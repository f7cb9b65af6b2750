"""The short way to integrated loudness is the long one's, to the last bit."""

import numpy as np
import pytest

from audio_pipeline.dsp.recursive import RecursiveFilter
from audio_pipeline.metering.energies import Energies
from audio_pipeline.metering.gated import GatedMeter
from audio_pipeline.metering.kweighting import k_weighting
from audio_pipeline.metering.meter import measure
from audio_pipeline.metering.span_levels import GATED, TOO_SHORT, hop_energies


@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize("length", [30_000, 100_000, 250_007])
def test_it_reads_what_the_meter_reads(rate: int, length: int) -> None:
    x = 0.1 * np.random.default_rng(length).standard_normal((length, 2))
    x[length // 3 : length // 2] *= 1e-4
    meter = GatedMeter(rate, 2)
    for start in range(0, length, 7001):
        meter.feed(x[start : start + 7001])
    found, wanted = meter.result(), measure(x, rate)
    assert found.integrated_lufs == wanted.integrated_lufs
    known = np.isfinite(wanted.momentary_lufs)
    assert np.array_equal(found.momentary_lufs, wanted.momentary_lufs[known])
    assert found.reason is None


@pytest.mark.parametrize("rate", [11_025, 48_000])
def test_silence_that_is_not_weighted_measures_as_if_it_were(rate: int) -> None:
    x = np.zeros((12 * rate, 2))
    x[4 * rate : 5 * rate] = 0.1 * np.random.default_rng(rate).standard_normal((rate, 2))
    x[9 * rate : 9 * rate + 100, 1] = 0.2
    weighting = RecursiveFilter(k_weighting(rate), rate)
    state, energies, second = weighting.rest_state(2), Energies(rate, (1.0, 1.0)), []
    for start in range(0, len(x), rate):
        piece = np.asfortranarray(x[start : start + rate])
        filtered, state = weighting.run(piece, state)
        second.append(hop_energies(filtered, rate).sum(axis=0))
        energies.feed(piece)
        assert np.array_equal(energies.filtered, filtered)
    assert np.array_equal(energies.history(x[:0]).weighted, np.concatenate(second))


@pytest.mark.parametrize(("samples", "reason"), [(100, TOO_SHORT), (96_000, GATED)])
def test_what_cannot_be_read_has_its_reason(samples: int, reason: str) -> None:
    meter = GatedMeter(48_000, 2)
    meter.feed(np.full((samples, 2), 1e-6))
    assert meter.result().integrated_lufs is None
    assert meter.result().reason == reason
