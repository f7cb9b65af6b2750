"""Memories: each voice's last words return, under the words, in time, ever further away."""

from __future__ import annotations

import numpy as np
import pytest

from audio_pipeline.timeline.scene import to_samples
from tests.realism.measures import (
    active,
    band,
    db,
    interaural_level_db,
    level_db,
    phrases,
    powers,
)
from tests.realism.taken_apart import VOICES, Ending


def words_and_returns(scene: Ending, voice: str) -> tuple[slice, list[slice]]:
    """The last words of a voice and each of their returns."""
    opened = scene.session
    echo, tail = opened.preset.effects["echo"], scene.cue(f"{voice}.tail")
    length = opened.scene.samples(echo.words)
    delays = [to_samples(delay, scene.rate) for delay in echo.starts(voice, opened.scene.schedule)]
    spans = [slice(tail - length + delay, tail + delay) for delay in (0, *delays)]
    return spans[0], spans[1:]


def centroid_hz(x: np.ndarray, rate: int) -> float:
    power = np.square(np.abs(np.fft.rfft(x, axis=0))).sum(axis=1)
    return float(power @ np.fft.rfftfreq(len(x), 1 / rate) / power.sum())


@pytest.mark.parametrize(("voice", "under_db"), [("voice_a", 8.0), ("voice_b", 4.0)])
def test_the_first_echo_is_under_the_words_that_it_repeats(
    scene: Ending, voice: str, under_db: float
) -> None:
    """By one setting for both: the first voice says its last words near, the second far away."""
    words, returns = words_and_returns(scene, voice)
    first = level_db(scene.echoes(voice)[returns[0]])
    assert first <= level_db(scene.spoken(voice)[words]) - under_db


@pytest.mark.parametrize("voice", VOICES)
def test_each_echo_is_darker_later_softer_and_more_reverberant(scene: Ending, voice: str) -> None:
    _, returns = words_and_returns(scene, voice)
    echoes, direct = scene.echoes(voice), scene.direct_echoes(voice)
    heard = [echoes[cut] for cut in returns]
    reverberant = [level_db(direct[cut]) - level_db((echoes - direct)[cut]) for cut in returns]
    assert (np.diff([centroid_hz(x, scene.rate) for x in heard]) < 0).all()
    assert (np.diff([level_db(x) for x in heard]) < -1.5).all()
    assert (np.diff(np.diff([cut.start for cut in returns])) > 0).all()
    assert (np.diff(reverberant) < -1.0).all()


@pytest.mark.parametrize("voice", VOICES)
def test_echoes_come_from_both_sides_and_from_unequal_places(scene: Ending, voice: str) -> None:
    _, returns = words_and_returns(scene, voice)
    levels = np.array([interaural_level_db(scene.echoes(voice)[cut]) for cut in returns])
    assert (np.sign(levels[1:]) == -np.sign(levels[:-1])).all()
    assert np.sign(levels[0]) == (1 if voice == "voice_a" else -1)
    assert np.ptp(np.abs(levels)) >= 3.0


def test_between_question_and_answer_there_is_only_the_theatre(scene: Ending) -> None:
    """For 2 s both voices are 10 dB under the rest in the band of speech, and one breath at most begins."""
    step = scene.rate // 20
    last = np.flatnonzero(active(scene.dry("voice_a"), step))[-1]
    first = np.flatnonzero(active(scene.dry("voice_b"), step))[0]
    voices, rest = (
        powers(band(x, 300, 3400, scene.rate), step)[last + 1 : first]
        for x in (scene.layer("voice_a") + scene.layer("voice_b"), scene.all_but(*VOICES))
    )
    quiet = np.flatnonzero(np.append(db(voices / rest) >= -10.0, True))
    starts = np.concatenate([[0], quiet[:-1] + 1])
    longest = int(np.argmax(quiet - starts))
    begin, end = (last + 1 + at for at in (starts[longest], quiet[longest]))
    assert (end - begin) * step >= 2 * scene.rate
    breaths = [
        phase
        for phase in scene.session.console.graph.sources["breath"].phases
        if phase.way == "in" and begin * step <= phase.span.start < end * step
    ]
    assert len(breaths) <= 1
    assert not scene.echoes("voice_a")[: first * step].any()


def test_the_question_returns_while_the_answer_is_spoken_and_12_db_under_it(scene: Ending) -> None:
    answer = phrases(scene.dry("voice_b"), scene.rate)
    spoken, memory = scene.spoken("voice_b"), scene.echoes("voice_a")
    _, returns = words_and_returns(scene, "voice_a")
    assert answer[0].start < returns[0].start < returns[1].stop < answer[-1].stop
    for phrase in answer:
        cut = slice(phrase.start, phrase.stop)
        assert level_db(memory[cut]) <= level_db(spoken[cut]) - 12.0


def test_echoes_stand_out_of_everything_else_until_they_sink_into_the_projector(scene: Ending) -> None:
    """Loudest 50 ms of voice B's returns between 200 Hz and 2 kHz. The first stood over 20 dB and the fourth
    over 3 dB while echoes were nearly as loud as the words; now they are memories under them."""
    _, returns = words_and_returns(scene, "voice_b")
    own, rest = scene.layer("voice_b"), scene.all_but("voice_b")
    over = [
        np.max(
            db(powers(band(own[cut], 200, 2000, scene.rate), scene.rate // 20))
            - db(powers(band(rest[cut], 200, 2000, scene.rate), scene.rate // 20))
        )
        for cut in returns
    ]
    assert over[0] >= 9.0
    assert over[2] >= 2.0
    assert over[-1] < 3.0
    assert returns[-1].stop <= scene.cue("black")
