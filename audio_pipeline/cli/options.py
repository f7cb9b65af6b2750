"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def preset_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The presets of the current folder's project, for shell completion."""
    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / "presets").is_dir():
            names = (path.stem for path in (folder / "presets").glob("*.toml"))
            return sorted(name for name in names if name.startswith(incomplete) and "." not in name)
    return []


def debug_option(function: F) -> F:
    """Add --debug to `function`. `main` reads it from `sys.argv` and raises errors with their traceback."""
    return click.option("--debug", is_flag=True, expose_value=False, help="Show a traceback.")(function)


def workers_option(function: F) -> F:
    """Add --workers to `function`, as `workers`: a number, or None for the number of CPUs."""
    help_ = "Worker threads (default: number of CPUs)."
    count = click.IntRange(1, 256)
    return click.option("--workers", type=count, metavar="N", help=help_)(function)


def out_option(default: str) -> Callable[[F], F]:
    """Add --out to the function, as `out`: a folder, or None for `default`, which the help states."""
    help_ = f"Output folder (default: {default})."
    return click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help=help_)


def require_pass_option(function: F) -> F:
    """Add --require-pass to `function`, as `require_pass`."""
    help_ = "Exit with status 1 unless the delivery passes."
    return click.option("--require-pass", is_flag=True, help=help_)(function)


def markers_option(does: str) -> Callable[[F], F]:
    """Add --markers to the function, as `markers`: a file, or None. `does` is the start of its help."""
    help_ = f"{does}CSV, EDL, XML, text, WAV cues."
    return click.option("--markers", type=click.Path(path_type=Path), metavar="FILE", help=help_)


def voice_options(function: F) -> F:
    """Add --voice-a and --voice-b to `function`, as `voice_a` and `voice_b`; see `stem_files`."""
    file = click.Path(path_type=Path)
    for voice in ("b", "a"):  # the decorator that is applied last is first in --help
        help_ = f"Stem for voice {voice.upper()} (default: the preset's)."
        function = click.option(f"--voice-{voice}", type=file, metavar="FILE", help=help_)(function)
    return function


def stem_files(voice_a: Path | None, voice_b: Path | None) -> dict[str, Path]:
    """The files that replace stems, by layer."""
    files = {"voice_a": voice_a, "voice_b": voice_b}
    return {name: file for name, file in files.items() if file is not None}
