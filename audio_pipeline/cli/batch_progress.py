"""The progress of a batch: bars in a terminal, lines in a pipe, JSON with --json, only errors with -q."""

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
from audio_pipeline.reporting.failed_clauses import DeliveryResult

_MARKS = {"rendered": "done", "unchanged": "unchanged", "failed": "FAILED"}


class Lines:
    """Prints a line for every finished mix to stdout, and errors to stderr.

    A delivery that does not pass is printed with its clauses. With --require-pass, and -q or --json, it is
    printed as an error to stderr.
    """

    def __init__(self, mixes: Sequence[Mix], output: Output, require_pass: bool) -> None:
        self._output = output
        self._require_pass = require_pass
        self._mixes = {mix.name: mix for mix in mixes}
        self._count = len(mixes)
        self._done = 0
        self._started = time.perf_counter()

    def on_progress(self, mix: Mix, share: float) -> None:
        """Do nothing: lines show no progress."""

    def finished(self, outcome: Outcome) -> None:
        """Print the outcome of a mix."""
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
        """Print a notice about a wait."""
        self._complain(f"warning: {text}")

    def summary(self, outcomes: Sequence[Outcome], count: int) -> None:
        """Print the deliveries that do not pass, and the number of mixes by status."""
        self._tell_deliveries(outcomes)
        made, kept, failed = (
            sum(outcome.status == status for outcome in outcomes)
            for status in ("rendered", "unchanged", "failed")
        )
        seconds = time.perf_counter() - self._started
        if kept == count:
            words = [f"nothing to render: all {count} mixes are unchanged"]
            self._say(", ".join(words + _deliveries_as_text(outcomes)))
            return
        words = [f"{made} rendered", f"{kept} unchanged"] + ([f"{failed} failed"] if failed else [])
        left = count - len(outcomes)
        words += [f"{left} not started"] if left else []
        words += _deliveries_as_text(outcomes)
        self._say(f"{', '.join(words)}, in {seconds:.1f} s")

    def _tell_deliveries(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            if outcome.passes or outcome.status == "failed":
                continue
            delivery = outcome.delivery or DeliveryResult(None, None)
            if self._require_pass and (self._output.quiet or self._output.json):
                self._complain(f"error: {outcome.name}: {delivery.sentence()}")
                continue
            self._say(f"{printable(outcome.name)}: {delivery.as_text()}")
            for clause in delivery.failed:
                self._say(f"   {printable(clause.sentence())}")

    def _say(self, text: str) -> None:
        if not self._output.quiet:
            click.echo(text)

    def _complain(self, text: str) -> None:
        click.echo(printable(text), err=True)


def _not_passed(outcomes: Sequence[Outcome]) -> dict[str, int]:
    verdicts = [None if o.delivery is None else o.delivery.verdict for o in outcomes]
    return {verdict: verdicts.count(verdict) for verdict in ("fail", "not measurable")}


def _deliveries_as_text(outcomes: Sequence[Outcome]) -> list[str]:
    failed = _not_passed(outcomes)
    words = {"fail": "failed", "not measurable": "not measurable"}
    return [
        f"{number} {'delivery' if number == 1 else 'deliveries'} {words[verdict]}"
        for verdict, number in failed.items()
        if number
    ]


def _entry(outcome: Outcome) -> dict[str, Any]:
    delivery = outcome.delivery
    return {
        "name": outcome.name,
        "status": outcome.status,
        "seconds": round(outcome.seconds, 3),
        "error": outcome.error,
        "hint": outcome.hint,
        "delivery": None if delivery is None else delivery.name,
        "verdict": None if delivery is None else delivery.verdict,
        "failed_clauses": [] if delivery is None else [vars(clause) for clause in delivery.failed],
    }


class OneDocument(Lines):
    """Prints one JSON document at the end, and errors to stderr before."""

    def summary(self, outcomes: Sequence[Outcome], count: int) -> None:
        """Print the outcome of every mix."""
        statuses = [outcome.status for outcome in outcomes]
        counts = {status: statuses.count(status) for status in ("rendered", "unchanged", "failed")}
        seconds = round(time.perf_counter() - self._started, 3)
        total = {"mixes": count, **counts, "seconds": seconds}
        self._tell_deliveries(outcomes)
        self._output.document({"mixes": [_entry(outcome) for outcome in outcomes], "total": total})

    def _say(self, text: str) -> None:
        """Do nothing: stdout is for the document."""


class Bars(Lines):
    """Shows a bar for every mix that is being rendered, and one for all mixes with the remaining time."""

    def __init__(self, mixes: Sequence[Mix], output: Output, require_pass: bool, progress: Any) -> None:
        super().__init__(mixes, output, require_pass)
        self._progress = progress
        self._length = {mix.name: mix.length_s for mix in mixes}
        self._shares: dict[str, float] = {}
        self._bars: dict[str, Any] = {}
        self._finished_s = 0.0
        self._total = progress.add_task(f"{len(mixes)} mixes", total=sum(self._length.values()))

    def on_progress(self, mix: Mix, share: float) -> None:
        """Update a mix's bar and the total."""
        if mix.name not in self._bars:
            self._bars[mix.name] = self._progress.add_task(printable(mix.name)[:40], total=1.0)
        self._shares[mix.name] = share
        self._progress.update(self._bars[mix.name], completed=share)
        self._move()

    def finished(self, outcome: Outcome) -> None:
        """Replace a mix's bar with a line."""
        if outcome.name in self._bars:
            self._progress.remove_task(self._bars.pop(outcome.name))
        self._shares.pop(outcome.name, None)
        self._finished_s += self._length[outcome.name]
        super().finished(outcome)
        self._move()

    def _move(self) -> None:
        under_way = sum(self._length[name] * share for name, share in self._shares.items())
        self._progress.update(self._total, completed=self._finished_s + under_way, refresh=True)

    def _say(self, text: str) -> None:
        if sys.stdout.isatty():
            self._progress.console.print(text, markup=False, highlight=False)
        else:
            click.echo(text)

    def _complain(self, text: str) -> None:
        self._progress.console.print(printable(text), markup=False, highlight=False)


@contextmanager
def shown_progress(mixes: Sequence[Mix], output: Output, require_pass: bool) -> Iterator[Lines]:
    """Yield the progress display for stdout, stderr and the options."""
    if output.json or output.quiet or not sys.stderr.isatty():
        kind = OneDocument if output.json else Lines
        yield kind(mixes, output, require_pass)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(30),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    # refreshed at every step, without a thread, because only a process with one thread can fork its workers
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as progress:
        yield Bars(mixes, output, require_pass, progress)
