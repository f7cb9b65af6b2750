"""The use case: render a mix again whenever its preset or a stem changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from audio_pipeline.errors import AudioPipelineError
from audio_pipeline.jobs.note_mix import is_note_of
from audio_pipeline.jobs.render import Order, render
from audio_pipeline.memo.store import Cache
from audio_pipeline.mixing.session import with_stem_files
from audio_pipeline.pages.changes import changes_of
from audio_pipeline.pages.page import page
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.override_names import with_own_name
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.stems import NO_FILES, StemFiles, stem_paths

LOOK_EVERY_S = 0.1
"""Seconds between two polls; a poll takes a millisecond, 1 % of a core."""
PRESET_RESTS_S, STEM_RESTS_S = 0.03, 0.25
"""Seconds for which a changed file must stay unchanged: editors write a preset at once, programs export a stem
in pieces. One pause of 0.25 s for both took 0.25 s longer from saving to the page."""

Stamps = dict[Path, tuple[int, int]]


def rendered_page(
    project: Project,
    name: str,
    sets: tuple[str, ...],
    out: Path | None,
    workers: int,
    cache: Cache | None,
    files: StemFiles = NO_FILES,
) -> str:
    """Render a preset under the same name as without `watch`, and return the live page. `files` replace stems.

    Raises as `render`.
    """
    preset = with_stem_files(build_preset(load_document(project, name, sets)), files)
    own = with_own_name(project, preset, [text.partition("=")[0] for text in sets], files)
    made = render(Order(project, own, out or project.renders, files, workers=workers, cache=cache))
    assert made.report is not None
    assert made.page_media is not None
    return page(made.report, changes_of(preset), made.page_media, live=True)


class Watched:
    """The files on which a mix depends: all presets, and its stems."""

    def __init__(
        self, project: Project, preset: str, sets: tuple[str, ...], files: StemFiles = NO_FILES
    ) -> None:
        self._project, self._preset, self._sets, self._files = project, preset, sets, files
        self._stems: tuple[Path, ...] = ()
        self._presets: tuple[Path, ...] = ()

    def changes(self, asked: Callable[[], str | None] = lambda: None) -> Iterator[str | None]:
        """Yield None at once and after each change of a file, and each text that `asked` returns.

        A file that is still being written is awaited.
        """
        self._find_stems()
        last, rendered = self._stamps(), None
        while True:
            now = self._stamps()
            # a file that is being written differs between two polls
            changed = {path for path, _ in now.items() ^ last.items()}
            if not changed and now != rendered:
                rendered = now
                yield None
                self._find_stems()
            last = now
            if rendered is not None and (text := asked()) is not None:
                yield text
            time.sleep(self._pause_s(changed))

    def _pause_s(self, changed: Iterable[Path]) -> float:
        """Seconds until the next poll, after one in which these files had changed."""
        if not changed:
            return LOOK_EVERY_S
        return PRESET_RESTS_S if set(self._presets).issuperset(changed) else STEM_RESTS_S

    def files(self) -> list[Path]:
        """The files that exist now."""
        return list(self._stamps())

    def _find_stems(self) -> None:
        """Update the watched stems; while the preset is invalid, those of its last valid version stay."""
        with suppress(AudioPipelineError, OSError, MemoryError):
            preset = build_preset(load_document(self._project, self._preset, self._sets))
            self._stems = tuple(stem_paths(self._project, preset, self._files).values())

    def _stamps(self) -> Stamps:
        stamps: Stamps = {}
        with suppress(OSError):  # out of file handles: keep those of the last poll
            # the presets of notes are written meanwhile and do not change the mix
            files = self._project.presets.glob("*.toml")
            self._presets = tuple(f for f in files if not is_note_of(self._preset, f.stem))
        for path in (*self._presets, *self._stems):
            with suppress(OSError):  # a missing file may be created later
                stat = path.stat()
                stamps[path] = (stat.st_mtime_ns, stat.st_size)
        return stamps
