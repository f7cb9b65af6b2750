"""Broken marker lists: those of all programs with bytes, lines and numbers changed at random, by a seed."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from audio_pipeline.errors import ReportError
from audio_pipeline.reporting.markers.marker import MAX_S
from audio_pipeline.reporting.markers.reading import read_markers
from tests.reporting.marker_files import POINTS, REGIONS, Cue, clock_of, wave_cues

_CUES = (Cue("voices", 193), Cue('a "b", c; d | e', 1056, 1344), Cue("end", 3601))
_RATES = ("23.976", "24", "25", "29.97", "29.97df")
_PIECES = (
    *(
        b'"',
        b"'",
        b"\t",
        b";",
        b",",
        b"\n",
        b"\r",
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"<",
        b"&",
        b"|M:",
    ),
    *(b"99999999999999999999", b"-1", b"1/0s", b"01:00:00;00", b"24:00:00:00", b"\xe2\x80\xae", b"nan"),
    *(
        b"FCM: DROP FRAME\n",
        b"1e400",
        b"<marker>",
        b"</sequence>",
        b"\\",
        b"0x10",
        b"\xff",
        b"M2 ",
        b"inf",
    ),
)


def mutants(seed: int, count: int) -> Iterator[tuple[str, bytes, str]]:
    """The program, a broken file of it, and the rate to read it at."""
    made = random.Random(seed)
    programs = REGIONS | POINTS
    with tempfile.TemporaryDirectory() as folder:
        wave_cues(clock_of("24"), _CUES, Path(folder) / "a.wav")
        wave = (Path(folder) / "a.wav").read_bytes()
    for _ in range(count):
        name = made.choice([*programs, "WAV"])
        rate = made.choice(_RATES)
        content = wave if name == "WAV" else programs[name](clock_of(rate), _CUES)
        for _ in range(made.randint(1, 6)):
            content = _changed(made, content)
        yield name, content, made.choice(_RATES)


def _changed(made: random.Random, content: bytes) -> bytes:
    at = made.randrange(len(content) + 1)
    end = min(len(content), at + made.choice((1, 1, 2, 8, 60, 400)))
    match made.randrange(7):
        case 0:
            return content[:at] + bytes(made.randrange(256) for _ in range(end - at)) + content[end:]
        case 1:
            return content[:at] + content[end:]
        case 2:
            return content[:end] + content[at:end] * made.choice((1, 3, 50)) + content[end:]
        case 3:
            return content[:at] + made.choice(_PIECES) + content[at:]
        case 4:
            return content[:at]
        case 5:
            lines = content.split(b"\n")
            made.shuffle(lines)
            return b"\n".join(lines)
    return content.replace(bytes([made.choice(content or b"a")]), made.choice(_PIECES))


def read_mutant(path: Path, content: bytes, rate: str) -> str:
    """What came of a broken file: "markers" or "error". Any other exception is a fault of the reader."""
    path.write_bytes(content)
    try:
        found = read_markers(path, clock_of(rate), 48_000, Fraction(160))
    except ReportError as error:
        return "error" if error.message.isprintable() else "a message that cannot be shown"
    assert all(0 <= m.at <= MAX_S and m.name.isprintable() for m in found.markers)
    assert all(m.stop is None or m.at < m.stop <= MAX_S for m in found.markers)
    return "markers"
