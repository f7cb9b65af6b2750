"""The stem session in every format, each read back by readers that share nothing with what wrote it."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import aaf2
import numpy as np
import opentimelineio as otio
import pytest
import rpp
import soundfile

from audio_pipeline.reporting.model import LoudnessReport
from audio_pipeline.reporting.report_file import read_report
from audio_pipeline.timeline.timecode import RATES
from tests.jobs.export import rpp_reader
from tests.jobs.export.conftest import Exporter

MIXES = {  # with their rate, the timecode they start at, and the length of their leader in samples
    "short": ("24", "01:00:00:00", 0),
    "led": ("29.97df", "00:59:52;00", 384_384),
    "pulled": ("23.976", "23:59:52:00", 384_384),
}
EVERY_MIX = pytest.mark.parametrize("mix", MIXES)
STEMS = ("DX", "FX", "BG")


def report_of(exported: Exporter, mix: str) -> LoudnessReport:
    return read_report(exported.renders / f"{mix}.report.json")


def length_of(exported: Exporter, mix: str) -> int:
    return soundfile.info(exported.renders / f"{mix}.wav").frames


def cues_of(exported: Exporter, mix: str) -> dict[str, int]:
    """The sample of each cue from the start of the files."""
    return {cue.name: cue.at_samples + MIXES[mix][2] for cue in report_of(exported, mix).cues}


@EVERY_MIX
def test_reaper_by_two_readers(exported: Exporter, mix: str) -> None:
    file = exported(mix, "reaper").file
    rate, start, _ = MIXES[mix]
    own, other = rpp_reader.read(file), rpp.loads(file.read_text("utf-8"))
    own_markers = {line[3]: line[2] for line in own.lines if line[0] == "MARKER"}
    other_markers = {line[3]: line[2] for line in other if line[0] == "MARKER"}
    assert own_markers == other_markers
    samples = {name: float(at) * 48_000 for name, at in own_markers.items()}
    assert samples == pytest.approx(cues_of(exported, mix), abs=1e-6)
    seconds = RATES[rate].seconds(RATES[rate].frame(start))
    assert float(own.line("PROJOFFS")[0]) == pytest.approx(float(seconds), abs=1e-9)
    assert other.find("PROJOFFS")[1:] == own.line("PROJOFFS")
    heard = []
    for track, again in zip(own.all("TRACK"), other.findall("TRACK"), strict=True):
        (item,), found = track.all("ITEM"), again.find("ITEM")
        assert track.line("NAME") == again.find("NAME")[1:]
        for key in ("POSITION", "LENGTH", "SOFFS"):
            assert item.line(key) == found.find(key)[1:]
        assert float(item.line("POSITION")[0]) == 0.0
        assert float(item.line("LENGTH")[0]) * 48_000 == pytest.approx(
            length_of(exported, mix), abs=1e-6
        )
        (source,) = item.all("SOURCE")
        assert source.line("FILE") == found.find("SOURCE").find("FILE")[1:]
        if track.line("MUTESOLO")[0] == "0":
            heard += track.line("NAME")
    assert tuple(heard) == STEMS


@EVERY_MIX
def test_what_reaper_plays_is_the_master(exported: Exporter, mix: str, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"  # the folder can be moved
    shutil.copytree(exported(mix, "reaper").file.parent, moved)
    played, _ = rpp_reader.played(moved / f"{mix}.rpp")
    master, _ = soundfile.read(exported.renders / f"{mix}.wav", always_2d=True)
    start = MIXES[mix][2]
    stop = cues_of(exported, mix)["end"]  # nulls are taken over the programme
    difference = np.abs(played - master)[start:stop].max()
    assert 20 * np.log10(difference) <= -120
    assert start == 0 or np.abs(played[:start]).max() > 0.05  # the 2-pop


@EVERY_MIX
def test_otio(exported: Exporter, mix: str) -> None:
    file = exported(mix, "otio").file
    rate, start, _ = MIXES[mix]
    timeline = otio.adapters.read_from_file(str(file))
    assert timeline.global_start_time.value == RATES[rate].frame(start)
    assert timeline.global_start_time.rate == float(RATES[rate].frames_per_s)
    assert otio.opentime.to_timecode(timeline.global_start_time) == start
    markers = {m.name: m.marked_range.start_time for m in timeline.tracks.markers}
    assert {name: time.value for name, time in markers.items()} == cues_of(exported, mix)
    assert {time.rate for time in markers.values()} == {48_000}
    assert [track.name for track in timeline.audio_tracks() if track.enabled] == list(STEMS)
    for track in timeline.audio_tracks():
        (clip,) = track
        assert clip.range_in_parent().start_time.value == 0
        assert clip.duration().value == length_of(exported, mix)
        audio = file.parent / unquote(clip.media_reference.target_url)
        assert soundfile.info(audio).frames == clip.available_range().duration.value


@EVERY_MIX
def test_fcp7(exported: Exporter, mix: str) -> None:
    file = exported(mix, "fcp7").file
    rate = RATES[MIXES[mix][0]]
    sequence = ElementTree.parse(file).getroot().find("sequence")
    assert sequence is not None
    assert sequence.findtext("timecode/string") == MIXES[mix][1]
    assert sequence.findtext("timecode/displayformat") == ("DF" if rate.drop else "NDF")
    assert sequence.findtext("rate/timebase") == str(rate.nominal)
    assert sequence.findtext("rate/ntsc") == ("FALSE" if rate.nominal == rate.frames_per_s else "TRUE")
    markers = {m.findtext("name"): int(m.findtext("in") or 0) for m in sequence.findall("marker")}
    frames = {
        name: float(at * rate.frames_per_s / 48_000) for name, at in cues_of(exported, mix).items()
    }
    assert markers == pytest.approx(frames, abs=0.5)
    tracks = sequence.findall("media/audio/track")
    assert len(tracks) == 8  # left and right of four stems
    assert [t.findtext("clipitem/sourcetrack/trackindex") for t in tracks] == ["1", "2"] * 4
    assert [t.findtext("enabled") for t in tracks] == ["TRUE"] * 6 + ["FALSE"] * 2
    timeline = otio.adapters.read_from_file(str(file), "fcp_xml")
    assert timeline.global_start_time.value == rate.frame(MIXES[mix][1])
    found = [clip for track in timeline.audio_tracks() for clip in track]
    assert len(found) == 8
    for clip in found:
        assert clip.range_in_parent().start_time.value == 0
        length = length_of(exported, mix) * rate.frames_per_s / 48_000
        assert clip.duration().value == pytest.approx(float(length), abs=0.5)
    links = sequence.findall(".//link/linkclipref")
    assert {link.text for link in links} == {item.get("id") for item in sequence.iter("clipitem")}


@EVERY_MIX
def test_aaf_holds_the_audio(exported: Exporter, mix: str, tmp_path: Path) -> None:
    rate = RATES[MIXES[mix][0]]
    made = exported(mix, "aaf")
    frames = cues_of(exported, mix)
    with aaf2.open(str(made.file)) as file:
        (composition,) = file.content.toplevel()
        timecodes = [
            s.segment for s in composition.slots if isinstance(s.segment, aaf2.components.Timecode)
        ]
        assert [(t.start, t.fps, t.drop) for t in timecodes] == [
            (rate.frame(MIXES[mix][1]), rate.nominal, rate.drop)
        ]
        sounds = [slot for slot in composition.slots if slot.media_kind == "Sound"]
        assert [slot.name for slot in sounds] == [f"{stem} {side}" for stem in STEMS for side in "LR"]
        for slot in sounds:
            assert int(slot.edit_rate) == 48_000
            (clip,) = slot.segment.components
            assert clip.length == length_of(exported, mix)
            (master,) = clip.mob.slots
            essence = tmp_path / "essence.wav"
            master.segment.mob.export_audio(str(essence))
            heard, _ = soundfile.read(essence, dtype="int32")
            stem, side = slot.name.split(" ")
            path = exported.renders / f"{mix}.stems" / f"{mix}_{stem}.wav"
            wanted, _ = soundfile.read(path, dtype="int32")
            assert np.array_equal(heard, wanted[:, "LR".index(side)])
        (events,) = [s for s in composition.slots if isinstance(s, aaf2.mobslots.EventMobSlot)]
        marked = {e["Comment"].value: e["Position"].value for e in events.segment.components}
        places = {name: float(at * rate.frames_per_s / 48_000) for name, at in frames.items()}
        assert marked == pytest.approx(places, abs=0.5)


@EVERY_MIX
def test_edl(exported: Exporter, mix: str) -> None:
    file = exported(mix, "edl").file
    rate, start, _ = MIXES[mix]
    text = file.read_text("utf-8")
    assert f"FCM: {'DROP FRAME' if RATES[rate].drop else 'NON-DROP FRAME'}" in text
    fps = float(RATES[rate].frames_per_s)
    timeline = otio.adapters.read_from_string(text, "cmx_3600", rate=fps)
    assert [track.name for track in timeline.audio_tracks()] == ["A1", "A2", "A3"]
    first = RATES[rate].frame(start)
    for stem, track in zip(STEMS, timeline.audio_tracks(), strict=True):
        (clip,) = track
        assert clip.name == f"{mix}_{stem}"
        assert clip.source_range.start_time.value == first
    locators = {
        line.split()[4]: line.split()[2] for line in text.splitlines() if line.startswith("* LOC:")
    }
    own = report_of(exported, mix)
    assert locators == {cue.name: cue.timecode for cue in own.cues}


@EVERY_MIX
def test_csv(exported: Exporter, mix: str) -> None:
    text = exported(mix, "csv").file.read_text("utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[0]["start_timecode"] == MIXES[mix][1]
    assert int(rows[0]["length_samples"]) == length_of(exported, mix)
    markers = {r["name"]: int(r["start_samples"]) for r in rows if r["kind"] == "marker"}
    assert markers == cues_of(exported, mix)
    clips = [(r["track"], r["muted"]) for r in rows if r["kind"] == "clip"]
    assert clips == [("DX", "no"), ("FX", "no"), ("BG", "no"), ("ME", "yes")]


MELT = """<mlt root="{root}">
 <profile frame_rate_num="24" frame_rate_den="1" width="64" height="36" progressive="1"
  sample_aspect_num="1" sample_aspect_den="1" display_aspect_num="16" display_aspect_den="9"/>
 {producers}
 <tractor><multitrack>{tracks}</multitrack>{mixes}</tractor>
