"""Every program's list at every rate, exact to the frame; OpenTimelineIO reads what it can, too."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from audio_pipeline.errors import ReportError
from audio_pipeline.reporting.markers.marker import MarkerList
from audio_pipeline.reporting.markers.reading import read_markers
from audio_pipeline.timeline.moments import Clock
from audio_pipeline.timeline.timecode import RATES
from tests.reporting.marker_files import (
    EXACT,
    POINTS,
    REGIONS,
    Cue,
    clock_of,
    resolve,
    wave_cues,
    xmeml,
)

RATES_WANTED = ("23.976", "24", "25", "29.97", "29.97df")
CUES = (
    Cue("voices", 1),
    Cue("a | b; c", 193),
    Cue("voix « é »", 499),
    Cue("black, then none", 1056, 1344),
    Cue("dropout", 1799),
    Cue("silence", 1801),
    Cue("end", 3601),
)
LENGTH_S = Fraction(160)


def read(tmp_path: Path, content: bytes, clock: Clock, name: str = "markers.txt") -> MarkerList:
    path = tmp_path / name
    path.write_bytes(content)
    return read_markers(path, clock, 48_000, LENGTH_S)


def frames(found: MarkerList, clock: Clock, program: str) -> list[Cue]:
    """The markers in frames: exactly where the program counts them, the nearest where it rounds."""

    def frame(at: Fraction) -> int:
        exact = at * clock.rate.frames_per_s
        if program in EXACT:
            assert exact.denominator == 1
        assert abs(exact - round(exact)) < Fraction(1, 20)
        return round(exact)

    return [Cue(m.name, frame(m.at), None if m.stop is None else frame(m.stop)) for m in found.markers]


def wanted(program: str) -> list[Cue]:
    cues = CUES if program in REGIONS else tuple(Cue(c.name, c.frame) for c in CUES)
    if program.startswith("table"):
        return [Cue(c.name.replace(";", ","), c.frame, c.stop) for c in cues]
    return list(cues)


@pytest.mark.parametrize("rate", RATES_WANTED)
@pytest.mark.parametrize("program", [*REGIONS, *POINTS])
def test_every_program_reads_exactly_to_the_frame(tmp_path: Path, program: str, rate: str) -> None:
    clock = clock_of(rate)
    content = (REGIONS | POINTS)[program](clock, wanted(program))
    found = read(tmp_path, content, clock)
    assert frames(found, clock, program) == wanted(program)
    assert found.kind.split()[0] == ("table" if program == "table" else found.kind.split()[0])
    assert not found.notes


@pytest.mark.parametrize("rate", RATES_WANTED)
def test_the_cues_of_a_wav_are_a_marker_list(tmp_path: Path, rate: str) -> None:
    clock = clock_of(rate)
    wave_cues(clock, CUES, tmp_path / "a.wav")
    found = read_markers(tmp_path / "a.wav", clock)
    assert frames(found, clock, "wav") == list(CUES)
    assert found.kind == "cues of a WAV"


@pytest.mark.parametrize("program", sorted(EXACT & REGIONS.keys()))
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends_change_nothing(
    tmp_path: Path, program: str, encoding: str, line_end: str
) -> None:
    clock = clock_of("25")
    made = REGIONS[program](clock, CUES)
    text = made.decode("utf-16" if program == "Premiere" else "utf-8")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", line_end)
    found = read(tmp_path, text.encode(encoding), clock)
    assert frames(found, clock, program) == list(CUES)


@pytest.mark.parametrize("rate", RATES_WANTED)
def test_opentimelineio_reads_the_same_markers_from_final_cut(tmp_path: Path, rate: str) -> None:
    otio = pytest.importorskip("opentimelineio", reason="opentimelineio is not installed")
    if "fcp_xml" not in otio.adapters.available_adapter_names():
        pytest.skip("otio-fcp-adapter is not installed")
    clock = clock_of(rate)
    text = xmeml(clock, CUES)
    timeline = otio.adapters.read_from_string(text.decode(), "fcp_xml")
    theirs = [(m.name, m.marked_range.start_time.to_frames()) for m in timeline.tracks.markers]
    ours = frames(read(tmp_path, text, clock), clock, "Final Cut 7")
    assert theirs == [(cue.name, cue.frame) for cue in ours]


@pytest.mark.parametrize("rate", RATES_WANTED)
def test_opentimelineio_reads_the_same_events_from_an_edl(tmp_path: Path, rate: str) -> None:
    otio = pytest.importorskip("opentimelineio", reason="opentimelineio is not installed")
    if "cmx_3600" not in otio.adapters.available_adapter_names():
        pytest.skip("otio-cmx3600-adapter is not installed")
    clock = clock_of(rate)
    cues = [Cue(f"cue {n}", 100 * n) for n in range(5)]
    text = resolve(clock, cues).decode()
    fps = float(clock.rate.frames_per_s)
    timeline = otio.adapters.read_from_string(text, "cmx_3600", rate=fps, ignore_timecode_mismatch=True)
    clips = [item for item in timeline.tracks[0] if isinstance(item, otio.schema.Clip)]
    theirs = [round(clip.source_range.start_time.value) - clock.start_frame for clip in clips]
    ours = frames(read(tmp_path, text.encode(), clock), clock, "Resolve")
    assert theirs == [cue.frame for cue in ours]


def test_markers_of_clips_are_seen_where_the_clip_shows_them(tmp_path: Path) -> None:
    clip = (
        "<clipitem><rate><timebase>24</timebase><ntsc>FALSE</ntsc></rate><start>100</start><end>200</end>"
        "<in>1000</in><out>1100</out>{}</clipitem>"
    )
    markers = "".join(
        f"<marker><name>{name}</name><in>{at}</in><out>-1</out></marker>"
        for name, at in (("before", 999), ("first", 1000), ("last", 1099), ("after", 1100))
    )
    track = f"<track>{clip.format(markers)}</track>"
    text = xmeml(clock_of("24"), [Cue("own", 5)]).decode()
    text = text.replace("<track></track>", track).replace("</video>", f"</video><audio>{track}</audio>")
    found = read(tmp_path, text.encode(), clock_of("24"))
    assert [(m.name, m.at * 24) for m in found.markers] == [("own", 5), ("first", 100), ("last", 199)]


def test_a_sequence_with_a_leader_counts_from_the_programme(tmp_path: Path) -> None:
    clock = clock_of("24")
    early = Clock(clock.rate, start_frame=clock.start_frame - 192)
    for program in ("Final Cut 7", "Final Cut X"):
        found = read(tmp_path, REGIONS[program](early, [Cue("first", 200), Cue("second", 1000)]), clock)
        assert [m.at * 24 for m in found.markers] == [8, 808]
    sessions = POINTS["Pro Tools, feet"](early, [Cue("first", 200)])
    assert read(tmp_path, sessions, clock).markers[0].at * 24 == 8


def test_a_sequence_that_starts_at_zero_begins_with_the_programme_and_says_so(tmp_path: Path) -> None:
    clock = clock_of("24")
    zero = Clock(clock.rate)
    for program in ("Final Cut 7", "Final Cut X"):
        found = read(tmp_path, REGIONS[program](zero, [Cue("first", 200)]), clock)
        assert found.markers[0].at * 24 == 200
        assert "its timecode begins at 00:00:00:00" in found.notes[0]


def test_a_list_that_states_its_rate_is_read_at_it(tmp_path: Path) -> None:
    for program in ("Final Cut 7", "Final Cut X", "Pro Tools", "Audition, frames"):
        content = (REGIONS | POINTS)[program](clock_of("23.976"), [Cue("first", 240)])
        assert read(tmp_path, content, clock_of("24")).markers[0].at == Fraction(1001, 100)


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ("voices,01;00;08;12", 252),
        ("01;00;08;12,voices", 252),
        ("01:00:08;12\tvoices", 252),
        ('"voices, 1";01:00:08;12', 252),
        ("1,voices,01:00:08;12\n2,black,01:00:09;12", 252),
        ("sep=,\nname,tc in\nvoices,01:00:08:12", 252),
        ("1,voices,8\n2,black,44", 240),
        ("Time;Name\n8,5;voices", 255),
    ],
)
def test_tables_tell_times_from_names_and_numbers(tmp_path: Path, text: str, frame: int) -> None:
    clock = clock_of("29.97df")
    found = read(tmp_path, text.encode(), clock)
    assert round(found.markers[0].at * clock.rate.frames_per_s) == frame
    assert found.markers[0].name.startswith("voices")


@pytest.mark.parametrize(
    ("rate", "text", "hint"),
    [
        ("24", "name,at\na,01:00:08;12\n", "--rate 29.97df"),
        ("24", "name,at\na,01:00:08;45\n", "--rate 59.94df"),
        ("24", "name,at\na,01:00:08:24\n", "--rate 25"),
        ("29.97df", "name,at\na,01:01:00:00\n", "--rate 29.97"),
        ("24", "name,at\na,00:00:08:00\n", "--start"),
        ("24", "TITLE: a\nFCM: DROP FRAME\n* LOC: 01:00:08:00 RED a\n", "--rate 29.97df"),
    ],
)
def test_a_hint_names_the_option_that_is_the_likely_cause(
    tmp_path: Path, rate: str, text: str, hint: str
) -> None:
    with pytest.raises(ReportError) as error:
        read(tmp_path, text.encode(), clock_of(rate))
    assert hint in (error.value.hint or "")
    assert "line " in error.value.message


def test_names_keep_their_marks_and_long_comments_are_cut(tmp_path: Path) -> None:
    clock = clock_of("24")
    text = f'Marker Name\tIn\n"Stop" he says\t01:00:08:00\n{"long " * 60}\t01:00:09:00\n'
    names = [m.name for m in read(tmp_path, text.encode(), clock).markers]
    assert names[0] == '"Stop" he says'
    assert len(names[1]) <= 100
    assert names[1].endswith("…")
    quoted = read(tmp_path, b'name,at\n"two\nlines",8s\n"b",x\n'[:-6], clock)
    assert quoted.markers[0].name == "two lines"


def test_an_old_mac_reads_in_its_own_signs(tmp_path: Path) -> None:
    found = read(tmp_path, "name,at\rvoix é,8s\r".encode("mac_roman"), clock_of("24"))
    assert found.markers[0].name == "voix é"


def test_non_drop_labels_under_a_drop_frame_clock_are_what_the_list_says(tmp_path: Path) -> None:
    text = "TITLE: a\nFCM: NON-DROP FRAME\n* LOC: 01:02:00:00 RED a\n"
    found = read(tmp_path, text.encode(), clock_of("29.97df"))
    assert found.markers[0].at == 3600 / RATES["29.97"].frames_per_s


def test_a_comment_in_pro_tools_may_break_and_a_wrong_line_is_named(tmp_path: Path) -> None:
    content = POINTS["Pro Tools"](clock_of("24"), [Cue("a", 24)]).decode()
    with pytest.raises(ReportError, match="line 12: invalid marker"):
        read(tmp_path, (content + "2\twrong\r\n").encode(), clock_of("24"))
