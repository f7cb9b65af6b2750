"""A sound is the same whatever the size of the tiles that it is asked for."""

from __future__ import annotations

import pytest

from audio_pipeline.layers.base import Layer
from audio_pipeline.layers.projector import Projector
from audio_pipeline.testing import check_layer_in_tiles_of_any_size
from tests.every_kind import EVERY_LAYER, rounding_of, scene_of


@pytest.mark.parametrize("layer", EVERY_LAYER, ids=lambda layer: layer.kind)
def test_every_layer_is_the_same_in_tiles_of_any_size(layer: Layer) -> None:
    check_layer_in_tiles_of_any_size(layer, scene_of(layer), rounding=rounding_of(layer.kind))


def test_a_projector_that_starts_and_runs_out_is_the_same_in_tiles_of_any_size() -> None:
    layer = Projector(start_up="1s", runs_out="8s", stops="11s")
    check_layer_in_tiles_of_any_size(layer, scene_of(layer), rounding=rounding_of(layer.kind))
