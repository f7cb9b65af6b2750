from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audio_pipeline.errors import ReportError
from audio_pipeline.pages.words import clause_notes
from audio_pipeline.reporting.clause import READINGS, Value
from audio_pipeline.reporting.delivery import delivery_names, load_delivery, parse_delivery
from audio_pipeline.reporting.figures import FIGURES
from audio_pipeline.reporting.model import ClauseVerdict
from audio_pipeline.reporting.rejudge import rejudged
from audio_pipeline.reporting.report import report_of_file
from audio_pipeline.reporting.verdict import judge
from tests.endings import RATE, ending, facts, written

FIGURE_SET = {
    "integrated_lufs": -26.0,
    "dialogue_lufs": -27.0,
    "true_peak_dbtp": -4.0,
    "max_short_term_lufs": -20.0,
    "loudness_to_dialogue_lu": 1.0,
    "sample_rate_hz": 48_000,
    "bits": 24,
    "real_bits": 24,
    "channels": 2,
    "container": "WAV",
    "codec": "PCM",
    "channel_faults": 0,
    "loudness_range_lu": 10.0,
    "leq_m_db": 80.0,
    "dialogue_share_percent": 40.0,
}

MINIMAL = """
title = "T"
source = "S"
[normalise]
anchor = "programme"
target_lufs = -23.0
ceiling_dbtp = -1.0
[listening]
level = "79 dBC"
spl_at_full_scale_db = 99.0
[[clauses]]
figure = "integrated_lufs"
target = -23.0
tolerance = 1.0
unit = "LUFS"
source = "s"
"""


def clause(delivery: str, figure: str, **changes: Value) -> ClauseVerdict:
    judged = judge(load_delivery(delivery), {**FIGURE_SET, **changes}, {})
    found = [c for c in judged.clauses if c.figure == figure]
    return next((c for c in found if c.verdict != "does not apply"), found[0])


def test_all_deliveries_load_and_each_has_a_source_for_every_clause() -> None:
    assert set(delivery_names()) == {
        "netflix-nearfield",
        "amazon",
        "ebu-r128",
        "ebu-r128-s1",
        "ebu-r128-s4",
        "atsc-a85",
        "aes-td1008-speech",
        "aes-td1008-music",
        "podcast",
        "theatrical",
        "trailer",
        "music-and-effects",
    }
    for delivery in map(load_delivery, delivery_names()):
        assert all(c.source and c.figure in FIGURES for c in delivery.clauses)
        assert delivery.spl_at_full_scale_db in (99.0, 105.0)


@pytest.mark.parametrize(
    ("delivery", "figure", "value", "verdict"),
    [
        ("netflix-nearfield", "dialogue_lufs", -25.0, "pass"),
        ("netflix-nearfield", "dialogue_lufs", -24.9, "fail"),
        ("netflix-nearfield", "true_peak_dbtp", -2.0, "pass"),
        ("netflix-nearfield", "true_peak_dbtp", -1.9, "fail"),
        ("ebu-r128", "integrated_lufs", -23.2, "pass"),
        ("ebu-r128", "integrated_lufs", -23.21, "fail"),
        ("ebu-r128", "true_peak_dbtp", -0.9, "fail"),
        ("ebu-r128-s1", "max_short_term_lufs", -18.0, "pass"),
        ("ebu-r128-s1", "max_short_term_lufs", -17.9, "fail"),
        ("ebu-r128-s4", "loudness_to_dialogue_lu", 5.1, "fail"),
        ("atsc-a85", "dialogue_lufs", -22.0, "pass"),
        ("atsc-a85", "dialogue_lufs", -21.9, "fail"),
        ("ebu-r128-s4", "integrated_lufs", -63.0, "fail"),
        ("ebu-r128-s4", "integrated_lufs", -23.1, "pass"),
        ("netflix-nearfield", "sample_rate_hz", 44_100, "fail"),
        ("netflix-nearfield", "sample_rate_hz", 47_952, "fail"),
        ("netflix-nearfield", "bits", 16, "fail"),
        ("netflix-nearfield", "real_bits", 16, "fail"),
        ("netflix-nearfield", "real_bits", 20, "pass"),
        ("netflix-nearfield", "channels", 1, "fail"),
        ("netflix-nearfield", "channels", 6, "fail"),
        ("netflix-nearfield", "codec", "PCM float", "fail"),
        ("netflix-nearfield", "codec", "AAC", "fail"),
        ("netflix-nearfield", "container", "FLAC", "fail"),
        ("netflix-nearfield", "container", "RF64", "pass"),
        ("netflix-nearfield", "loudness_range_lu", 2.0, "not as recommended"),
        ("netflix-nearfield", "channel_faults", 1, "fail"),
        ("ebu-r128", "channel_faults", 2, "fail"),
        ("amazon", "channels", 6, "pass"),
        ("amazon", "channels", 5, "fail"),
        ("podcast", "channels", 1, "fail"),
        ("podcast", "sample_rate_hz", 32_000, "fail"),
        ("podcast", "container", "OGG", "fail"),
        ("theatrical", "sample_rate_hz", 88_200, "fail"),
        ("theatrical", "channels", 16, "pass"),
        ("theatrical", "channels", 17, "fail"),
        ("aes-td1008-speech", "integrated_lufs", -18.5, "pass"),
        ("aes-td1008-music", "integrated_lufs", -16.3, "fail"),
        ("podcast", "integrated_lufs", -17.0, "pass"),
        ("amazon", "bits", 16, "fail"),
        ("amazon", "sample_rate_hz", 44_100, "fail"),
        ("theatrical", "sample_rate_hz", 96_000, "pass"),
        ("trailer", "leq_m_db", 85.1, "fail"),
    ],
)
def test_limits_are_those_of_the_specification(
    delivery: str, figure: str, value: float, verdict: str
) -> None:
    assert clause(delivery, figure, **{figure: value}).verdict == verdict


