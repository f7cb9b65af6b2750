"""The advised gain passes every clause together, or the clauses that are named do contradict.

200 random programmes for every delivery: each is measured, gets the advised gain, is quantised and measured
again; a contradiction is looked for with the meter itself at gains all over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.metering import history
from audio_pipeline.metering.gain_response import (
    integrated_by_gain,
    momentary_blocks,
    range_by_gain,
    share_by_gain,
    short_term_blocks,
)
from audio_pipeline.metering.leq_m import leq_m_db
from audio_pipeline.metering.meter import Loudness, measure
from audio_pipeline.reporting.clause import Value
from audio_pipeline.reporting.delivery import Delivery, delivery_names, load_delivery, parse_delivery
from audio_pipeline.reporting.dialogue import GATE_LU
from audio_pipeline.reporting.dialogue import share_percent as share
from audio_pipeline.reporting.gain_advice import MARGIN_DB, advise
from audio_pipeline.reporting.model import GainAdvice
from audio_pipeline.reporting.programme_response import Response, response_of_curves
from audio_pipeline.reporting.verdict import judge

RATE = 8_000
DELIVERIES = [load_delivery(name) for name in delivery_names()]


@dataclass(frozen=True, eq=False)
class Programme:
    """Samples and the dialogue in them, `(n, channels)`; `bits` of their file."""

    samples: Samples
    dialogue: Samples | None
    bits: int

    def after(self, gain_db: float) -> Programme:
        """What a file holds after the gain: dithered whole numbers."""
        gain = 10 ** (gain_db / 20)
        rng = np.random.default_rng(1)
        scale = 2.0 ** (self.bits - 1)
        dither = rng.uniform(-0.5, 0.5, (2, *self.samples.shape)).sum(axis=0)
        steps = np.rint(self.samples * gain * scale + dither)
        steps[~self.samples.any(axis=1)] = 0.0
        made = np.clip(steps, -scale, scale - 1.0) / scale
        return Programme(made, None if self.dialogue is None else self.dialogue * gain, self.bits)


def measured(programme: Programme) -> tuple[dict[str, Value], Loudness, Loudness | None]:
    """The figures of a programme by the meter, and its curves."""
    whole = measure(programme.samples, RATE)
    stem = None if programme.dialogue is None else measure(programme.dialogue, RATE)
    dialogue = None if stem is None else stem.integrated_lufs
    known = dialogue is not None and whole.integrated_lufs is not None
    figures: dict[str, Value] = {
        "integrated_lufs": whole.integrated_lufs,
        "loudness_range_lu": whole.loudness_range_lu,
        "max_momentary_lufs": whole.max_momentary_lufs,
        "max_short_term_lufs": whole.max_short_term_lufs,
        "true_peak_dbtp": whole.true_peak_dbtp,
        "sample_peak_dbfs": whole.sample_peak_dbfs,
        "dialogue_lufs": dialogue,
        "loudness_to_dialogue_lu": whole.integrated_lufs - dialogue if known else None,  # type: ignore[operator]
        "dialogue_share_percent": None
        if stem is None
        else share(stem.momentary_lufs, stem.integrated_lufs, whole.duration_s),
        "leq_m_db": leq_m_db(programme.samples, RATE),
        "duration_s": whole.duration_s,
        "sample_rate_hz": 48_000,
        "channels": programme.samples.shape[1],
        "bits": programme.bits,
        "real_bits": programme.bits,
        "container": "WAV",
        "codec": "PCM",
        "channel_faults": 0,
    }
    return figures, whole, stem


def advice_for(
    delivery: Delivery, figures: Mapping[str, Value], whole: Loudness, stem: Loudness | None
) -> GainAdvice:
    curve = None if stem is None else stem.momentary_lufs
    response = response_of_curves(figures, whole.momentary_lufs, whole.short_term_lufs, curve)
    return advise(delivery, response)


@st.composite
def programmes(draw: st.DrawFn) -> Programme:
    """Noise in stretches of any level, from below the gate to full scale, with peaks and silences; half of
    them with a dialogue stem."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    channels = draw(st.sampled_from([1, 2, 2]))
    stretches = draw(
        st.lists(
            st.tuples(st.floats(0.2, 1.6), st.one_of(st.none(), st.floats(-95.0, -8.0))),
            min_size=1,
            max_size=4,
        )
    )
    parts = []
    for seconds, level_dbfs in stretches:
        part = rng.standard_normal((round(seconds * RATE), channels)).clip(-3.0, 3.0)
        parts.append(part * (0.0 if level_dbfs is None else 10 ** (level_dbfs / 20)))
    samples = np.concatenate(parts)
    for _ in range(draw(st.integers(0, 3))):  # peaks that stand out
        samples[rng.integers(len(samples)), rng.integers(channels)] = draw(st.floats(-0.99, 0.99))
    bits = draw(st.sampled_from([16, 24, 24]))
    scale = 2.0 ** (bits - 1)
    samples = np.rint(np.clip(samples, -0.999, 0.999) * scale) / scale
    dialogue = None
    if draw(st.booleans()):
        dialogue = samples * 10 ** (draw(st.floats(-20.0, 0.0)) / 20)
        dialogue[: int(draw(st.floats(0.0, 1.0)) * len(dialogue))] = 0.0
    return Programme(samples, dialogue, bits)


