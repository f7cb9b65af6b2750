"""The render: the same bytes always, excerpts cut from the whole, stems that sum, and silence."""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import wavinfo
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio_pipeline.errors import AudioPipelineError
from audio_pipeline.jobs.render import Order, render
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.reporting.report_file import read_report
from audio_pipeline.timeline.moments import parse_moment
from tests.command import TINY, run_code, tiny_project


def order(project, name="short", *sets, **changes):
    preset = build_preset(load_document(project, name, sets))
    return Order(project, preset, changes.pop("out", project.renders), **changes)


def steps(path):
    data, _ = soundfile.read(path, dtype="int32", always_2d=True)
    return data >> 8


@pytest.fixture(scope="module")
def rendered(shared_project, tmp_path_factory):
    out = tmp_path_factory.mktemp("rendered")
    return render(order(shared_project, workers=1, stems=True, out=out))


def test_the_same_order_gives_the_same_bytes_with_any_number_of_workers(project, rendered):
    files = rendered.files.all()[:-1]
    for workers in (4, 1):
        again = render(order(project, workers=workers, stems=True, out=project.root / f"again{workers}"))
        for one, two in zip(files, again.files.all()[:-1], strict=True):
            assert one.read_bytes() == two.read_bytes()


def test_the_master_is_stereo_24_bit_48_khz_and_as_long_as_the_scene(rendered):
    info = soundfile.info(rendered.master.file)
    assert (info.samplerate, info.channels, info.subtype) == (48_000, 2, "PCM_24")
    assert info.frames == rendered.session.scene.cue("end")


def test_after_silence_there_are_exact_zeros_and_before_it_none(rendered):
    data, silence = steps(rendered.master.file), rendered.session.scene.cue("silence")
    assert not data[silence:].any()
    assert data[silence - 480 : silence].any()


def test_the_dropout_stands_on_its_sample_and_leaves_the_grain(project, rendered):
    scene = rendered.session.scene
    data = steps(rendered.master.file) / 2**23
    at, silence = scene.cue("dropout"), scene.cue("silence")

    def level(start, stop):
        return 10 * np.log10((data[start:stop] ** 2).mean())

    floor = level(at + 12_000, silence)
    assert floor == pytest.approx(-56, abs=1.0)
    assert floor <= level(at - 48_000, at) - 12
    without = render(order(project, "short", "dropout.on=false", out=project.root / "without"))
    other = steps(without.master.file)
    first = np.flatnonzero((steps(rendered.master.file) != other).any(axis=1))[0]
    assert at < first <= at + 48  # the fall begins flat


STAGES = ["stems", "mix", "master", "stems out", "report", "page"]


def everything(folder):
    return {path.relative_to(folder): path.is_file() and path.read_bytes() for path in folder.rglob("*")}


@pytest.mark.parametrize("last", [False, True], ids=["at the first", "at the last"])
@pytest.mark.parametrize("stage", STAGES)
def test_a_render_that_fails_leaves_nothing_behind(project, rendered, stage, last):
    class FaultError(Exception):
        pass

    def fail(now, share):
        if now == stage and (not last or share in (0.0, 1.0)):
            raise FaultError

    # a mix of two tiles without what takes long to make, which has the name of the earlier one
    (project.presets / "tiny.toml").write_text(TINY)
    cues = ("cues.black=8.2s", "cues.silence=8.4s", "cues.end=8.6s")
    preset = replace(
        build_preset(load_document(project, "tiny", cues)), name=rendered.session.preset.name
    )
    earlier = project.root / "earlier"
    shutil.copytree(rendered.master.file.parent, earlier)
    before = everything(project.root)
    for out in (earlier, project.root / "new" / "folder"):
        with pytest.raises(FaultError):
            render(Order(project, preset, out, stems=True, workers=1), fail)
        assert everything(project.root) == before


def test_the_stems_sum_to_the_master(rendered):
    dx, fx, bg, me = (steps(path).astype(float) for path in rendered.master.stems.values())
    residual = np.abs(dx + fx + bg - steps(rendered.master.file)).max() / 2**23
    assert rendered.master.ceiling.touched_samples == 0
    assert 20 * np.log10(residual) < -120
    assert 20 * np.log10(np.abs(fx + bg - me).max() / 2**23) < -120


