"""The gains of a mix, and the level of the softest layer at those gains."""

import numpy as np
import pytest

from audio_pipeline.errors import RenderError
from audio_pipeline.mastering.gain_staging import Gains, has_dialogue, softest_dbfs, solved_gains
from audio_pipeline.metering.meter import measure
from audio_pipeline.metering.part_energies import FirstPartMeter, MixMeter
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset

RATE = 8_000


@pytest.fixture
def preset(project):
    def made(*sets):
        return build_preset(load_document(project, "short", sets))

    return made


def noise(seed, seconds, level):
    return level * np.random.default_rng(seed).standard_normal((int(seconds * RATE), 2))


def parts():
    """Words with pauses between them, and a bed under all of it."""
    dialogue = np.zeros((8 * RATE, 2))
    dialogue[RATE : 3 * RATE] = noise(1, 2, 0.05)
    dialogue[5 * RATE : 6 * RATE] = noise(2, 1, 0.02)
    return dialogue, noise(3, 8, 0.004)


def energies(meter, dialogue, rest):
    for start in range(0, len(dialogue), 3000):
        meter.feed(dialogue[start : start + 3000], rest[start : start + 3000])
    return meter.result()


def gain(db):
    return 10 ** (db / 20)


@pytest.mark.parametrize("target", [-40, -27, -12])
def test_the_dialogue_alone_is_brought_to_its_loudness(preset, target):
    dialogue, rest = parts()
    solved = solved_gains(
        preset(f"master.dialogue={target} LUFS"), energies(FirstPartMeter(RATE, 2), dialogue, rest)
    )
    loudness = measure(dialogue * gain(solved.dialogue_db), RATE).integrated_lufs
    assert loudness == pytest.approx(target, abs=1e-9)
    assert solved.programme_db == 0.0


@pytest.mark.parametrize("target", [-31, -18])
def test_an_anchor_on_the_programme_brings_all_to_the_target_after_that(preset, target):
    dialogue, rest = parts()
    solved = solved_gains(
        preset("master.anchor=programme", f"master.target={target} LUFS"),
        energies(MixMeter(RATE, 2), dialogue, rest),
    )
    spoken = dialogue * gain(solved.dialogue_db)
    assert measure(spoken, RATE).integrated_lufs == pytest.approx(-27.0, abs=1e-9)
    mix = (spoken + rest) * gain(solved.programme_db)
    assert measure(mix, RATE).integrated_lufs == pytest.approx(target, abs=1e-6)


def test_the_parts_need_not_be_unlike(preset):
    dialogue, _ = parts()
    solved = solved_gains(
        preset("master.anchor=programme", "master.target=-20 LUFS"),
        energies(MixMeter(RATE, 2), dialogue, -0.5 * dialogue),
    )
    mix = dialogue * gain(solved.dialogue_db) - 0.5 * dialogue
    loudness = measure(mix * gain(solved.programme_db), RATE).integrated_lufs
    assert loudness == pytest.approx(-20.0, abs=1e-6)


VOICES_OFF = ("voice_a.on=false", "voice_b.on=false")


@pytest.mark.parametrize(
    "sets",
    [VOICES_OFF, ('master.buses=["FX", "BG"]',), ("voice_a.bus=BG", "voice_b.bus=FX")],
    ids=["no voice", "no DX", "voices elsewhere"],
)
@pytest.mark.parametrize("anchor", ["dialogue", "programme"])
def test_a_mix_without_dialogue_has_no_gain_of_it(preset, sets, anchor):
    chosen = preset(*sets, f"master.anchor={anchor}")
    assert not has_dialogue(chosen)
    dialogue, rest = parts()
    solved = solved_gains(chosen, energies(MixMeter(RATE, 2), 0.0 * dialogue, rest))
    assert solved.dialogue_db is None
    assert (solved.programme_db == 0.0) is (anchor == "dialogue")


@pytest.mark.parametrize("anchor", ["dialogue", "programme"])
def test_an_anchor_of_digital_silence_is_refused(preset, anchor):
    silent = np.zeros((2 * RATE, 2))
    with pytest.raises(RenderError, match=f"the {anchor} has no loudness to bring to -27 LUFS"):
        solved_gains(preset(f"master.anchor={anchor}"), energies(MixMeter(RATE, 2), silent, silent))


def test_the_softest_layer_is_the_one_with_the_lowest_level_at_the_gain_of_the_programme(preset):
    chosen = preset("grain.level=-81 dBFS", "projector.level=-41 dBFS")
    assert softest_dbfs(chosen, Gains(20.0, 3.0)) == pytest.approx(-78.0)


def test_a_layer_that_is_off_is_not_the_softest(preset):
    grain_off = preset("grain.level=-81 dBFS", "projector.level=-41 dBFS", "grain.on=false")
    assert softest_dbfs(grain_off, Gains(0.0)) > -81.0


def test_voices_alone_have_the_loudness_of_the_dialogue_for_the_softest(preset):
    others = [name for name, layer in preset().playing().items() if not layer.speaks]
    sets = [f"layers.{name}.on=false" for name in others]
    assert softest_dbfs(preset(*sets), Gains(5.0, 2.0)) == pytest.approx(-25.0)
    assert softest_dbfs(preset(*sets, *VOICES_OFF), Gains(None, 2.0)) is None
