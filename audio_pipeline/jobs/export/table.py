"""A session as CSV, for scripts and spreadsheets: a row for each clip, marker and automation point."""

from __future__ import annotations

from collections.abc import Iterator

from audio_pipeline.jobs.export.model import ExportSession, Track
from audio_pipeline.pages.csv_tables import to_csv
from audio_pipeline.version import __version__

COLUMNS = (
    "kind",
    "track",
    "name",
    "file",
    "start_timecode",
    "start_samples",
    "length_samples",
    "muted",
    "volume",
    "balance",
)
"""`start_samples` counts from the start of the session; the session's row has its timecode and length."""


def session_csv(session: ExportSession) -> str:
    """The CSV text. The first row is the session; its `name` holds program, sample rate and picture rate."""
    name = f"render-ending {__version__}, {session.sample_rate_hz} Hz, {session.rate.name} frames/s"
    first: list[object] = ["session", None, name, None, session.timecode(0), 0, session.length_samples]
    rows: list[list[object]] = [[*first, None, None, None]]
    for marker in session.markers:
        at = marker.at_samples
        rows.append(["marker", None, marker.name, None, session.timecode(at), at, *_nothing(4)])
    for track in session.tracks:
        rows += _track(session, track)
    return to_csv(COLUMNS, rows)


def _track(session: ExportSession, track: Track) -> Iterator[list[object]]:
    for clip in track.clips:
        at, file = clip.at_samples, clip.file.as_posix()
        place: list[object] = [session.timecode(at), at, clip.length_samples]
        muted = "yes" if track.muted else "no"
        yield ["clip", track.name, clip.name, file, *place, muted, None, None]
    for point in track.automation:
        at = point.at_samples
        values: list[object] = [round(point.volume, 10), round(point.balance, 10)]
        yield ["point", track.name, None, None, session.timecode(at), at, None, None, *values]


def _nothing(count: int) -> list[object]:
    return [None] * count
