"""What the mixes of a batch are locked to: a language of the batch file, or a report."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audio_pipeline.errors import AudioPipelineError, PresetError
from audio_pipeline.jobs.batch.shared_parts import SharedParts
from audio_pipeline.jobs.reference import Reference, ReferenceMix, ReferenceReport, reference_of_report
from audio_pipeline.preset.agreement import differences_from
from audio_pipeline.preset.lines import lock_of
from audio_pipeline.preset.model import Preset
from audio_pipeline.timeline.picture_lock import PictureLock

if TYPE_CHECKING:
    from audio_pipeline.reporting.model import LoudnessReport


@dataclass(frozen=True)
class GivenReport:
    """The report of `--reference`, read once for all mixes."""

    report: LoudnessReport
    path: Path


@dataclass
class Locks:
    """The references of a batch's mixes; what mixes of one reference share is worked out once.

    Keys are the same for mixes of one reference: who says so, the preset and its values.
    """

    parts: SharedParts
    given: GivenReport | None = None
    _mixes: dict[tuple[Any, ...], Preset] = field(default_factory=dict)
    _planned: dict[tuple[Any, ...], PictureLock | AudioPipelineError] = field(default_factory=dict)

    def reference(
        self,
        preset: Preset,
        language: str | None,
        key: Sequence[Any],
        in_language: Callable[[str], Preset],
    ) -> Reference | None:
        """What `preset` is locked to, None where nothing says so: the report, or the `language` of the batch
        file, in which `in_language` gives the same mix.

        Raises ReportError or PresetError for a reference that does not agree with the preset.
        """
        if self.given is not None:
            unlike = self.parts.values.unlike_report
            return reference_of_report(self.given.report, self.given.path, preset, unlike)
        if language is None:
            return None
        known = tuple(map(repr, key))
        if known not in self._mixes:
            self._mixes[known] = in_language(language)
        other = self._mixes[known]
        if found := differences_from(*self.parts.values.unlike(other, preset), preset):
            more = f", and {len(found) - 1} more" if len(found) > 1 else ""
            raise PresetError(
                f"the reference {language!r} is another mix: {found[0]}{more}",
                hint="Only values of voices may differ between languages that are locked to one picture.",
            )
        return ReferenceMix(language, other)

    def planned_lock(self, reference: Reference | None, key: Sequence[Any]) -> PictureLock | None:
        """The lock as headers of stems give it.

        Raises PresetError and StemError, which name the reference.
        """
        if reference is None or isinstance(reference, ReferenceReport):
            return None if reference is None else reference.lock
        known = tuple(map(repr, key))
        if known not in self._planned:
            try:
                schedule = self.parts.timing(reference.preset).timing.schedule
                self._planned[known] = lock_of(reference.preset, schedule, reference.name)
            except AudioPipelineError as error:
                self._planned[known] = error
        lock = self._planned[known]
        if isinstance(lock, AudioPipelineError):
            message = f"its reference {reference.name!r} cannot be made: {lock.message}"
            raise type(lock)(message, hint=lock.hint) from lock
        return lock


def is_for_all_languages(preset: Preset, reference: Reference | None, replaced: Collection[str]) -> bool:
    """Whether the mix is the same in every language, which has other stems for the layers `replaced`: it has
    no dialogue, only voices differ, and its picture is locked by a reference or by a slot for every voice."""
    voices = {name: layer for name, layer in preset.layers.items() if layer.speaks}
    if "DX" in preset.master.buses or not voices.keys() >= set(replaced):
        return False
    clock = preset.picture.clock()
    playing = [voice for voice in voices.values() if voice.on]
    return reference is not None or all(voice.slot_s(clock) is not None for voice in playing)
