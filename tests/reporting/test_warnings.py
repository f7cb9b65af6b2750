"""Warnings have stable codes, say where, and name a figure that is there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from audio_pipeline.reporting.model import LoudnessReport, ReportWarning
from audio_pipeline.reporting.report import report_of_file, to_json
from audio_pipeline.reporting.warnings import WarningCode
from tests.conftest import REPOSITORY
from tests.endings import RATE, at, ending, facts, written


def test_the_codes_are_those_that_were_published() -> None:
    assert [code.value for code in WarningCode] == [
        "file_structure",
        "other_tracks",
        "encoder_delay",
        "section_past_end",
        "over_full_scale",
        "floor_inaudible",
        "mono_fold_hole",
        "fall_too_long",
        "fall_not_measured",
        "silence_not_silent",
        "unplanned_silence",
        "match_voices",
        "match_speech",
        "match_spectrum",
        "match_bandwidth",
        "match_noise",
        "channel_dead",
        "channel_muted",
        "audio_dropout",
        "polarity_inverted",
        "out_of_phase",
        "dual_mono",
        "identical_channels",
        "channel_delay",
        "channel_imbalance",
        "clipping",
        "dc_offset",
        "padded_bits",
        "lfe_silent",
        "lfe_full_band",
        "line_over_slot",
        "line_cut_to_slot",
        "voice_cut",
        "echo_past_black",
        "tail_past_end",
        "loudness_off_target",
        "stem_over_full_scale",
        "stem_signal",
        "stem_channels",
        "stem_gain",
        "version_1",
    ]


def test_the_documentation_lists_every_code_with_its_meaning() -> None:
    text = (REPOSITORY / "docs" / "reports.md").read_text(encoding="utf-8")
    for code in WarningCode:
        assert f"| `{code.value}` | {code.meaning} |" in text


def warned(report: LoudnessReport, code: WarningCode) -> ReportWarning:
    """The one warning of that code; the key of its figure is in the report."""
    (found,) = [warning for warning in report.warnings if warning.code is code]
    place = json.loads(to_json(report))
    for key in (found.figure or "").split("."):
        place = place[key] if key else place
    return found


def test_an_ending_as_it_should_be_is_not_warned_of(tmp_path: Path) -> None:
    assert report_of_file(written(tmp_path / "a.wav", ending()), facts(), "a.wav").warnings == ()


def test_silence_that_no_cue_asks_for_is_placed(tmp_path: Path) -> None:
    broken = ending()
    broken[at("black") : at("black") + RATE // 4] = 0.0
    report = report_of_file(written(tmp_path / "a.wav", broken), facts(), "a.wav")
    found = warned(report, WarningCode.UNPLANNED_SILENCE)
    assert (found.at_s, found.until_s) == (4.0, 4.25)


def test_sound_after_the_silence_cue_is_placed_at_the_cue(tmp_path: Path) -> None:
    broken = ending()
    broken[at("silence") : at("silence") + 4800] = 1e-4
    report = report_of_file(written(tmp_path / "a.wav", broken), facts(), "a.wav")
    found = warned(report, WarningCode.SILENCE_NOT_SILENT)
    assert (found.at_s, found.figure) == (7.0, "dropout.silence_at_s")


def test_a_slow_fall_and_a_faint_floor_are_placed(tmp_path: Path) -> None:
    path = written(tmp_path / "a.wav", ending("tri", 0.5, grain_dbfs=-75.0))
    report = report_of_file(path, facts(delivery="netflix-nearfield"), "a.wav")
    slow, faint = warned(report, WarningCode.FALL_TOO_LONG), warned(report, WarningCode.FLOOR_INAUDIBLE)
    assert report.dropout is not None
    assert report.dropout.fall_s is not None
    assert slow.at_s == 6.0
    assert slow.until_s == pytest.approx(6.0 + report.dropout.fall_s)
    assert (faint.at_s, faint.until_s) == (6.25, 7.0)


def test_a_file_that_ends_early_says_so_of_each_section(tmp_path: Path) -> None:
    report = report_of_file(
        written(tmp_path / "a.wav", ending()[: at("black") - RATE]), facts(), "a.wav"
    )
    late = [w for w in report.warnings if w.code is WarningCode.SECTION_PAST_END]
    assert [(w.at_s, w.until_s) for w in late] == [(1.0, 4.0), (4.0, 6.0), (6.0, 7.0), (7.0, 8.0)]


def test_where_nothing_falls_the_fall_is_not_measured(tmp_path: Path) -> None:
    steady = ending()
    steady[at("dropout") : at("silence")] = steady[:RATE]
    report = report_of_file(written(tmp_path / "a.wav", steady), facts(), "a.wav")
    assert warned(report, WarningCode.FALL_NOT_MEASURED).at_s == 6.0


def test_a_sample_over_full_scale_is_placed(tmp_path: Path) -> None:
    loud = np.zeros((RATE, 1))
    loud[RATE // 2] = 2.0
    path = written(tmp_path / "a.wav", loud, subtype="FLOAT")
    report = report_of_file(path, facts(sections=(), dropout=None), "a.wav")
    assert warned(report, WarningCode.OVER_FULL_SCALE).at_s == 0.5


def test_channels_that_cancel_are_a_hole(tmp_path: Path) -> None:
    noise = 0.05 * np.random.default_rng(1).standard_normal(2 * RATE)
    path = written(tmp_path / "a.wav", np.stack([noise, -noise], axis=1))
    report = report_of_file(path, facts(sections=(), dropout=None), "a.wav")
    assert warned(report, WarningCode.MONO_FOLD_HOLE).figure == "provenance.mono_fold"


def test_a_header_that_disagrees_with_its_file_is_a_warning(tmp_path: Path) -> None:
    path = written(tmp_path / "a.wav", ending()[:RATE])
    raw = bytearray(path.read_bytes())
    at_size = raw.index(b"data") + 4
    raw[at_size : at_size + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(raw)
    report = report_of_file(path, facts(sections=(), dropout=None), "a.wav")
    assert warned(report, WarningCode.FILE_STRUCTURE).message
