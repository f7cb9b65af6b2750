"""Computes the parts that the mixes of a batch share once.

Mixes of one base differ in a few values. The tables that they share are the same objects, so results for a
table are cached by object. The cost of planning a mix is then its new values, and one look-up per sound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from audio_pipeline.errors import AudioPipelineError
from audio_pipeline.jobs.batch.foresee import Foresight
from audio_pipeline.jobs.batch.shared_timing import PlannedTiming, SharedTiming
from audio_pipeline.jobs.batch.shared_values import ByObject, Layered, SharedValues
from audio_pipeline.layers.base import Layer
from audio_pipeline.memo.keys import exact
from audio_pipeline.memo.store import digest
from audio_pipeline.preset.checked_sounds import CheckedSounds
from audio_pipeline.preset.document import Document, ReadBefore, full_key, load_document, with_value
from audio_pipeline.preset.headers import Headers
from audio_pipeline.preset.model import Known, Preset, build_preset
from audio_pipeline.preset.project import Project
from audio_pipeline.timeline.moments import Moment, Schedule
from audio_pipeline.timeline.picture_lock import PictureLock
from audio_pipeline.timeline.scene import to_samples
from audio_pipeline.units import Parameters

Sounds = Mapping[str, Parameters]


class SharedParts:
    """Cached documents, presets, timings and keys that several mixes share."""

    def __init__(self, project: Project) -> None:
        self.values = SharedValues()
        self._project = project
        headers = Headers(project)
        self._foresight = Foresight(project, headers)
        self._known: Known = {}
        self._checked = CheckedSounds()
        self._timing = SharedTiming(project, headers, self._checked)
        self._loaded: dict[str, Document | AudioPipelineError] = {}
        self._read = ReadBefore()
        self._written: dict[tuple[int, str, str, str], tuple[Document, Document]] = {}
        self._can_be_timed = ByObject(self._is_timed)
        self._keys = ByObject(lambda sound: digest(exact(sound)))
        self._times = ByObject(_moments_of)
        self._bases = ByObject(self.preset)
        self._families: dict[tuple[Any, ...], str] = {}
        self._sounds: dict[tuple[Any, ...], str] = {}
        self._frozen: dict[frozenset[str], frozenset[str]] = {}

    def base(self, name: str) -> Document | AudioPipelineError:
        """The document of a preset without the batch's changes, or the error for an invalid preset."""
        if name not in self._loaded:
            try:
                document = load_document(self._project, name, known=self._read)
                self.preset(document)
                self._loaded[name] = document
            except AudioPipelineError as error:
                self._loaded[name] = error
        return self._loaded[name]

    def with_value(self, document: Document, key: str, value: Any, origin: str) -> Document:
        """As `document.with_value`; the same value in the same document gives the same object."""
        place = (id(document), key, repr(value), origin)
        if place not in self._written:
            self._written[place] = (document, with_value(document, key, value, origin))
        return self._written[place][1]

    def preset(self, document: Document) -> Preset:
        """As `build_preset`, with shared tables."""
        return build_preset(document, self._known)

    def timing(self, preset: Preset, lock: PictureLock | None = None) -> PlannedTiming:
        """The planned timing, with the cues and slots of `lock`. Raises as `planned_timing`."""
        return self._timing.planned(preset, lock)

    def can_be_timed(self, base: Document) -> bool:
        """Whether a preset has a valid schedule without the batch's changes."""
        return self._can_be_timed(base)

    def _is_timed(self, base: Document) -> bool:
        try:
            self.timing(self.preset(base))
        except AudioPipelineError:
            return False
        return True

    def foresee(self, preset: Preset, out: Path) -> None:
        """Raise the error that a render of the preset into `out` would raise; see `Foresight`."""
        self._foresight.check(preset, out)

    def overrides(
        self, document: Document, preset: Preset, changes: Iterable[tuple[str, Any]]
    ) -> Mapping[str, Any]:
        """Key → value of all values that differ from the preset's base, then those of `changes` that do not."""
        found = Layered(())
        if document.base is not None:
            found = self.values.changes(preset, self._bases(document.base))
        more: dict[str, Any] = {}
        for key, value in changes:
            full = ".".join(full_key(document.table, tuple(part.strip() for part in key.split("."))))
            if full not in found and full not in more:
                more[full] = self.values.value_at(preset, full, value)  # the result of "base - 3 dB"
        return Layered((*found.parts, more)) if more else found

    def family(self, preset: Preset, sounding: Sounds) -> str:
        """The key of the sounds that take most of a mix's time, without dropouts and layers of a stem.

        Languages on one bed are a family: the first renders the bed, the others read it from the cache.
        """
        costly = [(n, s) for n, s in sounding.items() if not _differs_in_a_family(s)]
        ears = _ears(preset)
        key = (*ears, *[id(sound) for _, sound in costly])
        if key not in self._families:
            self._families[key] = digest(*ears, {name: self._keys(sound) for name, sound in costly})
        return self._families[key]

    def sounds(self, preset: Preset, sounding: Sounds, schedule: Schedule) -> frozenset[str]:
        """A key for every sound that is on, from its parameters and its times in samples."""
        ears, rate, keys = _ears(preset), preset.sample_rate_hz, []
        at_times = self._checked.at_times(sounding.values(), schedule)
        for (name, sound), at in zip(sounding.items(), at_times, strict=True):
            place = (ears, name, at)
            key = self._sounds.get(place)
            if key is None:
                times = [to_samples(schedule.seconds(moment), rate) for moment in self._times(sound)]
                key = self._sounds[place] = digest(name, self._keys(sound), times, *ears)
            keys.append(key)
        found = frozenset(keys)
        return self._frozen.setdefault(found, found)


def _differs_in_a_family(sound: Parameters) -> bool:
    return getattr(sound, "kind", "") == "dropout" or (isinstance(sound, Layer) and bool(sound.stems()))


def _ears(preset: Preset) -> tuple[int, int, str, str]:
    head = preset.head
    return preset.sample_rate_hz, head.seed, head.listening, head.head


def _moments_of(sound: Parameters) -> tuple[Moment, ...]:
    values = (getattr(sound, key) for key in type(sound).model_fields)
    return tuple(value for value in values if isinstance(value, Moment))
