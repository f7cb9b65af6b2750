"""What a batch tells: bars on a terminal, lines in a pipe, JSON for programs, errors alone with -q."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from audio_pipeline.cli.errors import printable
from audio_pipeline.cli.output import Output
from audio_pipeline.jobs.batch.mix_task import Outcome
from audio_pipeline.jobs.batch.plan import Mix

_MARKS = {"rendered": "done", "unchanged": "unchanged", "failed": "FAILED"}


class Lines:
    """A line for every mix that is done, on stdout; errors on stderr."""

    def __init__(self, mixes: Sequence[Mix], output: Output) -> None:
        self._output = output
        self._mixes = {mix.name: mix for mix in mixes}
        self._count = len(mixes)
        self._done = 0
        self._started = time.perf_counter()

    def on_progress(self, mix: Mix, share: float) -> None:
        """Lines do not tell of progress."""

    def finished(self, outcome: Outcome) -> None:
        """Print what became of a mix."""
        self._done += 1
        took = f"  {outcome.seconds:.1f} s" if outcome.status == "rendered" else ""
        place = f"{self._done:>{len(str(self._count))}}/{self._count}"
        self._say(f"{place}  {_MARKS[outcome.status]:<9}  {printable(outcome.name)}{took}")
        for overrun in outcome.overruns:
            self._say(f"   warning  {printable(outcome.name)}: {printable(overrun['message'])}")
        mix = self._mixes[outcome.name]
        if self._output.verbose:
            self._complain(f"{mix.name}: {mix.base}, {len(mix.sounds)} sounds, in {mix.out}")
        if outcome.error is not None:
            self._complain(f"error: {outcome.name}: {outcome.error}")
            if outcome.hint:
                self._complain(f"hint: {outcome.hint}")

    def notice(self, text: str) -> None:
        """Print what the batch waits for."""
        self._complain(f"warning: {text}")

    def summary(self, outcomes: Sequence[Outcome], count: int) -> None:
        """Print how many there are of each."""
        made, kept, failed = (
            sum(outcome.status == status for outcome in outcomes)
            for status in ("rendered", "unchanged", "failed")
        )
        seconds = time.perf_counter() - self._started
        if kept == count:
            self._say(f"nothing to render: all {count} mixes are there, unchanged")
            return
        words = [f"{made} rendered", f"{kept} unchanged"] + ([f"{failed} failed"] if failed else [])
        left = count - len(outcomes)
        words += [f"{left} not begun"] if left else []
        self._say(f"{', '.join(words)}, in {seconds:.1f} s")

    def _say(self, text: str) -> None:
        if not self._output.quiet:
            click.echo(text)

    def _complain(self, text: str) -> None:
        click.echo(printable(text), err=True)


class OneDocument(Lines):
    """A JSON document when all is done; errors on stderr meanwhile."""

    def summary(self, outcomes: Sequence[Outcome], count: int) -> None:
        """Print what became of every mix."""
        statuses = [outcome.status for outcome in outcomes]
        counts = {status: statuses.count(status) for status in ("rendered", "unchanged", "failed")}
        seconds = round(time.perf_counter() - self._started, 3)
        mixes = [{**vars(outcome), "seconds": round(outcome.seconds, 3)} for outcome in outcomes]
        self._output.document({"mixes": mixes, "total": {"mixes": count, **counts, "seconds": seconds}})

    def _say(self, text: str) -> None:
        """Only the document goes to stdout."""


class Bars(Lines):
    """A bar for every mix that is being rendered, and one for all of them with the time that is left."""

    def __init__(self, mixes: Sequence[Mix], output: Output, progress: Any) -> None:
        super().__init__(mixes, output)
        self._progress = progress
        self._length = {mix.name: mix.length_s for mix in mixes}
        self._shares: dict[str, float] = {}
        self._bars: dict[str, Any] = {}
        self._finished_s = 0.0
        self._total = progress.add_task(f"{len(mixes)} mixes", total=sum(self._length.values()))

    def on_progress(self, mix: Mix, share: float) -> None:
        """Move a mix's bar, and the whole."""
        if mix.name not in self._bars:
            self._bars[mix.name] = self._progress.add_task(printable(mix.name)[:40], total=1.0)
        self._shares[mix.name] = share
        self._progress.update(self._bars[mix.name], completed=share)
        self._move()

    def finished(self, outcome: Outcome) -> None:
        """Replace a mix's bar by a line."""
        if outcome.name in self._bars:
            self._progress.remove_task(self._bars.pop(outcome.name))
        self._shares.pop(outcome.name, None)
        self._finished_s += self._length[outcome.name]
        super().finished(outcome)
        self._move()

    def _move(self) -> None:
        under_way = sum(self._length[name] * share for name, share in self._shares.items())
        self._progress.update(self._total, completed=self._finished_s + under_way)

    def _say(self, text: str) -> None:
        if sys.stdout.isatty():
            self._progress.console.print(text, markup=False, highlight=False)
        else:
            click.echo(text)

    def _complain(self, text: str) -> None:
        self._progress.console.print(printable(text), markup=False, highlight=False)


@contextmanager
def shown_progress(mixes: Sequence[Mix], output: Output) -> Iterator[Lines]:
    """What suits stdout, stderr and the options."""
    if output.json or output.quiet or not sys.stderr.isatty():
        yield OneDocument(mixes, output) if output.json else Lines(mixes, output)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(30),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield Bars(mixes, output, progress)
