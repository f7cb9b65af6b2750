"""Moments: every way of writing a time, exactly."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_pipeline.timeline.moments import (
    CircularMomentError,
    Clock,
    Schedule,
    UnknownNameError,
    parse_duration,
    parse_moment,
)
from audio_pipeline.timeline.scene import to_samples
from audio_pipeline.timeline.timecode import RATES

CLOCK = Clock(RATES["24"], "35mm", 86_400)  # starts at 01:00:00:00


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("8s", Fraction(8)),
        ("8 s", Fraction(8)),
        ("0.1s", Fraction(1, 10)),
        ("250ms", Fraction(1, 4)),
        ("132f", Fraction(11, 2)),
        ("1.5 min - 2f", Fraction(90) - Fraction(1, 12)),
        ("01:00:05:12", Fraction(11, 2)),
        ("90+08", Fraction(1448, 24)),
        ("-1s", Fraction(-1)),
        (["1s", "3s", "2s"], Fraction(3)),
    ],
)
def test_a_plain_time_is_exact(text, seconds):
    assert CLOCK.duration(parse_moment(text)) == seconds


def test_a_moment_follows_names_and_the_latest_of_a_list_counts():
    define = {
        "a": lambda s: Fraction(5),
        "b": lambda s: s.seconds(parse_moment(["a + 2s", "1s"])),
    }
    assert Schedule(CLOCK, define).seconds(parse_moment("b - 500ms")) == Fraction(13, 2)


def test_moments_that_wait_for_each_other_are_named_in_their_circle():
    define = {
        "a": lambda s: s.seconds(parse_moment("b + 1s")),
        "b": lambda s: s.seconds(parse_moment("c")),
        "c": lambda s: s.seconds(parse_moment("b")),
    }
    with pytest.raises(CircularMomentError) as caught:
        Schedule(CLOCK, define).named("a")
    assert caught.value.path == ("b", "c", "b")


def test_a_name_that_nothing_has_is_named():
    with pytest.raises(UnknownNameError) as caught:
        Schedule(CLOCK, {}).seconds(parse_moment("blakc + 1s"))
    assert caught.value.name == "blakc"


@pytest.mark.parametrize(
    "text", ["", "8", "8 9s", "+", "8s +", "+ + 8s", "8x", "1:2:3", "Black", [], ["8"], "é"]
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match="not a time"):
        parse_moment(text)


@pytest.mark.parametrize("text", ["black", "01:00:00:00", "1s + 2s", "-1s", "black + 1s"])
def test_a_length_of_time_refers_to_nothing(text):
    with pytest.raises(ValueError, match="length of time"):
        parse_duration(text)


@given(st.text(max_size=60))
def test_any_text_is_a_moment_or_refused_in_words(text):
    try:
        moment = parse_moment(text)
        CLOCK.duration(moment) if not moment.names() else None
    except ValueError as error:
        assert str(error)  # noqa: PT017 - the law is about what is raised


@given(st.fractions(0, 10**5), st.sampled_from([48_000, 96_000]))
def test_seconds_become_the_nearest_sample(seconds, rate):
    assert abs(to_samples(seconds, rate) - seconds * rate) <= Fraction(1, 2)


def test_a_frame_at_24_is_exactly_2000_samples():
    assert [to_samples(CLOCK.seconds(f"{n}f"), 48_000) for n in (1, 2, 1440)] == [2000, 4000, 2_880_000]
