"""Tests of the contract of layers and effects, on which renders, the cache and excerpts rely.

    from audio_pipeline import testing

    def test_rain_keeps_the_contract():
        testing.check_layer(Rain(level="-50 dBFS"))

Each function prepares a layer or effect as a render does, with a scene that cannot be read afterwards, and
raises AssertionError for a breach of the contract.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import TypeVar, cast

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import rms
from audio_pipeline.effects.base import Effect, Processor, StemBench, Strip
from audio_pipeline.layers.base import Layer, Source
from audio_pipeline.memo.sounds import PreparedSounds, acts_from, fixed_until
from audio_pipeline.memo.tracing import TracingScene, answer, without_end
from audio_pipeline.timeline.moments import Clock, Schedule
from audio_pipeline.timeline.scene import Scene, StemRequest, to_samples
from audio_pipeline.timeline.spans import TILE, Span, tiles_over
from audio_pipeline.timeline.timecode import RATES

CUES_S = {"start": 0, "black": 20, "dropout": 25, "silence": 27, "end": 30}
"""The cues of `make_scene`, in seconds."""

SIZES = (120_000, 352_000)
"""Tile sizes other than the grid's: with them, state between tiles or too short a look-back changes samples."""

ROUNDING = 1e-5
"""Allowed rounding error in tiles of another size, as a share of the RMS: −100 dB. Convolutions in float32 are
computed by tile and round differently; on the grid the samples must be equal."""


_MOVED_S = (Fraction(-9, 10), Fraction(17, 10))

Prepared = TypeVar("Prepared", Source, Processor)


def make_scene(
    moments_s: Mapping[str, float] | None = None,
    *,
    seed: int = 1,
    sample_rate: int = 48_000,
    stems: Mapping[StemRequest, Samples] | None = None,
    speech: tuple[Span, ...] = (),
) -> Scene:
    """A scene with the cues of `CUES_S`, updated by `moments_s`, at 24 frames per second from 01:00:00:00.

    `stems` are the samples `(n, channels)` of the files that a sound requests; `speech` are the spans in
    which a voice speaks.

    Examples:
        >>> make_scene({"rain": 3.5}).cue("rain")
        168000
    """
    times = {**CUES_S, **(moments_s or {})}
    define = {name: lambda s, t=t: Fraction(t).limit_denominator(10**6) for name, t in times.items()}
    return Scene(
        sample_rate=sample_rate,
        seed=seed,
        programme=Span(0, round(times["end"] * sample_rate)),
        schedule=Schedule(Clock(RATES["24"], "35mm", 86_400), define),
        stems=stems or {},
        speech=speech,
    )


def check_layer(layer: Layer, scene: Scene | None = None) -> None:
    """Check the complete contract of a layer in `scene` (default: `make_scene()`).

    It is a pure function of the tile, in any order and in any worker; float64, finite, within full scale and
    silent outside its span; equal in tiles of any size; it does not read the scene while it renders; it is not
    silent everywhere; its `fixed_until` holds, if it has one. Raises AssertionError for a breach.
    """
    scene = make_scene() if scene is None else scene
    check_layer_on_the_grid(layer, scene)
    check_layer_in_tiles_of_any_size(layer, scene)
    check_layer_with_another_end(layer, scene)


def check_effect(effect: Effect, scene: Scene | None = None, name: str | None = None) -> None:
    """Check the complete contract of an effect of the stage "strip" or "bus" in `scene`.

    `name` is the layer ("voice_a") or the bus ("FX") that it processes. The effect is a pure function of its
    window, in any order, and does not change its input; its output is finite and silent outside its active
    span; tiles of any size give the same samples, so its look-back is long enough; its `fixed_until` and
    `acts_from` hold, if it has them. Raises AssertionError for a breach.
    """
    scene = make_scene() if scene is None else scene
    if name is None:
        name = "FX" if effect.stage == "bus" else "voice_a"
    check_effect_on_the_grid(effect, scene, name)
    check_effect_in_tiles_of_any_size(effect, scene, name)
    check_effect_with_another_end(effect, scene, name)
    check_effect_before_it_acts(effect, scene, name)


