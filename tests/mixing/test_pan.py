"""`pan` is heard of every sound: a mono one is placed, a stereo one has a balance."""

import numpy as np
import pytest

from audio_pipeline.dsp.curves import balance_gains
from audio_pipeline.mixing.session import open_session
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.timeline.spans import TILE, Span

EVERY_SOUND = ("room", "grain", "projector", "breath", "motif", "music")
HEARD = Span(TILE, 2 * TILE)


def solo(project, sound, *sets):
    hummed = str(sound == "motif").lower()  # which takes long to make
    (project.presets / "panned.toml").write_text(
        f'extends = "short"\n[layers.motif]\non = {hummed}\nat = "2s"\nlevel = "-30 dBFS"\n'
        '[layers.music]\nkind = "clip"\nstem = "stems/voice_a.flac"\nloop = true\n'
    )
    preset = build_preset(load_document(project, "panned", sets))
    return open_session(project, preset, {}).console.solo(sound).render(HEARD)


@pytest.mark.parametrize("sound", EVERY_SOUND)
def test_the_side_that_a_sound_leans_to_is_the_louder_one(project, sound):
    leans = {}
    for pan in ("L100", "L30", "R30", "R100"):
        energy = np.square(solo(project, sound, f"layers.{sound}.pan={pan}")).sum(axis=0)
        leans[pan] = (energy[1] - energy[0]) / energy.sum()
    assert leans["L100"] < leans["L30"] - 0.01
    assert leans["L30"] < leans["R30"] - 0.01
    assert leans["R30"] < leans["R100"] - 0.01


@pytest.mark.parametrize("sound", ["room", "grain"])
@pytest.mark.parametrize(("pan", "left", "right"), [("C", 1, 1), ("L100", 1, 0), ("R100", 0, 1)])
def test_balance_keeps_one_side_and_turns_the_other_down(project, sound, pan, left, right):
    plain, panned = solo(project, sound), solo(project, sound, f"layers.{sound}.pan={pan}")
    np.testing.assert_array_equal(panned, plain * [left, right])


def test_balance_is_the_cosine_law_beside_its_centre():
    np.testing.assert_allclose(balance_gains(0.0), [1, 1], rtol=0, atol=1e-15)
    np.testing.assert_allclose(balance_gains(0.5), [np.sqrt(2) * np.cos(3 * np.pi / 8), 1], atol=1e-3)
    np.testing.assert_allclose(balance_gains(-1.0), [1, 0], rtol=0, atol=1e-15)
