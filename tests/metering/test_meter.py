from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.metering.kweighting import channel_weights, k_weighting
from audio_pipeline.metering.meter import Loudness, Meter, measure
from audio_pipeline.timeline.spans import Span

RATE = 48_000
RATES = [8_000, 11_025, 22_050, 44_100, 48_000, 88_200, 96_000, 192_000]


def sine(frequency_hz: float, peak_dbfs: float, seconds: float, rate: int = RATE) -> np.ndarray:
    n = round(seconds * rate)
    return 10 ** (peak_dbfs / 20) * np.sin(2 * np.pi * frequency_hz / rate * np.arange(n))[:, None]


def k_gain_db(frequency_hz: float, rate: int) -> float:
    return sum(
        20 * math.log10(float(s.response(np.array(frequency_hz), rate))) for s in k_weighting(rate)
    )


def same(a: Loudness, b: Loudness) -> bool:
    return all(
        np.array_equal(x, y, equal_nan=True) if isinstance(x, np.ndarray) else x == y
        for x, y in ((getattr(a, f.name), getattr(b, f.name)) for f in fields(Loudness))
    )


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("frequency_hz", [100.0, 997.0, 3000.0])
def test_a_steady_sine_reads_its_power_through_the_k_curve(rate: int, frequency_hz: float) -> None:
    # whole periods in 100 ms, after a second in which the filter settles
    frequency_hz = round(frequency_hz, -1)
    result = measure(sine(frequency_hz, -20.0, 6.0, rate), rate)
    expected = -0.691 - 20.0 - 10 * math.log10(2) + k_gain_db(frequency_hz, rate)
    assert result.short_term_lufs[-1] == pytest.approx(expected, abs=1e-6)
    assert result.integrated_lufs == pytest.approx(expected, abs=0.01)


def test_a_full_scale_997_hz_sine_reads_minus_3_01_in_one_channel_and_0_in_both() -> None:
    tone = sine(997, 0.0, 5.0)
    assert measure(tone, RATE).integrated_lufs == pytest.approx(-3.01, abs=0.005)
    assert measure(np.repeat(tone, 2, axis=1), RATE).integrated_lufs == pytest.approx(0.0, abs=0.005)


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_the_way_it_is_fed_changes_no_bit(data: st.DataObject) -> None:
    rate = data.draw(st.sampled_from([8_000, 11_025, 16_000]))
    n = data.draw(st.integers(0, 5 * rate))
    cuts = sorted(data.draw(st.lists(st.integers(0, n), max_size=12)))
    x = np.random.default_rng(n).standard_normal((n, 2)) * np.linspace(0.01, 0.3, n)[:, None]
    spans = (Span(0, n), Span(n // 3, n // 2), Span(n // 4, n))
    whole, parts = Meter(rate, 2, spans=spans), Meter(rate, 2, spans=spans)
    whole.feed(x)
    for start, stop in zip([0, *cuts], [*cuts, n], strict=True):
        parts.feed(x[start:stop])
        if stop % 3 == 0:
            parts.result()
    assert same(whole.result(), parts.result())


def test_a_result_in_between_is_that_of_what_was_fed() -> None:
    x = np.random.default_rng(0).standard_normal((4 * RATE, 2)) * 0.1
    meter = Meter(RATE, 2)
    for start in range(0, len(x), 30_000):
        meter.feed(x[start : start + 30_000])
        assert same(meter.result(), measure(x[: start + 30_000], RATE))


@given(st.floats(-40.0, 15.0))
@settings(max_examples=15, deadline=None)
def test_gain_moves_every_level_by_itself_and_the_range_not_at_all(gain_db: float) -> None:
    x = np.random.default_rng(5).standard_normal((5 * 8_000, 2)) * 0.05
    before, after = measure(x, 8_000), measure(x * 10 ** (gain_db / 20), 8_000)
    for name in (
        "integrated_lufs",
        "max_momentary_lufs",
        "max_short_term_lufs",
        "true_peak_dbtp",
        "sample_peak_dbfs",
    ):
        assert getattr(after, name) - getattr(before, name) == pytest.approx(gain_db, abs=1e-9)
    assert after.loudness_range_lu == pytest.approx(before.loudness_range_lu, abs=1e-9)
    assert after.max_momentary_at_s == before.max_momentary_at_s


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16])
def test_every_channel_counts_with_its_weight(channels: int) -> None:
    tone = sine(1000, -20.0, 2.0)
    alone = measure(tone, RATE).integrated_lufs
    for channel, weight in enumerate(channel_weights(channels)):
        x = np.zeros((len(tone), channels))
        x[:, channel] = tone[:, 0]
        level = measure(x, RATE).integrated_lufs
        if weight:
            assert level == pytest.approx(alone + 10 * math.log10(weight), abs=1e-9)
        else:
            assert level is None


