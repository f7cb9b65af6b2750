import numpy as np
import pytest

from audio_pipeline.dsp.air import SPEED_OF_SOUND
from audio_pipeline.dsp.noise import generator
from audio_pipeline.dsp.shoebox import Shoebox, image_sources, reflection_response

ROOM = Shoebox(26.0, 17.0, 9.5)
EARS = np.array([16.0, 8.5, 1.2])
SOURCE = np.array([11.0, 5.5, 1.2])
JITTER_M = 0.08 * 3**0.5


def test_the_first_reflection_comes_off_the_floor() -> None:
    found = image_sources(ROOM, SOURCE, EARS, 0.1, generator(0, "room", 0))
    direct = float(np.linalg.norm(SOURCE - EARS))
    bounced = float(np.hypot(direct, 2.4))
    assert found.delay_s[0] == pytest.approx((bounced - direct) / SPEED_OF_SOUND, abs=JITTER_M / 343)
    assert found.bounces[0] == 1
    assert found.gain[0] == pytest.approx(direct / bounced, rel=0.03)


def test_reflections_are_as_many_as_the_volume_says() -> None:
    """4πc³t³/3V of them until t, less those that the direct sound stands for."""
    found = image_sources(ROOM, SOURCE, EARS, 0.25, generator(0, "room", 0))
    reach = 0.25 * SPEED_OF_SOUND + float(np.linalg.norm(SOURCE - EARS))
    assert len(found.delay_s) == pytest.approx(4 / 3 * np.pi * reach**3 / ROOM.volume_m3, rel=0.1)
    assert np.all(np.diff(found.delay_s) >= 0)


def test_the_mirrored_source_has_mirrored_reflections() -> None:
    class NoJitter:
        def random(self, shape: tuple[int, ...]) -> np.ndarray:
            return np.full(shape, 0.5)

    mirrored = SOURCE * [1, -1, 1] + [0, ROOM.width_m, 0]
    one = image_sources(ROOM, SOURCE, EARS, 0.06, NoJitter())  # type: ignore[arg-type]
    two = image_sources(ROOM, mirrored, EARS, 0.06, NoJitter())  # type: ignore[arg-type]
    np.testing.assert_allclose(one.delay_s, two.delay_s, atol=1e-12)
    assert one.lateral.sum() == pytest.approx(-two.lateral.sum())


def test_absorbing_walls_make_the_reverberation_time_that_was_asked() -> None:
    """Sabine's and Eyring's law: a wall meets the sound every 4V/S metres."""
    rt60 = np.array([0.7])
    per_wall_db = 20 * np.log10(ROOM.wall_reflection(rt60)[0])
    walls_per_s = SPEED_OF_SOUND * ROOM.surface_m2 / (4 * ROOM.volume_m3)
    assert -60.0 / (per_wall_db * walls_per_s) == pytest.approx(0.7, rel=0.01)


def test_each_reflection_keeps_its_power_when_it_is_panned() -> None:
    found = image_sources(ROOM, SOURCE, EARS, 0.05, generator(0, "room", 0))
    response = reflection_response(found, lambda f: np.ones_like(f), 48_000, 4800)
    first = round(found.delay_s[0] * 48_000)
    assert np.square(response[first]).sum() == pytest.approx(found.gain[0] ** 2, rel=1e-3)


def test_a_source_outside_the_room_is_misuse() -> None:
    with pytest.raises(ValueError, match="inside the room"):
        image_sources(ROOM, SOURCE - 20, EARS, 0.05, generator(0, "room", 0))
