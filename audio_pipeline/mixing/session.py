"""The session of a preset: conditioned stems, cues in samples, prepared sounds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from fractions import Fraction

from audio_pipeline.audio_io.condition import Conditioned
from audio_pipeline.audio_io.read.sofa import read_head
from audio_pipeline.dsp.head_models import Head, kemar, sphere
from audio_pipeline.errors import PresetError, StemError
from audio_pipeline.memo.sounds import DeferredSounds, PreparedSounds
from audio_pipeline.memo.stem_cache import StemCache
from audio_pipeline.memo.store import Cache
from audio_pipeline.mixing.console import Console
from audio_pipeline.mixing.graph import build_graph
from audio_pipeline.mixing.stem_treatment import StemTreatment, TreatedStems, Treatment
from audio_pipeline.mixing.sum_store import DiskSums, NoSums, SumStore
from audio_pipeline.mixing.tile_store import DiskTiles
from audio_pipeline.preset.lines import dialogue_effects, lock_of, slots_of, speech_of, with_slots
from audio_pipeline.preset.model import Preset
from audio_pipeline.preset.overruns import Overrun, overruns_of
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.stems import StemFiles, head_path, requests_of, stem_paths
from audio_pipeline.preset.timing import Timing, schedule_of, timing_of
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.picture_lock import PictureLock
from audio_pipeline.timeline.scene import Scene, StemRequest, to_samples
from audio_pipeline.timeline.spans import Span
from audio_pipeline.timeline.workers import in_order

MOST_STEM_BYTES = 1 << 31
"""Memory limit for the stems of one mix, float64: four of the largest."""


@dataclass(frozen=True)
class Session:
    """A preset with its scene and console.

    `sums` stores tiles of the premaster. `stems` holds the conditioned files of each layer or effect,
    `treatments` the results of effects on complete stems. `slots` are the slots of the voices; `overruns`
    are lines and echoes that exceed them or a cue; `reference` is the name of the mix that it is locked to.
    """

    preset: Preset
    scene: Scene
    console: Console
    sums: SumStore
    stems: Mapping[str, tuple[Conditioned, ...]]
    treatments: tuple[Treatment, ...] = ()
    slots: Mapping[str, Span] = field(default_factory=dict)
    overruns: tuple[Overrun, ...] = ()
    reference: str | None = None

    @property
    def warnings(self) -> tuple[Mapping[str, str], ...]:
        """Warnings about the stems and their treatment, each with a `code` and a `message`."""
        stems = [
            {"code": warning.code, "message": f"{sound}: {warning.message}"}
            for sound, conditioned in self.stems.items()
            for stem in conditioned
            for warning in stem.warnings
        ]
        return (*stems, *(warned for treatment in self.treatments for warned in treatment.warnings))

    @property
    def notes(self) -> tuple[tuple[str, str], ...]:
        """Notes about assumptions, choices and omissions in the stems: a code and a sentence each."""
        return tuple(
            (note.code, f"{sound}: {note.message}")
            for sound, conditioned in self.stems.items()
            for stem in conditioned
            for note in stem.notes
        )


def with_stem_files(preset: Preset, files: StemFiles) -> Preset:
    """A copy of the preset with replaced stems. Raises PresetError for a layer without a stem."""
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
    project: Project,
    preset: Preset,
    files: StemFiles,
    cache: Cache | None = None,
    lock: PictureLock | None = None,
) -> Session:
    """The session of a preset: conditions the stems, computes the cues, prepares every sound that is on.

    With `lock`, cues and slots come from a reference. With `cache`, earlier results are read from it.
    Raises PresetError and StemError for an invalid preset or stem, RenderError for a head that needs a
    package which is not installed.
    """
    rate = preset.sample_rate_hz
    preset = with_slots(preset, lock)
    paths = stem_paths(project, preset, files)
    keep = StemCache(cache)
    treatment = StemTreatment(preset)
    conditioned: dict[StemRequest, Conditioned] = {}
    made = in_order(
        lambda item: keep.conditioned(item[1], treatment.source(item[0]), rate), paths.items(), workers=2
    )
    for request, stem in zip(paths, made, strict=True):
        conditioned[request] = stem
        _refuse_too_much(conditioned.values())
    treated = treatment.apply(conditioned, keep.keys, cache)
    samples = {request: stem.samples for request, stem in treated.requested.items()}
    timing = timing_of(preset, lambda request: Fraction(len(samples[request]), rate), lock)
    schedule = timing.schedule
    programme = Span(0, to_samples(schedule.named("end"), rate))
    slots = slots_of(preset, schedule)
    scene = Scene(
        sample_rate=rate,
        seed=preset.head.seed,
        programme=programme,
        schedule=schedule,
        stems=samples,
        speech=speech_of(preset, slots, lock, programme),
        listening=preset.head.listening,
        head=_head(project, preset),
        treated={layer: stem.samples for layer, stem in treated.by_layer.items()},
    )
    return Session(
        preset,
        scene,
        *_console(scene, preset, timing, cache, treated),
        {
            name: tuple(treated.by_layer.get(name, treated.requested[request]) for request in requests)
            for name, requests in requests_of(preset).items()
        },
        treated.treatments,
        slots,
        overruns_of(preset, timing, lock),
        None if lock is None else lock.name,
    )


def lock_of_preset(project: Project, preset: Preset, name: str, cache: Cache | None) -> PictureLock:
    """The picture lock of a preset with its own stems: its cues and slots, with the name `name`.

    Other languages are locked to it. Raises PresetError for invalid times, StemError for an unreadable
    stem.
    """
    rate, keep = preset.sample_rate_hz, StemCache(cache)
    preset = with_slots(preset, None)
    paths, treatment = stem_paths(project, preset, {}), StemTreatment(preset)

    def length_s(request: StemRequest) -> Fraction:
        stem = keep.conditioned(paths[request], treatment.source(request), rate)
        return Fraction(len(stem.samples), rate)

    return lock_of(preset, schedule_of(preset, length_s), name)


def _head(project: Project, preset: Preset) -> Head:
    """The head model of the mix; a mix for speakers does not read a head file."""
    path = head_path(project, preset)
    if path is not None:
        return read_head(path)
    headphones = preset.head.listening == "headphones"
    return kemar() if headphones and preset.head.head == "kemar" else sphere()


def _console(
    scene: Scene, preset: Preset, timing: Timing, cache: Cache | None, treated: TreatedStems
) -> tuple[Console, SumStore]:
    layers, effects = preset.playing(), preset.working()
    of_words = replace(scene, schedule=timing.words)
    own = dict.fromkeys(dialogue_effects(preset), of_words)
    if cache is None:
        return Console(build_graph(scene, layers, effects, PreparedSounds(scene, own))), NoSums()
    sounds = DeferredSounds(cache, scene, treated.keys, treated.layer_keys, own)
    graph = build_graph(scene, layers, effects, sounds)
    return Console(graph, DiskTiles(cache, scene, sounds.keys)), DiskSums(cache, scene, sounds.keys)


def _refuse_too_much(stems: Iterable[Conditioned]) -> None:
    if sum(stem.samples.nbytes for stem in stems) > MOST_STEM_BYTES:
        raise StemError(
            f"the stems of this mix take more than {MOST_STEM_BYTES / 1e9:.1f} GB of memory together",
            hint="Trim them to the parts that are used, or mix in parts.",
        )