def check_layer_on_the_grid(layer: Layer, scene: Scene, tiles: Sequence[Span] | None = None) -> None:
    """Check that a layer is tracked, pure in any order, float64, in range, and silent outside its span.

    `tiles` are the rendered tiles (default: all of the programme and one after it).
    """
    check_tracked(layer, scene)
    source, again = (PreparedSounds(scene).source(layer, "it") for _ in range(2))
    programme = scene.programme
    assert layer.span(scene).intersect(source.span) == source.span, "it sounds outside at … until"
    assert programme.intersect(source.span) == source.span, "it sounds outside the programme"
    assert source.channels in (1, 2), "it has neither one channel nor two"
    if tiles is None:
        tiles = list(tiles_over(Span(programme.start, programme.stop + TILE)))
    made = [source.render(tile) for tile in tiles]
    with ThreadPoolExecutor(2) as pool:
        backwards = list(pool.map(again.render, reversed(tiles)))[::-1]
    for tile, samples, other in zip(tiles, made, backwards, strict=True):
        assert samples.shape == (len(tile), source.channels), "it has another shape"
        assert samples.dtype == np.float64, "it is not float64"
        assert np.isfinite(samples).all(), "it is not finite"
        assert np.abs(samples).max() <= 1.0, "it exceeds full scale"
        assert (samples == other).all(), "it depends on the order, the worker or the instance"
        inside = source.span.intersect(tile).inside(tile)
        assert not samples[: inside.start].any(), "it sounds before its span"
        assert not samples[inside.stop :].any(), "it sounds after its span"
    assert (source.render(tiles[0]) == made[0]).all(), "it differs from call to call"
    assert any(samples.any() for samples in made), "it is silent"


def check_layer_in_tiles_of_any_size(
    layer: Layer, scene: Scene, sizes: Iterable[int] = SIZES, rounding: float = ROUNDING
) -> None:
    """Check that a layer gives the same samples in tiles of any size."""
    source = PreparedSounds(scene).source(layer, "it")
    expected = _cut_into(source, scene.programme, TILE)
    for size in sizes:
        _check_same(_cut_into(source, scene.programme, size), expected, rounding)


