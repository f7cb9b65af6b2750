"""A preset made ready to play: stems conditioned, cues in samples, every sound prepared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
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
from audio_pipeline.mixing.tile_store import DiskTiles, NoTiles
from audio_pipeline.preset.lines import dialogue_effects, lock_of, slots_of, speech_of, with_slots
from audio_pipeline.preset.model import Preset
from audio_pipeline.preset.overruns import Overrun, overruns_of
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.stems import StemFiles, head_path, requests_of, stem_paths
from audio_pipeline.preset.timing import Timing, schedule_of, timing_of
from audio_pipeline.timeline.picture_lock import PictureLock
from audio_pipeline.timeline.scene import Scene, StemRequest, to_samples
from audio_pipeline.timeline.spans import Span
from audio_pipeline.timeline.workers import in_order

MOST_STEM_BYTES = 1 << 31
"""What the stems of one mix may take in memory, float64: four of the largest."""


@dataclass(frozen=True)
class Session:
    """A preset in its scene.

    `stems` tells for each layer or effect what was done to its files, `treatments` what effects did to whole
    stems. `slots` are those of the voices; `overruns` what does not fit them or a cue; `reference` the name of
    the mix that it is locked to.
    """

    preset: Preset
    scene: Scene
    console: Console
    stems: Mapping[str, tuple[Conditioned, ...]]
    treatments: tuple[Treatment, ...] = ()
    slots: Mapping[str, Span] = field(default_factory=dict)
    overruns: tuple[Overrun, ...] = ()
    reference: str | None = None

    @property
    def warnings(self) -> tuple[Mapping[str, str], ...]:
        """What is wrong with the stems or could not be done to them, each with a `code` and a `message`."""
        stems = [
            {"code": warning.code, "message": f"{sound}: {warning.message}"}
            for sound, conditioned in self.stems.items()
            for stem in conditioned
            for warning in stem.warnings
        ]
        return (*stems, *(warned for treatment in self.treatments for warned in treatment.warnings))

    @property
    def notes(self) -> tuple[tuple[str, str], ...]:
        """What was assumed, chosen or left out of the stems: a code and a sentence each."""
        return tuple(
            (note.code, f"{sound}: {note.message}")
            for sound, conditioned in self.stems.items()
            for stem in conditioned
            for note in stem.notes
        )


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
    project: Project,
    preset: Preset,
    files: StemFiles,
    cache: Cache | None = None,
    lock: PictureLock | None = None,
) -> Session:
    """Condition the stems, work the cues out, prepare every sound that is on.

    With `lock`, cues and slots are those of a reference. With `cache`, what was made before is not made
    again. Raises PresetError and StemError for what cannot be, RenderError for a head that needs a package
    which is not installed.
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
        _console(scene, preset, timing, cache, treated),
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
    """The cues and slots of a preset with its own stems, called `name`, for other languages to be locked to.

    Raises PresetError and StemError for what cannot be timed or read.
    """
    rate, keep = preset.sample_rate_hz, StemCache(cache)
    preset = with_slots(preset, None)
    paths, treatment = stem_paths(project, preset, {}), StemTreatment(preset)

    def length_s(request: StemRequest) -> Fraction:
        stem = keep.conditioned(paths[request], treatment.source(request), rate)
        return Fraction(len(stem.samples), rate)

    return lock_of(preset, schedule_of(preset, length_s), name)


def _head(project: Project, preset: Preset) -> Head:
    """Whose ears hear the mix; a head has no part in a mix for speakers, and its file is not read."""
    path = head_path(project, preset)
    if path is not None:
        return read_head(path)
    headphones = preset.head.listening == "headphones"
    return kemar() if headphones and preset.head.head == "kemar" else sphere()


def _console(
    scene: Scene, preset: Preset, timing: Timing, cache: Cache | None, treated: TreatedStems
) -> Console:
    layers, effects = preset.playing(), preset.working()
    of_words = replace(scene, schedule=timing.words)
    own = dict.fromkeys(dialogue_effects(preset), of_words)
    if cache is None:
        return Console(build_graph(scene, layers, effects, PreparedSounds(scene, own)), NoTiles())
    sounds = DeferredSounds(cache, scene, treated.keys, treated.layer_keys, own)
    graph = build_graph(scene, layers, effects, sounds)
    return Console(graph, DiskTiles(cache, scene, sounds.keys))


def _refuse_too_much(stems: Iterable[Conditioned]) -> None:
    if sum(stem.samples.nbytes for stem in stems) > MOST_STEM_BYTES:
        raise StemError(
            f"the stems of this mix take more than {MOST_STEM_BYTES / 1e9:.1f} GB of memory together",
            hint="Trim them to the parts that are used, or mix in parts.",
        )
