"""The command as people run it: in a process of its own, in a small project that renders in a second."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY, speech_like_flac

TINY = """
title = "Tiny"
description = "Two words and grain: three seconds."
[cues]
black = "2s"
silence = "2.5s"
end = "3s"
[layers.voice_a]
kind = "voice"
stem = "stems/voice_a.flac"
at = "100ms"
[layers.voice_b]
kind = "voice"
stem = "stems/voice_b.flac"
at = "1s"
[layers.grain]
kind = "grain"
until = "silence"
"""
"""A preset that extends nothing and takes one tile."""


def tiny_project(folder: Path) -> Path:
    """A project with the preset `tiny` and two stems of 0.6 s; returns its folder."""
    (folder / "presets").mkdir(parents=True)
    (folder / "stems").mkdir()
    (folder / "presets" / "tiny.toml").write_text(TINY)
    for seed, name in enumerate(("voice_a", "voice_b")):
        (folder / "stems" / f"{name}.flac").write_bytes(speech_like_flac(seed, 0.6, "PCM_16"))
    return folder


def environment(**changes: str | None) -> dict[str, str]:
    """The environment with this source tree found first and `changes` made; None removes."""
    merged = {**os.environ, "PYTHONPATH": str(REPOSITORY), **changes}
    return {name: value for name, value in merged.items() if value is not None}


COMMAND = (sys.executable, "-m", "audio_pipeline")


def run(
    folder: Path, *arguments: str | Path, env: dict[str, str] | None = None, **options: object
) -> subprocess.CompletedProcess[str]:
    """Run the command in `folder`; its output as text."""
    settings = {"capture_output": True, "text": True, "encoding": "utf-8", **options}
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=folder,
        env=env or environment(),
        timeout=60,
        check=False,
        **settings,
    )


def run_code(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run Python `code` in `folder`, as a child of a small process: Linux counts as a process's own what
    the one that started it had in memory."""
    line = ["sh", "-c", '"$0" "$@"; exit $?', sys.executable, "-c", code]
    options = {"capture_output": True, "text": True, "timeout": 120, "check": False}
    return subprocess.run(line, cwd=folder, env=environment(), **options)


def shell(
    folder: Path, line: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in `folder`, in which `render-ending` is the command."""
    command = " ".join(f"'{part}'" for part in COMMAND)
    return subprocess.run(
        [shutil.which("bash") or "bash", "-c", f'render-ending() {{ {command} "$@"; }}; {line}'],
        cwd=folder,
        env=env or environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def contents(folder: Path) -> dict[str, bytes]:
    """Every file under `folder` with its bytes: what must be there afterwards, too."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
