"""The dropout begins on its sample, ends in exact zeros, and leaves what it spares alone."""

import numpy as np
import pytest

from audio_pipeline.dsp.curves import CURVE_NAMES
from audio_pipeline.effects.dropout import Dropout
from audio_pipeline.timeline.spans import Span
from tests.scenes import make_scene

SCENE = make_scene()
AT = 25 * 48_000


@pytest.mark.parametrize("curve", CURVE_NAMES)
def test_it_falls_from_one_to_exactly_nothing_on_the_exact_samples(curve):
    processor = Dropout.model_validate({"curve": curve, "fade": "250ms"}).prepare(SCENE, "dropout")
    gain = processor.gain(Span(AT - 10, AT + 12_010))
    assert (gain[:11] == 1.0).all()
    assert (gain[12:11_000] < 1.0).all()
    assert (gain[12_010:] == 0.0).all()
    assert (np.diff(gain) <= 1e-12).all()


def test_nothing_sounds_after_the_fall():
    processor = Dropout().prepare(SCENE, "dropout")
    assert processor.active_span(Span(0, 40 * 48_000)).stop == AT + 12_000
    assert len(processor.active_span(Span(AT + 20_000, AT + 30_000))) == 0


def test_it_works_on_everything_but_what_it_spares():
    dropout = Dropout.model_validate({"spares": ["grain"]})
    assert dropout.works_on("projector")
    assert not dropout.works_on("grain")