def test_weights_can_be_given() -> None:
    tone = sine(1000, -20.0, 2.0)
    meter = Meter(RATE, 1, weights=[2.0])
    meter.feed(tone)
    assert meter.result().integrated_lufs == pytest.approx(
        measure(tone, RATE).integrated_lufs + 10 * math.log10(2.0)
    )


def test_what_is_10_lu_below_the_mean_does_not_count() -> None:
    loud, soft = sine(1000, -20.0, 20.0), sine(1000, -36.0, 20.0)
    alone = measure(loud, RATE)
    gated = measure(np.vstack([loud, soft]), RATE)
    assert gated.integrated_lufs == pytest.approx(alone.integrated_lufs, abs=0.05)
    counted = measure(np.vstack([loud, sine(1000, -28.0, 20.0)]), RATE)
    mean = 10 * math.log10((1 + 10**-0.8) / 2)
    assert counted.integrated_lufs == pytest.approx(alone.integrated_lufs + mean, abs=0.02)


def test_what_is_below_minus_70_lufs_is_not_there() -> None:
    result = measure(sine(1000, -68.0, 5.0), RATE)
    assert result.integrated_lufs is None
    assert result.loudness_range_lu is None
    assert result.reasons == {
        "integrated_lufs": "below the −70 LUFS gate",
        "loudness_range_lu": "below the −70 LUFS gate",
    }
    assert result.max_momentary_lufs == pytest.approx(-71.0, abs=0.1)


@pytest.mark.parametrize("samples", [0, 1, 4_800, 19_152])
def test_too_short_is_said_and_not_guessed(samples: int) -> None:
    result = measure(np.full((samples, 2), 0.5), RATE)
    for name in ("integrated_lufs", "max_momentary_lufs", "max_momentary_at_s"):
        assert getattr(result, name) is None
        assert result.reasons[name] == ("shorter than 400 ms" if samples else "no samples")
    for name in ("loudness_range_lu", "max_short_term_lufs", "max_short_term_at_s"):
        assert result.reasons[name] == ("shorter than 3 s" if samples else "no samples")
    assert result.samples == samples
    assert (result.sample_peak_dbfs is None) == (samples == 0)


def test_400_ms_is_enough_for_momentary_and_3_s_for_short_term() -> None:
    assert measure(sine(1000, -20, 0.4), RATE).integrated_lufs is not None
    assert measure(sine(1000, -20, 2.99), RATE).max_short_term_lufs is None
    assert measure(sine(1000, -20, 3.0), RATE).max_short_term_lufs is not None


def test_digital_silence_has_no_level_and_says_so() -> None:
    result = measure(np.zeros((5 * RATE, 2)), RATE)
    assert result.true_peak_dbtp is None
    assert result.sample_peak_dbfs is None
    assert result.max_momentary_lufs is None
    assert result.reasons["true_peak_dbtp"] == "digital silence"
    assert result.reasons["max_momentary_lufs"] == "digital silence"
    assert result.reasons["integrated_lufs"] == "below the −70 LUFS gate"
    assert np.all(np.isneginf(result.level_dbfs))


def test_none_and_reasons_go_together() -> None:
    for x in (np.zeros((0, 1)), np.zeros((RATE, 1)), sine(1000, -20, 5), sine(1000, -80, 1)):
        result = measure(x, RATE)
        missing = {f.name for f in fields(Loudness) if getattr(result, f.name) is None}
        assert missing == set(result.reasons)


def test_direct_current_is_no_loudness() -> None:
    result = measure(np.full((10 * RATE, 1), 0.5), RATE)
    assert result.momentary_lufs[-1] < -120.0
    assert result.sample_peak_dbfs == pytest.approx(-6.0206, abs=1e-4)
    assert result.level_dbfs[-1] == pytest.approx(-6.0206, abs=1e-4)


def test_a_time_is_the_end_of_its_window_and_the_place_of_its_peak() -> None:
    x = np.zeros((10 * RATE, 1))
    x[4 * RATE : 4 * RATE + 19_200] = sine(1000, -20.0, 0.4)
    x[6 * RATE + 7] = -0.9
    result = measure(x, RATE)
    assert result.max_momentary_at_s == pytest.approx(4.4, abs=0.0101)
    assert result.sample_peak_at_s == (6 * RATE + 7) / RATE
    assert result.true_peak_at_s == pytest.approx((6 * RATE + 7) / RATE, abs=1e-5)


