"""Sounds that break the contract, each in one way: the contract's tests must see every one of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, ClassVar, Literal

import numpy as np
import pytest

from audio_pipeline.effects.base import Effect, Strip
from audio_pipeline.layers.base import Layer
from audio_pipeline.memo.tracing import SceneClosedError
from audio_pipeline.testing import (
    check_effect_before_it_acts,
    check_effect_in_tiles_of_any_size,
    check_effect_on_the_grid,
    check_effect_with_another_end,
    check_layer_in_tiles_of_any_size,
    check_layer_on_the_grid,
    check_layer_with_another_end,
)
from audio_pipeline.timeline.moments import parse_moment
from audio_pipeline.timeline.scene import Scene, StemRequest
from audio_pipeline.timeline.spans import TILE, Span
from tests.every_kind import scene_of

STEM = StemRequest("stems/it.wav", 1)
DELAY = 5000


class Tone(Layer):
    """A stem, read only, where the layer plays: it keeps the contract."""

    kind: str = "tone"

    def stems(self) -> tuple[StemRequest, ...]:
        return (STEM,)

    def prepare(self, scene: Scene, name: str) -> ToneSource:
        return ToneSource(scene, self.span(scene))


class ToneSource:
    channels = 1

    def __init__(self, scene: Scene, span: Span) -> None:
        self.scene = scene
        self.stem = scene.stems[STEM]
        self.span = span
        self.calls = 0

    def render(self, tile: Span) -> np.ndarray:
        self.calls += 1
        out = np.zeros((len(tile), 1))
        part = tile.intersect(self.span).intersect(Span(0, len(self.stem)))
        out[part.inside(tile)] = self.stem[part.start : part.stop]
        return self.broken(out, tile)

    def broken(self, out: np.ndarray, tile: Span) -> np.ndarray:
        return out


def _layer(broken: Callable[..., Any], **attributes: Any) -> Layer:
    """A tone whose samples `broken(source, out, tile)` spoils."""
    source = type("Broken", (ToneSource,), {"broken": broken, **attributes})

    class Broken(Tone):
        def prepare(self, scene: Scene, name: str) -> Any:
            return source(scene, self.span(scene))

    return Broken()


def _after_its_span(source: ToneSource, out: np.ndarray, tile: Span) -> np.ndarray:
    if source.span.stop in tile:
        out[source.span.stop - tile.start] = 0.1
    return out


def _before_its_span(source: ToneSource, out: np.ndarray, tile: Span) -> np.ndarray:
    source.span = Span(100, source.span.stop)
    out[:100] = 0.1
    return out


def _changes_its_stem(source: ToneSource, out: np.ndarray, tile: Span) -> np.ndarray:
    source.stem *= 0.5
    return out


LAYERS = {
    "float32": (lambda source, out, tile: out.astype(np.float32), "not float64"),
    "over full scale": (
        lambda source, out, tile: 2.0 * out / np.abs(out).max(initial=1e-9),
        "full scale",
    ),
    "another value each call": (lambda source, out, tile: out / source.calls, "call to call|order"),
    "its own random numbers": (
        lambda source, out, tile: out * np.random.default_rng().random(),
        "call to call|order",
    ),
    "the order": (
        lambda source, out, tile: (
            out * (source.__dict__.setdefault("first", tile.start) == tile.start or 0.5)
        ),
        "order",
    ),
    "two channels": (lambda source, out, tile: np.hstack([out, out]), "another shape"),
    "no channel axis": (lambda source, out, tile: out[:, 0], "another shape"),
    "too short": (lambda source, out, tile: out[:-1], "another shape"),
    "not finite": (lambda source, out, tile: out + np.nan, "not finite"),
    "silent": (lambda source, out, tile: 0.0 * out, "silent"),
    "after its span": (_after_its_span, "after its span"),
    "before its span": (_before_its_span, "before its span"),
}


def test_a_layer_that_keeps_the_contract_passes() -> None:
    check_layer_on_the_grid(Tone(), scene_of(Tone()))
    check_layer_in_tiles_of_any_size(Tone(), scene_of(Tone()))


@pytest.mark.parametrize("fault", LAYERS)
def test_a_layer_that_breaks_the_contract_is_seen(fault: str) -> None:
    broken, words = LAYERS[fault]
    with pytest.raises(AssertionError, match=words):
        check_layer_on_the_grid(_layer(broken), scene_of(Tone()))


def test_a_layer_that_writes_into_its_stem_is_seen() -> None:
    with pytest.raises(ValueError, match="read-only"):
        check_layer_on_the_grid(_layer(_changes_its_stem), scene_of(Tone()))


@pytest.mark.parametrize("member", ["sample_rate", "seed", "clock", "speech", "stems", "schedule"])
def test_a_layer_that_asks_the_scene_while_it_renders_is_seen(member: str) -> None:
    def asks(source: ToneSource, out: np.ndarray, tile: Span) -> np.ndarray:
        getattr(source.scene, member)
        return out

    with pytest.raises(SceneClosedError, match=member):
        check_layer_on_the_grid(_layer(asks), scene_of(Tone()))


def test_a_layer_that_asks_for_what_no_key_can_hold_is_seen() -> None:
    class Asks(Tone):
        def prepare(self, scene: Scene, name: str) -> Any:
            scene.schedule.named("black")
            return super().prepare(scene, name)

    with pytest.raises(AssertionError, match="no key can hold"):
        check_layer_on_the_grid(Asks(), scene_of(Tone()))


def test_a_layer_that_sounds_where_it_is_not_on_is_seen() -> None:
    class Early(Tone):
        def prepare(self, scene: Scene, name: str) -> Any:
            return ToneSource(scene, Span(0, 480_000))

    with pytest.raises(AssertionError, match="outside at … until"):
        check_layer_on_the_grid(Early(at="1s"), scene_of(Tone()))


def test_a_layer_without_its_look_back_is_seen() -> None:
    """It smears its stem over 5000 samples, and hears nothing of what was before its tile."""

    def smeared(source: ToneSource, out: np.ndarray, tile: Span) -> np.ndarray:
        sums = np.cumsum(out, axis=0)
        sums[DELAY:] -= sums[:-DELAY].copy()
        return sums / DELAY

    check_layer_on_the_grid(_layer(smeared), scene_of(Tone()))
    with pytest.raises(AssertionError, match="depends on the tile"):
        check_layer_in_tiles_of_any_size(_layer(smeared), scene_of(Tone()))


class Delay(Effect):
    """What was 5000 samples ago: it keeps the contract."""

    stage: ClassVar[Literal["strip", "bus"]] = "strip"
    order: ClassVar[int] = 1
    kind: str = "delay"

    def prepare(self, scene: Scene, name: str) -> DelayProcessor:
        return DelayProcessor()


class DelayProcessor:
    look_back = DELAY
    calls = 0

    def active_span(self, span: Span) -> Span:
        return Span(span.start + DELAY, span.stop + DELAY)

    def process(self, name: str, window: Strip, tile: Span) -> Strip:
        self.calls += 1
        assert window.mono is not None
        late = window.mono[self.look_back - DELAY :][: len(tile)] if self.look_back else window.mono
        return self.broken(Strip(stereo=np.hstack([late, late])), window)

    def broken(self, out: Strip, window: Strip) -> Strip:
        return out


def _effect(**attributes: Any) -> Effect:
    processor = type("Broken", (DelayProcessor,), attributes)

    class Broken(Delay):
        def prepare(self, scene: Scene, name: str) -> Any:
            return processor()

    return Broken()


def _writes(processor: DelayProcessor, out: Strip, window: Strip) -> Strip:
    assert window.mono is not None
    window.mono[0] = 0.0
    return out


EFFECTS = {
    "float32": (lambda p, out, window: Strip(stereo=out.stereo.astype(np.float32)), "precision"),
    "double precision for sends": (lambda p, out, window: Strip(early=out.stereo), "precision"),
    "another value each call": (lambda p, out, window: Strip(stereo=out.stereo / p.calls), "order"),
    "silence at the second call": (
        lambda p, out, window: out if p.calls == 1 else Strip(),
        "order",
    ),
    "one channel": (lambda p, out, window: Strip(stereo=out.stereo[:, :1]), "shape"),
    "the whole window": (lambda p, out, window: Strip(mono=window.mono), "shape"),
    "not finite": (lambda p, out, window: Strip(stereo=out.stereo + np.inf), "finite"),
    "sound everywhere": (lambda p, out, window: Strip(stereo=out.stereo + 1e-9), "active span"),
}


@pytest.mark.parametrize("states", [False, True])
def test_a_layer_that_depends_on_its_end_sooner_than_it_says_is_seen(states: bool) -> None:
    class Swell(Tone):
        kind: str = "swell"

        def prepare(self, scene: Scene, name: str) -> ToneSource:
            source = super().prepare(scene, name)
            source.broken = lambda out, tile: out / len(source.span)  # type: ignore[method-assign]
            if states:
                source.fixed_until = source.span.stop  # type: ignore[attr-defined]
            return source

    check_layer_with_another_end(Tone(), scene_of(Tone()))
    with pytest.raises(AssertionError, match="fixed_until") if states else nullcontext():
        check_layer_with_another_end(Swell(), scene_of(Tone()))


def test_an_effect_that_depends_on_an_end_sooner_than_it_says_is_seen() -> None:
    class Rise(Delay):
        def prepare(self, scene: Scene, name: str) -> DelayProcessor:
            processor = super().prepare(scene, name)
            stop = scene.end(parse_moment("end"))
            process = processor.process

            def rising(name: str, window: Strip, tile: Span) -> Strip:
                strip = process(name, window, tile)
                return Strip(stereo=None if strip.stereo is None else strip.stereo / stop)

            processor.process = rising  # type: ignore[method-assign]
            processor.fixed_until = stop  # type: ignore[attr-defined]
            return processor

    with pytest.raises(AssertionError, match="fixed_until"):
        check_effect_with_another_end(Rise(), scene_of(Delay()), "voice_a")


class HalfLater:
    """A gain of 0.5 from sample 1000 on, which states another sample."""

    look_back = 0

    def __init__(self, states: int) -> None:
        self.acts_from = states

    def active_span(self, span: Span) -> Span:
        return span

    def process(self, name: str, window: Strip, tile: Span) -> Strip:
        assert window.stereo is not None
        stereo = window.stereo.copy()
        stereo[max(0, 1000 - tile.start) :] *= 0.5
        return Strip(window.mono, stereo, window.early, window.late)


def _later(states: int, stage: str = "bus") -> Effect:
    class Later(Delay):
        def prepare(self, scene: Scene, name: str) -> Any:
            return HalfLater(states)

    kind: type[Effect] = type("Staged", (Later,), {"stage": stage})
    return kind()


@pytest.mark.parametrize("states", [0, 999, 1000])
def test_an_effect_that_acts_no_sooner_than_it_says_passes(states: int) -> None:
    check_effect_before_it_acts(_later(states), scene_of(Delay()), "FX")


@pytest.mark.parametrize("states", [1001, 10**9])
def test_an_effect_that_acts_sooner_than_it_says_is_seen(states: int) -> None:
    with pytest.raises(AssertionError, match="acts_from"):
        check_effect_before_it_acts(_later(states), scene_of(Delay()), "FX")


def test_an_effect_of_a_layer_that_states_when_it_acts_is_seen() -> None:
    with pytest.raises(AssertionError, match="not a bus effect"):
        check_effect_before_it_acts(_later(0, "strip"), scene_of(Delay()), "voice_a")


def test_an_effect_that_keeps_the_contract_passes() -> None:
    check_effect_on_the_grid(Delay(), scene_of(Delay()), "voice_a")
    check_effect_in_tiles_of_any_size(Delay(), scene_of(Delay()), "voice_a")


@pytest.mark.parametrize("fault", EFFECTS)
def test_an_effect_that_breaks_the_contract_is_seen(fault: str) -> None:
    broken, words = EFFECTS[fault]
    with pytest.raises(AssertionError, match=words):
        check_effect_on_the_grid(_effect(broken=broken), scene_of(Delay()), "voice_a", rounding=0.0)


def test_an_effect_that_writes_into_its_window_is_seen() -> None:
    with pytest.raises(ValueError, match="read-only"):
        check_effect_on_the_grid(_effect(broken=_writes), scene_of(Delay()), "voice_a")


def test_an_effect_whose_active_span_is_too_short_is_seen() -> None:
    short = _effect(active_span=lambda self, span: span)
    with pytest.raises(AssertionError, match="active span"):
        check_effect_on_the_grid(short, scene_of(Delay()), "voice_a")


@pytest.mark.parametrize("look_back", [0, DELAY - 1])
def test_an_effect_without_its_look_back_is_seen(look_back: int) -> None:
    class Forgets(DelayProcessor):
        def process(self, name: str, window: Strip, tile: Span) -> Strip:
            assert window.mono is not None
            n = len(window.mono)
            late = np.zeros((len(tile), 1))
            reached = min(len(tile), n - DELAY)
            late[len(tile) - reached :] = window.mono[n - DELAY - reached : n - DELAY]
            return Strip(stereo=np.hstack([late, late]))

    forgets = _effect(process=Forgets.process, look_back=look_back)
    with pytest.raises(AssertionError, match="depends on the tile"):
        check_effect_in_tiles_of_any_size(forgets, scene_of(Delay()), "voice_a", sizes=[TILE // 4])
