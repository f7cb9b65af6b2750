"""Final Cut Pro 7 XML (`xmeml`, version 5), which Premiere, Resolve and others read.

Own writer: otio-fcp-adapter labels a drop-frame start as non-drop frame, which is another time, and writes no
channels. Its reader accepts this file. The format counts in whole frames; a stem of two channels is two linked
tracks. Source: Apple, "Final Cut Pro XML Interchange Format", 2009.
"""

from __future__ import annotations

from urllib.parse import quote
from xml.etree import ElementTree

from audio_pipeline.errors import encodable
from audio_pipeline.jobs.export.model import Clip, ExportSession, Track
from audio_pipeline.version import __version__

_Element = ElementTree.Element
_SIDES = ("left", "right")


def fcp7_xml(session: ExportSession) -> str:
    """The text of a sequence with its stems, its markers and its start timecode."""
    root = _Element("xmeml", {"version": "5"})
    root.append(ElementTree.Comment(f" render-ending {__version__} "))
    sequence = ElementTree.SubElement(root, "sequence", {"id": "sequence-1"})
    _add(sequence, "name", session.title)
    _add(sequence, "duration", session.frame(session.length_samples))
    _add_rate(sequence, session)
    _add_timecode(sequence, session, session.start_frame)
    media = ElementTree.SubElement(sequence, "media")
    audio = ElementTree.SubElement(media, "audio")
    _add(audio, "numOutputChannels", 2)
    _add_format(audio, session, session.tracks[0].clips[0] if session.tracks else None)
    _add_outputs(audio)
    for number, track in enumerate(session.tracks):
        _add_tracks(audio, session, track, number)
    for marker in session.markers:
        element = ElementTree.SubElement(sequence, "marker")
        _add(element, "comment", "")
        _add(element, "name", marker.name)
        _add(element, "in", session.frame(marker.at_samples))
        _add(element, "out", -1)
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n{body}\n'


def _add_tracks(audio: _Element, session: ExportSession, track: Track, number: int) -> None:
    """Add a track for each channel, with linked clips, which move together."""
    channels = max((clip.channels for clip in track.clips), default=1)
    for channel in range(channels):
        element = ElementTree.SubElement(audio, "track")
        _add(element, "enabled", "FALSE" if track.muted else "TRUE")
        _add(element, "locked", "FALSE")
        _add(element, "outputchannelindex", channel % 2 + 1)
        for index, clip in enumerate(track.clips):
            _add_clip(element, session, track, clip, (number, index, channel))


def _add_clip(
    track_element: _Element, session: ExportSession, track: Track, clip: Clip, at: tuple[int, int, int]
) -> None:
    number, index, channel = at
    length = session.frame(clip.length_samples)
    start = session.frame(clip.at_samples)
    item = ElementTree.SubElement(track_element, "clipitem", {"id": _clip_id(number, index, channel)})
    _add(item, "name", clip.name)
    _add(item, "enabled", "FALSE" if track.muted else "TRUE")
    _add(item, "duration", length)
    _add_rate(item, session)
    for key, frame in (("start", start), ("end", start + length), ("in", 0), ("out", length)):
        _add(item, key, frame)
    _add_file(item, session, clip, f"file-{number + 1}-{index + 1}", first=channel == 0)
    source = ElementTree.SubElement(item, "sourcetrack")
    _add(source, "mediatype", "audio")
    _add(source, "trackindex", channel + 1)
    for other in range(clip.channels):
        if clip.channels > 1:
            link = ElementTree.SubElement(item, "link")
            _add(link, "linkclipref", _clip_id(number, index, other))
            _add(link, "mediatype", "audio")


def _clip_id(number: int, index: int, channel: int) -> str:
    return f"clipitem-{number + 1}-{index + 1}-{_SIDES[channel]}"


def _add_file(item: _Element, session: ExportSession, clip: Clip, key: str, *, first: bool) -> None:
    """Add the complete element of a file at its first use, later only its id."""
    file = ElementTree.SubElement(item, "file", {"id": key})
    if not first:
        return
    _add(file, "name", clip.file.name)
    _add(file, "pathurl", quote(encodable(clip.file.as_posix())))
    _add_rate(file, session)
    _add(file, "duration", session.frame(clip.length_samples))
    _add_timecode(file, session, session.start_frame + session.frame(clip.at_samples))
    media = ElementTree.SubElement(file, "media")
    audio = ElementTree.SubElement(media, "audio")
    _add_format(audio, session, clip)
    _add(audio, "channelcount", clip.channels)


def _add_format(audio: _Element, session: ExportSession, clip: Clip | None) -> None:
    parent = (
        audio if audio.find("numOutputChannels") is None else ElementTree.SubElement(audio, "format")
    )
    characteristics = ElementTree.SubElement(parent, "samplecharacteristics")
    _add(characteristics, "depth", 24 if clip is None else clip.bits)
    _add(characteristics, "samplerate", session.sample_rate_hz)


def _add_outputs(audio: _Element) -> None:
    outputs = ElementTree.SubElement(audio, "outputs")
    for index in (1, 2):
        group = ElementTree.SubElement(outputs, "group")
        _add(group, "index", index)
        _add(group, "numchannels", 1)
        _add(group, "downmix", 0)
        _add(ElementTree.SubElement(group, "channel"), "index", index)


def _add_rate(parent: _Element, session: ExportSession) -> None:
    rate = ElementTree.SubElement(parent, "rate")
    _add(rate, "timebase", session.rate.nominal)
    _add(rate, "ntsc", "TRUE" if session.rate.frames_per_s.denominator != 1 else "FALSE")


def _add_timecode(parent: _Element, session: ExportSession, frame: int) -> None:
    timecode = ElementTree.SubElement(parent, "timecode")
    _add_rate(timecode, session)
    _add(timecode, "string", session.rate.timecode(frame))
    _add(timecode, "frame", frame % session.rate.frames_per_day)
    _add(timecode, "displayformat", "DF" if session.rate.drop else "NDF")


def _add(parent: _Element, tag: str, value: object) -> None:
    text = "".join(c if c.isprintable() else " " for c in encodable(str(value)))
    ElementTree.SubElement(parent, tag).text = text
