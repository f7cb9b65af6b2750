"""Runs effects of the stage "stem" on complete conditioned stems, before the preset's level.

    conditioned at REFERENCE_LUFS ─▶ effect ─▶ levelled ─▶ next effect ─▶ … ─▶ the layer's own level

The output of an effect does not depend on the level in a preset, because that is a gain after it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from audio_pipeline.audio_io.condition import EDGE_FADE_S, Conditioned, fade_edges, loudness_of
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import gain_from_db
from audio_pipeline.effects.base import REFERENCE_LUFS, StemBench
from audio_pipeline.memo.keys import engine_key, sound_key
from audio_pipeline.memo.stem_cache import integrated_lufs
from audio_pipeline.memo.store import Cache, digest
from audio_pipeline.preset.model import Preset
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.scene import StemRequest


@dataclass(frozen=True)
class Treatment:
    """The facts (JSON) and warnings of one effect; each warning has a `code` and a `message`."""

    effect: str
    kind: str
    facts: Mapping[str, Any]
    warnings: tuple[Mapping[str, str], ...]


@dataclass(frozen=True)
class TreatedStems:
    """All stems of a preset, untreated and treated.

    `requested`: each stem as requested, at its own level, untreated. `by_layer`: the treated stems that
    layers play instead, at their levels. `keys` and `layer_keys` are the cache keys of the sources of
    both; without a cache both are empty.
    """

    requested: Mapping[StemRequest, Conditioned]
    by_layer: Mapping[str, Conditioned]
    keys: Mapping[StemRequest, str]
    layer_keys: Mapping[str, str]
    treatments: tuple[Treatment, ...] = ()


class StemTreatment:
    """All effects of the stage "stem" of one preset."""

    def __init__(self, preset: Preset) -> None:
        self._preset = preset
        self._effects = preset.treating()
        works = [effect.works_on for effect in self._effects.values()]
        self._requests = {
            name: layer.stems()[0]
            for name, layer in sorted(preset.layers.items())
            if any(works_on(name) for works_on in works)
        }

    def source(self, request: StemRequest) -> StemRequest:
        """The stem to condition for `request`: a stem that is treated has the reference loudness."""
        treated = request in self._requests.values()
        return replace(request, level_lufs=REFERENCE_LUFS) if treated else request

    def apply(
        self,
        sources: Mapping[StemRequest, Conditioned],
        source_keys: Mapping[StemRequest, str],
        cache: Cache | None,
    ) -> TreatedStems:
        """The treated stems.

        `sources` holds the stem that `source` returns for each request of the preset, `source_keys`
        their keys. With `cache`, earlier results are read from it.
        """
        if not self._effects:
            return TreatedStems(sources, {}, source_keys, {})
        by_layer = {layer: sources[request] for layer, request in self._requests.items()}
        levelled = {request: _at_level(sources[request], request) for request in self._requests.values()}
        keys: dict[StemRequest, str] = {}
        layer_keys: dict[str, str] = {}
        if cache is None:
            samples, note = self._made(by_layer)
        else:
            keys = {request: source_keys[self.source(request)] for request in sources}
            key = self._key({layer: keys[request] for layer, request in self._requests.items()})
            layer_keys = {layer: digest(key, layer) for layer in by_layer}
            samples, note = self._kept(cache, key, layer_keys, by_layer)
        treated = {
            layer: replace(stem, samples=samples[layer], did=(*stem.did, *note["did"][layer]))
            for layer, stem in by_layer.items()
        }
        return TreatedStems(
            {**sources, **levelled},
            {layer: _at_level(stem, self._requests[layer]) for layer, stem in treated.items()},
            keys,
            layer_keys,
            tuple(_treatment(**treatment) for treatment in note["treatments"]),
        )

    def _key(self, stem_keys: Mapping[str, str]) -> str:
        preset = self._preset
        effects = [[name, sound_key(e)] for name, e in self._effects.items()]
        clock = preset.picture.clock()
        return digest(
            "treated stems",
            engine_key(),
            effects,
            [preset.head.seed, preset.sample_rate_hz, clock.rate.name],
            dict(stem_keys),
        )

    def _kept(
        self,
        cache: Cache,
        key: str,
        layer_keys: Mapping[str, str],
        sources: Mapping[str, Conditioned],
    ) -> tuple[dict[str, Samples], dict[str, Any]]:
        """The result from the cache, or a new one, which is stored in it."""
        known = cache.get(key)
        if known is not None:
            entries = {layer: cache.get(layer_keys[layer]) for layer in sources}
            parts = {layer: entry.parts[0] for layer, entry in entries.items() if entry is not None}
            stems = {layer: part for layer, part in parts.items() if part is not None}
            if len(stems) == len(sources):
                return stems, known.note
        stems, note = self._made(sources)
        for layer, stem in stems.items():
            cache.put(layer_keys[layer], (stem,))
        cache.put(key, note=note)
        return stems, note

    def _made(self, sources: Mapping[str, Conditioned]) -> tuple[dict[str, Samples], dict[str, Any]]:
        """The treated stems `(n, 1)` at the reference loudness, and a note of JSON values."""
        preset, rate = self._preset, self._preset.sample_rate_hz

        def loudness_lufs(stem: Samples) -> float:
            return loudness_of(stem[:, None], rate, integrated_lufs)[0]

        bench = StemBench(rate, preset.head.seed, preset.picture.clock(), loudness_lufs)
        stems = {layer: source.samples[:, 0] for layer, source in sources.items()}
        did: dict[str, list[str]] = {layer: [] for layer in stems}
        treatments, changed = [], set()
        for name, effect in self._effects.items():
            treated = effect.treat({n: s for n, s in stems.items() if effect.works_on(n)}, bench, name)
            for layer, stem in treated.stems.items():
                if len(stem) != len(stems[layer]):
                    raise ValueError(f"{name} changed the length of the stem of {layer}")
                if stem is not stems[layer]:
                    stems[layer] = stem if treated.levelled else bench.levelled(stem)
                    changed.add(layer)
            for layer, sentence in treated.did.items():
                did[layer].append(sentence)
            warnings = [asdict(warned) for warned in treated.warnings]
            treatments.append(
                {"effect": name, "kind": effect.kind, "facts": treated.facts, "warnings": warnings}
            )
        for layer in changed:
            fade_edges(stems[layer][:, None], round(EDGE_FADE_S * rate))
        made = {layer: stem[:, None] for layer, stem in stems.items()}
        # through JSON text, so that new and cached notes are equal
        return made, json.loads(json.dumps({"did": did, "treatments": treatments}, allow_nan=False))


def _at_level(stem: Conditioned, request: StemRequest) -> Conditioned:
    """The stem, which has the reference loudness, at the level of `request`."""
    assert request.level_lufs is not None
    gain_db = request.level_lufs - REFERENCE_LUFS
    samples = stem.samples * gain_from_db(gain_db)
    samples.flags.writeable = False
    sentence = f"levelled from {REFERENCE_LUFS:g} to {request.level_lufs:g} LUFS ({gain_db:+.1f} dB)"
    return replace(stem, samples=samples, did=(*stem.did, sentence))


def _treatment(
    effect: str, kind: str, facts: Mapping[str, Any], warnings: list[Mapping[str, str]]
) -> Treatment:
    return Treatment(effect, kind, facts, tuple(warnings))
