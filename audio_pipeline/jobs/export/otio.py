"""OpenTimelineIO timelines (`.otio`): clips and markers in samples, automation as metadata.

The format has no automation, so no program plays the automation of a layer session. It is written as metadata
under the key `render-ending`: `[sample of the session, volume, balance]`, linear in between.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from audio_pipeline.errors import encodable
from audio_pipeline.jobs.export.exchange import exchange_module
from audio_pipeline.jobs.export.model import Clip, ExportSession, Track
from audio_pipeline.version import __version__

_INDENT = 2


def otio_timeline(session: ExportSession) -> str:
    """The JSON text of a timeline. Raises RenderError when the package opentimelineio is missing."""
    otio = exchange_module("opentimelineio")
    rate_hz, fps = session.sample_rate_hz, float(session.rate.frames_per_s)
    timeline = otio.schema.Timeline(
        name=encodable(session.title),
        global_start_time=otio.opentime.RationalTime(session.start_frame, fps),
        metadata={
            "render-ending": {
                "version": __version__,
                "picture_rate": session.rate.name,
                "start_timecode": session.rate.timecode(session.start_frame),
                "sample_rate_hz": rate_hz,
            }
        },
    )
    timeline.tracks.extend(_track(otio, session, track) for track in session.tracks)
    for marker in session.markers:
        at = otio.opentime.RationalTime(marker.at_samples, rate_hz)
        none = otio.opentime.RationalTime(0, rate_hz)
        timeline.tracks.markers.append(
            otio.schema.Marker(
                name=encodable(marker.name), marked_range=otio.opentime.TimeRange(at, none)
            )
        )
    text: str = timeline.to_json_string(indent=_INDENT)
    return f"{text}\n"


def _track(otio: Any, session: ExportSession, track: Track) -> Any:
    points = [[p.at_samples, p.volume, p.balance] for p in track.automation]
    made = otio.schema.Track(
        name=encodable(track.name),
        kind=otio.schema.TrackKind.Audio,
        metadata={"render-ending": {"automation": points}} if points else {},
    )
    made.enabled = not track.muted
    at = 0
    for clip in track.clips:
        if clip.at_samples > at:
            made.append(_gap(otio, clip.at_samples - at, session.sample_rate_hz))
        made.append(_clip(otio, clip, session.sample_rate_hz))
        at = clip.at_samples + clip.length_samples
    return made


def _gap(otio: Any, length: int, rate_hz: int) -> Any:
    return otio.schema.Gap(
        source_range=otio.opentime.TimeRange(
            otio.opentime.RationalTime(0, rate_hz), otio.opentime.RationalTime(length, rate_hz)
        )
    )


def _clip(otio: Any, clip: Clip, rate_hz: int) -> Any:
    whole = otio.opentime.TimeRange(
        otio.opentime.RationalTime(clip.time_reference_samples, rate_hz),
        otio.opentime.RationalTime(clip.length_samples, rate_hz),
    )
    return otio.schema.Clip(
        name=encodable(clip.name),
        source_range=whole,
        media_reference=otio.schema.ExternalReference(
            target_url=quote(encodable(clip.file.as_posix())), available_range=whole
        ),
    )