@pytest.mark.parametrize(
    ("share", "applies"),
    [(15.0, "integrated_lufs"), (15.1, "dialogue_lufs"), (None, "dialogue_lufs")],
)
def test_netflix_measures_the_programme_when_at_most_15_percent_is_dialogue(
    share: float | None, applies: str
) -> None:
    judged = judge(
        load_delivery("netflix-nearfield"), {**FIGURE_SET, "dialogue_share_percent": share}, {}
    )
    applying = [c.figure for c in judged.clauses if c.verdict != "does not apply"]
    assert applying[:2] == [applies, "true_peak_dbtp"]
    assert {"integrated_lufs", "dialogue_lufs"} & set(applying) == {applies}


def test_without_a_stem_the_verdict_says_how_to_give_one() -> None:
    nothing = {"dialogue_lufs": None, "dialogue_share_percent": None, "loudness_to_dialogue_lu": None}
    for delivery, figure in (
        ("amazon", "dialogue_lufs"),
        ("netflix-nearfield", "dialogue_lufs"),
        ("ebu-r128-s4", "loudness_to_dialogue_lu"),
    ):
        judged = judge(load_delivery(delivery), {**FIGURE_SET, **nothing}, {figure: "no dialogue stem"})
        (found,) = [c for c in judged.clauses if c.figure == figure]
        assert judged.verdict != "pass"
        assert found.verdict == "not measurable"
        assert found.why == "no dialogue stem was given; give it with --dialogue FILE"


def test_atsc_is_anchored_on_dialogue_and_measures_the_whole_without_a_stem() -> None:
    delivery = load_delivery("atsc-a85")
    with_stem = {c.code: c.verdict for c in judge(delivery, FIGURE_SET, {}).clauses}
    assert (with_stem["dialogue_lufs"], with_stem["integrated_lufs"]) == ("fail", "does not apply")
    nothing = {"dialogue_lufs": None, "dialogue_share_percent": None}
    without = {c.code: c for c in judge(delivery, {**FIGURE_SET, **nothing}, {}).clauses}
    assert without["integrated_lufs"].verdict == "pass"
    assert "--dialogue FILE" in (without["dialogue_lufs"].why or "")


def test_a_silent_stem_is_not_called_missing() -> None:
    judged = judge(
        load_delivery("amazon"), {**FIGURE_SET, "dialogue_lufs": None, "dialogue_share_percent": 0.0}, {}
    )
    assert judged.clauses[0].why == "the dialogue stem holds nothing above the -70 LUFS gate"


@pytest.mark.parametrize("codec", ["MP3", "AAC"])
def test_a_clause_about_lossless_files_does_not_apply_to_others(codec: str) -> None:
    lossy = {**FIGURE_SET, "codec": codec, "container": "MP3", "bits": None, "channels": 1}
    lossy |= {"integrated_lufs": -16.0, "sample_rate_hz": 44_100, "dialogue_share_percent": None}
    assert judge(load_delivery("podcast"), lossy, {}).verdict == "pass"


def test_every_clause_cites_a_document_with_version_and_section_and_says_what_was_read() -> None:
    for delivery in map(load_delivery, delivery_names()):
        codes = [clause.code for clause in delivery.clauses]
        assert len(codes) == len(set(codes))
        for clause in delivery.clauses:
            assert clause.document, (delivery.name, clause.code)
            assert clause.version, (delivery.name, clause.code)
            assert clause.section, (delivery.name, clause.code)
            assert clause.read in READINGS, (delivery.name, clause.code)
            assert "read" in (clause.citation() or "")


def test_dialogue_gating_is_never_claimed(tmp_path: Path) -> None:
    path = written(tmp_path / "e.wav", ending())
    report = report_of_file(path, facts(delivery="netflix-nearfield"), "e.wav")
    assert any("this is the loudness of the dialogue stem itself" in n for n in clause_notes(report))


