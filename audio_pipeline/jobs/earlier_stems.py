"""The stems of the earlier render of a mix; the new render removes those that it does not replace."""

from __future__ import annotations

import os
from pathlib import Path

from audio_pipeline.audio_io.write.journal import belongs
from audio_pipeline.audio_io.write.recovery import has_hash
from audio_pipeline.errors import RenderError
from audio_pipeline.jobs.render_files import RenderFiles, possible_stems
from audio_pipeline.reporting.recorded_files import recorded_files


def earlier_stems(files: RenderFiles) -> dict[Path, str]:
    """The stems of the earlier render that the new one does not write, with their SHA-256 (hex).

    Raises RenderError for a file that has a stem's name but is not from the earlier render: it would be
    mistaken for a stem of the new render.
    """
    master, written = files.master, set(files.stems.values())
    recorded = {} if files.report is None else recorded_files(files.report)
    folder = master.parent
    # a report can come from anyone: files that it names outside its own mix are not removed
    own = {n: s for n, s in recorded.items() if "/" in n and belongs(master.stem, n)}
    kept = {folder / name: sha256 for name, sha256 in own.items()}
    found = {}
    for path in dict.fromkeys([*possible_stems(master).values(), *kept]):
        if path in written or not os.path.lexists(path):
            continue
        sha256 = kept.get(path)
        if sha256 is None or not _is_unchanged(path, sha256):
            raise RenderError(
                f"{path} is not a stem of the earlier render; beside the new master it would be"
                " taken for a stem of this one.",
                hint="Move it away, or render with --stems.",
            )
        found[path] = sha256
    return found


def _is_unchanged(path: Path, sha256: str) -> bool:
    try:
        return has_hash(path, sha256)
    except OSError:
        return False
