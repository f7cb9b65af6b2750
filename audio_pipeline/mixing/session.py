"""A preset made ready to play: stems conditioned, cues in samples, every sound prepared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from audio_pipeline.audio_io.condition import Conditioned
from audio_pipeline.errors import PresetError, StemError
from audio_pipeline.layers.base import Layer
from audio_pipeline.memo.stem_cache import StemCache
from audio_pipeline.memo.store import Cache
from audio_pipeline.memo.tracing import Memo
from audio_pipeline.mixing.console import Console
from audio_pipeline.preset.model import Preset
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.stems import StemFiles, requests_of, stem_paths
from audio_pipeline.preset.timing import schedule_of
from audio_pipeline.timeline.moments import Schedule
from audio_pipeline.timeline.scene import Scene, StemRequest, to_samples
from audio_pipeline.timeline.spans import Span
from audio_pipeline.timeline.workers import in_order

MOST_STEM_BYTES = 1 << 31
"""What the stems of one mix may take in memory, float64: four of the largest."""


@dataclass(frozen=True)
class Session:
    """A preset in its scene. `stems` tells for each layer or effect what was done to its files."""

    preset: Preset
    scene: Scene
    console: Console
    stems: Mapping[str, tuple[Conditioned, ...]]


def with_stem_files(preset: Preset, files: StemFiles) -> Preset:
    """The preset with other stems in place. Raises PresetError for a layer that has no stem."""
    layers = dict(preset.layers)
    for name, file in files.items():
        layer = layers.get(name)
        if layer is None or "stem" not in type(layer).model_fields:
            raise PresetError(
                f"the preset {preset.name!r} has no layer {name!r} with a stem to replace",
                hint=f"render-ending presets {preset.name} shows its layers.",
            )
        layers[name] = layer.model_copy(update={"stem": str(file)})
    return Preset(**{**vars(preset), "layers": layers})


def open_session(
    project: Project, preset: Preset, files: StemFiles, cache: Cache | None = None
) -> Session:
    """Condition the stems, work the cues out, prepare every sound that is on.

    With `cache`, what was made before is not made again. Raises PresetError and StemError for what
    cannot be.
    """
    rate = preset.sample_rate_hz
    paths = stem_paths(project, preset, files)
    keep = StemCache(cache)
    conditioned: dict[StemRequest, Conditioned] = {}
    made = in_order(lambda item: keep.conditioned(item[1], item[0], rate), paths.items(), workers=2)
    for request, stem in zip(paths, made, strict=True):
        conditioned[request] = stem
        _refuse_too_much(conditioned.values())
    samples = {request: stem.samples for request, stem in conditioned.items()}
    schedule = schedule_of(preset, lambda request: Fraction(len(samples[request]), rate))
    programme = Span(0, to_samples(schedule.named("end"), rate))
    layers = preset.playing()
    scene = Scene(
        sample_rate=rate,
        seed=preset.head.seed,
        programme=programme,
        schedule=schedule,
        stems=samples,
        speech=_speech(layers, schedule, programme, rate),
        listening=preset.head.listening,
        head=preset.head.head,
    )
    recall = None if cache is None else Memo(cache, scene, keep.keys)
    return Session(
        preset,
        scene,
        Console(scene, layers, preset.working(), recall),
        {
            name: tuple(conditioned[request] for request in requests)
            for name, requests in requests_of(preset).items()
        },
    )


def _refuse_too_much(stems: Iterable[Conditioned]) -> None:
    if sum(stem.samples.nbytes for stem in stems) > MOST_STEM_BYTES:
        raise StemError(
            f"the stems of this mix take more than {MOST_STEM_BYTES / 1e9:.1f} GB of memory together",
            hint="Cut them to what is heard, or mix in parts.",
        )


def _speech(
    layers: dict[str, Layer], schedule: Schedule, programme: Span, rate: int
) -> tuple[Span, ...]:
    spans = []
    for name, layer in layers.items():
        if layer.speaks:
            start = to_samples(schedule.named(f"{name}.at"), rate)
            stop = to_samples(schedule.named(f"{name}.tail"), rate)
            spans.append(Span(start, max(start, stop)).intersect(programme))
    return tuple(sorted(spans))
