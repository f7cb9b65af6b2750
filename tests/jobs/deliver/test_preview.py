"""The preview in a delivered folder: placed by timecode, listed, compared with the last version."""

from __future__ import annotations

import json
import tempfile
from fractions import Fraction
from pathlib import Path

import pytest

from audio_pipeline.audio_io.read.picture_file import PictureInfo
from audio_pipeline.errors import RenderError, StemError
from audio_pipeline.jobs.deliver import preview
from audio_pipeline.jobs.deliver.folder import Delivered, SharedWork
from audio_pipeline.jobs.deliver.folder import deliver as deliver_with
from audio_pipeline.jobs.deliver.listening import CopyShelf
from audio_pipeline.jobs.deliver.material import Material
from audio_pipeline.jobs.deliver.preview import (
    PreviewRequest,
    PreviewShelf,
    preview_request,
    refuse_other_rate,
    skipped_frames,
)
from audio_pipeline.jobs.deliver.verify import verify_folder
from audio_pipeline.timeline.moments import Clock
from audio_pipeline.timeline.timecode import RATES
from tests.films import film, needs_ffmpeg
from tests.jobs.deliver.conftest import SENDER


def clock_of(rate: str, start: str) -> Clock:
    return Clock(RATES[rate], start_frame=RATES[rate].frame(start))


def picture_at(timecode: str | None, *rates: float, duration_s: float | None = 10.0) -> PreviewRequest:
    return PreviewRequest(Path("film.mov"), PictureInfo(0, rates or (24.0,), timecode, duration_s), "x")


@pytest.mark.parametrize(
    ("rate", "start", "timecode", "skip"),
    [
        ("24", "01:00:00:00", "01:00:00:00", 0),
        ("24", "01:00:00:00", None, 0),
        ("24", "01:00:05:00", "01:00:00:00", 120),
        ("24", "01:00:00:00", "01:00:00:12", -12),
        ("25", "00:00:00:00", "23:59:59:00", 25),
        ("25", "23:59:59:20", "00:00:00:00", -5),
        ("29.97df", "01:00:00;00", "00:59:58;00", 60),
    ],
)
def test_a_picture_is_placed_by_timecode(rate: str, start: str, timecode: str | None, skip: int) -> None:
    request = picture_at(timecode, round(float(RATES[rate].frames_per_s), 2))
    assert skipped_frames(request, clock_of(rate, start), 240) == skip


@pytest.mark.parametrize(
    ("rate", "timecode", "rates", "why"),
    [
        ("24", "01:00:00:00", (23.98,), r"23\.98 frames a second, the mix has 24$"),
        ("29.97", "01:00:00:00", (30.0,), r"30 frames a second"),
        ("24", "01:00:00:00", (), r"unknown number of frames a second"),
        ("25", "01:00:00;00", (25.0,), r"drop frame"),
        ("24", "00:59:00:00", (24.0,), r"does not overlap the mix, which starts at 01:00:00:00$"),
        ("24", "01:00:10:00", (24.0,), r"does not overlap"),
    ],
)
def test_a_picture_that_does_not_match_is_refused(
    rate: str, timecode: str, rates: tuple[float, ...], why: str
) -> None:
    request = PreviewRequest(Path("film.mov"), PictureInfo(0, rates, timecode, 10.0), "x")
    with pytest.raises(RenderError, match=why) as refused:
        skipped_frames(request, clock_of(rate, "01:00:00:00"), 240)
    assert refused.value.hint


def test_a_variable_rate_counts_by_its_base_rate() -> None:
    refuse_other_rate(picture_at(None, 23.81, 24.0), RATES["24"])


def deliver(material: Material, out: Path, request: PreviewRequest) -> Delivered:
    with tempfile.TemporaryDirectory() as folder:
        shelf = PreviewShelf(Path(folder), request)
        work = SharedWork(CopyShelf(Path(folder)), shelf)
        return deliver_with(material, "ebu-r128", out, SENDER, work)


@needs_ffmpeg
def test_a_folder_holds_its_preview(material: Material, tmp_path: Path) -> None:
    first = deliver(material, tmp_path / "out", preview_request(None))
    again = deliver(material, tmp_path / "out", preview_request(None))
    assert (first.made, again.made) == (True, False)
    video = next(first.folder.glob("*.preview.mp4"))
    page = next(first.folder.glob("*.preview.html")).read_text()
    assert f'src="{video.name}"' in page
    assert verify_folder(first.folder).passes
    video.write_bytes(video.read_bytes()[:-1])
    assert not verify_folder(first.folder).passes
    picture = film(tmp_path / "film.mov", "-timecode", "01:00:01:00")
    second = deliver(material, tmp_path / "out", preview_request(picture))
    assert second.made
    said = second.record.differs or []
    assert f"preview: {preview.BLACK}, now film.mov" in said
    letter = next(second.folder.glob("*.letter.txt")).read_text()
    assert "24 frames after the first frame of action" in letter
    assert "For review only" in letter
    record = json.loads((second.folder / "delivery.json").read_text())
    assert record["preview"]["picture"] == "film.mov"


def test_a_preview_without_ffmpeg_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "find_ffmpeg", lambda: None)
    with pytest.raises(RenderError, match="needs ffmpeg") as refused:
        preview_request(None)
    assert refused.value.hint


@needs_ffmpeg
@pytest.mark.parametrize("name", ["missing.mov", "folder", "text.mov"])
def test_what_is_not_a_film_is_refused_at_once(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.mov").write_text("no film")
    with pytest.raises(StemError) as refused:
        preview_request(tmp_path / name)
    assert refused.value.hint


def test_the_frames_of_a_picture_are_exact_over_a_day() -> None:
    """At 29.97 frames a second two labels an hour apart are 107 892 frames apart."""
    request = picture_at("00:00:00;00", 29.97, duration_s=7200.0)
    assert skipped_frames(request, clock_of("29.97df", "01:00:00;00"), 240) == 107_892
    seconds = Fraction(107_892) / RATES["29.97df"].frames_per_s
    assert abs(float(seconds) - 3600) < 0.01
