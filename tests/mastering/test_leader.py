"""The leader: where it is, what it sounds like, and that nothing but sync takes notice of it."""

import json
import shutil
import subprocess
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import soundfile
import wavinfo

from audio_pipeline.audio_io.ffmpeg_program import find_ffmpeg
from audio_pipeline.audio_io.read.audio_file import probe
from audio_pipeline.audio_io.read.programme import programme_info, programme_span, read_programme
from audio_pipeline.errors import PresetError
from audio_pipeline.jobs.batch.mix_task import _order_key
from audio_pipeline.jobs.batch.plan import Mix
from audio_pipeline.jobs.inspect import part_of_file
from audio_pipeline.jobs.measure import Known, measure_file
from audio_pipeline.jobs.render import Order, render
from audio_pipeline.pages.encoded_copy import write_encoded_copy
from audio_pipeline.pages.page import page_media
from audio_pipeline.pages.review import Take, listening_copy
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.stems import planned_schedule
from audio_pipeline.reporting.dialogue import measure_dialogue
from audio_pipeline.reporting.null_test import null_test
from audio_pipeline.timeline.moments import Clock, parse_moment
from audio_pipeline.timeline.spans import Span
from audio_pipeline.timeline.timecode import RATES
from tests.command import tiny_project

HZ = 48_000
LEADERS = {"23.976": (384_384, 2002), "25": (384_000, 1920), "29.97df": (384_384, 1602)}
"""For each rate the samples of eight seconds of timecode, and of the frame 2 s before the start."""


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return Project(tiny_project(tmp_path_factory.mktemp("leader") / "film"))


def made(film, out, *sets, **changes):
    preset = build_preset(load_document(film, "tiny", sets))
    return render(Order(film, preset, film.root / out, page=False, **changes))


@pytest.fixture(scope="module", params=LEADERS)
def pair(request, film):
    """The same mix with a leader and without, and the rate."""
    name, with_stems = request.param, request.param == "29.97df"
    sets = (f"picture.rate={name}",)
    return (
        made(film, f"with-{name}", *sets, "leader.on=true", stems=with_stems),
        made(film, f"without-{name}", *sets, stems=with_stems),
        RATES[name],
    )


def steps(path):
    return soundfile.read(path, dtype="int32")[0] >> 8


def files_of(rendered):
    return [rendered.master.file, *rendered.master.stems.values()]


def test_every_file_carries_it_around_the_very_same_programme(pair):
    led, plain, rate = pair
    head, frame = LEADERS[rate.name]
    for with_leader, without in zip(files_of(led), files_of(plain), strict=True):
        data, programme = steps(with_leader), steps(without)
        assert (data[head : head + len(programme)] == programme).all()
        pop_at = head - round(2 * rate.nominal * HZ / rate.frames_per_s)
        before, after = data[:head].copy(), data[head + len(programme) :].copy()
        two_pop = before[pop_at : pop_at + frame].copy()
        before[pop_at : pop_at + frame] = 0
        assert not before.any()
        tail_at = round(2 * rate.nominal * HZ / rate.frames_per_s)
        sounding = np.flatnonzero(after.any(axis=1))
        assert sounding[0] == tail_at + 1  # the sine begins at zero
        assert sounding[-1] - sounding[0] == pytest.approx(frame, abs=2)
        assert len(after) == 2 * tail_at
        for sound in (two_pop, after[sounding[0] : sounding[-1] + 1]):
            peak = np.abs(sound).max() / 2**23
            assert 20 * np.log10(peak) == pytest.approx(-20.0, abs=0.01)
            assert (sound[:, 0] == sound[:, 1]).all()
            spectrum = np.abs(np.fft.rfft(sound[:, 0] * np.hanning(len(sound)), HZ))
            assert np.argmax(spectrum) == pytest.approx(1000, abs=1)


def test_what_is_measured_is_the_programme_alone(pair):
    led, plain, _ = pair
    one, other = (
        rendered.report.model_dump(exclude={"files", "provenance"}) for rendered in (led, plain)
    )
    assert one == other
    assert "leader" not in plain.report.provenance
    one, other = (
        measure_file(rendered.master.file, Known()).model_dump(exclude={"files", "provenance"})
        for rendered in (led, plain)
    )
    assert one == other


