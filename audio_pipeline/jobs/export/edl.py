"""CMX 3600 edit decision lists (`.edl`) of the stems, with the cues as locators.

Own writer: otio-cmx3600-adapter writes only one video and two audio tracks, and a render has more stems. Its
reader accepts this list. A list counts in whole frames and has no mute, so stems that are not in the sum are
left out.
"""

from __future__ import annotations

from audio_pipeline.errors import encodable
from audio_pipeline.jobs.export.model import Clip, ExportSession
from audio_pipeline.version import __version__

_REEL_LENGTH = 8
_MOST_EVENTS = 999


def edit_decision_list(session: ExportSession) -> str:
    """The text of a list: an event for each clip, on the channels A, A2, A3 …, and a locator for each cue."""
    lines = [
        f"TITLE: {_line(session.title)}",
        f"FCM: {'DROP FRAME' if session.rate.drop else 'NON-DROP FRAME'}",
    ]
    heard = [track for track in session.tracks if not track.muted]
    events = [(track, clip) for track in heard for clip in track.clips][:_MOST_EVENTS]
    for number, (track, clip) in enumerate(events, 1):
        channel = "A" if track is heard[0] else f"A{heard.index(track) + 1}"
        lines += [
            "",
            f"{number:03d}  {_reel(clip):<{_REEL_LENGTH}} {channel:<5} C        {_times(session, clip)}",
            f"* FROM CLIP NAME: {_line(clip.name)}",
            f"* FROM CLIP: {_line(clip.file.as_posix())}",
        ]
        if number == 1:
            # readers parse a comment before the first event as an event
            lines.append(f"* render-ending {__version__}, {session.rate.name} FRAMES/S")
            lines += [
                f"* LOC: {session.timecode(marker.at_samples)} RED     {_line(marker.name)}"
                for marker in session.markers
            ]
    return "\n".join(lines) + "\n"


def _times(session: ExportSession, clip: Clip) -> str:
    """Source in and out, record in and out. A clip's source has the session's timecode."""
    stop = clip.at_samples + clip.length_samples
    begin, end = session.timecode(clip.at_samples), session.timecode(stop)
    return f"{begin} {end} {begin} {end}"


def _reel(clip: Clip) -> str:
    """The reel's name: the last letters and digits of the clip's name, which differ between stems."""
    plain = "".join(c for c in clip.name.upper() if c.isascii() and c.isalnum())
    return plain[-_REEL_LENGTH:] or "AX"


def _line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in encodable(text))
