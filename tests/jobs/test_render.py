"""The render: the same bytes always, excerpts cut from the whole, stems that sum, and silence."""

import shutil
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
from audio_pipeline.timeline.moments import parse_moment


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
    files = [rendered.master, *rendered.stems, rendered.report_file]
    for workers in (4, 1):
        again = render(order(project, workers=workers, stems=True, out=project.root / f"again{workers}"))
        for one, two in zip(files, [again.master, *again.stems, again.report_file], strict=True):
            assert one.read_bytes() == two.read_bytes()


def test_the_master_is_stereo_24_bit_48_khz_and_as_long_as_the_scene(rendered):
    info = soundfile.info(rendered.master)
    assert (info.samplerate, info.channels, info.subtype) == (48_000, 2, "PCM_24")
    assert info.frames == rendered.session.scene.cue("end")


def test_after_silence_there_are_exact_zeros_and_before_it_none(rendered):
    data, silence = steps(rendered.master), rendered.session.scene.cue("silence")
    assert not data[silence:].any()
    assert data[silence - 480 : silence].any()


def test_the_dropout_stands_on_its_sample_and_leaves_the_grain(project, rendered):
    scene = rendered.session.scene
    data = steps(rendered.master) / 2**23
    at, silence = scene.cue("dropout"), scene.cue("silence")

    def level(start, stop):
        return 10 * np.log10((data[start:stop] ** 2).mean())

    floor = level(at + 12_000, silence)
    assert floor == pytest.approx(-56 + rendered.gain_db, abs=1.0)
    assert floor <= level(at - 48_000, at) - 12
    without = render(order(project, "short", "dropout.on=false", out=project.root / "without"))
    other = steps(without.master)
    first = np.flatnonzero((steps(rendered.master) != other).any(axis=1))[0]
    assert at < first <= at + 48  # the fall begins flat


def test_the_stems_sum_to_the_master(rendered):
    dx, fx, bg, me = (steps(path).astype(float) for path in rendered.stems)
    residual = np.abs(dx + fx + bg - steps(rendered.master)).max() / 2**23
    assert rendered.ceiling.touched_samples == 0
    assert 20 * np.log10(residual) < -120
    assert 20 * np.log10(np.abs(fx + bg - me).max() / 2**23) < -120


def test_the_dialogue_stands_at_its_target(rendered):
    assert rendered.report["dialogue_lufs"] == pytest.approx(-27.0, abs=0.01)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(0, 0.999), st.integers(1, 300_000))
def test_an_excerpt_is_cut_from_the_whole(project, rendered, share, length):
    whole = steps(rendered.master)
    start = int(share * len(whole))
    stop = min(start + length, len(whole))
    begin, finish = (parse_moment(f"{n * 1000 / 48_000:.9f}ms") for n in (start, stop))
    excerpt = render(order(project, begin=begin, finish=finish, out=project.root / "cut", workers=2))
    assert (excerpt.span.start, excerpt.span.stop) == (start, stop)
    assert (steps(excerpt.master) == whole[start:stop]).all()
    assert excerpt.report is None


def test_the_ceiling_holds_the_true_peak_and_says_what_it_did(project):
    loud = render(order(project, "short", "master.target=-14 LUFS", "master.ceiling=-6 dBTP"))
    assert loud.ceiling.reduction_db > 1
    assert loud.report["true_peak_dbtp"] <= -6.0
    held = loud.report["provenance"]["ceiling"]
    assert held["reduction_db"] == pytest.approx(loud.ceiling.reduction_db, abs=1e-3)


def test_the_file_carries_its_timecode_loudness_and_cues(rendered):
    info = wavinfo.WavInfoReader(str(rendered.master))
    assert info.bext.time_reference == 172_800_000
    assert info.bext.version == 2
    assert info.bext.loudness_value == pytest.approx(rendered.report["integrated_lufs"], abs=0.01)
    assert info.bext.max_true_peak == pytest.approx(rendered.report["true_peak_dbtp"], abs=0.01)
    labels = {label.text for label in info.cues.labels}
    assert {"voice_a", "cross", "voice_b", "black", "dropout", "silence"} <= labels


def test_music_and_effects_have_the_level_they_have_under_the_voices(project, rendered):
    me = render(order(project, "short", 'master.buses=["FX", "BG"]', out=project.root / "me"))
    assert me.gain_db == rendered.gain_db
    stem = steps(next(p for p in rendered.stems if p.name.endswith("_ME.wav")))
    assert np.abs(steps(me.master) - stem).max() <= 3


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
        soundfile.write(path, 0.1 * np.random.default_rng(1).standard_normal(2400), 48_000)


@pytest.mark.parametrize("kind", ["empty", "not audio", "truncated", "NaN", "all silence", "0.05 s"])
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
    with pytest.raises(AudioPipelineError, match="does not lie in a programme"):
        render(order(project, begin=parse_moment("5s"), finish=parse_moment("2s")))
    assert not list(Path(project.renders).glob("*.wav"))
