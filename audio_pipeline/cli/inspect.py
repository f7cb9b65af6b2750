"""`render-ending inspect`: analyse a layer or a file, in figures and as a plot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from audio_pipeline.cli.errors import printable
from audio_pipeline.cli.options import debug_option, preset_names, stem_files, voice_options
from audio_pipeline.cli.output import Output, output_options

if TYPE_CHECKING:
    from audio_pipeline.jobs.inspect import Inspected
    from audio_pipeline.pages.inspection import Inspection
    from audio_pipeline.timeline.moments import Moment

EPILOG = """\b
Examples:
  render-ending inspect projector --plot projector.png
  render-ending inspect breath --preset last-breath --from black --to dropout
  render-ending inspect grain --dry --set grain.dust_rate=40/s --json
  render-ending inspect renders/final.wav --from 44s --to 57s --plot wait.png
"""


@click.command("inspect", epilog=EPILOG)
@click.argument("what", metavar="LAYER|FILE")
@click.option(
    "--preset", metavar="NAME", shell_complete=preset_names, help="Preset of the layer (default: final)."
)
@voice_options
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Set a value of the preset.")
@click.option("--from", "from_", metavar="TIME", help='Start, e.g. "44s" or "black - 2s".')
@click.option("--to", metavar="TIME", help="End, e.g. dropout.")
@click.option("--dry", is_flag=True, help="The dry source: without panning, room and dropout.")
@click.option(
    "--plot", type=click.Path(path_type=Path), metavar="FILE.png|svg", help="Write a plot to FILE."
)
@output_options
@debug_option
def command(
    what: str,
    preset: str | None,
    voice_a: Path | None,
    voice_b: Path | None,
    sets: tuple[str, ...],
    from_: str | None,
    to: str | None,
    dry: bool,
    plot: Path | None,
    output: Output,
) -> None:
    """Analyse one layer of a preset, or any audio FILE.

    A layer is analysed as it is in the mix: panned, with its room, until the dropout, before the programme
    gain; with --dry, its source only. A name with a dot or a slash is a file.
    """
    from audio_pipeline.jobs.inspect import SpanError, layer_of_preset, part_of_file

    begin, finish = _moment("--from", from_), _moment("--to", to)
    files = stem_files(voice_a, voice_b)
    if _is_file(what):
        from audio_pipeline.audio_io.write.recovery import finish_pending

        finish_pending(Path(what))
        if preset or sets or dry or files:
            raise click.UsageError(
                "--preset, --voice-a, --voice-b, --set and --dry go with a layer, not with a file"
            )
        begin, finish = _of_file("--from", begin), _of_file("--to", finish)
    try:
        if _is_file(what):
            part = part_of_file(Path(what), begin, finish)
        else:
            part = layer_of_preset(what, preset or "final", sets, files, begin, finish, dry)
    except SpanError as error:
        raise click.UsageError(str(error)) from error
    if part.is_cut:
        output.note(f"note: only ten minutes are analysed, from {part.start_s:g} s on")
    for sentence in part.did:
        output.detail(sentence)
    output.detail(
        f"{part.what}: {len(part.samples)} samples of {part.samples.shape[1]} channels"
        f" at {part.sample_rate_hz} Hz"
    )
    from audio_pipeline.pages.inspection import inspection_of  # imports SciPy, so after the errors

    found = inspection_of(part.samples, part.sample_rate_hz)
    _print(part, found, output)
    if plot is not None:
        from audio_pipeline.pages.inspection_picture import write_inspection

        write_inspection(part.samples, found, plot, part.what, start_s=part.start_s)


def _is_file(what: str) -> bool:
    return "." in what or "/" in what or "\\" in what


def _moment(option: str, text: str | None) -> Moment | None:
    from audio_pipeline.timeline.moments import parse_moment

    try:
        return None if text is None else parse_moment(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from error


def _of_file(option: str, moment: Moment | None) -> Moment | None:
    if moment is not None and moment.names():
        raise click.BadParameter(f"a file has no cues: {moment}", param_hint=option)
    return moment


def _print(part: Inspected, found: Inspection, output: Output) -> None:
    if output.json:
        output.document({"what": part.what, "start_s": round(part.start_s, 6), **found.as_dict()})
        return
    click.echo(
        f"{printable(part.what)}: {part.start_s:.2f} s to {part.start_s + found.duration_s:.2f} s\n"
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
    if (timbre := found.timbre) is not None:
        rows += [
            ("spectral centroid", f"{timbre.centroid_hz:.0f} Hz"),
            ("flatness", f"{timbre.flatness_db:.1f} dB   (0 is white noise)"),
            ("onsets", f"{timbre.onsets_per_s:.2f} a second"),
        ]
        if timbre.pitch_hz is not None:
            share = f"   (in {timbre.voiced_percent:.0f} % of the time)"
            rows.append(("pitch", f"{timbre.pitch_hz:.0f} Hz{share}"))
    rows += [
        ("beat" if n == 0 else "", f"{beat.rate_hz:g} Hz, {beat.over_db:.0f} dB over its surroundings")
        for n, beat in enumerate(found.beats)
    ]
    return rows
