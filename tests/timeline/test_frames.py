"""Samples, frames and labels: each is found again from the others, at every rate."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_pipeline.timeline.moments import Clock
from audio_pipeline.timeline.rate_names import PATTERN, rate_named
from audio_pipeline.timeline.scene import to_samples
from audio_pipeline.timeline.timecode import RATES

NAMES = (
    *("23.976", "24", "25", "29.97", "29.97df", "30"),
    *("48", "50", "59.94", "59.94df", "60"),
)
rates = st.sampled_from([RATES[name] for name in NAMES])
sample_rates = st.sampled_from([8_000, 44_100, 48_000, 96_000, 192_000])
SIX_HOURS = 6 * 3600 * 60
frames = st.integers(0, SIX_HOURS)
starts = st.integers(0, 24 * 3600 * 24 - 1)


def test_there_are_eleven_rates() -> None:
    assert sorted(RATES) == sorted(NAMES)


@given(rates, sample_rates, frames, starts)
def test_a_frame_its_sample_and_its_label_are_found_from_each_other(rate, sample_rate, frame, start):
    clock = Clock(rate, start_frame=start)
    at = to_samples(rate.seconds(frame), sample_rate)
    assert clock.frame_of_sample(at, sample_rate) == frame
    label = clock.timecode_of_sample(at, sample_rate)
    assert label == rate.timecode(start + frame)
    assert rate.frame(label) == (start + frame) % rate.frames_per_day
    assert clock.timecode_of_rounded(round(at / sample_rate, 6)) == label


@given(rates, sample_rates, st.integers(0, 6 * 3600 * 192_000))
def test_a_sample_lies_in_the_frame_that_began_last(rate, sample_rate, at):
    frame = Clock(rate).frame_of_sample(at, sample_rate)
    assert to_samples(rate.seconds(frame), sample_rate) <= at
    assert at < to_samples(rate.seconds(frame + 1), sample_rate)


@given(rates, st.fractions(0, 6 * 3600))
def test_a_cue_is_moved_by_half_a_frame_at_most_and_of_two_to_the_later(rate, seconds):
    placed = Clock(rate).on_frame(seconds)
    frame = placed * rate.frames_per_s
    assert frame.denominator == 1
    assert -Fraction(1, 2) < frame - seconds * rate.frames_per_s <= Fraction(1, 2)
    assert Clock(rate).on_frame(placed) == placed


@pytest.mark.parametrize(
    ("frame", "label"),
    [
        (3599, "00:00:59;59"),
        (3600, "00:01:00;04"),  # labels 00 to 03 are left out
        (35_963, "00:09:59;59"),
        (35_964, "00:10:00;00"),  # but not in each tenth minute
        (215_784, "01:00:00;00"),
    ],
)
def test_drop_frame_at_59_94_leaves_out_four_labels(frame, label):
    assert RATES["59.94df"].timecode(frame) == label
    assert RATES["59.94df"].frame(label) == frame


def test_a_label_that_drop_frame_leaves_out_is_refused():
    with pytest.raises(ValueError, match="drop frame skips"):
        RATES["59.94df"].frame("00:01:00;03")


WRITTEN = {
    "23.976": ["23.976", "23.98", 23.98, 23.976, 23.976024, "23,98", "24000/1001", "23.976 fps", 23.97],
    "24": ["24", 24, 24.0, "24.00", "24 fps", "24p", "24/1", "24 NDF"],
    "25": ["25", 25, "25fps", "25.0"],
    "29.97": ["29.97", 29.97, 29.97003, "29.97 NDF", "29.97ndf", "29.97 non-drop", "30000/1001"],
    "29.97df": ["29.97df", "29.97 DF", "29.97DF", "29.97 drop", "29.97-DF", "29.97 Drop Frame"],
    "30": ["30", 30, "30 fps"],
    "48": ["48", 48],
    "50": ["50", 50.0],
    "59.94": ["59.94", 59.94, "59.94 NDF", "60000/1001", 59.94006],
    "59.94df": ["59.94df", "59.94 df", "59.94 DF", " 59.94DF ", "59.94 fps DF"],
    "60": ["60", 60],
}


@pytest.mark.parametrize(
    ("name", "written"), [(name, text) for name, texts in WRITTEN.items() for text in texts], ids=str
)
def test_a_rate_is_understood_as_people_write_it(name, written):
    assert rate_named(written).name == name


@pytest.mark.parametrize(
    "written",
    [
        *("", "df", "24df", "30 df", "25 DF", "47.952", "23.9", "24.1", "29.9", "1/0", "29.97 d f", "x"),
        *(
            "nan",
            "inf",
            "-24",
            "²4",
            "29.97dfdf",
            "29.97n",
            True,
            float("nan"),
            float("inf"),
            10**400,
            -25,
        ),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_no_rate_is_refused_with_those_that_there_are(written):
    with pytest.raises(ValueError, match=r"is not a picture rate; there are: 23\.976, 24, 25"):
        rate_named(written)


def test_the_pattern_for_editors_has_what_json_schema_has():
    assert PATTERN.startswith("^")
    assert PATTERN.endswith("$")
    assert "(?" not in PATTERN
