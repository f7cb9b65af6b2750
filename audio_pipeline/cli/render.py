"""`render-ending --preset NAME`: render one mix, with progress on stderr and a summary on stdout."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audio_pipeline.cli.errors import printable, printable_json
from audio_pipeline.cli.options import stem_files
from audio_pipeline.cli.output import Output, open_in_browser
from audio_pipeline.cli.process import loading

if TYPE_CHECKING:
    from audio_pipeline.jobs.reference import Reference
    from audio_pipeline.jobs.render import Rendered
    from audio_pipeline.preset.model import Preset

STAGES = {"stems": 5, "mix": 55, "master": 25, "stems out": 5, "report": 5, "page": 5}
"""The share of each stage in the progress bar, percent."""
TOLD_CUES = ("black", "dropout", "silence")
"""The cues in the summary; the report has all cues."""


def render_command(
    preset: str,
    voice_a: Path | None,
    voice_b: Path | None,
    sets: tuple[str, ...],
    from_: str | None,
    to: str | None,
    name: str | None,
    reference: Path | None,
    strict: bool,
    stems: bool,
    out: Path | None,
    workers: int | None,
    no_cache: bool,
    copies: tuple[str, ...],
    plot: Path | None,
    dark: bool,
    open_page: bool,
    require_pass: bool,
    output: Output,
) -> None:
    """Render one mix and print its summary, or its report as JSON."""
    started = time.perf_counter()
    with loading():
        from audio_pipeline.audio_io.write.recovery import recover
        from audio_pipeline.cli.cache import users_cache
        from audio_pipeline.jobs.render import Order, render
        from audio_pipeline.mastering.stems import STEMS
        from audio_pipeline.mixing.session import with_stem_files
        from audio_pipeline.preset.document import load_document
        from audio_pipeline.preset.model import build_preset
        from audio_pipeline.preset.names import dated, named, stem_names
        from audio_pipeline.preset.override_names import with_own_name
        from audio_pipeline.preset.project import current_project

        if open_page and (from_ or to):
            raise click.UsageError("--open needs a whole render; an excerpt has no page")
        if require_pass and (from_ or to):
            raise click.UsageError("--require-pass needs a whole render; an excerpt has no delivery")
        if plot is not None:
            from audio_pipeline.pages.drawing import check_format

            check_format(plot)  # before the render
        elif dark:
            raise click.UsageError("--dark goes with --plot")
        project = current_project()
        files = stem_files(voice_a, voice_b)
        mix = with_stem_files(build_preset(load_document(project, preset, sets)), files)
        (template,) = dated([name])
        keys = [text.partition("=")[0] for text in sets]
        replaced = files if reference is None else {**files, "reference": reference}
        own = with_own_name(project, mix, keys, replaced) if template is None else named(mix, template)
        order = Order(
            project=project,
            preset=own,
            out=out if out is not None else project.renders,
            stem_files=files,
            begin=_moment("--from", from_),
            finish=_moment("--to", to),
            stems=stems,
            stem_names=stem_names(mix, template, STEMS),
            workers=workers or os.cpu_count() or 1,
            cache=None if no_cache else users_cache(),
            reference=None if reference is None else _reference(reference, mix),
        )
    recover(order.out)
    with _progress(output.quiet or output.json) as progress:
        rendered = render(order, progress)
    if plot is not None:
        _draw(rendered, plot, dark)
    for suffix in dict.fromkeys(copies):
        from audio_pipeline.pages.encoded_copy import write_encoded_copy

        title = f"{rendered.session.preset.head.title}: {rendered.session.preset.name}"
        copy = write_encoded_copy(rendered.master.file, suffix, title)
        output.note(f"listening copy: {copy}")
    _tell_stems(rendered, output)
    if output.json:
        _print_json(rendered, output)
    elif not output.quiet:
        _tell(rendered, time.perf_counter() - started)
    if open_page and rendered.files.page is not None:
        open_in_browser(rendered.files.page.absolute().as_uri(), output)
    if require_pass:
        _require_pass(rendered)
    if strict and rendered.session.overruns:
        raise click.exceptions.Exit(1)


def _reference(report: Path, mix: Preset) -> Reference:
    from audio_pipeline.jobs.reference import read_reference, reference_of_report

    return reference_of_report(read_reference(report), report, mix)


def _require_pass(rendered: Rendered) -> None:
    """Print the failed clauses and exit with status 1 unless the delivery passes."""
    from audio_pipeline.reporting.failed_clauses import delivery_result

    # --require-pass with an excerpt was refused before
    assert rendered.report is not None
    result = delivery_result(rendered.report)
    if not result.passes:
        name = rendered.master.file.name
        click.echo(printable(f"error: --require-pass: {name}: {result.sentence()}"), err=True)
        raise click.exceptions.Exit(1)


def _print_json(rendered: Rendered, output: Output) -> None:
    """Print the report, or for an excerpt, which has no report, its file, times and gains."""
    from audio_pipeline.reporting.report_json import to_json

    if rendered.report is not None:
        click.echo(printable_json(to_json(rendered.report)), nl=False)
        return
    span, rate = rendered.master.span, rendered.session.scene.sample_rate
    output.document(
        {
            "mix": rendered.session.preset.name,
            "file": rendered.master.file.name,
            "start_s": span.start / rate,
            "stop_s": span.stop / rate,
            "gains": asdict(rendered.master.gains),
        }
    )


def _draw(rendered: Rendered, path: Path, dark: bool) -> None:
    """Write a plot of the rendered mix or excerpt, with its cues."""
    from audio_pipeline.audio_io.read.programme import read_programme
    from audio_pipeline.pages.picture import DARK, LIGHT, draw_mix

    samples, info = read_programme(rendered.master.file)
    preset, scene, span = rendered.session.preset, rendered.session.scene, rendered.master.span
    rate = info.sample_rate_hz
    at = {name: scene.cue(name) for name in preset.cues}
    cues = sorted(((sample - span.start) / rate, name) for name, sample in at.items() if sample in span)
    draw_mix(
        samples,
        rate,
        [(name, at_s) for at_s, name in cues],
        f"{preset.head.title}: {preset.name}",
        path,
        DARK if dark else LIGHT,
    )


def _moment(option: str, text: str | None) -> Any:
    from audio_pipeline.timeline.moments import parse_moment

    if text is None:
        return None
    try:
        return parse_moment(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from error


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[str, float], None]]:
    """Yield the progress callback: a bar on stderr in a terminal, otherwise nothing."""
    if quiet or not sys.stderr.isatty():
        yield lambda stage, share: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (TextColumn("{task.description:<9}"), BarColumn(40), TaskProgressColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("stems", total=100)
        stages = list(STAGES)

        def advance(stage: str, share: float) -> None:
            if stage in STAGES:
                before = sum(STAGES[s] for s in stages[: stages.index(stage)])
                # show a new stage at once, even a short one
                new = bar.tasks[0].description != stage
                done = before + share * STAGES[stage]
                bar.update(task, description=stage, completed=done, refresh=new)

        yield advance


def _tell_stems(rendered: Rendered, output: Output) -> None:
    for name, stems in rendered.session.stems.items():
        for stem in stems:
            noted = [note.message for note in stem.notes]
            for sentence in stem.did:
                if sentence in noted:
                    output.note(f"note: {name}: {sentence}")
                else:
                    output.detail(f"{name}: {sentence}")
            for warning in stem.warnings:
                output.note(f"warning: {name}: {warning.message}")
    if rendered.report is None:  # an excerpt; the warnings of a report include them
        for overrun in rendered.session.overruns:
            output.note(f"warning: {overrun.message(rendered.session.scene.sample_rate)}")
    for treatment in rendered.session.treatments:
        for warned in treatment.warnings:
            output.note(f"warning: {treatment.effect}: {warned['message']}")


def _tell(rendered: Rendered, seconds: float) -> None:
    rate = rendered.session.scene.sample_rate
    rows = [("file", printable(_shown(rendered.master.file)))]
    if rendered.files.stems:
        rows.append(("stems", printable(_shown(rendered.files.stems_folder)) + "/"))
    if rendered.files.report is not None:
        rows.append(("report", printable(_shown(rendered.files.report))))
    if rendered.files.page is not None:
        rows.append(("page", printable(_shown(rendered.files.page))))
    rows.append(
        ("length", f"{len(rendered.master.span) / rate:.3f} s ({len(rendered.master.span)} samples)")
    )
    rows += _places(rendered)
    rows += _figures(rendered)
    rows.append(("took", f"{seconds:.1f} s"))
    for label, value in rows:
        click.echo(f"{click.style(f'{label:>10}', bold=_styled())}  {value}")
    told = [warning["message"] for warning in rendered.session.warnings]  # printed by `_tell_stems`
    for warning in rendered.report.warnings if rendered.report is not None else ():
        if warning.message not in told:
            click.echo(f"   warning  {printable(warning.message)}")


def _places(rendered: Rendered) -> list[tuple[str, str]]:
    """The rows with the timecodes of `TOLD_CUES`, and with the start of a file with a leader."""
    from audio_pipeline.mastering.leader import first_timecode, has_leader

    scene, span, rows = rendered.session.scene, rendered.master.span, []
    cues = {name: scene.cue(name) for name in TOLD_CUES if name in rendered.session.preset.cues}
    told = [
        f"{name} {scene.clock.timecode_of_sample(at, scene.sample_rate)}"
        for name, at in cues.items()
        if at in span
    ]
    if told:
        rows.append(("cues", ", ".join(told)))
    if has_leader(rendered.session, span):
        rows.append(("leader", f"the files start at {first_timecode(rendered.session)}"))
    return rows


def _figures(rendered: Rendered) -> list[tuple[str, str]]:
    from audio_pipeline.reporting.failed_clauses import delivery_result

    master, report = rendered.session.preset.master, rendered.report
    rows = []
    if report is not None:
        if report.dialogue_lufs is not None:
            rows.append(("dialogue", _value(report.dialogue_lufs, "LUFS (stem)")))
        rows.append(("programme", _value(report.integrated_lufs, "LUFS")))
        rows.append(("true peak", _value(report.true_peak_dbtp, "dBTP")))
        if report.dropout:
            rows.append(("floor", _value(report.dropout.floor_dbfs, "dBFS in the dropout")))
        rows.append(("delivery", f"{master.delivery}: {report.delivery.verdict}"))
        rows += [("", printable(clause.sentence())) for clause in delivery_result(report).failed]
    gains = rendered.master.gains
    if gains.dialogue_db is not None:
        rows.append(("gain", f"{gains.dialogue_db:+.2f} dB on the dialogue"))
    if master.anchor == "programme":
        rows.append(("gain", f"{gains.programme_db:+.2f} dB on the programme"))
    if rendered.master.ceiling.reduction_db > 0:
        rows.append(("ceiling", f"limited peaks by up to {rendered.master.ceiling.reduction_db:.1f} dB"))
    return rows


def _value(value: float | None, unit: str) -> str:
    return "not measurable" if value is None else f"{value:.1f} {unit}"


def _shown(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _styled() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
