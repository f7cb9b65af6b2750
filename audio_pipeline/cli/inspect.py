"""`render-ending inspect`: what a sound is made of, in numbers and as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from audio_pipeline.cli.errors import printable, printable_json
from audio_pipeline.cli.options import debug_option, preset_names

if TYPE_CHECKING:
    from audio_pipeline.dsp.arrays import Samples
    from audio_pipeline.pages.inspection import Inspection
    from audio_pipeline.timeline.moments import Moment

EPILOG = """\b
Examples:
  render-ending inspect projector --plot projector.png
  render-ending inspect breath --preset last-breath --from black --to dropout
  render-ending inspect grain --dry --set grain.dust_rate=40/s --json
  render-ending inspect renders/final.wav --from 44s --to 57s --plot wait.png
"""

LONGEST_S = 600.0
"""As much of a file as is looked at in one piece; of a longer one, its first ten minutes."""


class Heard(NamedTuple):
    """What is inspected: `(n, channels)` samples that begin at `start_s`, and what they are in words."""

    samples: Samples
    sample_rate_hz: int
    start_s: float
    what: str


@click.command("inspect", epilog=EPILOG)
@click.argument("what", metavar="LAYER|FILE")
@click.option(
    "--preset", metavar="NAME", shell_complete=preset_names, help="The layer's preset; else final."
)
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change a value of the preset.")
@click.option("--from", "from_", metavar="TIME", help='Begin here: "44s", "black - 2s".')
@click.option("--to", metavar="TIME", help="End here.")
@click.option("--dry", is_flag=True, help="The layer's source itself: not placed, no room, no dropout.")
@click.option(
    "--plot", type=click.Path(path_type=Path), metavar="FILE.png|svg", help="Draw the picture, too."
)
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON.")
@debug_option
def command(
    what: str,
    preset: str | None,
    sets: tuple[str, ...],
    from_: str | None,
    to: str | None,
    dry: bool,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Inspect a layer of a preset by itself, or any audio FILE.

    A layer is heard as it stands in the mix: placed, with its room, until the dropout, before the one
    gain; with --dry its source alone. A name with a dot or a slash is a file.
    """
    from audio_pipeline.pages.inspection import inspection_of

    begin, finish = _moment("--from", from_), _moment("--to", to)
    if _is_file(what):
        if preset or sets or dry:
            raise click.UsageError("--preset, --set and --dry go with a layer, not with a file")
        heard = _file(Path(what), begin, finish)
    else:
        heard = _layer(what, preset or "final", sets, begin, finish, dry)
    found = inspection_of(heard.samples, heard.sample_rate_hz)
    _print(heard, found, as_json)
    if plot is not None:
        from audio_pipeline.pages.inspection_picture import write_inspection

        write_inspection(heard.samples, found, plot, heard.what, start_s=heard.start_s)


def _is_file(what: str) -> bool:
    return "." in what or "/" in what or "\\" in what


