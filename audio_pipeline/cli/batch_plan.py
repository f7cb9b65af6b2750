"""Prints the plan of a batch as a table or as JSON."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from audio_pipeline.cli.errors import printable
from audio_pipeline.cli.output import Output
from audio_pipeline.cli.tables import print_table
from audio_pipeline.jobs.batch.forecast import Forecast, forecast
from audio_pipeline.jobs.batch.mix_task import is_unchanged
from audio_pipeline.jobs.batch.plan import Mix
from audio_pipeline.jobs.batch.run import BatchOptions


def show_plan(mixes: Sequence[Mix], out: Path, how: BatchOptions, output: Output) -> None:
    """Print the plan of a batch: mixes, shared sounds, expected time and disk space."""
    there = {mix.name for mix in mixes if is_unchanged(mix, how.cache)}
    wanted = [mix for mix in mixes if mix.name not in there]
    expected = forecast(wanted, how.jobs)
    for mix in mixes:
        output.detail(
            f"{mix.name}: {', '.join(f'{k}={v}' for k, v in mix.overrides.items()) or mix.base}"
        )
    if output.json:
        output.document(_document(wanted, expected, mixes, there))
        return
    shared = dict(zip((mix.name for mix in wanted), expected.shared, strict=True))
    rows = [
        (m.name, _length(m), _changes(m), _shared(shared.get(m.name)), _state(m, there)) for m in mixes
    ]
    print_table(("mix", "length", "against its base", "shared sounds", ""), rows)
    for mix in mixes:
        for overrun in mix.overruns:
            click.echo(f"warning: {printable(mix.name)}: {printable(overrun)}")
    failing = sum(mix.failure is not None for mix in wanted)
    click.echo()
    click.echo(
        f"{len(mixes)} mixes: {len(wanted) - failing} to render, {len(there)} unchanged"
        + (f", {failing} that cannot be rendered" if failing else "")
    )
    click.echo(f"time: about {_duration(expected.seconds)} with {how.jobs} in parallel (estimate)")
    free = shutil.disk_usage(
        next(p for p in (out.absolute(), *out.absolute().parents) if p.is_dir())
    ).free
    click.echo(
        f"disk: {_size(expected.disk_bytes)}, and {_size(expected.scratch_bytes)} while it renders; "
        f"{_size(free)} are free"
    )


def _document(
    wanted: Sequence[Mix], expected: Forecast, mixes: Sequence[Mix], there: set[str]
) -> dict[str, Any]:
    shared = dict(zip((mix.name for mix in wanted), expected.shared, strict=True))
    planned = []
    for mix in mixes:
        sounds = shared.get(mix.name, (0, 0))
        entry = {
            "name": mix.name,
            "preset": mix.base,
            "language": mix.language or None,
            "overrides": dict(mix.overrides),
            "length_s": mix.length_s,
            "shared_sounds": sounds[0],
            "sounds": len(mix.sounds),
            "there": mix.name in there,
            "overruns": list(mix.overruns),
            "error": mix.failure,
        }
        planned.append(entry)
    total = {
        "mixes": len(mixes),
        "to_render": len(wanted),
        "seconds": round(expected.seconds, 1),
        "disk_bytes": expected.disk_bytes,
        "scratch_bytes": expected.scratch_bytes,
    }
    return {"mixes": planned, "total": total}


def _length(mix: Mix) -> str:
    return "-" if mix.failure is not None else f"{mix.length_s:.1f} s"


def _changes(mix: Mix) -> str:
    told = [f"{key.split('.', 1)[-1]}={value}" for key, value in mix.overrides.items()]
    more = f" and {len(told) - 4} more" if len(told) > 4 else ""
    return printable(", ".join(told[:4]) + more) or "-"


def _shared(shared: tuple[int, int] | None) -> str:
    return "-" if shared is None or not shared[1] else f"{shared[0]} of {shared[1]}"


def _state(mix: Mix, there: set[str]) -> str:
    if mix.failure is not None:
        return f"cannot be rendered: {mix.failure}"
    return "unchanged" if mix.name in there else "new"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
