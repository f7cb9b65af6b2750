"""The one gain, and the level of the softest layer at that gain."""

import pytest

from audio_pipeline.errors import RenderError
from audio_pipeline.mastering.gain import gain_to_target_db, softest_dbfs
from audio_pipeline.metering.gated import Gated
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset


@pytest.fixture
def preset(project):
    def made(*sets):
        return build_preset(load_document(project, "short", sets))

    return made


def loudness(lufs, reason=None):
    return Gated(lufs, reason, ())


def test_the_gain_brings_the_anchor_to_the_target(preset):
    assert gain_to_target_db(preset("master.target=-24 LUFS"), loudness(-30.5)) == 6.5


def test_an_anchor_without_loudness_is_refused_with_the_reason(preset):
    with pytest.raises(RenderError, match=r"the dialogue has no loudness .*: digital silence"):
        gain_to_target_db(preset(), loudness(None, "digital silence"))


def test_the_softest_layer_is_the_one_with_the_lowest_level_at_the_masters_gain(preset):
    chosen = preset("grain.level=-81 dBFS", "projector.level=-41 dBFS")
    assert softest_dbfs(chosen, 3.0) == pytest.approx(-78.0)


def test_a_layer_that_is_off_is_not_the_softest(preset):
    grain_off = preset("grain.level=-81 dBFS", "projector.level=-41 dBFS", "grain.on=false")
    assert softest_dbfs(grain_off, 0.0) > -81.0


def test_layers_without_a_level_have_no_softest(preset):
    names = [name for name, layer in preset().playing().items() if getattr(layer, "level", None)]
    assert softest_dbfs(preset(*(f"layers.{name}.on=false" for name in names)), 0.0) is None