@pytest.mark.parametrize("rate", [8_001, 11_025, 22_050, 44_100, 48_000])
def test_the_curves_stand_on_10_ms_at_every_rate(rate: int) -> None:
    result = measure(sine(1000, -20.0, 5.0, rate), rate)
    assert len(result.momentary_lufs) == len(result.short_term_lufs) == len(result.level_dbfs) == 500
    assert np.isnan(result.momentary_lufs[:39]).all()
    assert np.isfinite(result.momentary_lufs[39:]).all()
    assert np.isnan(result.short_term_lufs[:299]).all()
    assert np.ptp(result.momentary_lufs[150:]) < 0.01


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused_with_its_place(value: float) -> None:
    meter = Meter(RATE, 2)
    meter.feed(sine(1000, -20, 1.0) * np.ones(2))
    before = meter.result()
    bad = np.zeros((100, 2))
    bad[40, 1] = value
    with pytest.raises(ValueError, match=r"sample 48040 of channel 2 is .*, 1\.001 s into"):
        meter.feed(bad)
    assert same(before, meter.result())


def test_misuse_is_refused() -> None:
    with pytest.raises(ValueError, match="outside 8 to 192 kHz"):
        Meter(4_000, 2)
    with pytest.raises(ValueError, match="3 weights for 2 channels"):
        Meter(RATE, 2, weights=[1, 1, 1])
    with pytest.raises(ValueError, match=r"block \(5,\) is not \(n, 2\)"):
        Meter(RATE, 2).feed(np.zeros(5))


def test_a_span_measures_like_a_file_of_its_own() -> None:
    x = np.random.default_rng(2).standard_normal((6 * RATE, 2)) * 0.1
    x[3 * RATE :] *= 0.01
    spans = [Span(1_234, 100_001), Span(90_000, 250_000), Span(3, 5_000), Span(7, 7)]
    meter = Meter(RATE, 2, spans=spans)
    for start in range(0, len(x), 7_919):
        meter.feed(x[start : start + 7_919])
    for span, levels in zip(spans, meter.result().spans, strict=True):
        part = x[span.start : span.stop]
        alone = measure(part, RATE).integrated_lufs
        assert levels.span == span
        assert levels.integrated_lufs == (alone and pytest.approx(alone, abs=1e-9))
        if len(part):
            assert levels.rms_dbfs == pytest.approx(10 * math.log10(np.mean(part**2)), abs=1e-9)
            assert levels.sample_peak_dbfs == pytest.approx(20 * math.log10(np.abs(part).max()))
    short, empty = meter.result().spans[2:]
    assert short.reasons == {"integrated_lufs": "shorter than 400 ms"}
    assert empty.rms_dbfs is None
    assert empty.reasons["rms_dbfs"] == "no samples"


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("begin_s", [0.0, 1.0, 1.25, 1.999, 2.7181])
def test_what_was_before_a_span_is_not_in_it(rate: int, begin_s: float) -> None:
    # soft after loud, with a step between them and a rumble under them: what a filter is slow to forget
    rng, begin = np.random.default_rng(rate), round(begin_s * rate)
    x = 0.5 + 0.5 * np.sin(2 * np.pi * 30 / rate * np.arange(begin + 3 * rate))[:, None] * np.ones(2)
    x[begin:] = 1e-3 * rng.standard_normal((3 * rate, 2))
    spans = [Span(begin, begin + round(seconds * rate)) for seconds in (0.41, 0.5, 1.3, 3.0)]
    meter = Meter(rate, 2, spans=spans)
    meter.feed(x)
    for span, levels in zip(spans, meter.result().spans, strict=True):
        alone = measure(x[span.start : span.stop], rate).integrated_lufs
        assert levels.integrated_lufs == pytest.approx(alone, abs=1e-9)


@settings(max_examples=10, deadline=None)
@given(st.integers(500, 60_000), st.integers(0, 40_000), st.integers(0, 40_000))
def test_spans_are_the_same_to_the_last_bit_in_any_blocks(size: int, begin: int, length: int) -> None:
    rate = 11_025
    x = np.random.default_rng(3).standard_normal((7 * rate, 2)) * 0.1
    spans = [Span(begin, begin + length), Span(5, 60_000)]
    whole, parts = Meter(rate, 2, spans=spans), Meter(rate, 2, spans=spans)
    whole.feed(x)
    for start in range(0, len(x), size):
        parts.feed(x[start : start + size])
        parts.result()
    assert parts.result().spans == whole.result().spans


def test_silence_after_sound_is_measured_as_exactly_as_sound_after_silence() -> None:
    # no running sum: what is soft after an hour of what is loud keeps all its digits
    soft = sine(1000, -90.0, 3.0, 8_000)
    loud = np.random.default_rng(1).standard_normal((60 * 8_000, 1))
    alone = measure(soft, 8_000).short_term_lufs[-1]
    after = measure(np.vstack([loud, np.zeros((8_000, 1)), soft]), 8_000).short_term_lufs[-1]
    assert after == pytest.approx(alone, abs=1e-9)
