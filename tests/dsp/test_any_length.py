"""Whatever `dsp` computes in parts equals the formula without parts: for empty, short and odd lengths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from scipy.signal import sosfilt

from audio_pipeline.dsp import coloured_noise, products
from audio_pipeline.dsp.control import slow_curve, straight_between
from audio_pipeline.dsp.drift import drift
from audio_pipeline.dsp.events import CELL, Resonances, normals
from audio_pipeline.dsp.fades import fade_edges
from audio_pipeline.dsp.filters import convolve
from audio_pipeline.dsp.head import HeadPlacer
from audio_pipeline.dsp.head_models import sphere
from audio_pipeline.dsp.impulse_response import decaying, trimmed, velvet_noise
from audio_pipeline.dsp.mirrored_convolution import MirroredConvolver
from audio_pipeline.dsp.mono_fold import MonoFoldMeter, mono_fold_holes
from audio_pipeline.dsp.noise import uniform
from audio_pipeline.dsp.placement import SpeakerPlacer
from audio_pipeline.dsp.recursive import RecursiveFilter, Section
from audio_pipeline.dsp.stereo_noise import StereoNoise
from audio_pipeline.dsp.windows import sliding_minimum

RATES_HZ = (8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000)

cheap = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
rates = st.sampled_from(RATES_HZ)
seeds = st.integers(0, 2**16)
channels = st.integers(0, 3)


def around(*edges: int) -> st.SearchStrategy[int]:
    """Lengths: empty, short, and one less and one more than what the parts are made of."""
    near = sorted({max(0, edge + by) for edge in edges for by in (-1, 0, 1)} | {0, 1, 2, 3})
    return st.one_of(st.sampled_from(near), st.integers(0, max(edges) + 100))


def draw(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def cuts(data: st.DataObject, n: int) -> list[tuple[int, int]]:
    """[0, n) in parts, of which some are empty."""
    edges = sorted(data.draw(st.lists(st.integers(0, n), max_size=6)))
    return list(zip([0, *edges], [*edges, n], strict=True))


@cheap
@given(channels, st.integers(0, 3), around(products._SHORT, 2 * products._SHORT), seeds, st.booleans())
def test_energies(outer, inner, n, seed, transposed):
    x = draw(seed, n, inner, outer).T if transposed else draw(seed, outer, inner, n)
    expected = np.square(x).sum(axis=-1)
    np.testing.assert_allclose(products.energies(x), expected, rtol=1e-12, atol=0)


@cheap
@given(st.data(), st.integers(0, 40), st.integers(0, 40), seeds)
def test_row_product(data, k, m, seed):
    height = min(20_000, products._WORTH_THREADS // max(1, k * m))
    n = data.draw(around(height, 2 * height))
    rows, matrix = draw(seed, n, k), draw(seed + 1, k, m)
    out = np.full((n, m), np.nan)
    assert products.row_product(rows, matrix, out) is out
    np.testing.assert_allclose(out, rows @ matrix, rtol=0, atol=1e-11)


@cheap
@given(st.integers(0, 200), st.sampled_from([1, 2, 31, 32, 480, 20_000]), seeds)
def test_straight_between(points, apart, seed):
    y = draw(seed, min(points, 400_000 // apart))
    n = max(0, len(y) - 1) * apart
    expected = np.interp(np.arange(n) / apart, np.arange(len(y)), y) if n else np.zeros(0)
    np.testing.assert_allclose(straight_between(y, apart), expected, rtol=0, atol=1e-9)


@cheap
@given(st.data(), st.integers(-2000, 2000), around(32, 480, 16_416), st.sampled_from([1, 32, 480]))
def test_slow_curve(data, start, n, hop):
    def curve(at):
        return np.sin(at / 1000.0)

    whole = slow_curve(curve, start, start + n, hop=hop)
    grid = np.arange(start // hop, (start + n) // hop + 2) * float(hop)
    expected = np.interp(np.arange(start, start + n), grid, curve(grid))
    np.testing.assert_allclose(whole, expected, rtol=0, atol=1e-9)
    for a, b in cuts(data, n):
        assert np.array_equal(slow_curve(curve, start + a, start + b, hop=hop), whole[a:b])


@cheap
@given(st.sampled_from([1, 2, 3, 63, 64, 500]), around(64, 1024, 16_384), channels, seeds, st.booleans())
def test_convolve(taps, n, wide, seed, single):
    impulse, window = draw(seed, taps), draw(seed + 1, taps - 1 + n, wide)
    window = window.astype(np.float32) if single else window
    expected = np.zeros((n, wide))
    for channel in range(wide):
        full = np.convolve(window[:, channel].astype(float), impulse) if len(window) else np.zeros(0)
        expected[:, channel] = full[taps - 1 : taps - 1 + n]
    tolerance = 1e-5 * np.sqrt(taps) if single else 1e-9
    np.testing.assert_allclose(convolve(window, impulse), expected, rtol=0, atol=tolerance)


def test_an_impulse_without_taps_is_refused():
    with pytest.raises(ValueError, match="no taps"):
        convolve(np.zeros((4, 2)), np.zeros(0))


def test_a_filter_without_sections_is_refused():
    with pytest.raises(ValueError, match="at least one section"):
        RecursiveFilter((), 100)


@cheap
@given(st.sampled_from([1, 2, 7, 300]), st.sampled_from([1, 8, 1000]), around(8, 1000, 3000), seeds)
def test_mirrored_convolution(taps, block, n, seed):
    n = n if block > 1 else min(n, 200)
    responses = [draw(seed, taps, 2), draw(seed + 1, max(1, taps // 2), 2)]
    convolver = MirroredConvolver(responses, block)
    windows = [draw(seed + 2, taps - 1 + n, 2), None]
    expected = np.zeros((n, 2))
    for ear in range(2):
        for side in range(2):
            response = responses[0][:, 0 if ear == side else 1]
            if n:
                expected[:, ear] += np.convolve(windows[0][:, side], response, "valid")
    np.testing.assert_allclose(convolver(windows), expected, rtol=0, atol=1e-4 * np.sqrt(taps))


@cheap
@given(st.data(), st.sampled_from([0, 1, 15, 16, 17, 100, 1023, 2049]), seeds)
def test_a_recursive_filter(data, n, seed):
    sections = (Section(0.2, 0.1, 0.05, -1.2, 0.5), Section(1.0, -2.0, 1.0, -1.9, 0.91))
    count = data.draw(st.integers(1, 2))
    x = draw(seed, 3 * n, 2)
    filters = RecursiveFilter(sections[:count], n)
    state, pieces = filters.rest_state(2), []
    for piece in range(3):
        made, state = filters.run(x[piece * n : (piece + 1) * n], state)
        pieces.append(made)
    sos = np.array([[s.b0, s.b1, s.b2, 1.0, s.a1, s.a2] for s in sections[:count]])
    expected = sosfilt(sos, x, axis=0) if n else x
    np.testing.assert_allclose(np.concatenate(pieces, axis=1).T, expected, rtol=0, atol=1e-9)


@settings(cheap, max_examples=15)
@given(st.data(), rates, seeds)
def test_a_mono_fold_in_parts(data, rate_hz, seed):
    n = data.draw(around(rate_hz // 10, rate_hz // 2))
    stereo = draw(seed, n, 2)
    meter = MonoFoldMeter(rate_hz, every=1)
    for start, stop in cuts(data, n):
        meter.feed(stereo[start:stop])
    whole, parts = mono_fold_holes(stereo, rate_hz), meter.result()
    assert np.array_equal(whole.change_db, parts.change_db)
    assert np.array_equal(whole.certain, parts.certain)


@cheap
@given(st.data(), st.integers(-50_000, 50_000), around(24_000, 34_560))
def test_noise_in_parts(data, start, n):
    white = uniform(3, "white", start, start + n)
    assert len(white) == n
    for a, b in cuts(data, n):
        assert np.array_equal(uniform(3, "white", start + a, start + b), white[a:b])


@settings(cheap, max_examples=15)
@given(st.data(), st.integers(-70_000, 70_000), around(coloured_noise.HOP, coloured_noise.SIZE), rates)
def test_coloured_noise_in_parts(data, start, n, rate_hz):
    magnitude = 1.0 / (1.0 + coloured_noise.grid_hz(rate_hz) / 1000.0)
    mono = coloured_noise.ColouredNoise(3, "pink", magnitude)
    stereo = StereoNoise(3, "pink", magnitude, 0.3)
    whole, wide = mono.draw(start, start + n), stereo.draw(start, start + n)
    assert whole.shape == (n,)
    assert wide.shape == (n, 2)
    for a, b in cuts(data, n):
        assert np.array_equal(mono.draw(start + a, start + b), whole[a:b])
        assert np.array_equal(stereo.draw(start + a, start + b), wide[a:b])


@cheap
@given(st.data(), st.integers(-600, 600), around(CELL), st.integers(1, 5))
def test_normals_in_parts(data, first, count, columns):
    whole = normals(5, "clicks", first, first + count, columns)
    assert whole.shape == (count, columns)
    for a, b in cuts(data, count):
        assert np.array_equal(normals(5, "clicks", first + a, first + b, columns), whole[a:b])


@cheap
@given(st.data(), st.integers(-5000, 5000), around(64), st.integers(1, 100))
def test_a_drift_in_parts(data, start, n, interval):
    at = start + np.arange(n, dtype=np.float64)
    whole = drift(5, "reel", interval, at)
    for a, b in cuts(data, n):
        assert np.array_equal(drift(5, "reel", interval, at[a:b]), whole[a:b])


@cheap
@given(st.data(), rates, around(500), st.integers(0, 40), seeds)
def test_ringing_is_the_sum_of_its_sines(data, rate_hz, n, blows, seed):
    tones, decays = (700.0, 1900.0), (0.002, 0.004)
    body = Resonances(tones, decays, rate_hz)
    rng = np.random.default_rng(seed)
    at = np.sort(rng.uniform(-200.0, n + 20.0, blows))
    first = data.draw(st.integers(-30, 30))
    numbers, strength = first + np.arange(blows), np.ones((blows, 2), np.complex64)
    whole = np.zeros(n, np.float32)
    body.strike(whole, numbers, at, strength)
    expected = np.zeros(n)
    for place in at:
        since = np.arange(n) - place
        for tone, decay in zip(tones, decays, strict=True):
            sounds = (since >= 0) & (np.arange(n) - np.ceil(place) <= int(6.0 * decay * rate_hz))
            ring = np.exp(-np.maximum(since, 0) / decay / rate_hz)
            expected += sounds * ring * np.sin(2 * np.pi * tone / rate_hz * since)
    np.testing.assert_allclose(whole, expected, rtol=0, atol=1e-4 * max(1, blows))
    for a, b in cuts(data, n):
        part = np.zeros(b - a, np.float32)
        body.strike(part, numbers, at - a, strength)
        np.testing.assert_allclose(part, whole[a:b], rtol=0, atol=1e-5 * max(1, blows))


@settings(cheap, max_examples=15)
@given(rates, around(300, 17_000), seeds, st.floats(-1.5, 1.5), st.floats(-0.05, 0.05))
def test_a_head_in_parts(rate_hz, n, seed, begins, moves):
    placer = HeadPlacer(rate_hz, sphere())
    window = draw(seed, placer.look_back + n)
    position = begins + moves * np.arange(n) / max(n, 1)
    expected = np.zeros((n, 2))
    for ear, where in enumerate((-position, position)):
        step = np.round((np.clip(where, -1.0, 1.0) + 1.0) * 180, 9)
        lower = np.minimum(step.astype(int), 359)
        for response in range(lower.min(initial=0), lower.max(initial=0) + 2):
            share = np.where(lower == response, 1.0 - (step - lower), 0.0)
            share += np.where(lower + 1 == response, step - lower, 0.0)
            if share.any():
                expected[:, ear] += share * np.convolve(window, placer._responses[response], "valid")
    np.testing.assert_allclose(placer.place(window, position), expected, rtol=0, atol=1e-10)


@cheap
@given(around(100), channels)
def test_a_pan_pot_at_any_length(n, seed):
    window = draw(seed, n)
    placed = SpeakerPlacer(10 * np.log10(2)).place(window, np.zeros(n))
    np.testing.assert_allclose(placed, np.stack([window, window]).T / np.sqrt(2), rtol=0, atol=1e-12)


@cheap
@given(st.data(), st.integers(1, 300), seeds)
def test_a_sliding_minimum(data, width, seed):
    x = draw(seed, data.draw(st.integers(width, 3 * width)))
    assert np.array_equal(sliding_minimum(x, width), sliding_window_view(x, width).min(axis=1))


@cheap
@given(st.data(), around(200), st.integers(-50, 250), st.integers(-50, 250), st.integers(0, 90))
def test_fades_in_parts(data, n, begin, end, length):
    whole = np.ones((n, 2))
    fade_edges(whole, 0, begin, end, length, length)
    for a, b in cuts(data, n):
        part = np.ones((b - a, 2))
        fade_edges(part, a, begin, end, length, length)
        np.testing.assert_allclose(part, whole[a:b], rtol=0, atol=1e-15)


@settings(cheap, max_examples=20)
@given(around(500), channels, rates)
def test_a_response_of_any_length(n, wide, rate_hz):
    density = np.full(n, 1500.0)
    assert velvet_noise(density, rate_hz, np.random.default_rng(1)).shape == (n,)
    reverberation = decaying(draw(1, n, wide), np.full(9, 0.2), rate_hz)
    assert reverberation.shape == (n, wide)
    assert np.isfinite(reverberation).all()
    cut = trimmed(reverberation, -60.0)
    assert 1 <= len(cut) <= max(1, n)
    assert cut.shape[1] == wide