def test_the_verdict_of_another_delivery_on_a_report_equals_that_on_the_file(tmp_path: Path) -> None:
    path = written(tmp_path / "e.wav", ending())
    report = report_of_file(path, facts(delivery="netflix-nearfield"), "e.wav")
    for name in ("amazon", "ebu-r128", "ebu-r128-s4", "theatrical"):
        again = report_of_file(path, facts(delivery=name), "e.wav")
        here, there = rejudged(report, name).delivery, again.delivery
        assert here.verdict == there.verdict
        for a, b in zip(here.clauses, there.clauses, strict=True):
            assert a.verdict == b.verdict
            assert a.delta == pytest.approx(b.delta, abs=2e-4)
            assert (a.code, a.document, a.measured_text) == (b.code, b.document, b.measured_text)
        assert here.advice is not None
        assert there.advice is not None
        assert here.advice.gain_db == pytest.approx(there.advice.gain_db, abs=0.02)
        assert here.advice.unmet == there.advice.unmet


def test_leq_m_of_a_2_khz_tone_is_measured_for_a_trailer(tmp_path: Path) -> None:
    tone = 0.1 * np.sin(2 * np.pi * 2000 * np.arange(70 * RATE) / RATE)[:, None]
    known = facts(delivery="trailer", sections=(), dropout=None)
    report = report_of_file(written(tmp_path / "tone.wav", tone), known, "tone.wav")
    clause_ = report.delivery.clauses[0]
    assert clause_.measured == pytest.approx(85.0, abs=0.1)
    assert "leqm-nrt" in clause_.caveat


def test_the_beginning_of_a_name_is_enough_when_only_one_begins_so() -> None:
    assert load_delivery("netflix").name == "netflix-nearfield"
    with pytest.raises(ReportError):
        load_delivery("ebu-r128-s")


@pytest.mark.parametrize("name", ["", "netflx", "../../etc/passwd", "ebu-r128.toml", "x" * 10_000])
def test_an_unknown_delivery_names_those_there_are(name: str) -> None:
    with pytest.raises(ReportError, match="unknown delivery") as error:
        load_delivery(name)
    assert "atsc-a85" in (error.value.hint or "")
    assert len(error.value.message) < 200


def test_an_unknown_delivery_names_the_nearest() -> None:
    with pytest.raises(ReportError) as error:
        load_delivery("netflix-nearfeild")
    assert "did you mean 'netflix-nearfield'?" in (error.value.hint or "")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('title = "T"', "", "title is missing"),
        ('title = "T"', "title = 7", "title is 7"),
        ('"programme"', '"music"', "normalise.anchor is 'music'"),
        ("target_lufs = -23.0", "target_lufs = nan", "normalise.target_lufs is nan"),
        ("[listening]", "[listning]", "did you mean 'listening'?"),
        ('"integrated_lufs"', '"loudness"', "clauses[0].figure is 'loudness'"),
        ("tolerance = 1.0", "", "clauses[0]"),
        ("tolerance = 1.0", "tolerance = true", "clauses[0].tolerance is True"),
        ("tolerance = 1.0", "tolerance = 1.0\nmaximum = 3.0", "clauses[0]"),
        ("tolerance = 1.0", "tolerance = -1.0", "limits that something can lie between"),
        ("[[clauses]]", "[clauses]", "clauses is"),
        ("title", "title = [", "is not valid TOML"),
        ("tolerance = 1.0", "tolerance = 1.0\nallowed = [1]", "clauses[0]"),
        ("target = -23.0\ntolerance = 1.0", "allowed = []", "clauses[0].allowed is []"),
        ("target = -23.0\ntolerance = 1.0", "allowed = [true]", "clauses[0].allowed is True"),
        ("tolerance = 1.0", 'tolerance = 1.0\nread = "yes"', "clauses[0].read is 'yes'"),
        ("tolerance = 1.0", "tolerance = 1.0\nread = [1]", "clauses[0].read is [1]"),
        ("tolerance = 1.0", "tolerance = 1.0\nbinding = 1", "clauses[0].binding is 1"),
        ("tolerance = 1.0", "tolerance = 1.0\nwhen_codec = 1", "clauses[0].when_codec is 1"),
        ('"integrated_lufs"', "[]", "clauses[0].figure is []"),
    ],
)
def test_a_wrong_delivery_file_is_refused_by_its_key(old: str, new: str, named: str) -> None:
    with pytest.raises(ReportError) as error:
        parse_delivery("mine", MINIMAL.replace(old, new, 1))
    assert named in error.value.message
    assert "mine" in error.value.message


def test_two_clauses_of_one_code_are_refused() -> None:
    clause = MINIMAL[MINIMAL.index("[[clauses]]") :]
    with pytest.raises(ReportError, match="a code that no other clause has"):
        parse_delivery("mine", MINIMAL + clause)
    twin = parse_delivery("mine", MINIMAL + clause.replace("figure", 'code = "again"\nfigure'))
    assert [c.code for c in twin.clauses] == ["integrated_lufs", "again", "channel_faults"]