</mlt>
"""


def melted(command: list[str]) -> None:
    """Run melt, which takes a second; sometimes it waits for ever for a consumer that has not begun."""
    for tries_left in (2, 1, 0):
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=30)
            return
        except subprocess.TimeoutExpired:
            if not tries_left:
                raise


@pytest.mark.skipif(shutil.which("melt") is None, reason="melt (Debian package melt) is not installed")
def test_what_melt_renders_is_the_master(exported: Exporter, tmp_path: Path) -> None:
    file = exported("short", "otio").file
    timeline = otio.adapters.read_from_file(str(file))
    urls = [track[0].media_reference.target_url for track in timeline.audio_tracks() if track.enabled]
    producers = [
        f'<producer id="p{n}"><property name="resource">{url}</property></producer>'
        for n, url in enumerate(urls)
    ]
    mixes = [
        '<transition><property name="mlt_service">mix</property><property name="a_track">0</property>'
        f'<property name="b_track">{n}</property><property name="always_active">1</property>'
        '<property name="sum">1</property></transition>'
        for n in range(1, len(urls))
    ]
    project = tmp_path / "stems.mlt"
    project.write_text(
        MELT.format(
            root=file.parent,
            producers="".join(producers),
            tracks="".join(f'<track producer="p{n}"/>' for n in range(len(urls))),
            mixes="".join(mixes),
        )
    )
    out = tmp_path / "melt.wav"
    settings = ["vn=1", "video_off=1", "acodec=pcm_s24le", "frequency=48000", "channels=2"]
    melted(["melt", "-silent", str(project), "-consumer", f"avformat:{out}", *settings, "real_time=-1"])
    rendered, _ = soundfile.read(out, always_2d=True)
    master, _ = soundfile.read(exported.renders / "short.wav", always_2d=True)
    assert len(rendered) == len(master)
    assert 20 * np.log10(np.abs(rendered - master).max()) <= -80
