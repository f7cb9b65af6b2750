"""The command where Linux's own modules and calls are missing, as on Windows; and names that it accepts."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.errors import PresetError
from audio_pipeline.preset.names import check_name, filled, slug
from tests.command import REPOSITORY, contents, environment, run, tiny_project

HIDDEN = """
import importlib.abc, multiprocessing, os, select, signal, sys

class Hidden(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name in ("fcntl", "resource", "pwd", "grp", "termios"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
for name in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules.pop(name, None)
for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_DIRECTORY", "pread", "preadv", "geteuid",
             "sched_getaffinity"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGHUP", "SIGXFSZ", "SIGQUIT"):
    if hasattr(signal, name):
        delattr(signal, name)
multiprocessing.get_all_start_methods = lambda: ["spawn"]
"""
"""Runs in every Python process before anything else (as `sitecustomize`)."""


@pytest.fixture
def elsewhere(tmp_path: Path) -> dict[str, str]:
    """The environment of a system that has none of Linux's own modules and calls."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(HIDDEN)
    path = f"{tmp_path / 'site'}{':' if sys.platform != 'win32' else ';'}{REPOSITORY}"
    return environment(PYTHONPATH=path)


def test_everything_is_made_and_read_without_the_modules_and_calls_of_posix(
    tmp_path: Path, elsewhere: dict[str, str], shared_tiny: Path
) -> None:
    film = tiny_project(tmp_path / "film")
    hidden = run(film, "--version", env=elsewhere)
    assert hidden.returncode == 0, hidden.stderr
    done = run(film, "--preset", "tiny", "--stems", env=elsewhere)
    assert (done.returncode, done.stderr) == (0, "")
    assert contents(film / "renders") == contents(shared_tiny / "renders")
    batch = run(
        film,
        "batch",
        "tiny",
        "--vary",
        "master.dialogue=-24 LUFS,-20 LUFS",
        "--jobs",
        "2",
        env=elsewhere,
    )
    assert batch.returncode == 0, batch.stderr
    wave = film / "renders" / "tiny.wav"
    for arguments in (
        ["measure", wave],
        ["cache"],
        ["presets"],
        ["compare", wave, wave],
        ["cache", "--clear"],
    ):
        read = run(film, *arguments, env=elsewhere)
        assert (read.returncode, read.stderr) == (0, ""), arguments


def test_the_modules_are_hidden(tmp_path: Path, elsewhere: dict[str, str]) -> None:
    program = (
        "import os, sys\n"
        "for name in ('fcntl', 'resource', 'pwd'):\n"
        "    try: __import__(name)\n"
        "    except ImportError: pass\n"
        "    else: sys.exit(name)\n"
        "sys.exit('pread' if hasattr(os, 'pread') else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], env=elsewhere, timeout=60, check=False)
    assert done.returncode == 0


DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])[ ]*(\..*)?", re.IGNORECASE)


def fits_windows(name: str) -> bool:
    """Whether Windows takes `name` as the name of a file (Microsoft, "Naming Files, Paths, and Namespaces")."""
    bad = any(c in '<>:"/\\\\|?*' or ord(c) < 32 for c in name)
    return bool(name) and not bad and name[-1] not in ". " and not DEVICES.fullmatch(name)


def test_every_file_that_is_written_has_a_name_that_windows_takes(tiny: Path, shared_tiny: Path) -> None:
    awkward = ("--set", 'title=Who? "A": <B> | C/D.')
    named = run(tiny, "--preset", "tiny", "--stems", *awkward, "--name", "{title}_{version}_{fps}")
    assert named.returncode == 0, named.stderr
    excerpt = run(tiny, "--preset", "tiny", "--from", "1s", "--to", "2s")
    assert excerpt.returncode == 0, excerpt.stderr
    written = [*(tiny / "renders").rglob("*"), *(shared_tiny / "renders").rglob("*")]
    assert len(written) > 14
    assert [path.name for path in written if not fits_windows(path.name)] == []


awkward = st.one_of(
    st.text(max_size=12),
    st.text(alphabet='<>:"/\\|?*. ~-a\t\x01é', max_size=8),
    st.sampled_from(
        ["CON", "nul", "Com1", "LPT¹", "aux", "CONIN$", "con ", "prn.", "nul.v2", "com0", "x"]
    ),
    st.sampled_from(["CON", "nul", "LPT9", "aux"]).flatmap(
        lambda d: st.text(". x", max_size=3).map(d.__add__)
    ),
)


@settings(max_examples=400, deadline=None)
@given(awkward, st.lists(awkward, min_size=2, max_size=2))
def test_a_name_that_is_accepted_is_one_that_windows_takes(plain: str, values: list[str]) -> None:
    made = [plain]
    try:
        made.append(filled("{title}_{version}", dict(zip(("title", "version"), values, strict=True))))
        made.append(filled("{title}", {"title": values[0]}))
    except PresetError:
        pass
    for name in made:
        try:
            check_name(name)
        except PresetError:
            continue
        for file in (
            f"{name}.wav",
            f"{name}.report.json",
            f"{name}.stems",
            f"{name}_DX.wav",
            f".{name}.part",
        ):
            assert fits_windows(file), file
    assert not set(slug(plain)) & set('<>:"/\\|?*')


@pytest.mark.parametrize("name", ["CON", "nul.v2", "a:b", "x.", "que?", "COM¹"])
def test_a_preset_whose_name_windows_refuses_is_rendered_under_another(tiny: Path, name: str) -> None:
    (tiny / "presets" / "tiny.toml").rename(tiny / "presets" / f"{name}.toml")
    refused = run(tiny, "--preset", f"presets/{name}.toml")
    assert refused.returncode == 1
    assert "cannot be the name of a file" in refused.stderr
    assert not (tiny / "renders").exists() or not list((tiny / "renders").iterdir())
