"""Stems sum to the master, whatever the target and whatever the ceiling does; no stem clips."""

import numpy as np
import pytest
import soundfile

from audio_pipeline.errors import RenderError
from audio_pipeline.jobs.render import Order, render
from audio_pipeline.mastering.null_residual import BOUND_STEPS, NullResidual
from audio_pipeline.metering.meter import measure
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.timeline.moments import parse_moment

LITTLE = """
extends = "{base}"
[cues]
breath = "300ms"
voice_a = "500ms"
cross = "voice_a.tail - 200ms"
voice_b = "voice_a.tail + 500ms"
black = "voice_b.tail + 300ms"
dropout = "black + 500ms"
silence = "black + 1s"
end = "black + 1.2s"
[effects.crossfade]
cross_to = "voice_b + 200ms"
slip = "300ms"
[effects.echo]
on = false
"""
"""The ending in six seconds, one tile."""


def little(project, base="final", *sets):
    (project.presets / "little.toml").write_text(LITTLE.format(base=base))
    return build_preset(load_document(project, "little", sets))


def made(project, preset, out="out", **changes):
    return render(Order(project, preset, project.root / out, stems=True, page=False, **changes))


def steps(path, bits=24):
    data, _ = soundfile.read(path, dtype="int32", always_2d=True)
    return (data >> (32 - bits)).astype(int)


def residual_dbfs(rendered, bits=24):
    stems = {name: steps(path, bits) for name, path in rendered.master.stems.items()}
    master = steps(rendered.master.file, bits)
    left = np.abs(master - stems["DX"] - stems["FX"] - stems["BG"]).max()
    assert np.abs(stems["ME"] - stems["FX"] - stems["BG"]).max() <= 5
    for name, stem in stems.items():
        assert np.abs(stem).max() < 2 ** (bits - 1) - 1, name
    return 20 * np.log10(left / 2 ** (bits - 1))


def on_target(report, figure, target):
    """Within 0.1 LU, or a warning says why not."""
    codes = [warning.code.value for warning in report.warnings]
    off = abs(report.figure(figure) - target) > 0.1
    assert ("loudness_off_target" in codes) is off, (report.figure(figure), codes)
    return not off


@pytest.mark.parametrize("target", [-31, -20, -12])
@pytest.mark.parametrize("base", ["final", "streaming", "music-and-effects"])
def test_the_file_has_its_target_and_its_stems_null(project, base, target):
    preset = little(project, base, "master.anchor=programme", f"master.target={target} LUFS")
    rendered = made(project, preset)
    assert on_target(rendered.report, "integrated_lufs", target)
    assert rendered.report.true_peak_dbtp <= preset.master.ceiling
    assert residual_dbfs(rendered) <= -120
    assert rendered.report.null_residual_dbfs == pytest.approx(residual_dbfs(rendered), abs=1e-3)


@pytest.mark.parametrize("target", [-27, -14])
def test_the_dialogue_has_its_target_under_the_ceiling_and_the_bed_its_level(project, target):
    rendered = made(project, little(project, "final", f"master.dialogue={target} LUFS"))
    assert on_target(rendered.report, "dialogue_lufs", target)
    assert residual_dbfs(rendered) <= -120
    dialogue = soundfile.read(rendered.master.stems["DX"], always_2d=True)[0]
    assert measure(dialogue, 48_000).integrated_lufs == pytest.approx(target, abs=0.1)
    assert (rendered.master.ceiling.reduction_db > 1.0) is (target == -14)
    scene = rendered.session.scene
    bed = soundfile.read(rendered.master.file)[0][scene.cue("dropout") + 12_000 : scene.cue("silence")]
    assert 10 * np.log10(np.mean(bed**2)) == pytest.approx(-56.0, abs=1.0)


