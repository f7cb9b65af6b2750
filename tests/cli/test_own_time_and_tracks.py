"""Files tell their start, rate and cues to `measure`, `check`, `compare` and `review`; options override; tracks
are selected by number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from audio_pipeline.cli.main import cli
from audio_pipeline.errors import ReportError, StemError
from tests.audio_io.read.test_tracks import FFMPEG, made
from tests.audio_io.read.time_makers import HOUR, bext, cue_points, ixml, labels, wav
from tests.audio_io.wave_makers import RATE

CUES = [("voices", RATE), ("black", 2 * RATE), ("dropout", 3 * RATE), ("silence", 5 * RATE)]
TIMED = wav(ixml("25/1"), cue_points(CUES), labels(CUES), before=bext(10 * HOUR))


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)


def report(*words: object) -> dict[str, Any]:
    return dict(json.loads(run("measure", *words, "--json").stdout))


@pytest.fixture
def timed(tmp_path: Path) -> Path:
    path = tmp_path / "timed.wav"
    path.write_bytes(TIMED)
    return path


def test_a_report_has_the_file_s_own_start_rate_and_cues(timed: Path) -> None:
    told = report(timed)
    assert told["provenance"]["picture_rate"] == "25"
    assert told["provenance"]["picture_start"] == "10:00:00:00"
    assert told["provenance"]["own_time"] == {
        "sources": {"start": "bext", "rate": "iXML", "cues": "cue"},
        "time_reference_samples": 10 * HOUR,
    }
    assert [(cue["name"], cue["at_samples"]) for cue in told["cues"]] == CUES
    assert told["cues"][1]["timecode"] == "10:00:02:00"
    assert [section["name"] for section in told["sections"]] == [name for name, _ in CUES]
    assert told["dropout"]["at_s"] == 3.0
    printed = run("measure", timed).stdout
    assert (
        "Time from the file: start 10:00:00:00 (bext), 25 frames a second (iXML), 4 cues (cue)."
        in printed
    )


@pytest.mark.parametrize(
    ("options", "rate", "start", "black"),
    [
        (["--rate", "24"], "24", "10:00:00:00", "10:00:02:00"),
        (["--start", "01:00:00:00"], "25", "01:00:00:00", "01:00:02:00"),
        (["--rate", "30", "--start", "02:00:00:10"], "30", "02:00:00:10", "02:00:02:10"),
    ],
)
def test_options_replace_what_the_file_says(
    timed: Path, options: list[str], rate: str, start: str, black: str
) -> None:
    told = report(timed, *options)
    assert (told["provenance"]["picture_rate"], told["provenance"]["picture_start"]) == (rate, start)
    assert told["cues"][1]["timecode"] == black


def test_a_start_that_the_file_s_rate_lacks_is_refused_in_a_sentence(timed: Path) -> None:
    with pytest.raises(ReportError, match="at 25 the last is 24") as refused:
        run("measure", timed, "--start", "01:00:00:29")
    assert "--rate" in (refused.value.hint or "")


@pytest.mark.parametrize(
    ("reference", "rate", "flag", "start", "at_1_s"),
    [
        (round(3603.6 * RATE), "24000/1001", "NDF", "01:00:00:00", "01:00:00:23"),
        (HOUR, "30000/1001", "DF", "01:00:00;00", "01:00:01;00"),
        # frames 1001 × 1.001 samples long: the first sample of a picture is the nearest to its exact time
        (round(86_413 * RATE * 1001 / 24_000), "24000/1001", "NDF", "01:00:00:13", "01:00:01:12"),
        # 1900 of the 1920 samples of a frame are over: a second later 20 + 46 080 are
        (HOUR + 1900, "25/1", "NDF", "01:00:00:00", "01:00:01:00"),
        (HOUR + 1919, "25/1", "NDF", "01:00:00:00", "01:00:01:00"),
    ],
)
def test_timecodes_count_from_the_sample_and_not_from_a_whole_frame(
    tmp_path: Path, reference: int, rate: str, flag: str, start: str, at_1_s: str
) -> None:
    path = tmp_path / "take.wav"
    late = [("here", RATE), ("next picture", RATE + 30)]
    path.write_bytes(wav(ixml(rate, flag), cue_points(late), labels(late), before=bext(reference)))
    told = report(path)
    assert told["provenance"]["picture_start"] == start
    assert told["cues"][0]["timecode"] == at_1_s
    if reference == HOUR + 1900:
        assert told["cues"][1]["timecode"] == "01:00:01:01"


def test_a_file_that_says_nothing_starts_at_one_hour(tmp_path: Path) -> None:
    path = tmp_path / "plain.wav"
    path.write_bytes(wav())
    told = report(path)
    assert told["provenance"]["picture_start"] == "01:00:00:00"
    assert told["provenance"]["picture_rate"] == "24"
    assert told["sections"] == []
    assert "own_time" not in told["provenance"]


def test_markers_that_say_nothing_of_silence_make_no_fault_of_it(tmp_path: Path) -> None:
    path = tmp_path / "takes.wav"
    content = wav(cue_points(CUES[:2]), labels(CUES[:2]))
    path.write_bytes(content.replace(content[100_000:160_000], bytes(60_000)))
    told = report(path)
    assert told["delivery"]["silences"]
    assert "unplanned_silence" not in [warning["code"] for warning in told["warnings"]]


def test_check_compare_and_review_know_the_file_s_time(timed: Path, tmp_path: Path) -> None:
    checked = run("check", timed, "--delivery", "ebu-r128")
    assert "Time from the file: start 10:00:00:00 (bext)" in checked.stdout

    shifted = tmp_path / "shifted.wav"
    moved = [(name, at + RATE // 2) for name, at in CUES]
    shifted.write_bytes(wav(cue_points(moved), labels(moved)))
    compared = json.loads(run("compare", timed, shifted, "--json").stdout)
    assert {row["section"] for row in compared["figures"] if row["section"]} == {n for n, _ in CUES}
    other = json.loads(run("compare", timed, shifted, "--json", "--rate", "30").stdout)
    assert other["widest"][1]["timecode"] != compared["widest"][1]["timecode"]

    page = tmp_path / "choice.html"
    assert run("review", timed, shifted, "--out", page).exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert '"picture":["25","10:00:00:00"]' in text.replace(", ", ",").replace(": ", ":")
    assert '"dropout"' in text


@pytest.mark.skipif(FFMPEG is None, reason="neither ffmpeg nor imageio-ffmpeg is installed")
def test_a_track_is_selected_by_its_number(tmp_path: Path) -> None:
    film = made(tmp_path / "film.mov", (1, 1), "pcm_s24le")
    both, second = report(film), report(film, "--track", "2")
    assert (both["channels"], second["channels"]) == (2, 1)
    assert both["integrated_lufs"] - second["integrated_lufs"] == pytest.approx(3.0, abs=0.2)
    assert [warning["code"] for warning in both["warnings"]] == ["other_tracks"]
    assert "2 mono tracks" in run("measure", film).stdout
    checked = run("check", film, "--delivery", "ebu-r128", "--track", "1")
    assert "track 1 (pcm_s24le" in checked.stdout
    compared = run("compare", film, film, "--track", "2")
    assert (compared.exit_code, compared.stderr.count("track 2")) == (0, 2)
    page = tmp_path / "choice.html"
    reviewed = run("review", film, film, "--track", "2", "--out", page)
    assert (reviewed.exit_code, reviewed.stderr.count("track 2")) == (0, 2)
    with pytest.raises(StemError, match="there is no track 3"):
        run("measure", film, "--track", "3")
    assert run("measure", film, "--track", "0").exit_code == 2
