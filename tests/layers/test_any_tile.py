"""A sound is the same whatever the size of the tiles that it is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.layers.base import Layer, Source
from audio_pipeline.layers.breath import Breath
from audio_pipeline.layers.exhale import Exhale
from audio_pipeline.layers.grain import Grain
from audio_pipeline.layers.motif import Motif
from audio_pipeline.layers.projector import Projector
from audio_pipeline.layers.room import Room
from audio_pipeline.timeline.spans import Span
from tests.layers.sound_stage import seconds, stage

SCENE = stage(30.0, speech=(seconds(6.0, 11.0), seconds(13.0, 18.0)))


def in_tiles_of(size: int, source: Source) -> Samples:
    spans = [Span(start, start + size) for start in range(0, len(SCENE.programme), size)]
    return np.concatenate([source.render(span) for span in spans])[: len(SCENE.programme)]


@pytest.mark.parametrize("size", [120_000, 240_000, 352_000])
@pytest.mark.parametrize("layer", [Breath(), Exhale(at="9s"), Grain(), Motif(at="2s"), Room()])
def test_a_sound_is_the_same_in_tiles_of_any_size(layer: Layer, size: int) -> None:
    source = layer.prepare(SCENE, "it")
    np.testing.assert_array_equal(in_tiles_of(size, source), in_tiles_of(480_000, source))


@pytest.mark.parametrize("size", [120_000, 240_000, 352_000])
def test_a_projector_is_the_same_in_tiles_of_any_size_but_for_rounding(size: int) -> None:
    """Its way to the ears is transformed in blocks that divide a tile, in float32."""
    source = Projector(start_up="1s", runs_out="20s", stops="25s").prepare(SCENE, "it")
    expected = in_tiles_of(480_000, source)
    differs = in_tiles_of(size, source) - expected
    assert np.abs(differs).max() < 1e-5 * np.sqrt(np.mean(expected**2))
