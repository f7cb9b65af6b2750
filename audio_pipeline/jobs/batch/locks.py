"""The references that the mixes of a batch are locked to: a language of the batch file, or a report."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audio_pipeline.errors import AudioPipelineError, PresetError
from audio_pipeline.jobs.batch.shared_parts import SharedParts
from audio_pipeline.jobs.reference import Reference, ReferenceMix, ReferenceReport, reference_of_report
from audio_pipeline.preset.agreement import differences_from
from audio_pipeline.preset.lines import lock_of
from audio_pipeline.preset.model import Preset
from audio_pipeline.records import dataclass
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
    """The references of a batch's mixes; results that mixes of one reference share are computed once.

    A key is equal for mixes of one reference: the origin of the reference, the preset and its values.
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
        """The reference of `preset`, or None: the report, or `language` of the batch file.

        `in_language` returns the preset of the same mix in a language. Raises ReportError or PresetError for a
        reference that does not agree with the preset.
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
        """The lock, from the headers of stems; None without a reference.

        Raises PresetError and StemError, whose message names the reference.
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
    """Whether the mix is the same in every language; a language replaces the stems of the layers `replaced`.

    True for a mix without dialogue in which only voices differ, if a reference or a slot for every voice locks
    its picture.
    """
    voices = {name: layer for name, layer in preset.layers.items() if layer.speaks}
    if "DX" in preset.master.buses or not voices.keys() >= set(replaced):
        return False
    clock = preset.picture.clock()
    playing = [voice for voice in voices.values() if voice.on]
    return reference is not None or all(voice.slot_s(clock) is not None for voice in playing)
