"""A preview shows every frame of the picture with its sound, and says what it is."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_pipeline.audio_io.ffmpeg_program import find_ffmpeg
from audio_pipeline.audio_io.read.picture_file import picture_info
from audio_pipeline.audio_io.regular_file import regular_file
from audio_pipeline.errors import RenderError
from audio_pipeline.pages import preview_video
from audio_pipeline.pages.preview_strip import HEIGHT, WIDTH, strip_frames
from audio_pipeline.pages.preview_video import PICTURE_HEIGHT, Footage, PreviewSpan, write_preview
from audio_pipeline.timeline.timecode import RATES
from tests.films import film, flash, needs_ffmpeg

HZ = 48_000


def decoded(path: Path, *options: str) -> bytes:
    command = [str(find_ffmpeg()), "-v", "error", "-i", str(path), *options, "pipe:1"]
    return subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL).stdout


def luma(path: Path) -> np.ndarray:
    """The mean of the picture of every frame, without the strip, `(frames,)`."""
    raw = decoded(path, "-f", "rawvideo", "-pix_fmt", "gray")
    frames = np.frombuffer(raw, np.uint8).reshape(-1, HEIGHT + PICTURE_HEIGHT, WIDTH)
    return frames[:, HEIGHT:].mean(axis=(1, 2))


def click_master(path: Path, at: int, samples: int) -> Path:
    sound = np.zeros((samples, 2))
    sound[at : at + 24] = 0.5
    soundfile.write(path, sound, HZ, subtype="PCM_24")
    return path


def span_of(rate: str, frames: int, start: str = "01:00:00:00") -> PreviewSpan:
    found = RATES[rate]
    return PreviewSpan(found, found.frame(start), frames, (("start", 0), ("black", frames // 2)))


@needs_ffmpeg
@pytest.mark.parametrize(
    ("rate", "skip", "at"), [("24", 0, 20), ("25", 12, 30), ("29.97", -7, 9), ("23.976", 5, 5)]
)
def test_a_flash_and_a_click_are_in_sync(tmp_path: Path, rate: str, skip: int, at: int) -> None:
    frames_per_s = RATES[rate].frames_per_s
    text = f"{frames_per_s.numerator}/{frames_per_s.denominator}"
    picture = flash(tmp_path / "a.mov", at, 32, text, None)
    shown = at - skip  # the flash in the preview
    sample = round(Fraction(shown) / frames_per_s * HZ)
    master = click_master(tmp_path / "m.wav", sample, round(Fraction(24) / frames_per_s * HZ))
    with regular_file(picture) as file:
        footage = Footage(file, picture_info(file).stream, skip)
        write_preview(tmp_path / "p.mp4", master, span_of(rate, 24), footage, "Film")
    light = luma(tmp_path / "p.mp4")
    assert len(light) == 24
    assert int(light.argmax()) == shown
    sound = np.frombuffer(decoded(tmp_path / "p.mp4", "-f", "f32le", "-ac", "1"), "<f4")
    heard = int(np.abs(sound).argmax())
    assert abs(heard - sample) / HZ < float(1 / frames_per_s) / 2


@needs_ffmpeg
def test_picture_that_is_missing_is_black_and_what_is_too_long_is_cut(tmp_path: Path) -> None:
    picture = film(tmp_path / "white.mp4", source="color=c=white:s=64x48:r=24:d=1")
    master = click_master(tmp_path / "m.wav", 0, 2 * HZ)
    with regular_file(picture) as file:
        write_preview(tmp_path / "late.mp4", master, span_of("24", 48), Footage(file, 0, -6), "Film")
        write_preview(tmp_path / "cut.mp4", master, span_of("24", 12), Footage(file, 0, 6), "Film")
    late = luma(tmp_path / "late.mp4") > 100  # white, and black at its sides
    assert late.tolist() == [False] * 6 + [True] * 24 + [False] * 18
    assert (luma(tmp_path / "cut.mp4") > 100).tolist() == [True] * 12


@needs_ffmpeg
@pytest.mark.parametrize(
    ("name", "source", "options"),
    [
        ("odd.mp4", "testsrc=s=65x49:r=24:d=1", ("-pix_fmt", "yuv444p")),
        ("tall.mp4", "testsrc=s=90x160:r=24:d=1", ()),
        ("deep.mov", "testsrc=s=64x48:r=24:d=1", ("-c:v", "prores", "-pix_fmt", "yuv422p10le")),
        ("alpha.mov", "color=c=white@0.5:s=64x48:r=24:d=1,format=rgba", ("-c:v", "qtrle")),
        ("anamorphic.mp4", "testsrc=s=64x48:r=24:d=1,setsar=16/9", ()),
        ("turned.mp4", "testsrc=s=64x48:r=24:d=1", ("-metadata:s:v", "rotate=90")),
        ("variable.mkv", "testsrc=s=64x48:r=24:d=1,select=mod(n\\,5)", ("-fps_mode", "vfr")),
    ],
)
def test_pictures_of_every_kind_become_one_size(
    tmp_path: Path, name: str, source: str, options: tuple[str, ...]
) -> None:
    picture = film(tmp_path / name, *options, source=source)
    master = click_master(tmp_path / "m.wav", 0, HZ // 3)
    with regular_file(picture) as file:
        stream = picture_info(file).stream
        write_preview(tmp_path / "p.mp4", master, span_of("24", 8), Footage(file, stream, 0), "Film")
    assert len(luma(tmp_path / "p.mp4")) == 8
    assert luma(tmp_path / "p.mp4").max() > 1


@needs_ffmpeg
def test_black_has_a_strip_with_timecode_and_the_same_bytes_again(tmp_path: Path) -> None:
    master = click_master(tmp_path / "m.wav", 0, HZ)
    for name in ("a.mp4", "b.mp4"):
        write_preview(tmp_path / name, master, span_of("24", 24, "23:59:59:12"), None, "Film")
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    assert luma(tmp_path / "a.mp4").max() < 1
    raw = decoded(tmp_path / "a.mp4", "-f", "rawvideo", "-pix_fmt", "gray")
    frames = np.frombuffer(raw, np.uint8).reshape(-1, HEIGHT + PICTURE_HEIGHT, WIDTH)
    wanted = list(
        strip_frames(RATES["24"], RATES["24"].frame("23:59:59:12"), 24, span_of("24", 24).cues)
    )
    for frame, strip in zip(frames, wanted, strict=True):
        assert np.corrcoef(frame[:HEIGHT].ravel(), strip.ravel())[0, 1] > 0.98
    assert b"For review only" in (tmp_path / "a.mp4").read_bytes()


def test_strips_differ_in_timecode_and_cue() -> None:
    strips = list(strip_frames(RATES["24"], 0, 48, [("start", 0), ("black", 24)]))
    assert len({strip.tobytes() for strip in strips}) == 48
    left, right = slice(0, WIDTH // 3), slice(2 * WIDTH // 3, WIDTH)
    assert len({strip[:, left].tobytes() for strip in strips}) == 1  # the notice
    assert len({strip[:, right].tobytes() for strip in strips}) == 2  # a cue each
    assert all(strip[:, left].max() > 200 for strip in strips)


@needs_ffmpeg
@pytest.mark.parametrize("share", [0.5, 0.8])
def test_a_truncated_picture_is_shown_as_far_as_it_goes(tmp_path: Path, share: float) -> None:
    whole = film(tmp_path / "a.mkv", "-g", "6").read_bytes()
    master = click_master(tmp_path / "m.wav", 0, HZ)
    (tmp_path / "cut.mkv").write_bytes(whole[: int(share * len(whole))])
    with regular_file(tmp_path / "cut.mkv") as file:
        write_preview(tmp_path / "p.mp4", master, span_of("24", 24), Footage(file, 0, 0), "Film")
    assert len(luma(tmp_path / "p.mp4")) == 24


@needs_ffmpeg
def test_a_stream_that_cannot_be_decoded_is_one_sentence(tmp_path: Path) -> None:
    picture = film(tmp_path / "a.mkv")
    master = click_master(tmp_path / "m.wav", 0, HZ)
    with regular_file(picture) as file, pytest.raises(RenderError, match="cannot be encoded") as refused:
        write_preview(tmp_path / "p.mp4", master, span_of("24", 24), Footage(file, 7, 0), "Film")
    assert "\n" not in refused.value.message
    assert refused.value.hint


def test_without_ffmpeg_a_preview_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview_video, "find_ffmpeg", lambda: None)
    master = click_master(tmp_path / "m.wav", 0, HZ)
    with pytest.raises(RenderError, match="ffmpeg is missing"):
        write_preview(tmp_path / "p.mp4", master, span_of("24", 24), None, "Film")
    assert not (tmp_path / "p.mp4").exists()
