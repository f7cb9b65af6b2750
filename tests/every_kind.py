"""Every registered kind of layer and effect with default parameters, and a scene to try it in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.effects.base import Effect
from audio_pipeline.layers.base import Layer
from audio_pipeline.preset.registry import EFFECTS, LAYERS
from audio_pipeline.testing import ROUNDING
from audio_pipeline.timeline.scene import Scene
from audio_pipeline.timeline.spans import Span
from tests.conftest import speech_like
from tests.scenes import make_scene

RATE = 48_000
LAYER_NAMES = ("voice_a", "voice_b", "grain", "projector", "other")
"""Names that a default of some effect holds, and one that none does."""
ROUNDED = {"approach", "projector", "crossfade", "echo", "space"}
"""Kinds whose convolutions are cut at the tile, so that other tiles round otherwise, in float32."""
REQUIRED = {"stem": "stems/it.wav"}
"""What has no default: a kind that needs more than this is not tried by itself, and must be added here."""
MOMENTS_S = {
    "breath": 0.5,
    "black": 12.0,
    "dropout": 14.0,
    "silence": 15.0,
    "end": 17.0,
    "voice_a": 1.0,
    "voice_a.at": 1.0,
    "voice_a.tail": 6.0,
    "voice_b": 7.0,
    "voice_b.at": 7.0,
    "voice_b.tail": 11.0,
}
"""Cues and sounds' moments: two tiles and a bit, with a voice over the seam of the first two."""

Sound = TypeVar("Sound", Layer, Effect)


def _with_defaults(cls: type[Sound]) -> Sound:
    required = {name for name, field in cls.model_fields.items() if field.is_required()}
    values: dict[str, Any] = {name: REQUIRED[name] for name in required}
    return cls(**values)


EVERY_LAYER = [_with_defaults(cls) for cls in LAYERS.values()]
EVERY_STEM_EFFECT = [_with_defaults(cls) for cls in EFFECTS.values() if cls.stage == "stem"]
EVERY_EFFECT = [_with_defaults(cls) for cls in EFFECTS.values() if cls.stage != "stem"]
"""Those of the console."""


def rounding_of(kind: str) -> float:
    """What rounding may come to where this kind is asked for other tiles than the grid's."""
    return ROUNDING if kind in ROUNDED else 0.0


def scene_of(sound: Layer | Effect, moments_s: Mapping[str, float] = MOMENTS_S) -> Scene:
    """A scene of 17 s with two voices, and the stems of `sound`, which can only be read."""
    speech = (Span(RATE, 6 * RATE), Span(7 * RATE, 11 * RATE))
    stems = {request: _stem(request.channels) for request in sound.stems()}
    return make_scene(moments_s, stems=stems, speech=speech)


def names_of(effect: Effect) -> list[str]:
    """The names that an effect is asked to work on."""
    if effect.stage == "bus":
        return ["DX", "FX"]
    return [name for name in LAYER_NAMES if effect.works_on(name)]


def _stem(channels: int) -> Samples:
    stem = np.stack([speech_like(seed, 12.0) for seed in range(channels)], axis=1)
    stem.flags.writeable = False
    return stem