def test_master_and_stems_have_dither_of_their_own(rendered):
    dx, fx, bg, _ = (steps(path).astype(float) for path in rendered.master.stems.values())
    active = slice(0, rendered.session.scene.cue("dropout"))
    residual = (dx + fx + bg - steps(rendered.master.file))[active]
    # the errors of four files, each of RMS ½ step, add as powers when they are independent
    assert np.sqrt(np.mean(residual**2)) == pytest.approx(1.0, abs=0.02)


def test_the_dialogue_stands_at_its_target(rendered):
    assert rendered.report.dialogue_lufs == pytest.approx(-27.0, abs=0.01)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(0, 0.999), st.integers(1, 300_000))
def test_an_excerpt_is_cut_from_the_whole(project, rendered, share, length):
    whole = steps(rendered.master.file)
    start = int(share * len(whole))
    stop = min(start + length, len(whole))
    begin, finish = (parse_moment(f"{n * 1000 / 48_000:.9f}ms") for n in (start, stop))
    excerpt = render(order(project, begin=begin, finish=finish, out=project.root / "cut", workers=2))
    assert (excerpt.master.span.start, excerpt.master.span.stop) == (start, stop)
    assert (steps(excerpt.master.file) == whole[start:stop]).all()
    assert excerpt.report is None


def test_the_ceiling_holds_the_true_peak_and_says_what_it_did(project):
    loud = render(order(project, "short", "master.dialogue=-14 LUFS", "master.ceiling=-6 dBTP"))
    assert loud.master.ceiling.reduction_db > 1
    assert loud.report.true_peak_dbtp <= -6.0
    held = loud.report.provenance["ceiling"]
    assert held["reduction_db"] == pytest.approx(loud.master.ceiling.reduction_db, abs=1e-3)


def test_the_file_carries_its_timecode_loudness_and_cues(rendered):
    info = wavinfo.WavInfoReader(str(rendered.master.file))
    assert info.bext.time_reference == 172_800_000
    assert info.bext.version == 2
    assert info.bext.loudness_value == pytest.approx(rendered.report.integrated_lufs, abs=0.01)
    assert info.bext.max_true_peak == pytest.approx(rendered.report.true_peak_dbtp, abs=0.01)
    labels = {label.text for label in info.cues.labels}
    assert {"voice_a", "cross", "voice_b", "black", "dropout", "silence"} <= labels


def test_an_excerpt_carries_its_own_timecode_and_the_cues_that_lie_in_it(project, rendered):
    scene, begin = rendered.session.scene, rendered.session.scene.cue("black")
    cut = render(order(project, begin=parse_moment("black"), out=project.root / "part"))
    info = wavinfo.WavInfoReader(str(cut.master.file))
    assert info.bext.time_reference == 172_800_000 + begin
    names = {label.name: label.text for label in info.cues.labels}
    places = {names[cue.name]: cue.sample_offset for cue in info.cues.cues}
    cues = {name: scene.cue(name) for name in rendered.session.preset.cues}
    programme = scene.programme.stop
    assert places == {name: at - begin for name, at in cues.items() if begin <= at < programme}


def test_music_and_effects_have_the_level_they_have_under_the_voices(project, rendered):
    me = render(order(project, "short", 'master.buses=["FX", "BG"]', out=project.root / "me"))
    gains = me.report.gains
    assert (gains.dialogue_db, gains.programme_db) == (None, 0.0)
    assert me.report.reasons["gains.dialogue_db"] == "no dialogue"
    stem = steps(rendered.master.stems["ME"])
    assert np.abs(steps(me.master.file) - stem).max() <= 3


def test_other_stems_may_come_from_the_command_line_and_lie_anywhere(project, tmp_path_factory):
    away = tmp_path_factory.mktemp("away") / "other voice.flac"
    shutil.copy(project.root / "stems" / "voice_b.flac", away)
    made = render(order(project, stem_files={"voice_a": away}))
    assert made.session.scene.cue("voice_b") == 48_000 * 3.5  # 1 s + 2 s of the other stem + 500 ms


