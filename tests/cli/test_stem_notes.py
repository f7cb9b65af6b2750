"""What was folded, chosen, trimmed or assumed stands in the terminal without --verbose, and in the report."""

from __future__ import annotations

import json
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.command import run, tiny_project
from tests.conftest import Call
from tests.metering.test_layout_oracles import masked_wave

RATE = 48_000
Rendered = Callable[..., tuple[subprocess.CompletedProcess, dict]]


def word(seconds: float = 0.6, seed: int = 1) -> np.ndarray:
    n = round(seconds * RATE)
    return 0.1 * np.random.default_rng(seed).standard_normal(n)


def tracks(count: int, voice: int) -> np.ndarray:
    x = np.zeros((round(0.6 * RATE), count))
    x[:, voice] = word()
    return x


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return tiny_project(tmp_path / "film")


@pytest.fixture
def rendered(call: Call) -> Rendered:
    """Renders `film` with a stem of these samples: what was said, and the report."""

    def made(
        film: Path, x: np.ndarray, *options: str, mask: int = 0
    ) -> tuple[subprocess.CompletedProcess, dict]:
        (film / "stems" / "it.wav").write_bytes(masked_wave(x, RATE, mask))
        done = call(film, "--preset", "tiny", "--name", "tiny", "--voice-a", "stems/it.wav", *options)
        report = film / "renders" / "tiny.report.json"
        return done, json.loads(report.read_text()) if done.returncode == 0 else {}

    return made


def notes(report: dict) -> list[tuple[str, str]]:
    return [(note["code"], note["message"]) for note in report["provenance"]["notes"]]


def test_the_track_with_the_voice_is_named(rendered: Rendered, film: Path) -> None:
    done, report = rendered(film, tracks(4, 3))
    said = "voice_a: took track 4 of 4, the only one with sound; the others are left out"
    assert f"note: {said}" in done.stderr
    assert ("stem_channels", said) in notes(report)
    assert not [w for w in report["warnings"] if w["code"].startswith("stem")]


def test_a_quiet_render_prints_no_note(rendered: Rendered, film: Path) -> None:
    done, report = rendered(film, tracks(4, 3), "--quiet")
    assert "track" not in done.stderr
    assert notes(report)


def test_trimmed_silence_is_told(rendered: Rendered, film: Path) -> None:
    x = np.concatenate([np.zeros(RATE), word(), np.zeros(2 * RATE)])[:, None]
    done, report = rendered(film, x)
    said = (
        "voice_a: trimmed 0.950 s of silence before the first word and 1.800 s of silence after the last"
    )
    assert f"note: {said}" in done.stderr
    assert ("stem_trimmed", said) in notes(report)


def test_trim_off_keeps_the_silence(rendered: Rendered, film: Path) -> None:
    x = np.concatenate([np.zeros(RATE), word()])[:, None]
    done, report = rendered(film, x, "--set", "layers.voice_a.trim=off")
    assert "trimmed" not in done.stderr
    assert notes(report) == []


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ("2", "took channel 2 (FR) of 2, as set in the preset"),
        ("left", "took channel 1 (FL) of 2, as set in the preset"),
        ("mix", "took the mean of left and right, as set in the preset"),
        ("auto", "took the left channel; the right one differs from it"),
    ],
)
def test_a_preset_names_the_channel(rendered: Rendered, film: Path, choice: str, said: str) -> None:
    x = np.stack([word(), np.roll(word(), 24)], axis=1)
    done, report = rendered(film, x, "--set", f"layers.voice_a.channel={choice}")
    assert f"note: voice_a: {said}" in done.stderr
    mixed = [warning for warning in report["warnings"] if warning["code"] == "stem_channels"]
    assert bool(mixed) == (choice == "mix")
    if mixed:
        assert "loses 20 dB" in mixed[0]["message"] or "at 1 kHz" in mixed[0]["message"]
        assert (
            done.stderr.count("two different channels") + done.stdout.count("two different channels")
            == 1
        )


