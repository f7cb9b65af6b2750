"""`render-ending watch`: render again whenever the preset or a stem changes, and show the page."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audio_pipeline.cli.errors import printable, show_error
from audio_pipeline.cli.options import debug_option, preset_names
from audio_pipeline.cli.process import Stopped

if TYPE_CHECKING:
    from audio_pipeline.errors import AudioPipelineError
    from audio_pipeline.preset.project import Project

EPILOG = """\b
Examples:
  render-ending watch final
  render-ending watch final --set grain.level='-57 dBFS' --port 8600
"""

LOOK_EVERY_S = 0.25

Stamps = dict[Path, tuple[int, int]]


@click.command("watch", epilog=EPILOG)
@click.argument("preset", shell_complete=preset_names)
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change a value of the preset.")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="Write here, not to renders/."
)
@click.option("--workers", type=click.IntRange(1, 256), metavar="N", help="Threads; as many as cores.")
@click.option("--port", type=click.IntRange(0, 65535), default=8400, help="Of the page; 0 takes any.")
@debug_option
def command(
    preset: str, sets: tuple[str, ...], out: Path | None, workers: int | None, port: int
) -> None:
    """Render PRESET, serve its page to this computer only, and do both again after every change.

    The open page loads itself anew and stays where it was. Errors stand in the terminal and on the
    page. Ctrl-C ends it.
    """
    from audio_pipeline.errors import AudioPipelineError, RenderError
    from audio_pipeline.pages.live import LivePage
    from audio_pipeline.preset.project import current_project

    project = current_project()
    project.preset_file(preset)
    try:
        live = LivePage(preset, port)
    except OSError as error:
        raise RenderError(
            f"the page cannot be served on port {port}: {error.strerror or error}",
            hint="Choose another with --port, or --port 0 for any that is free.",
        ) from error
    try:
        with live:
            click.echo(live.address)
            for _ in Watched(project, preset, sets).changes():
                started = time.perf_counter()
                live.begin()
                try:
                    page = _render(project, preset, sets, out, workers or os.cpu_count() or 1)
                except AudioPipelineError as error:
                    show_error(error)
                    live.fail(_words(error))
                else:
                    live.show(page)
                    click.echo(f"rendered in {time.perf_counter() - started:.1f} s", err=True)
    except Stopped as stop:
        if stop.status != 128 + signal.SIGINT:
            raise
        click.echo("stopped", err=True)


def _words(error: AudioPipelineError) -> tuple[str, ...]:
    """What the terminal says, line by line."""
    words = (f"error: {printable(error.message)}",)
    return (*words, f"hint: {printable(error.hint)}") if error.hint else words


def _render(project: Project, name: str, sets: tuple[str, ...], out: Path | None, workers: int) -> str:
    """Render as the command without `watch` does; the page as the browser is to have it."""
    from audio_pipeline.cli.cache import users_cache
    from audio_pipeline.jobs.render import Order, render
    from audio_pipeline.pages.changes import changes_of
    from audio_pipeline.pages.page import page
    from audio_pipeline.preset.document import load_document
    from audio_pipeline.preset.model import build_preset

    preset = build_preset(load_document(project, name, sets))
    order = Order(project, preset, out or project.renders, workers=workers, cache=users_cache())
    made = render(order)
    assert made.report is not None
    assert made.look is not None
    return page(made.report, changes_of(preset), made.look, live=True)


class Watched:
    """The files that a mix is made of: all presets, and the stems that it names."""

    def __init__(self, project: Project, preset: str, sets: tuple[str, ...]) -> None:
        self._project, self._preset, self._sets = project, preset, sets
        self._stems: tuple[Path, ...] = ()

    def changes(self) -> Iterator[None]:
        """Now, and then whenever a file is another than it was and has come to rest."""
        self._find_stems()
        last, rendered = self._stamps(), None
        while True:
            now = self._stamps()
            # a file that is still being written differs from look to look
            if now == last and now != rendered:
                rendered = now
                yield
                self._find_stems()
            last = now
            time.sleep(LOOK_EVERY_S)

    def _find_stems(self) -> None:
        """Where the preset is wrong, the stems of the last one that was right are watched."""
        from audio_pipeline.errors import AudioPipelineError
        from audio_pipeline.preset.document import load_document
        from audio_pipeline.preset.model import build_preset
        from audio_pipeline.preset.stems import stem_paths

        with suppress(AudioPipelineError):
            preset = build_preset(load_document(self._project, self._preset, self._sets))
            self._stems = tuple(stem_paths(self._project, preset, {}).values())

    def _stamps(self) -> Stamps:
        stamps: Stamps = {}
        for path in (*self._project.presets.glob("*.toml"), *self._stems):
            with suppress(OSError):  # what is not there now may come
                stat = path.stat()
                stamps[path] = (stat.st_mtime_ns, stat.st_size)
        return stamps
