import numpy as np
import pytest

from audio_pipeline.layers.exhale import Exhale
from tests.layers.sound_stage import (
    RATE,
    assert_obeys_the_contract,
    heard,
    seconds,
    stage,
    windowed_rms_dbfs,
)


def test_it_obeys_the_contract_of_a_layer() -> None:
    assert_obeys_the_contract(Exhale(), stage(14, silence_s=8.5))


def test_the_last_breath_is_one_exhale_after_the_silence_began() -> None:
    scene = stage(20, silence_s=10)
    source = Exhale().prepare(scene, "last")
    assert source.phase.way == "out"
    assert source.span == seconds(10.9, 13.9)
    assert 2.5 <= len(source.span) / RATE <= 3.5
    x = heard(source, source.span)
    assert 10 * np.log10(np.sum(x**2) / len(x)) == pytest.approx(-54.0, abs=0.3)


@pytest.mark.parametrize("percent", [0, 32, 60])
def test_the_ears_differ_by_the_width_and_folded_to_mono_they_do_not(percent: int) -> None:
    source = Exhale.model_validate({"width": f"{percent}%"}).prepare(stage(20, silence_s=10), "last")
    x = heard(source, source.span)
    assert np.corrcoef(x.T)[0, 1] == pytest.approx(1 - percent / 100, abs=0.08)
    narrow = Exhale.model_validate({"width": "0%"}).prepare(stage(20, silence_s=10), "last")
    alone, fold = heard(narrow, narrow.span).sum(axis=1), x.sum(axis=1)
    assert np.corrcoef(alone, fold)[0, 1] > 0.999


@pytest.mark.parametrize(("pan", "louder"), [("L60", 0), ("R60", 1)])
def test_it_stands_on_the_side_it_is_panned_to(pan: str, louder: int) -> None:
    source = Exhale.model_validate({"pan": pan}).prepare(stage(20, silence_s=10), "last")
    level = np.mean(heard(source, source.span) ** 2, axis=0)
    assert level[louder] > 4 * level[1 - louder]


def test_it_ends_in_a_half_cosine_and_not_in_a_cut() -> None:
    source = Exhale().prepare(stage(20, silence_s=10), "last")
    x = heard(source, source.span)
    levels = windowed_rms_dbfs(x, 0.05)
    assert np.argmax(levels) / len(levels) < 0.35
    assert levels[-1] < levels.max() - 40
    assert abs(x[-1, 0]) < 1e-9
    assert np.abs(x[-480:]).max() < 1e-5


def test_where_there_is_less_room_it_is_shorter_and_not_cut() -> None:
    scene = stage(13, silence_s=10)
    source = Exhale().prepare(scene, "last")
    assert source.span == seconds(10.9, 13)
    assert source.phase.span == source.span


def test_without_any_room_there_is_none() -> None:
    scene = stage(10, silence_s=10)
    assert not Exhale().prepare(scene, "last").render(seconds(0, 10)).any()