@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(programme=programmes())
def test_of_200_programmes_the_advice_of_every_delivery_is_true(programme: Programme) -> None:
    figures, whole, stem = measured(programme)
    results: dict[float, Mapping[str, Value]] = {}
    for delivery in DELIVERIES:
        advice = advice_for(delivery, figures, whole, stem)
        if advice.gain_db is None:
            assert len(advice.contradicting) >= 2, delivery.name
            refuse_any_gain(delivery, advice, figures, whole, stem)
            continue
        gain_db = round(advice.gain_db, 4)
        if gain_db not in results:
            results[gain_db] = measured(programme.after(gain_db))[0]
        hopeless = {*advice.unmet, *advice.unmeasured}
        for clause in judge(delivery, results[gain_db], {}).clauses:
            if clause.binding and clause.code not in hopeless:
                told = (delivery.name, clause.code, gain_db, clause.measured)
                assert clause.verdict in ("pass", "does not apply"), told


def at_gain(
    gain_db: float, figures: Mapping[str, Value], whole: Loudness, stem: Loudness | None
) -> dict[str, Value]:
    """The figures with a gain, by the meter's own gates."""
    moved = dict(figures.items())
    for name in ("max_momentary_lufs", "max_short_term_lufs", "true_peak_dbtp", "leq_m_db"):
        value = figures[name]
        moved[name] = value + gain_db if isinstance(value, float) else None
    powers = [
        10 ** ((np.nan_to_num(curve, nan=-np.inf) + gain_db - history.lufs(np.ones(1))[0]) / 10)
        for curve in (whole.momentary_lufs[39:], whole.short_term_lufs[299:])
    ]
    moved["integrated_lufs"] = history.integrated_lufs(powers[0])
    moved["loudness_range_lu"] = history.loudness_range_lu(powers[1])
    if stem is not None:
        curve = np.nan_to_num(stem.momentary_lufs[39:], nan=-np.inf) + gain_db
        dialogue = history.integrated_lufs(10 ** ((curve - history.lufs(np.ones(1))[0]) / 10))
        programme = moved["integrated_lufs"]
        moved["dialogue_lufs"] = dialogue
        both = dialogue is not None and isinstance(programme, float)
        moved["loudness_to_dialogue_lu"] = programme - dialogue if both else None  # type: ignore[operator]
        speaking = 0 if dialogue is None else np.count_nonzero(curve > dialogue + GATE_LU)
        moved["dialogue_share_percent"] = min(100.0, speaking / whole.duration_s)
    return moved


def refuse_any_gain(
    delivery: Delivery,
    advice: GainAdvice,
    figures: Mapping[str, Value],
    whole: Loudness,
    stem: Loudness | None,
) -> None:
    """Fail when some gain does meet the clauses that are said to contradict each other."""
    named = {gains.code for gains in advice.contradicting}
    limits = [g for gains in advice.contradicting for g in (gains.lowest_db, gains.highest_db)]
    near = [g + d for g in limits if g is not None for d in (-0.05, -0.001, 0.0, 0.001, 0.05)]
    for gain_db in [*np.arange(-60.0, 60.5, 3.0).tolist(), *near]:
        judged = judge(delivery, at_gain(gain_db, figures, whole, stem), {})
        bad = [
            c.code for c in judged.clauses if c.code in named and c.verdict in ("fail", "not measurable")
        ]
        assert bad, (delivery.name, gain_db, named)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(
    levels=st.lists(st.one_of(st.just(-np.inf), st.floats(-110.0, 0.0)), min_size=0, max_size=400),
    gain_db=st.floats(-50.0, 50.0),
)
def test_the_response_to_a_gain_is_what_the_meter_reads_of_louder_blocks(
    levels: list[float], gain_db: float
) -> None:
    # the curve of a programme on the 10 ms grid: windows begin to be full after 40 and 300 hops
    curve = np.array([np.nan] * 39 + levels)
    slow = np.array([np.nan] * 299 + levels)
    reads_0 = float(history.lufs(np.ones(1))[0])
    for steps, powers, meter in (
        (integrated_by_gain(momentary_blocks(curve)), curve[39:], history.integrated_lufs),
        (range_by_gain(short_term_blocks(slow)), slow[299:], history.loudness_range_lu),
    ):
        found = float(steps.above(np.array([gain_db]))[0]) + (gain_db if steps.moves else 0.0)
        expected = meter(10 ** ((np.array(powers) + gain_db - reads_0) / 10))
        if expected is None:
            assert np.isnan(found)
        else:
            assert found == pytest.approx(expected, abs=1e-6)


