"""A path may hold any bytes: as a stem, as the folder for renders, as the project, as the cache."""

from __future__ import annotations

import json
import os
import re
import shutil

import pytest

from audio_pipeline.errors import encodable, encodable_texts
from audio_pipeline.reporting.report_file import read_report
from tests.command import tiny_project

ODD = os.fsdecode(b"caf\xe9\xff")
SHOWN = "caf\\xe9\\xff"


@pytest.fixture
def odd(tmp_path, monkeypatch):
    """A project in a folder with an odd name, a stem and a folder for renders of such a name."""
    try:
        project = tiny_project(tmp_path / "plain").rename(tmp_path / ODD)
    except (OSError, UnicodeError):
        pytest.skip("this file system takes no names that are not UTF-8")
    shutil.copy(project / "stems" / "voice_a.flac", project / f"{ODD}.flac")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / f"cache{ODD}"))
    return project


def texts(folder):
    """Every text that was written: each must be UTF-8."""
    suffixes = (".json", ".csv", ".html", ".svg")
    return [path.read_text("utf-8") for path in folder.rglob("*") if path.suffix in suffixes]


def test_a_render_with_an_odd_stem_is_kept_and_the_same_again(odd, call):
    voice, sets = f"{ODD}.flac", f"voice_b.stem={ODD}.flac"
    masters = []
    for out in (f"one{ODD}", f"two{ODD}"):
        arguments = [
            "--preset",
            "tiny",
            "--voice-a",
            voice,
            "--set",
            sets,
            "--out",
            out,
            "--stems",
            "--name",
            "tiny",
            "-v",
        ]
        done = call(odd, *arguments)
        assert done.returncode == 0, done.stderr
        masters.append((odd / out / "tiny.wav").read_bytes())
        report = read_report(odd / out / "tiny.report.json")
        assert report.provenance["preset"]["layers.voice_b.stem"] == f"{SHOWN}.flac"
        pages = [text for text in texts(odd / out) if text.startswith("<!")]
        assert f"{SHOWN}.flac" in pages[0]
    assert masters[0] == masters[1]


def test_every_command_takes_odd_paths(odd, call):
    out = f"out{ODD}"
    voice = f"{ODD}.flac"
    rows = [
        ("--preset", "tiny", "--out", out, "--json"),
        ("--preset", "tiny", "--out", out, "--from", "1s", "--voice-a", voice),
        ("--preset", "tiny", "--out", out, "--plot", f"{out}/a.svg"),
        ("batch", "tiny", "--vary", f"voice_a.stem={voice},stems/voice_a.flac", "--out", out),
        ("batch", "tiny", "--out", out, "--dry-run", "--json"),
        ("batch", "tiny", "--out", out, "--json"),
        ("presets", "tiny", "--set", f"voice_a.stem={voice}"),
        ("presets", "tiny", "--set", f"voice_a.stem={voice}", "--json"),
        ("measure", voice),
        ("measure", voice, "--json"),
        ("check", f"{out}/tiny.wav", "--delivery", "theatrical", "--json"),
        ("compare", f"{out}/tiny.wav", voice, "--tolerance", "1000", "--json"),
        ("compare", f"{out}/tiny.wav", voice, "--tolerance", "1000", "--csv"),
        ("compare", f"{out}/tiny.wav", voice, "--tolerance", "1000", "--markdown"),
        ("inspect", voice, "--json", "--plot", f"{out}/b.svg"),
        ("review", f"{out}/tiny.wav", voice, "--out", f"{out}/review"),
        ("cache", "--json"),
        ("init", f"new{ODD}"),
    ]
    for row in rows:
        done = call(odd, *row)
        assert "internal error" not in done.stderr, (row, done.stderr)
        assert done.returncode in (0, 1), (row, done.stderr)
        done.stdout.encode("utf-8")
        done.stderr.encode("utf-8")
        if "--json" in row and row[0] != "batch":
            json.loads(done.stdout)
    assert len(texts(odd / out)) >= 8


def test_the_measurement_of_an_odd_file_can_be_compared(odd, call):
    printed = call(odd, "measure", f"{ODD}.flac", "--json").stdout
    (odd / "measured.json").write_text(printed, "utf-8")
    assert SHOWN in read_report(odd / "measured.json").file
    assert call(odd, "compare", "measured.json", "measured.json").returncode == 0


def test_what_utf_8_cannot_encode_is_escaped_and_nothing_else():
    text = 'a"\\<\n\u202e\U0001f600'
    assert encodable(text) == text
    every = "".join(map(chr, range(0xD800, 0xE000)))
    escaped = encodable(f"a{every}b")
    escaped.encode("utf-8")
    assert re.fullmatch(r"a(\\(x[89a-f].|u[0-9a-f]{4}))+b", escaped)
    assert encodable_texts({"\udcff": ["\udc80", 1, None, ("\udcfe",)]}) == {
        "\\xff": ["\\x80", 1, None, ["\\xfe"]]
    }
