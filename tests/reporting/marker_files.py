"""Marker lists as programs write them, made for a rate from names and frames of the programme."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import soundfile

from audio_pipeline.timeline.moments import Clock
from audio_pipeline.timeline.timecode import RATES

SAMPLE_RATE_HZ = 48_000


@dataclass(frozen=True)
class Cue:
    name: str
    frame: int
    stop: int | None = None


def clock_of(rate: str) -> Clock:
    picture = RATES[rate]
    return Clock(picture, start_frame=picture.frame("01:00:00:00"))


def timecode(clock: Clock, frame: int) -> str:
    return clock.rate.timecode(clock.start_frame + frame)


def clock_face(clock: Clock, frame: int, decimals: int = 3) -> str:
    seconds = clock.rate.seconds(frame)
    ticks = round(seconds * 10**decimals)
    minutes, rest = divmod(ticks, 60 * 10**decimals)
    return f"{minutes}:{rest // 10**decimals:02d}.{rest % 10**decimals:0{decimals}d}"


def decimal(clock: Clock, frame: int) -> str:
    return f"{float(clock.rate.seconds(frame)):.6f}"


def samples(clock: Clock, frame: int) -> int:
    return round(clock.rate.seconds(frame) * SAMPLE_RATE_HZ)


def _reaper(write: Callable[[Clock, int], str]) -> Callable[[Clock, Sequence[Cue]], bytes]:
    def made(clock: Clock, cues: Sequence[Cue]) -> bytes:
        rows = ["#,Name,Start,End,Length"]
        for n, cue in enumerate(cues, 1):
            name = f'"{cue.name}"' if "," in cue.name else cue.name
            stop = "" if cue.stop is None else write(clock, cue.stop)
            rows.append(
                f"{'M' if cue.stop is None else 'R'}{n},{name},{write(clock, cue.frame)},{stop},"
            )
        return ("\r\n".join(rows) + "\r\n").encode()

    return made


def premiere(clock: Clock, cues: Sequence[Cue]) -> bytes:
    """UTF-16 with its mark, tabs; drop frame by semicolons everywhere."""
    rows = ["Marker Name\tDescription\tIn\tOut\tDuration\tMarker Type"]
    for cue in cues:
        stop = cue.frame if cue.stop is None else cue.stop
        length = Clock(clock.rate).rate.timecode(stop - cue.frame)
        times = [timecode(clock, cue.frame), timecode(clock, stop), length]
        if clock.rate.drop:
            times = [text.replace(":", ";") for text in times]
        rows.append("\t".join([cue.name, "", *times, "Comment"]))
    return "\r\n".join([*rows, ""]).encode("utf-16")


def audition(clock: Clock, cues: Sequence[Cue]) -> bytes:
    rows = ["Name\tStart\tDuration\tTime Format\tType\tDescription"]
    for cue in cues:
        length = 0 if cue.stop is None else cue.stop - cue.frame
        face = clock_face(clock, cue.frame), clock_face(clock, length)
        rows.append("\t".join([cue.name, *face, "decimal", "Cue", ""]))
    return ("\ufeff" + "\r\n".join([*rows, ""])).encode()


def audition_samples(clock: Clock, cues: Sequence[Cue]) -> bytes:
    rows = ["Name\tStart\tDuration\tTime Format\tType\tDescription"]
    for cue in cues:
        begin = samples(clock, cue.frame)
        length = 0 if cue.stop is None else samples(clock, cue.stop) - begin
        rows.append("\t".join([cue.name, str(begin), str(length), "48000 Hz", "Cue", ""]))
    return "\n".join([*rows, ""]).encode()


def audition_frames(clock: Clock, cues: Sequence[Cue]) -> bytes:
    rows = ["Name\tStart\tDuration\tTime Format\tType\tDescription"]
    named = f"{clock.rate.name.removesuffix('df')} fps{' drop' if clock.rate.drop else ''}"
    for cue in cues:
        length = 0 if cue.stop is None else cue.stop - cue.frame
        times = [timecode(clock, cue.frame), clock.rate.timecode(length)]
        rows.append("\t".join([cue.name, *times, named, "Cue", ""]))
    return "\n".join([*rows, ""]).encode()


def audacity(clock: Clock, cues: Sequence[Cue]) -> bytes:
    rows = []
    for cue in cues:
        stop = cue.frame if cue.stop is None else cue.stop
        rows += [f"{decimal(clock, cue.frame)}\t{decimal(clock, stop)}\t{cue.name}", "\\\t90.0\t200.0"]
    return "\n".join([*rows, ""]).encode()


def resolve(clock: Clock, cues: Sequence[Cue]) -> bytes:
    drop = "DROP FRAME" if clock.rate.drop else "NON-DROP FRAME"
    rows = ["TITLE: ending", f"FCM: {drop}", ""]
    for n, cue in enumerate(cues, 1):
        begin, after = timecode(clock, cue.frame), timecode(clock, cue.frame + 1)
        rows.append(f"{n:03d}  001      V     C        {begin} {after} {begin} {after}  ")
        length = 1 if cue.stop is None else cue.stop - cue.frame
        rows += [f" |C:ResolveColorBlue |M:{cue.name} |D:{length}", ""]
    return "\r\n".join(rows).encode()


def resolve_colons(clock: Clock, cues: Sequence[Cue]) -> bytes:
    """Colons in drop frame, too: the list says so by its FCM alone."""
    return re.sub(rb"(\d\d:\d\d:\d\d);(\d\d)", rb"\1:\2", resolve(clock, cues))


def avid(clock: Clock, cues: Sequence[Cue]) -> bytes:
    """Old line ends and no header; newer versions add the frames and the colour again."""
    rows = []
    for cue in cues:
        length = 1 if cue.stop is None else cue.stop - cue.frame
        cells = ["editor", timecode(clock, cue.frame), "V1", "red", cue.name, str(length), "", "Red"]
        rows.append("\t".join(cells))
    return "\r".join([*rows, ""]).encode()


def avid_seven(clock: Clock, cues: Sequence[Cue]) -> bytes:
    return avid(clock, cues).replace(b"\t\tRed", b"\t").replace(b"\r", b"\r\n")


def avid_locators(clock: Clock, cues: Sequence[Cue]) -> bytes:
    drop = "DROP FRAME" if clock.rate.drop else "NON-DROP FRAME"
    rows = ["TITLE: ending", f"FCM: {drop}"]
    rows += [f"* LOC: {timecode(clock, cue.frame)} RED     {cue.name}" for cue in cues]
    return "\n".join([*rows, ""]).encode()


def pro_tools(clock: Clock, cues: Sequence[Cue]) -> bytes:
    return _session(clock, cues, lambda frame: timecode(clock, frame))


def pro_tools_subframes(clock: Clock, cues: Sequence[Cue]) -> bytes:
    return _session(clock, cues, lambda frame: timecode(clock, frame) + ".00")


def pro_tools_feet(clock: Clock, cues: Sequence[Cue]) -> bytes:
    return _session(clock, cues, lambda frame: f"{frame // 16}+{frame % 16:02d}.00", "Ticks")


def pro_tools_minutes(clock: Clock, cues: Sequence[Cue]) -> bytes:
    return _session(clock, cues, lambda frame: clock_face(clock, frame))


def _session(
    clock: Clock, cues: Sequence[Cue], place: Callable[[int], str], units: str = "Samples"
) -> bytes:
    rate = f"{clock.rate.name.removesuffix('df')} {'Drop ' if clock.rate.drop else ''}Frame"
    rows = [
        "SESSION NAME:\tending",
        "SAMPLE RATE:\t48000.000000",
        "BIT DEPTH:\t24-bit",
        f"SESSION START TIMECODE:\t{timecode(clock, 0)}",
        f"TIMECODE FORMAT:\t{rate}",
        "",
        "",
        "M A R K E R S  L I S T I N G",
        "#   \tLOCATION     \tTIME REFERENCE    \tUNITS    \tNAME   \tTRACK NAME   \tTRACK TYPE   \tCOMMENTS",
    ]
    for n, cue in enumerate(cues, 1):
        reference = str(samples(clock, cue.frame))
        cells = [str(n), place(cue.frame), reference, units, cue.name, "Markers", "Ruler", "one"]
        rows += ["   \t".join(cells), "and the comment's second line"]
    return "\r\n".join([*rows, ""]).encode()


def xmeml(clock: Clock, cues: Sequence[Cue]) -> bytes:
    base, ntsc = clock.rate.nominal, clock.rate.frames_per_s.denominator != 1
    rate = f"<rate><timebase>{base}</timebase><ntsc>{str(ntsc).upper()}</ntsc></rate>"
    markers = "".join(
        f"<marker><comment></comment><name>{_escaped(c.name)}</name><in>{c.frame}</in>"
        f"<out>{-1 if c.stop is None else c.stop}</out></marker>"
        for c in cues
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE xmeml><xmeml version="4"><sequence id="s">'
        f"<name>ending</name><duration>4000</duration>{rate}<media><video><track></track></video></media>"
        f"<timecode>{rate}<string>{timecode(clock, 0)}</string><frame>{clock.start_frame}</frame>"
        f"<displayformat>{'DF' if clock.rate.drop else 'NDF'}</displayformat></timecode>{markers}"
        "</sequence></xmeml>"
    ).encode()


def fcpxml(clock: Clock, cues: Sequence[Cue]) -> bytes:
    """Two clips, the second with a connected clip and a storyline in it; the time begins at tcStart."""

    def time(seconds: Fraction) -> str:
        return f"{seconds.numerator}/{seconds.denominator}s"

    frame = clock.rate.seconds(1)
    begins, cut, source = clock.start_frame * frame, 500 * frame, 77 * frame
    first = [c for c in cues if c.frame < 500]
    second = [c for c in cues if c.frame >= 500]

    def markers(cues: Sequence[Cue], shift: Fraction) -> str:
        return "".join(
            f'<marker start="{time(c.frame * frame + shift)}" value="{_escaped(c.name)}" '
            f'duration="{time(frame if c.stop is None else (c.stop - c.frame) * frame)}"/>'
            for c in cues
        )

    drop = "DF" if clock.rate.drop else "NDF"
    connected = (
        f'<spine lane="1" offset="{time(source + 10 * frame)}"><gap offset="0s" duration="{time(40 * frame)}"/>'
        f'<asset-clip offset="{time(40 * frame)}" start="{time(5 * frame)}" duration="{time(3100 * frame)}">'
        f"{markers(second[1:], 5 * frame - 550 * frame)}</asset-clip></spine>"
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE fcpxml><fcpxml version="1.9"><resources>'
        f'<format id="r1" frameDuration="{time(frame)}"/><media id="r2"><sequence format="r1" tcStart="0s">'
        '<spine><gap offset="0s" duration="90s"><marker start="1s" value="inside"/></gap></spine></sequence>'
        '</media></resources><library><event><project name="ending">'
        f'<sequence format="r1" tcStart="{time(begins)}" tcFormat="{drop}"><spine>'
        f'<gap offset="{time(begins)}" start="0s" duration="{time(cut)}">{markers(first, Fraction(0))}</gap>'
        f'<asset-clip offset="{time(begins + cut)}" start="{time(source)}" duration="{time(3500 * frame)}">'
        f'<marker start="0s" value="cut off"/>{markers(second[:1], source - cut)}{connected}'
        "</asset-clip></spine></sequence></project></event></library></fcpxml>"
    ).encode()


def table(clock: Clock, cues: Sequence[Cue]) -> bytes:
    """Semicolons and decimal commas, as a German spreadsheet saves them."""
    rows = ["sep=;", "Name;Start;Duration"]
    for cue in cues:
        length = "" if cue.stop is None else decimal(clock, cue.stop - cue.frame).replace(".", ",")
        rows.append(f"{cue.name};{decimal(clock, cue.frame).replace('.', ',')};{length}")
    return "\r\n".join([*rows, ""]).encode("utf-16-le")


def wave_cues(clock: Clock, cues: Sequence[Cue], path: Path) -> None:
    """A WAV whose cue chunk holds the markers, with labels and lengths behind the sound."""
    soundfile.write(path, np.zeros(1000), SAMPLE_RATE_HZ, subtype="PCM_16")
    points, labels = b"", b"adtl"
    for n, cue in enumerate(cues, 7):
        at = samples(clock, cue.frame)
        points += struct.pack("<II4sIII", n, at, b"data", 0, 0, at)
        text = cue.name.encode() + b"\0"
        labels += struct.pack("<4sII", b"labl", len(text) + 4, n) + text + b"\0" * (len(text) % 2)
        if cue.stop is not None:
            length = samples(clock, cue.stop) - at
            labels += struct.pack("<4sIII4sHHHH", b"ltxt", 20, n, length, b"rgn ", 0, 0, 0, 0)
    body = struct.pack("<I", len(cues)) + points
    chunks = b"".join(
        name + struct.pack("<I", len(held)) + held for name, held in ((b"cue ", body), (b"LIST", labels))
    )
    whole = path.read_bytes() + chunks
    path.write_bytes(whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:])


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


REGIONS: dict[str, Callable[[Clock, Sequence[Cue]], bytes]] = {
    "REAPER, minutes": _reaper(clock_face),
    "REAPER, seconds": _reaper(decimal),
    "REAPER, h:m:s:f": _reaper(timecode),
    "REAPER, frames": _reaper(lambda clock, frame: str(frame)),
    "REAPER, samples": _reaper(lambda clock, frame: str(samples(clock, frame))),
    "Premiere": premiere,
    "Audition": audition,
    "Audition, samples": audition_samples,
    "Audition, frames": audition_frames,
    "Audacity": audacity,
    "Resolve": resolve,
    "Resolve, colons": resolve_colons,
    "Avid": avid,
    "Avid, seven columns": avid_seven,
    "Final Cut 7": xmeml,
    "Final Cut X": fcpxml,
    "table": table,
}
"""Lists that know regions."""
POINTS: dict[str, Callable[[Clock, Sequence[Cue]], bytes]] = {
    "Avid, locators": avid_locators,
    "Pro Tools": pro_tools,
    "Pro Tools, subframes": pro_tools_subframes,
    "Pro Tools, feet": pro_tools_feet,
    "Pro Tools, minutes": pro_tools_minutes,
}
EXACT = {"REAPER, h:m:s:f", "REAPER, frames", "Premiere", "Resolve", "Resolve, colons", "Avid"} | {
    *("Avid, seven columns", "Avid, locators", "Final Cut 7", "Final Cut X", "Audition, frames"),
    *("Pro Tools", "Pro Tools, subframes", "Pro Tools, feet"),
}
"""Those that count frames; others count decimals of a second, or samples."""
