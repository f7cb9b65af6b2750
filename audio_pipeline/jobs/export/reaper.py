"""REAPER project files (`.rpp`), with volume and pan envelopes.

Sources: ReaTeam's "State Chunk Definitions" for the fields. Envelope points are linear in amplitude, because
`VOLTYPE`, which selects fader scaling, is absent; in a pan envelope +1 is left, the opposite of a track's pan.
The pan law is +0 dB in REAPER's balance mode (PANMODE 3), which attenuates the other side linearly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from audio_pipeline.errors import encodable
from audio_pipeline.jobs.export.exchange import exchange_module
from audio_pipeline.jobs.export.model import AutomationPoint, Clip, ExportSession, Track
from audio_pipeline.version import __version__

_FPS_PRESETS = {
    "23.976": (0, 24, 2),
    "24": (1, 24, 0),
    "25": (2, 25, 0),
    "29.97df": (3, 30, 1),
    "29.97": (4, 30, 2),
    "30": (5, 30, 0),
    "48": (7, 48, 0),
    "50": (8, 50, 0),
    "60": (9, 60, 0),
}
"""For TIMEMODE: REAPER's preset, nominal frames per second, and the flag of drop frame (1) or pull-down (2)."""
_PULLED_DOWN = {"59.94df": (3, 30, 1), "59.94": (4, 30, 2)}
"""Rates without a preset in REAPER are shown at half the rate."""
_DECIMALS = 12


def reaper_project(session: ExportSession) -> str:
    """The text of a project. Raises RenderError when the package rpp is missing."""
    rpp = exchange_module("rpp")
    preset, frames, flag = (_FPS_PRESETS | _PULLED_DOWN)[session.rate.name]
    project = rpp.Element("REAPER_PROJECT", ["0.1", f"render-ending {__version__}", "0"])
    project.extend(
        [
            ["PANLAW", "1"],
            ["PANMODE", "3"],
            ["PROJOFFS", _seconds(session.start_s), "0", "0"],
            ["TIMEMODE", "5", str(preset), "-1", str(frames), str(flag), "-1"],
            ["SAMPLERATE", str(session.sample_rate_hz), "1", "0"],
            ["TITLE", _text(session.title)],
        ]
    )
    for number, marker in enumerate(session.markers, 1):
        at = _at(session, marker.at_samples)
        project.append(["MARKER", str(number), at, _text(marker.name), "0"])
    project.extend(_track(rpp, session, track) for track in session.tracks)
    text: str = rpp.dumps(project)
    return text if text.endswith("\n") else f"{text}\n"


def _track(rpp: Any, session: ExportSession, track: Track) -> Any:
    element = rpp.Element("TRACK", [])
    element.extend(
        [
            ["NAME", _text(track.name)],
            ["AUTOMODE", "1" if track.automation else "0"],
            ["VOLPAN", "1", "0", "1", "-1", "1"],
            ["MUTESOLO", str(int(track.muted)), "0", "0"],
            ["NCHAN", "2"],
            ["PANMODE", "3"],
        ]
    )
    if track.automation:
        volumes = [(p.at_samples, p.volume) for p in track.automation]
        element.append(_envelope(rpp, session, "VOLENV2", volumes))
        if any(point.balance != 0.0 for point in track.automation):
            element.append(_envelope(rpp, session, "PANENV2", _pans(track.automation)))
    element.extend(_item(rpp, session, clip) for clip in track.clips)
    return element


def _pans(points: Iterable[AutomationPoint]) -> list[tuple[int, float]]:
    return [(point.at_samples, 0.0 - point.balance) for point in points]


def _envelope(rpp: Any, session: ExportSession, tag: str, points: Sequence[tuple[int, float]]) -> Any:
    envelope = rpp.Element(tag, [])
    envelope.extend(
        [
            ["ACT", "1", "-1"],
            ["VIS", "1", "1", "1"],
            ["LANEHEIGHT", "0", "0"],
            ["ARM", "0"],
            ["DEFSHAPE", "0", "-1", "-1"],
        ]
    )
    envelope.extend(["PT", _at(session, at), _number(value), "0"] for at, value in _thinned(points))
    return envelope


def _thinned(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """The points without those between two points of the same value."""
    kept: list[tuple[int, float]] = []
    for n, point in enumerate(points):
        inside = 0 < n < len(points) - 1
        if not (inside and points[n - 1][1] == point[1] == points[n + 1][1]):
            kept.append(point)
    return kept


def _item(rpp: Any, session: ExportSession, clip: Clip) -> Any:
    source = rpp.Element("SOURCE", ["WAVE"])
    source.append(["FILE", _text(clip.file.as_posix())])
    item = rpp.Element("ITEM", [])
    item.extend(
        [
            ["POSITION", _at(session, clip.at_samples)],
            ["SNAPOFFS", "0"],
            ["LENGTH", _at(session, clip.length_samples)],
            ["LOOP", "0"],
            ["ALLTAKES", "0"],
            ["FADEIN", "0", "0", "0", "0", "0", "0"],
            ["FADEOUT", "0", "0", "0", "0", "0", "0"],
            ["MUTE", "0"],
            ["NAME", _text(clip.name)],
            ["VOLPAN", "1", "0", "1", "-1"],
            ["SOFFS", "0"],
            ["PLAYRATE", "1", "1", "0", "-1", "0", "0.0025"],
            ["CHANMODE", "0"],
            source,
        ]
    )
    return item


def _at(session: ExportSession, samples: int) -> str:
    return _seconds(Fraction(samples, session.sample_rate_hz))


def _seconds(seconds: Fraction) -> str:
    whole, part = divmod(round(seconds * 10**_DECIMALS), 10**_DECIMALS)
    return f"{whole}.{part:0{_DECIMALS}d}"


def _number(value: float) -> str:
    return f"{value:.10f}"


def _text(text: str) -> str:
    """`text` on one line, with "`" replaced by "'": REAPER cannot escape quotes, and "`" is the rarest."""
    line = "".join(c if c.isprintable() else " " for c in encodable(text))
    return line.replace("`", "'")
