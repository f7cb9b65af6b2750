"""The command `render-ending`: options, subcommands, and the one place that prints errors."""

from __future__ import annotations

import errno
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click

from audio_pipeline.cli.errors import show_error, show_os_error, show_unexpected, show_usage
from audio_pipeline.cli.options import (
    debug_option,
    out_option,
    preset_names,
    require_pass_option,
    voice_options,
    workers_option,
)
from audio_pipeline.cli.output import open_option, output_options
from audio_pipeline.cli.process import after_interruption, close_output, leave, prepare
from audio_pipeline.errors import AudioPipelineError
from audio_pipeline.shortage import shortage
from audio_pipeline.stopping import Stopped, ignore_signals, stop_behind
from audio_pipeline.version import __version__

COMMANDS = {
    "batch": "Render many mixes and an overview page.",
    "compare": "Compare reports or audio files within a tolerance.",
    "measure": "Measure the loudness of audio files.",
    "watch": "Render after every change and update the page.",
    "review": "Write a page to compare mixes by ear: level-matched, blind, ABX.",
    "check": "Check files against a delivery, clause by clause.",
    "retime": "Move a preset's cues to a new picture; list what stayed the same.",
    "deliver": "Fill one folder for a delivery: files, letter, checksums.",
    "export": "Write a session for another program: stems or layers, markers.",
    "inspect": "Analyse a layer or a file in figures and a plot.",
    "presets": "List the presets, or show one of them.",
    "cache": "Show or clear the cache.",
    "init": "Start a new project: presets/, stems/, renders/.",
}
WITHOUT_SOUND = ("presets", "cache", "init")


class LazyGroup(click.Group):
    """A group that lists all subcommands and imports only the one that is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        if cmd_name not in WITHOUT_SOUND:
            from audio_pipeline.dsp.memory import keep_freed_memory

            keep_freed_memory()
        command: click.Command = import_module(f"audio_pipeline.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(_unknown_command(ctx, args[0]), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _unknown_command(ctx: click.Context, name: str) -> str:
    import difflib

    presets = preset_names(ctx, ctx.command.params[0], "")
    known = {preset: f"--preset {preset}" for preset in presets} | {c: c for c in COMMANDS}
    near = [name] if name in known else difflib.get_close_matches(name, known, 1, cutoff=0.5)
    meant = f" Did you mean: render-ending {known[near[0]]}" if near else ""
    return f"No such command {name!r}.{meant}"


EXAMPLES = """\b
Examples:
  render-ending --preset final
  render-ending --preset final --set dropout.fade=80ms --out renders/tests
  render-ending --preset final --voice-a stems/fr_a.wav --voice-b stems/fr_b.wav
  render-ending --preset final --from "black - 2s" --to end

\b
Exit status:
  0  done
  1  failed; out of specification (check, --require-pass, --strict); different (compare)
  2  wrong usage
  3  not comparable (compare)
  128 + the signal's number when interrupted: 130 for Ctrl-C
"""


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXAMPLES,
)
@click.option("--preset", metavar="NAME", shell_complete=preset_names, help="The preset to render.")
@voice_options
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Set a value of the preset.")
@click.option("--from", "from_", metavar="TIME", help='Start of an excerpt, e.g. "44s" or "black - 2s".')
@click.option("--to", metavar="TIME", help="End of the excerpt.")
@click.option(
    "--name",
    metavar="TEMPLATE",
    help='Name template, e.g. "{title}_{reel}_{version}_{date}".',
)
@click.option(
    "--reference",
    type=click.Path(path_type=Path),
    metavar="REPORT",
    help="Report of another language, for its cues and slots.",
)
@click.option("--strict", is_flag=True, help="Exit with status 1 when a line does not fit or is cut.")
@click.option("--stems", is_flag=True, help="Also write the stems DX, FX, BG and ME.")
@out_option("renders/")
@workers_option
@require_pass_option
@click.option("--no-cache", is_flag=True, help="Do not read or write the cache.")
@click.option(
    "--copy",
    "copies",
    multiple=True,
    type=click.Choice(("mp3", "m4a")),
    help="Write an encoded listening copy beside the master.",
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    metavar="FILE.png|svg",
    help="Plot level, balance and spectrogram.",
)
@click.option("--dark", is_flag=True, help="With --plot: use a dark background.")
@open_option
@output_options
@debug_option
@click.version_option(__version__, prog_name="render-ending")
@click.pass_context
def cli(ctx: click.Context, /, **options: Any) -> None:
    """Mix-as-code for the ending of a film: one preset in, a measured master out."""
    if ctx.invoked_subcommand is None:
        if options["preset"] is None:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(2)
        from audio_pipeline.cli.render import render_command
        from audio_pipeline.dsp.memory import keep_freed_memory

        keep_freed_memory()
        render_command(**options)
    elif options["preset"] is not None:
        raise click.UsageError(f"--preset renders; {ctx.invoked_subcommand} has its own options")


def run() -> NoReturn:
    """Run the command as a process. See `main`."""
    leave(_status())


def main() -> NoReturn:
    """Run the command and exit: 0 done, 1 failed, out of specification or different, 2 wrong usage."""
    sys.exit(_status())


def _status() -> int:
    try:
        return _attempt()
    except Stopped as stop:  # in any state, also while an error is printed
        ignore_signals()
        click.echo(after_interruption(stop), err=True)
        return stop.status


def _attempt() -> int:
    debug = "--debug" in sys.argv
    try:
        prepare()
        status = cli.main(prog_name="render-ending", standalone_mode=False)
    except click.exceptions.Exit as stop:
        status = stop.exit_code
    except click.ClickException as error:
        show_usage(error)
        status = error.exit_code
    except AudioPipelineError as error:
        if debug:
            raise
        show_error(error)
        status = 1
    except OSError as error:
        if debug:
            raise
        close_output()
        if (scarce := shortage(error)) is not None:
            show_error(scarce)
        elif error.errno != errno.EPIPE:  # after EPIPE the reader of the output has ended
            show_os_error(error)
        status = 1
    except Exception as error:
        if (wrapped := stop_behind(error)) is not None:
            raise wrapped from None
        if debug:
            raise
        if (scarce := shortage(error)) is not None:
            show_error(scarce)
        else:
            show_unexpected(error)
        status = 1
    return status if isinstance(status, int) else 0
