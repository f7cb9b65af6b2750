"""`render-ending cache`: show or clear the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from audio_pipeline.cli.errors import printable
from audio_pipeline.cli.options import debug_option
from audio_pipeline.cli.output import Output, output_options

if TYPE_CHECKING:
    from audio_pipeline.memo.store import Cache

EPILOG = """\b
Examples:
  render-ending cache
  render-ending cache --clear
  RENDER_ENDING_CACHE=/fast/disk RENDER_ENDING_CACHE_SIZE=20GB render-ending --preset final
"""


@click.command("cache", epilog=EPILOG)
@click.option("--clear", is_flag=True, help="Remove all cache entries.")
@output_options
@debug_option
def command(clear: bool, output: Output) -> None:
    """Show or clear the cache of conditioned stems and tiles of sounds.

    The cache may be cleared or deleted at any time; the next render gives the same bytes.
    """
    cache = users_cache()
    if cache is None:
        if output.json:
            output.document({"folder": None, "entries": 0, "size_bytes": 0, "cleared": False})
        output.note("the cache is off: RENDER_ENDING_CACHE is off, or the home folder is missing")
        return
    output.detail("RENDER_ENDING_CACHE sets the folder, RENDER_ENDING_CACHE_SIZE the maximum size")
    usage = cache.clear() if clear else cache.usage()
    if output.json:
        shown = {"folder": str(cache.folder), "limit_bytes": cache.limit_bytes, **vars(usage)}
        output.document({**shown, "cleared": clear})
        return
    what = f"{usage.entries} entries, {usage.size_bytes / 1e6:.1f} MB"
    if clear:
        click.echo(f"removed {what} from {printable(str(cache.folder))}")
    else:
        click.echo(f"{printable(str(cache.folder))}: {what} of at most {cache.limit_bytes / 1e6:.0f} MB")


def users_cache() -> Cache | None:
    """The user's cache. Raises click.UsageError for an invalid size in the environment."""
    from audio_pipeline.memo.store import open_cache

    try:
        cache = open_cache()
    except ValueError as error:
        raise click.UsageError(f"RENDER_ENDING_CACHE_SIZE: {error}") from error
    if cache is not None:
        cache.remove_abandoned()
    return cache