def test_the_share_of_dialogue_jumps_where_its_quiet_words_pass_the_gate() -> None:
    curve = np.array([np.nan] * 39 + [-30.0] * 100 + [-75.0] * 300)
    steps = share_by_gain(curve, integrated_by_gain(momentary_blocks(curve)), GATE_LU, 4.0)
    assert steps.above(np.array([0.0]))[0] == pytest.approx(25.0)
    only_quiet = np.array([np.nan] * 39 + [-75.0] * 300)
    steps = share_by_gain(only_quiet, integrated_by_gain(momentary_blocks(only_quiet)), GATE_LU, 4.0)
    assert np.isnan(steps.above(np.array([0.0]))[0])
    assert steps.above(np.array([6.0]))[0] == pytest.approx(75.0)


TWO = """
title = "T"
source = "S"
[normalise]
anchor = "programme"
target_lufs = -23.0
ceiling_dbtp = -1.0
[listening]
level = "79 dBC"
spl_at_full_scale_db = 99.0
[[clauses]]
figure = "integrated_lufs"
target = -23.0
tolerance = {tolerance}
unit = "LUFS"
source = "s"
[[clauses]]
figure = "true_peak_dbtp"
maximum = -1.0
unit = "dBTP"
source = "s"
"""


def advised(loudness: float, peak: float, tolerance: float = 2.0) -> GainAdvice:
    figures = {"integrated_lufs": loudness, "true_peak_dbtp": peak, "channel_faults": 0.0}
    return advise(parse_delivery("mine", TWO.format(tolerance=tolerance)), Response(figures))


@pytest.mark.parametrize(
    ("loudness", "peak", "gain_db"),
    [
        (-23.0, -5.0, 0.0),
        (-25.0, -5.0, 0.0),
        (-28.0, -15.0, 3.1),  # to -25 and a margin
        (-18.0, -5.0, -3.1),  # to -21 and a margin
        (-23.0, -0.5, -0.6),  # the peak alone
        (-25.9, -1.96, 0.93),  # 0.90 to 0.96: between both limits
        (-27.0, -3.0, 2.0),  # exactly one gain
    ],
)
def test_the_smallest_gain_that_passes_everything_is_advised(
    loudness: float, peak: float, gain_db: float
) -> None:
    advice = advised(loudness, peak)
    assert advice.gain_db == pytest.approx(gain_db, abs=0.011)
    assert (advice.contradicting, advice.unmet, advice.unmeasured) == ((), (), ())
    assert MARGIN_DB == 0.1


def test_clauses_that_contradict_each_other_are_named_with_the_gains_of_each() -> None:
    advice = advised(-30.0, -2.0)
    assert (advice.gain_db, advice.lowest_db, advice.highest_db) == (None, None, None)
    loudness, peak = advice.contradicting
    assert (loudness.code, peak.code) == ("integrated_lufs", "true_peak_dbtp")
    assert loudness.lowest_db == pytest.approx(5.0, abs=1e-3)
    assert loudness.highest_db == pytest.approx(9.0, abs=1e-3)
    assert (peak.lowest_db, peak.highest_db) == (None, pytest.approx(1.0, abs=1e-3))


def test_what_no_gain_changes_and_what_was_not_measured_is_told_apart() -> None:
    delivery = load_delivery("netflix-nearfield")
    figures = {"true_peak_dbtp": -1.0, "bits": 16, "real_bits": 16, "codec": "PCM", "channels": 2}
    advice = advise(delivery, Response({**figures, "container": "WAV", "sample_rate_hz": 44_100}))
    assert advice.gain_db == pytest.approx(-1.1)
    assert set(advice.unmet) == {"bits", "real_bits", "sample_rate_hz"}
    assert set(advice.unmeasured) == {"dialogue_lufs", "channel_faults"}


def test_a_programme_below_the_gate_is_raised_over_it() -> None:
    samples = 10 ** (-85 / 20) * np.random.default_rng(1).standard_normal((4 * RATE, 2))
    programme = Programme(samples, None, 24)
    figures, whole, stem = measured(programme)
    assert figures["integrated_lufs"] is None
    advice = advice_for(load_delivery("ebu-r128"), figures, whole, stem)
    assert advice.gain_db is not None
    after = measured(programme.after(advice.gain_db))[0]
    assert after["integrated_lufs"] == pytest.approx(-23.1, abs=0.02)
