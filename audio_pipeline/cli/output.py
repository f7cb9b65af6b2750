"""-q, -v and --json: verbosity and format of the output of every command."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

import click

from audio_pipeline.cli.errors import printable, printable_json


class Output(NamedTuple):
    """The output options. Data goes to stdout, everything else to stderr; errors are always printed."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False

    def note(self, text: str) -> None:
        """Print a sentence to stderr, unless -q."""
        if not self.quiet:
            click.echo(printable(text), err=True)

    def detail(self, text: str) -> None:
        """Print a sentence to stderr with -v."""
        if self.verbose:
            click.echo(printable(text), err=True)

    def document(self, value: Any) -> None:
        """Print the JSON document of --json to stdout."""
        import json

        text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
        click.echo(printable_json(text))


def output_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add -q, -v and --json to `function`, as `output`; options before a subcommand apply to it, too."""

    @click.option("-q", "--quiet", is_flag=True, help="Print only errors and requested data.")
    @click.option("-v", "--verbose", is_flag=True, help="Print more detail to stderr.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document to stdout.")
    @wraps(function)
    def with_output(*args: Any, quiet: bool, verbose: bool, as_json: bool, **options: Any) -> Any:
        parent = click.get_current_context().parent
        above = {} if parent is None else parent.params
        output = Output(
            json=as_json or above.get("as_json", False),
            quiet=quiet or above.get("quiet", False),
            verbose=verbose or above.get("verbose", False),
        )
        if output.quiet and output.verbose:
            raise click.UsageError("choose one of -q and -v")
        return function(*args, output=output, **options)

    return with_output


def open_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --open to `function`, as `open_page`."""
    option = click.option("--open", "open_page", is_flag=True, help="Open the page in the browser.")
    return option(function)


def open_in_browser(address: str, output: Output) -> None:
    """Open a page in the user's browser; print a warning if none is found."""
    import webbrowser  # only --open needs it

    if not webbrowser.open(address):
        output.note(f"warning: no browser was found; the page is {address}")
