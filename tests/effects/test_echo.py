"""Memory echoes: opposite ear, darker, later, every time."""

from fractions import Fraction

import numpy as np
import pytest

from audio_pipeline.effects.echo import Echo
from audio_pipeline.timeline.moments import parse_moment
from audio_pipeline.timeline.spans import Span
from tests.scenes import CLOCK, make_scene, run

SCENE = make_scene({"voice_a.tail": 4, "voice_b.tail": 9})
WHOLE = Span(0, 30 * 48_000)
ECHO = Echo.model_validate({"words": "1s", "gap": "500ms", "growth": "50%", "returns": 4})


def burst():
    x = np.zeros(4 * 48_000)
    x[-48_000:] = np.random.default_rng(5).standard_normal(48_000)
    return x


def returns(name="voice_a", end_s=4.0):
    placed = run(ECHO.prepare(SCENE, "echo"), name, burst(), WHOLE).stereo
    starts = [float(d) + end_s - 1.0 for d in ECHO.delays(CLOCK)]
    return [placed[int(s * 48_000) : int((s + 1) * 48_000)] for s in starts]


def test_every_return_is_later_than_the_one_before():
    assert ECHO.delays(CLOCK) == tuple(
        Fraction(n, 16) for n in (24, 24 + 28, 24 + 28 + 34, 24 + 28 + 34 + 43)
    )


@pytest.mark.parametrize(("name", "first"), [("voice_a", 1), ("voice_b", 0)])
def test_words_return_in_the_opposite_ear_and_then_in_the_other(name, first):
    x = np.concatenate([np.zeros(5 * 48_000), burst()]) if name == "voice_b" else burst()
    placed = run(ECHO.prepare(SCENE, "echo"), name, x, WHOLE).stereo
    for k, delay in enumerate(ECHO.delays(CLOCK)):
        start = int((float(delay) + len(x) / 48_000 - 1) * 48_000)
        power = (placed[start : start + 48_000] ** 2).sum(axis=0)
        assert int(np.argmax(power)) == (first + k) % 2


def test_every_return_is_softer_and_darker():
    spectra = [np.abs(np.fft.rfft(r.sum(axis=1))) ** 2 for r in returns()]
    low = [10 * np.log10(s[100:300].mean()) for s in spectra]
    high = [10 * np.log10(s[4000:8000].mean()) for s in spectra]
    assert np.diff(low) == pytest.approx(-7.0, abs=1.0)
    assert (np.diff(high) < np.diff(low) - 3).all()


def test_nothing_sounds_before_the_first_return_or_after_the_last():
    placed = run(ECHO.prepare(SCENE, "echo"), "voice_a", burst(), WHOLE).stereo
    assert np.abs(placed[: int(4.5 * 48_000)]).max() < 1e-12
    assert np.abs(placed[int((4 + float(ECHO.delays(CLOCK)[-1]) + 0.1) * 48_000) :]).max() < 1e-12


def test_its_tail_is_the_end_of_the_last_return_of_the_last_voice():
    assert ECHO.tail(SCENE.schedule) == 9 + ECHO.delays(CLOCK)[-1]


def test_returns_wait_together_for_the_moment_they_are_told_and_no_longer():
    told = ECHO.model_copy(update={"right_from": parse_moment("12s"), "left_from": parse_moment("3s")})
    assert told.starts("voice_b", SCENE.schedule) == ECHO.delays(CLOCK)  # that moment is over already
    starts = told.starts("voice_a", SCENE.schedule)
    held = [at - delay for at, delay in zip(starts, ECHO.delays(CLOCK), strict=True)]
    assert held == [held[0]] * 4
    assert 3 + starts[0] == 12
    assert told.tail(SCENE.schedule) == 4 + starts[-1]
    placed = run(told.prepare(SCENE, "echo"), "voice_a", burst(), WHOLE).stereo
    assert np.abs(placed[: 12 * 48_000]).max() < 1e-12
    assert np.abs(placed[12 * 48_000 : 13 * 48_000]).max() > 0.01


def test_returns_stand_at_their_positions_in_turn():
    told = ECHO.model_copy(update={"positions": (100.0, 40.0), "width": 90.0})
    placed = run(told.prepare(SCENE, "echo"), "voice_a", burst(), WHOLE).stereo
    for k, delay in enumerate(ECHO.delays(CLOCK)):
        start = int((3 + float(delay)) * 48_000)
        left, right = (placed[start : start + 48_000] ** 2).sum(axis=0)
        place = (0.9, -0.36)[k % 2]
        assert right / left == pytest.approx(np.tan((1 + place) * np.pi / 4) ** 2, rel=1e-6)


def test_each_return_sends_more_to_the_room_than_the_one_before():
    told = ECHO.model_copy(update={"receding": 2.0})
    strip = run(told.prepare(SCENE, "echo"), "voice_a", burst(), WHOLE)
    ratios = []
    for delay in ECHO.delays(CLOCK):
        part = slice(int((3 + float(delay)) * 48_000), int((4 + float(delay)) * 48_000))
        direct = (strip.stereo[part] ** 2).sum()
        ratios.append(
            [10 * np.log10((sent[part] ** 2).sum() / direct) for sent in (strip.early, strip.late)]
        )
    assert np.diff(ratios, axis=0) == pytest.approx(2.0, abs=0.01)
    assert ratios[0] == pytest.approx([-12.0, -10.0], abs=0.01)


def test_words_do_not_begin_with_a_step():
    placed = run(ECHO.prepare(SCENE, "echo"), "voice_a", np.ones(4 * 48_000), WHOLE).stereo
    assert np.abs(np.diff(placed[: int(4.6 * 48_000)], axis=0)).max() < 1e-3
