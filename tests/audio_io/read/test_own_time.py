"""What a file tells of its own time: start, picture rate and cues, from every chunk that may hold them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio_pipeline.audio_io.read.own_time import OwnTime, own_time
from tests.audio_io.read.time_makers import (
    HOUR,
    SECONDS,
    bext,
    cue_points,
    ixml,
    labels,
    sync_point,
    wav,
)
from tests.audio_io.wave_makers import RATE, chunk

CUES = [("voices", RATE), ("black", 2 * RATE), ("dropout", 3 * RATE)]
POINTS = (
    sync_point(4800, "slate &amp; go")
    + sync_point(10 * HOUR + 9600, kind="ABSOLUTE", function="MARKER_GENERIC")
    + sync_point(0, function="PRE_RECORD_SAMPLECOUNT")
)
SYNCED = (("slate & go", 4800), ("marker generic", 9600))


@dataclass(frozen=True)
class Case:
    """A file, and the start in seconds, the name of the rate and the cues that it tells."""

    name: str
    content: bytes
    start_s: Fraction | int | None = None
    rate: str | None = None
    cues: tuple[tuple[str, int], ...] = ()
    warned: str = ""


LABELLED = cue_points(CUES) + labels(CUES)
CASES = [
    Case("nothing", wav()),
    Case("bext", wav(before=bext(10 * HOUR)), 36_000),
    Case("bext behind", wav(bext(10 * HOUR)), 36_000),
    Case("bext of midnight", wav(before=bext(0)), 0),
    Case("bext between samples of pictures", wav(before=bext(HOUR + 1001)), Fraction(HOUR + 1001, RATE)),
    Case("bext over 32 bits", wav(before=bext(25 * HOUR)), 90_000),
    Case("ixml", wav(ixml("24/1", start=HOUR)), 3600, "24"),
    Case("ixml before", wav(before=ixml("24/1", start=HOUR)), 3600, "24"),
    Case("ixml without a start", wav(ixml("30/1")), None, "30"),
    Case("ixml in utf-16", wav(ixml("25/1", start=HOUR, encoding="utf-16")), 3600, "25"),
    Case("23.976", wav(ixml("24000/1001")), None, "23.976"),
    Case("23.976 as a decimal", wav(ixml("23.976")), None, "23.976"),
    Case("23.98", wav(ixml("23.98")), None, "23.976"),
    Case("29.97 drop frame", wav(ixml("30000/1001", "DF")), None, "29.97df"),
    Case("29.97", wav(ixml("30000/1001", "NDF")), None, "29.97"),
    Case("drop frame of a rate without", wav(ixml("25/1", "DF")), None, "25"),
    Case("a rate of nothing", wav(ixml("0/1")), warned="unknown here: 0/1"),
    Case("a rate over nothing", wav(ixml("x")), warned="unknown here: x"),
    Case("both alike", wav(ixml("25/1", start=HOUR), before=bext(HOUR)), 3600, "25"),
    Case(
        "both unlike",
        wav(ixml("25/1", start=HOUR), before=bext(2 * HOUR)),
        7200,
        "25",
        warned="one start in bext and another in iXML",
    ),
    Case("labels", wav(LABELLED), cues=tuple(CUES)),
    Case("labels before the sound", wav(before=LABELLED), cues=tuple(CUES)),
    Case("labels, another list first", wav(chunk(b"LIST", b"INFO"), LABELLED), cues=tuple(CUES)),
    Case("regions", wav(cue_points(CUES), labels(CUES, b"ltxt")), cues=tuple(CUES)),
    Case("notes", wav(cue_points(CUES), labels(CUES, b"note")), cues=tuple(CUES)),
    Case("by position", wav(cue_points(CUES, by_position=True), labels(CUES)), cues=tuple(CUES)),
    Case("no labels", wav(cue_points(CUES[:1])), cues=(("cue 1", RATE),)),
    Case(
        "labels of an old program",
        wav(cue_points([("é", 5)]), labels([("é", 5)], encoding="cp1252")),
        cues=(("é", 5),),
    ),
    Case("out of order", wav(cue_points(CUES[::-1]), labels(CUES[::-1])), cues=tuple(CUES)),
    Case(
        "a cue behind the sound",
        wav(cue_points([("late", 9 * SECONDS * RATE)])),
        warned="1 cue outside its sound",
    ),
    Case("sync points", wav(ixml("25/1", start=10 * HOUR, points=POINTS)), 36_000, "25", SYNCED),
    Case("sync points, no start", wav(ixml("25/1", points=POINTS)), None, "25", SYNCED[:1]),
    Case("cues go before sync points", wav(LABELLED, ixml(points=POINTS)), None, "25", tuple(CUES)),
    Case("behind data of an open size", wav(bext(HOUR), LABELLED, data_size=0), 3600, None, tuple(CUES)),
    Case("a control character", wav(cue_points([("a\x1bb", 5)]), labels([("a\x1bb", 5)])), cues=(("a b", 5),)),
]  # fmt: skip


def told(folder: Path, content: bytes) -> OwnTime:
    path = folder / "take.wav"
    path.write_bytes(content)
    return own_time(path, SECONDS * RATE, RATE)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_file_tells_its_time(tmp_path: Path, case: Case) -> None:
    own = told(tmp_path, case.content)
    assert own.start_s == case.start_s
    assert (own.rate.name if own.rate else None) == case.rate
    assert own.cues == case.cues
    assert (case.warned in " ".join(own.warnings)) if case.warned else own.warnings == ()
    stated = {"start": case.start_s is not None, "rate": bool(case.rate), "cues": bool(case.cues)}
    assert dict(own.sources).keys() == {what for what, is_stated in stated.items() if is_stated}


def test_an_rf64_a_w64_and_an_aiff_tell_it_too(tmp_path: Path) -> None:
    riff = wav(LABELLED, before=bext(HOUR))
    ds64 = chunk(b"ds64", struct.pack("<QQQI", len(riff), SECONDS * RATE * 2, SECONDS * RATE, 0))
    rf64 = b"RF64" + riff[4:12] + ds64 + riff[12:]
    assert told(tmp_path, rf64).cues == tuple(CUES)
    assert told(tmp_path, rf64).start_s == 3600

    guid = bytes.fromhex("f3acd3118cd100c04f8edb8a")
    body = bext(HOUR)[8:]
    w64 = b"riff" + bytes.fromhex("2e91cf11a5d628db04c10000") + bytes(8) + b"wave" + guid
    size = struct.pack("<Q", 24 + len(body))
    assert told(tmp_path, w64 + b"bext" + guid + size + body).start_s == 3600

    marks = struct.pack(">H", 2) + struct.pack(">HIB", 1, 480, 3) + b"one"
    marks += struct.pack(">HIB", 2, 960, 4) + b"four\0"
    aiff = b"FORM" + struct.pack(">I", 12 + len(marks)) + b"AIFF"
    aiff += b"MARK" + struct.pack(">I", len(marks)) + marks
    assert told(tmp_path, aiff).cues == (("one", 480), ("four", 960))


def test_a_file_of_another_kind_tells_nothing(tmp_path: Path) -> None:
    assert told(tmp_path, b"fLaC" + bytes(100)) == OwnTime()
    assert told(tmp_path, b"RIFF\0\0\0\0WAVEfmt ") == OwnTime()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_chunks_never_fail(tmp_path: Path, data: st.DataObject) -> None:
    whole = bext(HOUR) + LABELLED + ixml("25/1", start=HOUR, points=POINTS)
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at : at + 4] = data.draw(
            st.sampled_from([bytes(4), b"\xff" * 4]) | st.binary(max_size=6)
        )
    own = told(tmp_path, wav(bytes(damaged)))
    assert all(0 <= at <= SECONDS * RATE and name.isprintable() for name, at in own.cues)
    assert all(sentence.isprintable() for sentence in own.warnings)