def check_effect_on_the_grid(
    effect: Effect, scene: Scene, name: str, rounding: float = ROUNDING
) -> None:
    """Check that an effect is tracked, pure in any order, keeps its input, and is silent outside its span.

    `name` is the layer (stage "strip") or the bus (stage "bus") that it processes.
    """
    check_tracked(effect, scene)
    processor, again = (PreparedSounds(scene).processor(effect, "it") for _ in range(2))
    length = -(-(scene.programme.stop + processor.look_back) // TILE) * TILE
    given = Span(scene.programme.stop // 4, scene.programme.stop // 2)
    sent = _noise(given, length)
    tiles = list(tiles_over(Span(0, length)))
    made = [_process(processor, effect, name, sent, tile) for tile in tiles]
    backwards = [_process(again, effect, name, sent, tile) for tile in reversed(tiles)][::-1]
    active, allowed = processor.active_span(given), rounding * rms(sent)
    for tile, strip, other in zip(tiles, made, backwards, strict=True):
        inside = active.intersect(tile).inside(tile)
        types = (np.float64, np.float64, np.float32, np.float32)
        parts = zip(strip.parts(), other.parts(), (1, 2, 2, 2), types, strict=True)
        for part, same, channels, dtype in parts:
            assert (part is None) == (same is None), "it depends on the order or the instance"
            if part is not None and same is not None:
                assert part.shape == (len(tile), channels), "it has another shape"
                assert part.dtype == dtype, "it has another precision"
                assert np.isfinite(part).all(), "it is not finite"
                assert (part == same).all(), "it depends on the order or the instance"
                outside = (part[: inside.start], part[inside.stop :])
                loudest = max(float(np.abs(samples).max(initial=0.0)) for samples in outside)
                assert loudest <= allowed, "it sounds outside its active span"


def check_effect_in_tiles_of_any_size(
    effect: Effect,
    scene: Scene,
    name: str,
    sizes: Iterable[int] = SIZES,
    rounding: float = ROUNDING,
) -> None:
    """Check that an effect gives the same samples in tiles of any size: its `look_back` is long enough."""
    processor = PreparedSounds(scene).processor(effect, "it")
    sent = _noise(scene.programme, scene.programme.stop + processor.look_back)
    expected = _strips_cut_into(processor, effect, name, sent, TILE)
    for size in sizes:
        parts = zip(_strips_cut_into(processor, effect, name, sent, size), expected, strict=True)
        for part, whole in parts:
            _check_same(part, whole, rounding)


def check_layer_with_another_end(layer: Layer, scene: Scene) -> None:
    """Check that no sample of a layer before its `fixed_until` changes with the end of the programme."""

    def source(of: Scene) -> Source:
        return PreparedSounds(of).source(layer, "it")

    for one, other, here in _with_other_ends(layer, scene, source):
        assert (one.render(here) == other.render(here)).all(), _CHANGES


def check_effect_with_another_end(effect: Effect, scene: Scene, name: str) -> None:
    """Check that no sample of an effect before its `fixed_until` changes with the end of the programme."""
    sent = _noise(scene.programme, scene.programme.stop)

    def processor(of: Scene) -> Processor:
        return PreparedSounds(of).processor(effect, "it")

    for one, other, here in _with_other_ends(effect, scene, processor):
        strips = (_process(made, effect, name, sent, here).parts() for made in (one, other))
        for part, same in zip(*strips, strict=True):
            assert (part is None) == (same is None), _CHANGES
            assert part is None or same is None or (part == same).all(), _CHANGES


def check_effect_before_it_acts(effect: Effect, scene: Scene, name: str) -> None:
    """Check that an effect returns its input unchanged in every tile before its `acts_from`."""
    processor = PreparedSounds(scene).processor(effect, "it")
    first = acts_from(processor)
    if first is None:
        return
    assert effect.stage == "bus", "it has acts_from and is not a bus effect"
    stop = min(first, scene.programme.stop)
    sent = _noise(scene.programme, scene.programme.stop)
    for here in tiles_over(Span(0, max(0, stop))):
        before = Span(here.start, min(here.stop, stop))
        given = _window(effect, sent, before, 0).parts()
        made = _process(processor, effect, name, sent, before).parts()
        for part, same in zip(made, given, strict=True):
            assert (part is None) == (same is None), _ACTS
            assert part is None or same is None or (part == same).all(), _ACTS


def check_stem_effect(effect: Effect, stems: Mapping[str, Samples], bench: StemBench) -> None:
    """Check that a stem effect is pure, does not change lengths or its input, and reports JSON values."""
    given = {layer: stem.copy() for layer, stem in stems.items()}
    for stem in given.values():
        stem.flags.writeable = False
    made, again = (effect.treat(given, bench, "it") for _ in range(2))
    assert made.stems.keys() == given.keys(), "it loses a stem"
    for layer, stem in made.stems.items():
        assert stem.shape == given[layer].shape, "it changes the length"
        assert stem.dtype == np.float64, "it is not float64"
        assert np.isfinite(stem).all(), "it is not finite"
        assert (stem == again.stems[layer]).all(), "it differs from call to call"
    json.dumps(made.facts, allow_nan=False)


def check_tracked(sound: Layer | Effect, scene: Scene) -> None:
    """Check that every value a layer or effect reads from the scene can be part of a cache key."""
    tracing = TracingScene(scene, "it")
    sound.prepare(cast(Scene, tracing), "it")
    assert tracing.close() is not None, "it asks the scene what no key can hold"


_CHANGES = "a sample before its fixed_until changes with its end"
_ACTS = "it changes a sample before its acts_from"


def _with_other_ends(
    sound: Layer | Effect, scene: Scene, prepare: Callable[[Scene], Prepared]
) -> Iterator[tuple[Prepared, Prepared, Span]]:
    """A sound in the scene and in one with another end, and the spans before `fixed_until` of both.

    Nothing if it has no `fixed_until`, or if another answer of the scene moves with the end.
    """
    for moved_s in _MOVED_S:
        other = _moved(scene, moved_s)
        here, there = prepare(scene), prepare(other)
        first, second = fixed_until(here), fixed_until(there)
        if first is None or second is None or _asked(sound, scene) != _asked(sound, other):
            continue
        for tile in tiles_over(Span(0, max(0, min(first, second)))):
            yield here, there, Span(tile.start, min(tile.stop, first, second))


def _moved(scene: Scene, by_s: Fraction) -> Scene:
    """The scene with its dropout, its silence and its end later by `by_s` seconds."""
    before = scene.schedule

    def later(name: str) -> Callable[[Schedule], Fraction]:
        return lambda _: before.named(name) + by_s

    moved = {name: later(name) for name in ("dropout", "silence", "end") if name in before.define}
    schedule = replace(before, define={**before.define, **moved}, _known={})
    stop = scene.programme.stop + to_samples(by_s, scene.sample_rate)
    return replace(scene, programme=Span(0, stop), schedule=schedule)


def _asked(sound: Layer | Effect, scene: Scene) -> list[object]:
    """The questions of a sound, with the answers that matter before its `fixed_until`; stems stay the same."""
    tracing = TracingScene(scene, "it")
    sound.prepare(cast(Scene, tracing), "it")
    asked = [question for question in tracing.close() or () if not question[0].startswith("stem")]
    return [[question, without_end(question, answer(scene, {}, {}, question))] for question in asked]


def _check_same(samples: Samples, expected: Samples, rounding: float) -> None:
    allowed, differs = rounding * rms(expected), float(np.abs(samples - expected).max())
    assert differs <= allowed, f"it depends on the tile: {differs:.3g} differs, {allowed:.3g} is allowed"


def _cut_into(source: Source, span: Span, size: int) -> Samples:
    edges = range(span.start, span.stop + size, size)
    samples = np.concatenate([source.render(Span(a, b)) for a, b in pairwise(edges)])
    return cast(Samples, samples[: len(span)])


def _strips_cut_into(
    processor: Processor, effect: Effect, name: str, sent: Samples, size: int
) -> list[Samples]:
    edges = range(0, len(sent) + size, size)
    strips = [_process(processor, effect, name, sent, Span(a, b)).parts() for a, b in pairwise(edges)]
    parts = []
    for of_part in zip(*strips, strict=True):
        whole = [np.zeros((size, 2)) if p is None else np.broadcast_to(p, (size, 2)) for p in of_part]
        parts.append(np.concatenate(whole)[: len(sent)])
    return parts


def _process(processor: Processor, effect: Effect, name: str, sent: Samples, tile: Span) -> Strip:
    """The effect's output over a tile of `sent` `(n, 2)`, which begins at sample 0; its input is read-only."""
    return processor.process(name, _window(effect, sent, tile, processor.look_back), tile)


def _window(effect: Effect, sent: Samples, tile: Span, look_back: int) -> Strip:
    window = np.zeros((look_back + len(tile), 2))
    reach = Span(tile.start - look_back, tile.stop)
    there = reach.intersect(Span(0, len(sent)))
    if len(there):
        window[there.inside(reach)] = sent[there.start : there.stop]
    sends = window.astype(np.float32)
    for array in (window, sends):
        array.flags.writeable = False
    if effect.stage == "strip":
        return Strip(mono=window[:, :1])
    return Strip(None, window[look_back:], sends, sends)


def _noise(span: Span, length: int) -> Samples:
    """Noise `(length, 2)` within `span`, zero elsewhere."""
    samples = np.zeros((length, 2))
    samples[span.start : span.stop] = 0.05 * np.random.default_rng(1).standard_normal((len(span), 2))
    return samples
