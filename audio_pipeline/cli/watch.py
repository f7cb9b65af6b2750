"""`render-ending watch`: render again whenever the preset or a stem changes, and show the page."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audio_pipeline.cli.errors import printable, show_error
from audio_pipeline.cli.options import (
    debug_option,
    out_option,
    preset_names,
    stem_files,
    voice_options,
    workers_option,
)
from audio_pipeline.cli.output import Output, open_in_browser, open_option, output_options
from audio_pipeline.cli.process import clear_in_use
from audio_pipeline.errors import AudioPipelineError, RenderError
from audio_pipeline.shortage import shortage
from audio_pipeline.stopping import Stopped

if TYPE_CHECKING:
    from audio_pipeline.pages.live import LivePage

EPILOG = """\b
Examples:
  render-ending watch final
  render-ending watch final --set grain.level='-57 dBFS' --port 8600
  render-ending watch final --voice-a stems/fr_a.wav --voice-b stems/fr_b.wav
"""


@click.command("watch", epilog=EPILOG)
@click.argument("preset", shell_complete=preset_names)
@voice_options
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Set a value of the preset.")
@out_option("renders/")
@workers_option
@click.option(
    "--port",
    metavar="PORT",
    type=click.IntRange(0, 65535),
    default=8400,
    help="Port of the page (0: any free port).",
)
@open_option
@output_options
@debug_option
def command(
    preset: str,
    voice_a: Path | None,
    voice_b: Path | None,
    sets: tuple[str, ...],
    out: Path | None,
    workers: int | None,
    port: int,
    open_page: bool,
    output: Output,
) -> None:
    """Render PRESET after every change, and serve its page on this computer.

    The open page reloads and keeps its position. Errors are shown in the terminal and on the
    page. Ctrl-C ends it; --json then prints the list of renders.
    """
    from audio_pipeline.cli.cache import users_cache
    from audio_pipeline.jobs.note_mix import note_comparison
    from audio_pipeline.jobs.watch import Watched, rendered_page
    from audio_pipeline.preset.project import current_project

    project, threads = current_project(), workers or os.cpu_count() or 1
    project.preset_file(preset)
    files = stem_files(voice_a, voice_b)
    live = _live_page(preset, port)
    renders: list[dict[str, Any]] = []

    def show_note(note: str) -> None:
        made, compared = note_comparison(project, preset, sets, note, out, threads, users_cache(), files)
        output.note(f"presets/{made}.toml: compare it blind at {live.compare(compared)}")
        renders.append({"note": made})

    def show_mix() -> None:
        output.detail(f"watching {len(watched.files())} files of {project.root}")
        started = time.perf_counter()
        live.show(rendered_page(project, preset, sets, out, threads, users_cache(), files))
        seconds = time.perf_counter() - started
        output.note(f"rendered in {seconds:.1f} s")
        renders.append({"seconds": round(seconds, 3)})

    try:
        with live:
            if output.json:
                output.note(live.address)
            else:
                click.echo(live.address)
            if open_page:
                open_in_browser(live.address, output)
            watched = Watched(project, preset, sets, files)
            for note in watched.changes(live.asked):
                live.begin()
                try:
                    show_mix() if note is None else show_note(note)
                except (AudioPipelineError, OSError, MemoryError, RuntimeError) as error:
                    failure = _failure(error)
                    show_error(failure)
                    live.fail(_words(failure))
                    renders.append({"error": failure.message})
    except Stopped as stop:
        if stop.status != 128 + signal.SIGINT:
            raise
        clear_in_use()
        if output.json:
            output.document({"address": live.address, "renders": renders})
        output.note("stopped")


def _live_page(preset: str, port: int) -> LivePage:
    from audio_pipeline.pages.live import LivePage

    try:
        return LivePage(preset, port)
    except OSError as error:
        raise RenderError(
            f"the page cannot be served on port {port}: {error.strerror or error}",
            hint="Choose another with --port, or --port 0 for any that is free.",
        ) from error


def _failure(error: Exception) -> AudioPipelineError:
    """The error of a failed render as AudioPipelineError. Raises an internal error unchanged."""
    if isinstance(error, AudioPipelineError):
        return error
    if (scarce := shortage(error)) is not None:
        return scarce
    if isinstance(error, OSError):
        return RenderError(
            f"cannot render: {error.strerror or type(error).__name__}",
            hint="The next change renders again.",
        )
    raise error


def _words(error: AudioPipelineError) -> tuple[str, ...]:
    """The lines of an error in the terminal."""
    words = (f"error: {printable(error.message)}",)
    return (*words, f"hint: {printable(error.hint)}") if error.hint else words