def bad_stem(kind, path):
    x = np.zeros(48_000)
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "not audio":
        path.write_text("not audio at all\n" * 50)
    elif kind == "truncated":
        whole = path.with_name("whole.wav")
        soundfile.write(whole, 0.1 * np.random.default_rng(1).standard_normal(48_000), 48_000)
        path.write_bytes(whole.read_bytes()[:50_000])
    elif kind == "NaN":
        x[100] = np.nan
        soundfile.write(path, x, 48_000, subtype="FLOAT")
    elif kind == "all silence":
        soundfile.write(path, x, 48_000)
    else:
        soundfile.write(path, 0.1 * np.random.default_rng(1).standard_normal(240), 48_000)


@pytest.mark.parametrize("kind", ["empty", "not audio", "truncated", "NaN", "all silence", "0.005 s"])
def test_a_bad_stem_is_told_in_one_sentence_and_leaves_the_earlier_render(project, kind):
    earlier = project.renders / "short.wav"
    earlier.parent.mkdir(exist_ok=True)
    earlier.write_bytes(b"the earlier render")
    bad = project.root / "stems" / "bad.wav"
    bad_stem(kind, bad)
    with pytest.raises(AudioPipelineError) as caught:
        render(order(project, stem_files={"voice_a": bad}))
    assert "bad.wav" in caught.value.message
    assert "\n" not in caught.value.message
    assert earlier.read_bytes() == b"the earlier render"
    assert [p.name for p in project.renders.iterdir()] == ["short.wav"]


def test_an_excerpt_outside_the_programme_is_refused(project):
    with pytest.raises(AudioPipelineError, match="is outside the programme"):
        render(order(project, begin=parse_moment("5s"), finish=parse_moment("2s")))
    assert not list(Path(project.renders).glob("*.wav"))


def test_without_a_page_no_page_code_is_imported(tmp_path):
    folder = tiny_project(tmp_path / "film")
    code = """
import sys
from audio_pipeline.jobs.render import Order, render
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import find_project
from pathlib import Path
project = find_project(Path.cwd())
preset = build_preset(load_document(project, "tiny"))
made = render(Order(project, preset, project.renders, page=False))
assert made.report is not None and made.page_media is None
print([name for name in sys.modules if name.startswith("audio_pipeline.pages")])
"""
    done = run_code(folder, code)
    assert (done.stdout, done.stderr) == ("[]\n", "")
    assert {p.name for p in (folder / "renders").iterdir()} == {"tiny.wav", "tiny.report.json"}


def test_the_report_lists_the_audio_files_of_the_set_with_their_hashes(rendered):
    folder = rendered.master.file.parent
    names = ["short.wav", *(f"short.stems/short_{stem}.wav" for stem in ("DX", "FX", "BG", "ME"))]
    assert list(rendered.report.files) == names
    for name, sha256 in rendered.report.files.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256
    assert read_report(rendered.files.report) == rendered.report


def test_the_report_knows_the_gain_the_layout_and_the_cues(project, rendered):
    report, scene = rendered.report, rendered.session.scene
    assert report.layout == "stereo"
    assert report.gains.dialogue_db == pytest.approx(rendered.master.gains.dialogue_db, abs=1e-4)
    assert report.gains.programme_db == 0.0
    assert {cue.name: cue.at_samples for cue in report.cues} == {
        name: scene.cue(name) for name in rendered.session.preset.cues
    }
    assert report.cues[0].timecode == "01:00:00:00"
    by_programme = render(
        order(project, "short", "master.anchor=programme", out=project.root / "programme", page=False)
    )
    assert by_programme.report.integrated_lufs == pytest.approx(-27.0, abs=0.01)
    assert by_programme.report.gains.dialogue_db == report.gains.dialogue_db
    assert by_programme.report.gains.programme_db == pytest.approx(
        by_programme.master.gains.programme_db, abs=1e-4
    )
    assert by_programme.report.dialogue_lufs == pytest.approx(
        -27.0 + by_programme.master.gains.programme_db, abs=0.01
    )