def _moment(option: str, text: str | None) -> Moment | None:
    from audio_pipeline.timeline.moments import parse_moment

    try:
        return None if text is None else parse_moment(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from error


def _layer(
    name: str, preset_name: str, sets: tuple[str, ...], begin: Any, finish: Any, dry: bool
) -> Heard:
    from audio_pipeline.mixing.session import open_session
    from audio_pipeline.preset.document import load_document
    from audio_pipeline.preset.model import build_preset
    from audio_pipeline.preset.project import find_project
    from audio_pipeline.timeline.spans import Span

    project = find_project(Path.cwd())
    preset = build_preset(load_document(project, preset_name, sets))
    _refuse_absent(name, preset.name, preset.layers, preset.playing())
    session = open_session(project, preset, {})
    scene, console = session.scene, session.console
    sounding = [console.sources[name].span] if dry else console.solo(name).active_spans()
    own = Span(sounding[0].start, sounding[-1].stop) if sounding else Span(0, 0)
    try:
        start = own.start if begin is None else scene.at(begin)
        stop = own.stop if finish is None else scene.at(finish)
    except ValueError as error:
        raise click.UsageError(f"--from or --to cannot be worked out: {error}") from error
    _refuse_empty(start, stop)
    span = Span(start, stop).intersect(scene.programme)
    samples = console.dry(name, span) if dry else console.solo(name).render(span)
    how = "its source, dry" if dry else "as it stands in the mix"
    return Heard(
        samples, scene.sample_rate, span.start / scene.sample_rate, f"{name} of {preset.name}, {how}"
    )


def _refuse_absent(name: str, preset: str, layers: Any, playing: Any) -> None:
    import difflib

    from audio_pipeline.errors import PresetError

    if name not in layers:
        near = difflib.get_close_matches(name, layers, 1)
        meant = f"did you mean {near[0]!r}? " if near else ""
        raise PresetError(
            f"there is no layer {name!r} in the preset {preset!r}",
            hint=f"{meant}There are: {', '.join(layers)}. A file is written with its ending: {name}.wav",
        )
    if name not in playing:
        raise PresetError(
            f"the layer {name!r} is off in the preset {preset!r}",
            hint=f"Switch it on with --set layers.{name}.on=true",
        )


def _refuse_empty(start: Any, stop: Any) -> None:
    if not start < stop:
        raise click.UsageError("nothing lies between --from and --to")


def _file(path: Path, begin: Any, finish: Any) -> Heard:
    import numpy as np

    from audio_pipeline.audio_io.read.audio_file import blocks, probe

    info = probe(path)
    rate = info.sample_rate_hz
    start = _plain_sample("--from", begin, rate) if begin is not None else 0
    stop = _plain_sample("--to", finish, rate) if finish is not None else None
    _refuse_empty(start, start + 1 if stop is None else stop)
    most = start + round(LONGEST_S * rate)
    last = most if stop is None else min(stop, most)
    parts, at = [np.zeros((0, info.channels))], 0
    for block in blocks(path):
        if at >= last:
            break
        parts.append(block[max(0, start - at) : last - at])
        at += len(block)
    samples = np.concatenate(parts)
    if at >= most and (stop is None or stop > most):
        click.echo(f"note: ten minutes are looked at, from {start / rate:g} s on", err=True)
    return Heard(samples, rate, start / rate, path.name)


def _plain_sample(option: str, moment: Any, rate: int) -> int:
    from audio_pipeline.timeline.moments import Clock
    from audio_pipeline.timeline.scene import to_samples
    from audio_pipeline.timeline.timecode import RATES

    if moment.names():
        raise click.BadParameter(f"a file has no cues: {moment}", param_hint=option)
    return to_samples(Clock(RATES["24"]).duration(moment), rate)


def _print(heard: Heard, found: Inspection, as_json: bool) -> None:
    if as_json:
        import json

        shown = {"what": heard.what, "start_s": round(heard.start_s, 6), **found.as_dict()}
        click.echo(printable_json(json.dumps(shown, indent=2, ensure_ascii=False, allow_nan=False)))
        return
    click.echo(
        f"{printable(heard.what)}: {heard.start_s:.2f} s to {heard.start_s + found.duration_s:.2f} s\n"
    )
    for label, value in _rows(found):
        click.echo(f"{label:>20}  {value}")


def _rows(found: Inspection) -> list[tuple[str, str]]:
    rows = [
        ("RMS", f"{found.rms_dbfs:.1f} dBFS"),
        ("peak", f"{found.peak_dbfs:.1f} dBFS"),
        ("crest", f"{found.crest_db:.1f} dB"),
        ("kurtosis", f"{found.kurtosis:.1f}   (3 is Gaussian)"),
    ]
    if found.correlation is not None:
        rows.append(("correlation", f"{found.correlation:+.2f}"))
    if found.mono_fold_db is not None:
        rows.append(("mono fold", f"{found.mono_fold_db:+.1f} dB at {found.mono_fold_at_hz:.0f} Hz"))
    rows += [(name, f"{share:.1f} dB") for name, share in found.bands_db.items()]
    rows += [
        ("beat" if n == 0 else "", f"{beat.rate_hz:g} Hz, {beat.over_db:.0f} dB over its surroundings")
        for n, beat in enumerate(found.beats)
    ]
    return rows
