"""Projects to test in: the presets of this repository with small stems of their own."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import settings

from audio_pipeline.cli import main as command_line
from audio_pipeline.preset.project import Project

REPOSITORY = Path(__file__).parent.parent

_caches = tempfile.TemporaryDirectory(prefix="render-ending-tests-")
os.environ["XDG_CACHE_HOME"] = _caches.name  # tests keep nothing in the home of who runs them
for _name in ("RENDER_ENDING_CACHE", "RENDER_ENDING_CACHE_SIZE"):
    os.environ.pop(_name, None)

# without bytecode, every command that a test starts compiles all modules: a third of a second of CPU
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# nohup, and a shell that starts a job behind itself, hand ignored signals on to everything started here
for _number, _default in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGTERM, signal.SIG_DFL),
    (getattr(signal, "SIGHUP", signal.SIGTERM), signal.SIG_DFL),
):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _default)

# examples may take as long as they need; every run has the same ones, unless RANDOM_EXAMPLES is set
settings.register_profile("tests", deadline=None, derandomize="RANDOM_EXAMPLES" not in os.environ)
settings.load_profile("tests")


def speech_like(seed: int, seconds: float, sample_rate_hz: int = 48_000) -> np.ndarray:
    """Pink-ish noise in syllables, `(n,)`: something to level that is quick to make."""
    rng = np.random.default_rng(seed)
    n = int(seconds * sample_rate_hz)
    spectrum = np.fft.rfft(rng.standard_normal(n))
    f = np.fft.rfftfreq(n, 1 / sample_rate_hz)
    spectrum *= (f > 100) / np.maximum(f, 100.0) ** 0.8 / (1 + (f / 5000) ** 4)
    x = np.fft.irfft(spectrum, n)
    x *= 0.55 + 0.45 * np.sin(2 * np.pi * 3.1 * np.arange(n) / sample_rate_hz)
    return 0.1 * x / np.abs(x).max()


@cache
def speech_like_flac(seed: int, seconds: float, subtype: str) -> bytes:
    """`speech_like` as a file; every project has the same ones."""
    file = io.BytesIO()
    soundfile.write(file, speech_like(seed, seconds), 48_000, format="FLAC", subtype=subtype)
    return file.getvalue()


def make_project(tmp_path: Path) -> Project:
    """A project with this repository's presets, two short stems, and the preset `short`."""
    shutil.copytree(REPOSITORY / "presets", tmp_path / "presets")
    (tmp_path / "stems").mkdir()
    for seed, (name, seconds) in enumerate({"voice_a": 2.5, "voice_b": 2.0}.items()):
        (tmp_path / "stems" / f"{name}.flac").write_bytes(speech_like_flac(seed, seconds, "PCM_24"))
    (tmp_path / "presets" / "short.toml").write_text(SHORT)
    return Project(tmp_path)


SHORT = """
extends = "final"
description = "The ending in little: some twelve seconds, two tiles."

[cues]
breath = "500ms"
voice_a = "1s"
cross = "voice_a.tail - 200ms"
voice_b = "voice_a.tail + 500ms"
black = ["8s", "echo.tail"]
dropout = "black + 2s"
silence = "black + 3s"
end = "black + 3.5s"

[effects.crossfade]
cross_to = "voice_b + 200ms"
slip = "300ms"

[effects.echo]
words = "800ms"
gap = "200ms"
returns = 2
"""


def shorten_final(project: Project) -> None:
    """Give `final` what `short` changes in it, and less to wait for: what extends it lasts ten seconds."""
    path = project.presets / "final.toml"
    short = tomllib.loads(SHORT)
    tables = {
        "cues": short["cues"]
        | {"black": "echo.tail", "dropout": "black + 600ms"}
        | {"silence": "dropout + 500ms", "end": "silence + 200ms"},  # alternates move the dropout alone
        "effects.crossfade": short["effects"]["crossfade"],
        "effects.echo": short["effects"]["echo"] | {"words": "400ms", "returns": 1},
    }
    text = path.read_text()
    for table, keys in tables.items():
        before, head, after = text.partition(f"[{table}]\n")
        assert head
        body, gap, rest = after.partition("\n\n")
        for key in keys:
            body = re.sub(rf"^{key} = .*\n?", "", body, flags=re.MULTILINE)
        lines = "".join(f"{key} = {value!r}\n" for key, value in keys.items())
        text = f"{before}{head}{lines}{body.rstrip()}{gap}{rest}"
    path.write_text(text)
    wait = project.presets / "long-wait.toml"
    wait.write_text(
        re.sub(r"^dropout = .*$", 'dropout = "black + 3s"', wait.read_text(), flags=re.MULTILINE)
    )


Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """`run` of `tests.command` in this process, which has everything imported already: for what needs no
    process."""
    monkeypatch.setattr(command_line, "prepare", lambda: None)

    def called(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
        words = list(map(str, arguments))
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["render-ending", *words])
        with pytest.raises(SystemExit) as end:
            command_line.main()
        out, err = capsys.readouterr()
        return subprocess.CompletedProcess(words, int(end.value.code or 0), out, err)

    return called


@pytest.fixture
def every_tile_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache stores every tile, however fast it is computed."""
    monkeypatch.setattr("audio_pipeline.mixing.tile_store.DiskTiles.worth_s_per_byte", 0.0)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project of its own, to write into."""
    return make_project(tmp_path)


@pytest.fixture(scope="session")
def shared_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project to read from only."""
    return make_project(tmp_path_factory.mktemp("shared"))
