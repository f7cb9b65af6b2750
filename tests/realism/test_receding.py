"""Voice B recedes and voice A approaches: by level, by room, by treble, and it stays understood."""

from __future__ import annotations

import pytest

from tests.realism.measures import band_level_db, intelligibility_index, level_db, phrases, stoi
from tests.realism.taken_apart import VOICES, Ending, ending

NEAR_AND_FAR = {"voice_a": (-1, 0), "voice_b": (0, -1)}
"""Which phrase of each voice is its nearest and its farthest."""


def near_and_far(scene: Ending, voice: str) -> list[slice]:
    found = phrases(scene.dry(voice), scene.rate)
    return [slice(found[k].start, found[k].stop) for k in NEAR_AND_FAR[voice]]


def change_db(scene: Ending, voice: str, low_hz: float, high_hz: float) -> float:
    """What the direct sound loses from the nearest to the farthest phrase, beside the dry stem."""
    direct, dry = scene.direct(voice), scene.dry(voice)
    gains = [
        band_level_db(direct[cut], low_hz, high_hz, scene.rate)
        - band_level_db(dry[cut], low_hz, high_hz, scene.rate)
        for cut in near_and_far(scene, voice)
    ]
    return gains[1] - gains[0]


def test_the_direct_sound_of_the_second_voice_falls_by_9_to_12_db() -> None:
    """No part of it depends on the seed."""
    assert -12.0 <= change_db(ending(), "voice_b", 100, 2000) <= -9.0


def test_the_first_voice_comes_from_at_least_as_far() -> None:
    """Its way is the second one's, mirrored; its first phrase lies in the fade at its outer end."""
    assert change_db(ending(), "voice_a", 100, 2000) <= -9.0


@pytest.mark.parametrize("voice", VOICES)
def test_treble_falls_by_5_db_more_than_what_lies_below(voice: str) -> None:
    assert change_db(ending(), voice, 4000, 8000) <= change_db(ending(), voice, 100, 2000) - 5.0


@pytest.mark.parametrize("voice", VOICES)
def test_direct_sound_stands_over_the_room_near_and_under_it_far_away(scene: Ending, voice: str) -> None:
    """Over early reflections and reverberation together."""
    over = [
        level_db(scene.direct(voice)[cut]) - level_db(scene.reverberation(voice)[cut])
        for cut in near_and_far(scene, voice)
    ]
    assert over[0] > 10.0
    assert over[1] <= 0.0


@pytest.mark.parametrize("voice", VOICES)
def test_the_whole_line_is_understood_in_mono(scene: Ending, voice: str) -> None:
    """STOI of voice and room, folded to mono, against the stem: the room alone, nothing masks."""
    line = scene.session.console.graph.sources[voice].span
    cut = slice(line.start, line.stop)
    assert stoi(scene.dry(voice)[cut], scene.spoken(voice)[cut].sum(axis=1), scene.rate) >= 0.75


@pytest.mark.parametrize(("voice", "side"), [("voice_a", "first"), ("voice_b", "last")])
def test_the_far_four_seconds_are_understood_over_everything_else(
    scene: Ending, voice: str, side: str
) -> None:
    """Masking by bed, breath and the other voice's echoes alone: the index knows no reverberation."""
    line, length = scene.session.console.graph.sources[voice].span, 4 * scene.rate
    start = line.start if side == "first" else line.stop - length
    cut = slice(start, start + length)
    speech, rest = scene.layer(voice)[cut], scene.all_but(voice)[cut]
    assert intelligibility_index(speech, rest, scene.rate) >= 0.45


def test_a_seed_changes_a_voice_only_by_the_noise_of_its_track() -> None:
    """`match` and `optical` draw noise by the seed; nothing else about a voice may depend on it."""
    one, other = (x.direct("voice_b") for x in (ending(), Ending(seed=2)))
    assert level_db(one - other) <= level_db(one) - 35.0
