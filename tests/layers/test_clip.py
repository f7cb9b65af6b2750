import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import gain_from_db, rms_dbfs
from audio_pipeline.layers.clip import Clip
from audio_pipeline.timeline.scene import Scene, StemRequest
from audio_pipeline.timeline.spans import Span
from tests.layers.sound_stage import RATE, assert_obeys_the_contract, heard, seconds, stage

REQUEST = StemRequest("stems/it.wav", channels=2)


def clip(**values: object) -> Clip:
    return Clip.model_validate({"stem": REQUEST.path, "fade_in": "0ms", "fade_out": "0ms", **values})


def noise(length_s: float) -> Samples:
    return np.random.default_rng(5).uniform(-0.5, 0.5, (round(length_s * RATE), 2))


def scene_with(stem: Samples, length_s: float = 22) -> Scene:
    return stage(length_s, stems={REQUEST: stem})


def test_it_asks_for_its_recording_in_stereo_at_its_own_level() -> None:
    assert clip().stems() == (REQUEST,)


@pytest.mark.parametrize("loop", [False, True])
def test_it_obeys_the_contract_of_a_layer(loop: bool) -> None:
    layer = clip(at="1s", until="19s", loop=loop, fade_in="1s", fade_out="2s")
    assert_obeys_the_contract(layer, scene_with(noise(7.3)))


def test_played_as_it_is_it_is_the_file() -> None:
    stem = noise(3)
    source = clip(at="9s").prepare(scene_with(stem), "it")
    assert source.span == seconds(9, 12)
    np.testing.assert_array_equal(heard(source, source.span), stem)


def test_until_ends_it_before_the_file_does() -> None:
    stem = noise(5)
    source = clip(at="9s", until="11s").prepare(scene_with(stem), "it")
    np.testing.assert_array_equal(heard(source, seconds(9, 12))[: 2 * RATE], stem[: 2 * RATE])
    assert not heard(source, seconds(11, 14)).any()


def test_gain_is_decibels() -> None:
    stem = noise(3)
    source = clip(gain="-6 dB").prepare(scene_with(stem), "it")
    np.testing.assert_allclose(heard(source, source.span), stem * gain_from_db(-6))


@pytest.mark.parametrize(("pan", "left", "right"), [("C", 1, 1), ("L100", 1, 0), ("R100", 0, 1)])
def test_balance_keeps_one_side_and_turns_the_other_down(pan: str, left: float, right: float) -> None:
    stem = noise(2)
    source = clip(pan=pan).prepare(scene_with(stem), "it")
    np.testing.assert_allclose(heard(source, source.span), stem * [left, right], atol=1e-12)


def test_fades_stand_at_the_ends_of_what_is_heard() -> None:
    stem = np.ones((3 * RATE, 2))
    layer = clip(at="2s", fade_in="1s", fade_out="500ms", fade_in_curve="tri", fade_out_curve="tri")
    x = heard(layer.prepare(scene_with(stem), "it"), seconds(2, 5))[:, 0]
    assert x[0] == x[-1] == 0
    assert x[RATE // 2] == pytest.approx(0.5)
    np.testing.assert_array_equal(x[RATE : int(2.5 * RATE) - 1], 1.0)
    assert x[-1 - RATE // 4] == pytest.approx(0.5)


@settings(max_examples=25)
@given(length=st.integers(1, 4000), seam_ms=st.integers(0, 60))
def test_a_loop_comes_around_after_the_file_less_its_seam(length: int, seam_ms: int) -> None:
    stem = noise(0.1)[:length]
    source = clip(loop=True, seam=f"{seam_ms}ms").prepare(scene_with(stem, 1), "it")
    period = source.period
    x = heard(source, Span(0, RATE))
    np.testing.assert_array_equal(x[: min(period, RATE)], stem[:period])
    np.testing.assert_array_equal(x[period : RATE - period], x[2 * period :])


def test_the_seam_has_the_power_of_the_file() -> None:
    stem = noise(2)
    source = clip(loop=True, seam="500ms").prepare(scene_with(stem), "it")
    seam = heard(source, seconds(1.5, 2.0))
    assert rms_dbfs(seam) == pytest.approx(rms_dbfs(stem), abs=0.1)


def test_the_seam_joins_end_and_beginning_without_a_step() -> None:
    t = np.arange(2 * RATE) / RATE
    stem = np.repeat(np.sin(2 * np.pi * 100.3 * t)[:, None], 2, axis=1)
    source = clip(loop=True, seam="100ms").prepare(scene_with(stem), "it")
    x = heard(source, seconds(0, 10))[:, 0]
    assert np.abs(np.diff(x)).max() < 1.5 * 2 * np.pi * 100.3 / RATE


def test_an_empty_recording_is_silence() -> None:
    for loop in (False, True):
        source = clip(loop=loop).prepare(scene_with(np.zeros((0, 2))), "it")
        assert not heard(source, seconds(0, 10)).any()


def test_a_clip_without_a_file_is_an_error() -> None:
    with pytest.raises(ValidationError, match="stem"):
        Clip.model_validate({})