def test_nulls_and_the_dialogue_are_of_the_programme_alone(pair):
    led, plain, _ = pair
    for one, other in zip(files_of(led), files_of(plain), strict=True):
        result = null_test(one, other)
        assert result.verdict == "identical"
        assert result.samples == 2 * probe(other).frames
        assert measure_dialogue(one) == measure_dialogue(other)


def test_bext_ixml_and_cues_count_it(pair):
    led, plain, rate = pair
    head, _ = LEADERS[rate.name]
    start = round(rate.seconds(rate.frame("01:00:00:00")) * HZ)
    for with_leader, without in zip(files_of(led), files_of(plain), strict=True):
        one, other = (wavinfo.WavInfoReader(str(path)) for path in (with_leader, without))
        assert other.bext.time_reference == start
        assert one.bext.time_reference == start - head
        ixml = with_leader.read_bytes().partition(b"iXML")[2].partition(b"</BWFXML>")[0]
        assert f"<TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>{start - head}<".encode() in ixml
        at = {
            label.text: cue.sample_offset
            for cue in one.cues.cues
            for label in one.cues.labels
            if label.name == cue.name
        }
        scene = led.session.scene
        assert at == {name: scene.cue(name) + head for name in led.session.preset.cues}


def test_the_file_starts_eight_seconds_of_timecode_before(pair):
    led, _, rate = pair
    reference = wavinfo.WavInfoReader(str(led.master.file)).bext.time_reference
    mark = ";" if rate.drop else ":"
    assert Clock(rate).timecode_of_sample(reference, HZ) == f"00:59:52{mark}00"


def test_ffprobe_and_mediainfo_agree_with_our_reader_on_the_first_frame(pair):
    led, _, rate = pair
    path, info = led.master.file, probe(led.master.file)
    first = Fraction(programme_span(path, info).start, HZ)
    found = []
    if ffprobe := shutil.which("ffprobe"):
        asked = ["-v", "error", "-of", "json", "-show_entries", "format_tags=time_reference"]
        tags = json.loads(subprocess.check_output([ffprobe, *asked, path]))["format"]["tags"]
        found.append(Fraction(int(tags["time_reference"]), HZ))
    if mediainfo := shutil.which("mediainfo"):
        tracks = json.loads(subprocess.check_output([mediainfo, "-f", "--Output=JSON", path]))
        found.append(Fraction(tracks["media"]["track"][1]["Delay"]))
    if not found:
        pytest.skip("neither ffprobe nor mediainfo is here")
    for starts_s in found:
        at = round((starts_s + first) * HZ)
        assert Clock(rate).frame_of_sample(at, HZ) == rate.frame("01:00:00:00")
        assert at == round(rate.seconds(rate.frame("01:00:00:00")) * HZ)


def test_our_reader_finds_the_programme(pair):
    led, plain, _ = pair
    assert programme_info(led.master.file).frames == probe(plain.master.file).frames
    samples, info = read_programme(led.master.file)
    assert len(samples) == info.frames
    assert (samples == read_programme(plain.master.file)[0]).all()


def test_what_is_drawn_and_played_is_the_programme_alone(pair):
    led, plain, _ = pair
    one, other = (page_media(rendered.master.file, -60.0) for rendered in (led, plain))
    assert one.spectrogram_png == other.spectrogram_png
    assert one.balance == other.balance
    assert one.copy == other.copy
    takes = [Take(rendered.report, rendered.master.file) for rendered in (led, plain)]
    assert listening_copy(takes[0]) == listening_copy(takes[1])
    begin, finish = parse_moment("500ms"), parse_moment("1s")
    parts = [part_of_file(rendered.master.file, begin, finish) for rendered in (led, plain)]
    assert parts[0].start_s == parts[1].start_s
    assert (parts[0].samples == parts[1].samples).all()


def test_an_encoded_copy_is_of_the_programme_alone(pair):
    if find_ffmpeg() is None:
        pytest.skip("there is no ffmpeg here")
    sizes = {write_encoded_copy(r.master.file, "mp3", "Tiny").stat().st_size for r in pair[:2]}
    assert len(sizes) == 1