def test_what_no_gain_reaches_is_a_coded_warning_that_says_how_far_and_why(project):
    rendered = made(project, little(project, "final", "master.dialogue=-3 LUFS"))
    (warning,) = [w for w in rendered.report.warnings if w.code == "loudness_off_target"]
    assert warning.figure == "dialogue_lufs"
    assert f"{rendered.report.dialogue_lufs:.2f} LUFS" in warning.message
    assert "below its target of -3 LUFS" in warning.message
    assert "the ceiling of -2 dBTP" in warning.message
    assert rendered.report.provenance["ceiling"]["passes"] <= 4
    assert rendered.report.true_peak_dbtp <= -2.0


def test_sixteen_bits_null_within_their_steps(project):
    rendered = made(project, little(project, "final", "master.bits=16", "master.dialogue=-14 LUFS"))
    assert residual_dbfs(rendered, 16) <= NullResidual(16, BOUND_STEPS).dbfs < -74.6


def test_an_excerpt_under_the_ceiling_is_cut_from_the_whole_with_any_number_of_workers(project):
    preset = little(project, "streaming", "master.target=-13 LUFS")
    whole = made(project, preset)
    cut = made(project, preset, "cut", begin=parse_moment("1s"), finish=parse_moment("3.3s"), workers=2)
    for name, path in {"master": whole.master.file, **whole.master.stems}.items():
        part = cut.master.file if name == "master" else cut.master.stems[name]
        assert (steps(part) == steps(path)[48_000:158_400]).all(), name


def test_the_master_is_the_same_without_stems(project):
    preset = little(project, "final", "master.dialogue=-13 LUFS")
    with_stems = made(project, preset)
    without = render(Order(project, preset, project.root / "alone", page=False))
    assert without.master.file.read_bytes() == with_stems.master.file.read_bytes()
    assert without.report.null_residual_dbfs is None
    assert without.report.reasons["null_residual_dbfs"] == "no stems"


def opposed(project, level_fx=0.0, level_bg=-0.0):
    """Two clips that take each other away but for a little: loud stems of a soft master."""
    rate = 48_000
    tone = 0.9 * np.sin(2 * np.pi * 440 * np.arange(2 * rate) / rate)
    stereo = np.stack([tone, tone], axis=1)
    soundfile.write(project.root / "stems" / "plus.wav", stereo, rate, subtype="FLOAT")
    soundfile.write(project.root / "stems" / "minus.wav", -0.9 * stereo, rate, subtype="FLOAT")
    (project.presets / "opposed.toml").write_text(
        """
[cues]
silence = "2s"
end = "2.2s"
[layers.plus]
kind = "clip"
stem = "stems/plus.wav"
bus = "FX"
gain = "12 dB"
[layers.minus]
kind = "clip"
stem = "stems/minus.wav"
bus = "BG"
gain = "12 dB"
[master]
delivery = "ebu-r128"
"""
    )
    return build_preset(load_document(project, "opposed"))


def test_a_stem_over_full_scale_is_held_with_all_others_and_said(project):
    preset = opposed(project)
    rendered = made(project, preset)
    assert residual_dbfs(rendered) <= -120
    fx = np.abs(steps(rendered.master.stems["FX"])).max() / 2**23
    assert 0.9 < fx < 1.0
    codes = [warning.code.value for warning in rendered.report.warnings]
    assert "stem_over_full_scale" in codes
    alone = render(Order(project, preset, project.root / "alone", page=False))
    assert alone.master.file.read_bytes() == rendered.master.file.read_bytes()


def test_a_residual_over_the_bound_is_an_error():
    quiet = np.zeros((10, 2), dtype=np.int32)
    stems = {"DX": quiet, "FX": quiet, "BG": quiet}
    fine = NullResidual(24).with_part(quiet + BOUND_STEPS, stems)
    fine.check("x")
    assert fine.dbfs < -120
    with pytest.raises(
        RenderError, match=r"stem residual is -121\.6 dBFS; at most -122\.9 dBFS is allowed"
    ):
        fine.with_part(quiet - BOUND_STEPS - 1, stems).check("x")


def test_stems_of_a_master_without_a_bus_are_silent_where_it_has_none(project):
    rendered = made(project, little(project, "music-and-effects"))
    assert not steps(rendered.master.stems["DX"]).any()
    assert residual_dbfs(rendered) <= -120