@pytest.mark.parametrize("value", ["0", "25", "middle", "-1", "true"])
def test_what_is_no_channel_is_refused(rendered: Rendered, film: Path, value: str) -> None:
    done, _ = rendered(film, tracks(2, 0), "--set", f"layers.voice_a.channel={value}")
    assert done.returncode == 1
    assert "is not a channel; write" in done.stderr


@pytest.mark.parametrize("choice", ["3", "centre"])
def test_a_channel_that_is_not_there_is_refused(rendered: Rendered, film: Path, choice: str) -> None:
    done, _ = rendered(film, tracks(2, 0), "--set", f"layers.voice_a.channel={choice}")
    assert done.returncode == 1
    assert "has 2 channels; channel = " in done.stderr
    assert "Traceback" not in done.stderr


def test_an_lfe_alone_is_refused(rendered: Rendered, film: Path) -> None:
    done, _ = rendered(film, tracks(6, 3), mask=0x3F)
    assert done.returncode == 1
    assert "is silent after the fold" in done.stderr


def test_a_raise_of_more_than_40_db_is_a_warning(rendered: Rendered, film: Path) -> None:
    done, report = rendered(film, word()[:, None] * 10 ** (-60 / 20))
    assert "stem_gain" in [warning["code"] for warning in report["warnings"]]
    assert "dB of gain; its noise floor rose with it" in done.stderr


def test_a_measured_file_says_what_was_assumed_and_its_layout(tmp_path: Path) -> None:
    block = struct.pack("<HHIIHH", 1, 6, RATE, RATE * 12, 12, 16)
    sound = (tracks(6, 2) * 32767).astype("<i2").tobytes()
    body = (
        b"WAVEfmt "
        + struct.pack("<I", len(block))
        + block
        + b"data"
        + struct.pack("<I", len(sound))
        + sound
    )
    (tmp_path / "six.wav").write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    said = "six.wav states no channel layout; its 6 channels are assumed to be 5.1 (FL FR FC LFE SL SR)."
    assert said in run(tmp_path, "measure", "six.wav").stdout
    report = json.loads(run(tmp_path, "measure", "six.wav", "--json").stdout)
    assert (report["layout"], notes(report)) == ("5.1", [("channel_layout", said)])


@pytest.mark.parametrize("command", [["measure"], ["check", "--delivery", "ebu-r128"]])
def test_ambisonic_sound_is_refused_with_the_reason(tmp_path: Path, command: list[str]) -> None:
    plain = masked_wave(np.repeat(word()[:, None], 4, axis=1), RATE, 0)
    guid = bytes.fromhex("030000002107d3118644c8c1ca000000")
    (tmp_path / "field.amb").write_bytes(
        plain.replace(bytes.fromhex("0300000000001000800000aa00389b71"), guid)
    )
    done = run(tmp_path, *command, "field.amb")
    assert done.returncode == 1
    assert "field.amb is ambisonic (4 channels of B-format)" in done.stderr
    assert "hint:" in done.stderr


def test_the_sections_of_a_preset_follow_trimmed_stems(film: Path) -> None:
    text = 'extends = "tiny"\ncues.end = "voice_b.tail + 2s"\n'
    (film / "presets" / "spoken.toml").write_text(text)
    path = film / "stems" / "voice_b.flac"
    x, rate = soundfile.read(path)
    soundfile.write(path, np.concatenate([x, np.zeros(3 * rate)]), rate)
    run(film, "--preset", "spoken")
    rendered_cues = json.loads((film / "renders" / "spoken.report.json").read_text())["cues"]
    measured = run(film, "measure", "renders/spoken.wav", "--preset", "spoken", "--json")
    assert json.loads(measured.stdout)["cues"] == rendered_cues


def test_a_batch_tells_each_note_once(film: Path) -> None:
    path = film / "stems" / "voice_a.flac"
    x, rate = soundfile.read(path)
    soundfile.write(path, np.concatenate([x, np.zeros(rate)]), rate)
    done = run(film, "batch", "tiny", "--vary", "layers.grain.level=-60 dBFS,-50 dBFS")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("note: voice_a: trimmed") == 1
