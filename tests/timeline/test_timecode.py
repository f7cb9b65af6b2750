"""Timecode against SMPTE ST 12-1 and against itself."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_pipeline.timeline.timecode import RATES, feet_and_frames, frame_at_feet

rates = st.sampled_from(list(RATES.values()))


@given(rates, st.integers(0, 24 * 3600 * 23))
def test_a_frame_and_its_timecode_are_each_others_inverse(rate, frame):
    assert rate.frame(rate.timecode(frame)) == frame


@pytest.mark.parametrize(
    ("frame", "label"),
    [
        (0, "00:00:00;00"),
        (1799, "00:00:59;29"),
        (1800, "00:01:00;02"),  # labels 00 and 01 are left out
        (17_981, "00:09:59;29"),
        (17_982, "00:10:00;00"),  # but not in each tenth minute
        (107_892, "01:00:00;00"),
    ],
)
def test_drop_frame_leaves_out_the_labels_that_the_standard_says(frame, label):
    assert RATES["29.97df"].timecode(frame) == label


def test_an_hour_of_drop_frame_is_an_hour_to_within_a_frame():
    seconds = RATES["29.97df"].seconds(RATES["29.97df"].frame("01:00:00;00"))
    assert abs(seconds - 3600) < Fraction(1001, 30_000)


def test_an_hour_of_23_976_timecode_lasts_3_6_seconds_longer():
    assert RATES["23.976"].seconds(RATES["23.976"].frame("01:00:00:00")) == Fraction(36036, 10)


@pytest.mark.parametrize(
    ("rate", "text", "words"),
    [
        ("24", "00:00:00:24", "the last is 23"),
        ("24", "24:00:00:00", "more than 23 hours"),
        ("24", "00:00:01;00", "drop frame"),
        ("29.97df", "00:01:00;01", "drop frame skips"),
        ("24", "1:2", "not a timecode"),
    ],
)
def test_an_impossible_label_is_refused_in_words(rate, text, words):
    with pytest.raises(ValueError, match=words):
        RATES[rate].frame(text)


@given(st.integers(0, 10**6), st.sampled_from(["35mm", "16mm"]))
def test_feet_and_frames_are_each_others_inverse(frame, gauge):
    assert frame_at_feet(feet_and_frames(frame, gauge), gauge) == frame


def test_a_minute_of_35_mm_is_ninety_feet():
    assert feet_and_frames(1440, "35mm") == "90+00"
    assert feet_and_frames(1440, "16mm") == "36+00"


def test_a_foot_has_no_more_frames_than_it_has():
    with pytest.raises(ValueError, match="has 16"):
        frame_at_feet("90+16", "35mm")