def test_a_batch_renders_a_mix_again_whose_leader_has_changed(film):
    keys = set()
    for value in ("true", "false"):
        preset = build_preset(load_document(film, "tiny", (f"leader.on={value}",)))
        keys.add(_order_key(Mix("tiny", film.root, film.renders, "tiny", preset=preset)))
    assert len(keys) == 2


def test_an_excerpt_has_none(film):
    begin, finish = parse_moment("500ms"), parse_moment("1s")
    cut = made(film, "cut", "leader.on=true", begin=begin, finish=finish)
    assert probe(cut.master.file).frames == HZ // 2


@pytest.mark.parametrize(
    ("sets", "before", "after", "pops"),
    [
        (("leader.on=true", "leader.two_pop=false"), 384_000, 192_000, 1),
        (("leader.on=true", "leader.tail_pop=false"), 384_000, 0, 1),
        (("leader.two_pop=false", "leader.tail_pop=false"), 384_000, 0, 0),
        (("leader.two_pop=true",), 384_000, 192_000, 2),
        (("leader.on=false", "leader.two_pop=true"), 0, 0, 0),
        (("leader.on=true", "master.bits=16", "sample_rate=96 kHz"), 768_000, 384_000, 2),
        (("leader.on=true", "picture.snap=false", "cues.end=3001ms"), 384_000, 192_000, 2),
    ],
)
def test_its_parts_are_chosen(film, sets, before, after, pops):
    path = made(film, "parts", *sets).master.file
    info = probe(path)
    span = programme_span(path, info)
    assert (span.start, info.frames - span.stop) == (before, after)
    data = soundfile.read(path)[0]
    outside = data[: span.start], data[span.stop :]
    assert sum(part.any() for part in outside) == pops
    for part in outside:
        assert not part.any() or 20 * np.log10(np.abs(part).max()) == pytest.approx(-20.0, abs=0.01)


def test_a_preset_with_the_table_has_one_and_an_alternate_may_leave_it_out(film):
    (film.root / "presets" / "stage.toml").write_text('extends = "tiny"\n[leader]\n')
    (film.root / "presets" / "web.toml").write_text('extends = "stage"\n[leader]\non = false\n')
    on = {name: build_preset(load_document(film, name)).leader.on for name in ("tiny", "stage", "web")}
    assert on == {"tiny": False, "stage": True, "web": False}


def test_a_programme_that_starts_at_midnight_has_its_leader_on_the_day_before(film):
    led = made(film, "midnight", "leader.on=true", "picture.start=00:00:00:00")
    assert wavinfo.WavInfoReader(str(led.master.file)).bext.time_reference == (24 * 3600 - 8) * HZ


def test_a_start_that_is_not_the_first_frame_is_refused(film):
    preset = build_preset(load_document(film, "tiny", ("leader.on=true", 'cues.start="1s"')))
    with pytest.raises(PresetError, match=r"cues\.start is not at 0 s"):
        planned_schedule(film, preset, {})


def without_originator(content):
    return content.replace(b"render-ending".ljust(32, b"\0"), b"another program".ljust(32, b"\0"))


def test_markers_of_another_program_mean_what_that_program_means(film, tmp_path):
    led = made(film, "foreign", "leader.on=true").master.file
    other = tmp_path / "other.wav"
    other.write_bytes(without_originator(led.read_bytes()))
    info = probe(other)
    assert programme_span(other, info) == Span(0, info.frames)


def test_a_file_whose_cues_lie_outside_it_is_taken_whole(film):
    led = made(film, "cut-short", "leader.on=true").master.file
    info = probe(led)
    assert programme_span(led, info) != Span(0, info.frames)
    short = replace(info, frames=info.frames // 2)
    assert programme_span(led, short) == Span(0, short.frames)


def test_a_file_with_a_start_alone_is_taken_whole(film):
    plain = made(film, "late-start", 'cues.start="1s"').master.file
    info = probe(plain)
    assert programme_span(plain, info) == Span(0, info.frames)
