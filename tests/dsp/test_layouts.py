"""Channel layouts: roles by mask and by count, positions, and the weights of BS.1770-5 by position."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_pipeline.dsp.layouts import (
    LOW_FREQUENCY,
    MASK_ROLES,
    MOST_CHANNELS,
    SURROUND,
    Layout,
    assumed,
    named,
    of_mask,
    position_deg,
    stated,
)


@pytest.mark.parametrize(
    ("mask", "name", "weights"),
    [
        (0x4, "mono", (1,)),
        (0x3, "stereo", (1, 1)),
        (0xB, "2.1", (1, 1, 0)),
        (0x7, "3.0", (1, 1, 1)),
        (0x33, "quad", (1, 1, 1.41, 1.41)),
        (0x107, "4.0", (1, 1, 1, 1)),
        (0x3B, "FL FR LFE BL BR", (1, 1, 0, 1.41, 1.41)),
        (0x3F, "5.1", (1, 1, 1, 0, 1.41, 1.41)),
        (0x60F, "5.1", (1, 1, 1, 0, 1.41, 1.41)),
        (0x70F, "6.1", (1, 1, 1, 0, 1, 1.41, 1.41)),
        (0x13F, "6.1(back)", (1, 1, 1, 0, 1.41, 1.41, 1)),
        (0x63F, "7.1", (1, 1, 1, 0, 1, 1, 1.41, 1.41)),
        (0xFF, "7.1(wide)", (1, 1, 1, 0, 1.41, 1.41, 1, 1)),
        (0x2D63F, "7.1.4", (1, 1, 1, 0, 1, 1, 1.41, 1.41, 1, 1, 1, 1)),
    ],
)
def test_a_mask_gives_roles_a_name_and_weights(mask: int, name: str, weights: tuple[float, ...]) -> None:
    layout = of_mask(mask, len(weights))
    assert (layout.name, layout.weights, layout.source, layout.notes) == (name, weights, "stated", ())
    assert layout.roles == tuple(role for bit, role in enumerate(MASK_ROLES) if mask >> bit & 1)


def test_the_order_of_samples_is_that_of_the_bits_so_sides_follow_backs() -> None:
    by_mask, by_count = of_mask(0x63F, 8), assumed(8)
    assert by_mask.roles[4:] == ("BL", "BR", "SL", "SR")
    assert by_count.roles[4:] == ("SL", "SR", "BL", "BR")  # the film order, which is said
    assert "assumed to be 7.1" in by_count.notes[0]


@pytest.mark.parametrize("mask", [0, 0x8000_0000])
@pytest.mark.parametrize("channels", [3, 6, 9])
def test_a_mask_that_states_nothing_is_none(mask: int, channels: int) -> None:
    assert of_mask(mask, channels) == assumed(channels)


@given(mask=st.integers(0, 0xFFFF_FFFF), channels=st.integers(1, MOST_CHANNELS))
def test_any_mask_gives_every_channel_a_place_and_says_what_is_odd(mask: int, channels: int) -> None:
    layout = of_mask(mask, channels)
    assert len(layout.roles) == len(layout.weights) == channels
    bits = (mask & 0x7FFF_FFFF).bit_count()
    if bits not in (0, channels) or (bits and None in layout.roles):
        assert layout.notes
    for role, weight in zip(layout.roles, layout.weights, strict=True):
        assert (weight == 0.0) == (role in LOW_FREQUENCY)
        assert weight in (0.0, 1.0, SURROUND)


def test_more_bits_than_channels_lose_the_highest_and_fewer_leave_channels_without_a_loudspeaker() -> (
    None
):
    more, fewer = of_mask(0x63F, 6), of_mask(0xF, 6)
    assert more.roles == ("FL", "FR", "FC", "LFE", "BL", "BR")
    assert "8 loudspeakers for 6 channels; the highest bits are ignored" in more.notes[0]
    assert fewer.roles == ("FL", "FR", "FC", "LFE", None, None)
    assert fewer.weights == (1, 1, 1, 0, 1, 1)
    assert "the last channels have no position" in fewer.notes[0]
    assert "reserved bits" in of_mask(0x4_000F, 5).notes[0]


@pytest.mark.parametrize("channels", range(1, MOST_CHANNELS + 1))
def test_a_count_is_taken_for_something_and_more_than_stereo_is_said(channels: int) -> None:
    layout = assumed(channels)
    assert len(layout.roles) == len(layout.weights) == channels
    assert bool(layout.notes) == (channels > 2)
    assert len(set(layout.roles)) in (channels, 1)


def test_22_2_weighs_by_the_positions_of_system_h() -> None:
    layout = assumed(24)
    assert layout.name == "22.2"
    beside = {role for role, w in zip(layout.roles, layout.weights, strict=True) if w == SURROUND}
    silent = {role for role, w in zip(layout.roles, layout.weights, strict=True) if w == 0.0}
    assert beside == {"FL", "FR", "SL", "SR"}  # M±060 and M±090
    assert silent == {"LFE", "LFE2"}


def test_backs_stand_at_110_degrees_only_without_sides() -> None:
    assert position_deg("BL", ("FL", "FR", "BL", "BR")) == (110.0, 0.0)
    assert position_deg("BR", ("BL", "BR", "SL", "SR")) == (-135.0, 0.0)
    assert position_deg("LFE", ("LFE",)) is None
    with pytest.raises(ValueError, match="'XX' is not a channel role"):
        position_deg("XX", ())


def test_names_and_decompositions_agree() -> None:
    for name in ("5.1(side)", "7.1", "7.1.4", "22.2", "quad", "9.1.6"):
        layout = named(name)
        assert layout is not None
        assert layout.name == name.removesuffix("(side)")
    assert named("nonsense") is None
    assert stated("FL ? FC").weights == (1.0, 1.0, 1.0)


def test_channels_are_called_by_role_track_name_or_number() -> None:
    assert of_mask(0xF, 4).channel_name(2) == "channel 3 (FC)"
    assert Layout((None, None), "tracks", ("Boom", "Lav")).channel_name(1) == "track 2 (Lav)"
    assert assumed(4).channel_name(3) == "track 4"
