"""The names and the largest size of reports, and the renders in a folder."""

from __future__ import annotations

from pathlib import Path

from audio_pipeline.errors import ReportError

SUFFIX = ".report.json"
MAX_BYTES = 64_000_000
AUDIO_SUFFIXES = (".wav", ".flac", ".aif", ".aiff", ".w64", ".rf64", ".mp3", ".ogg", ".opus", ".m4a")


def renders_in(folder: Path) -> dict[str, Path]:
    """The renders in a folder by name: the report if it exists, otherwise the audio file."""
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise ReportError(
            f"{folder} cannot be read: {error.strerror or error}", hint="Check its permissions."
        ) from error
    renders = {path.stem: path for path in files if path.suffix.lower() in AUDIO_SUFFIXES}
    reports = {path.name.removesuffix(SUFFIX): path for path in files if path.name.endswith(SUFFIX)}
    return renders | reports
