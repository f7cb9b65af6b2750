"""The real `final`, with the demo stems: the minute that everything is for."""

import numpy as np
import pytest
import soundfile

from audio_pipeline.jobs.render import Order, render
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def final(tmp_path_factory):
    project = Project(REPOSITORY)
    preset = build_preset(load_document(project, "final"))
    return render(Order(project, preset, tmp_path_factory.mktemp("final"), workers=2))


def test_it_is_a_minute_of_stereo_at_48_khz_and_24_bit(final):
    info = soundfile.info(final.master.file)
    assert (info.frames, info.channels, info.samplerate) == (2_880_000, 2, 48_000)
    assert info.subtype == "PCM_24"


def test_it_passes_its_delivery(final):
    assert final.report.delivery.verdict == "pass"
    assert final.report.dialogue_lufs == pytest.approx(-27.0, abs=0.01)
    assert final.report.true_peak_dbtp <= -2.0


def test_its_report_has_no_warning(final):
    assert final.report.warnings == ()


def test_levels_in_the_preset_are_levels_in_the_master(final):
    assert final.report.gains.programme_db == 0.0


def test_the_dropout_entry_agrees_with_the_preset(final):
    dropout = final.report.dropout
    assert dropout.at_s == 56.0
    assert dropout.silence_at_s == 57.0
    assert dropout.fall_s == pytest.approx(0.25, abs=0.0101)
    assert dropout.floor_dbfs == pytest.approx(-56.0, abs=1.0)
    assert dropout.depth_db >= 12.0


def test_after_the_silence_every_sample_is_exactly_zero(final):
    data, rate = soundfile.read(final.master.file, dtype="int32")
    assert not data[57 * rate :].any()
    assert data[57 * rate - 480 : 57 * rate].any()


def test_the_first_half_second_is_at_the_left_and_the_last_at_the_right(final):
    console = final.session.console
    processor = console.graph.processors["crossfade"]
    a, b = processor.journeys["voice_a"], processor.journeys["voice_b"]
    first = np.arange(a.outer, a.outer + 24_000, dtype=float)
    last = np.arange(b.outer - 24_000, b.outer, dtype=float)
    for places, ear in ((a.position(first), -1.0), (b.position(last), 1.0)):
        angle = (np.abs(places - -ear).mean()) / 2 * np.pi / 2
        assert 20 * np.log10(np.tan(angle)) >= 20
