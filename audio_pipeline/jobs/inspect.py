"""The use case: read the samples of a layer of a preset, or of a part of a file, for inspection."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np

from audio_pipeline.audio_io.read.programme import programme_blocks, programme_info
from audio_pipeline.audio_io.write.recovery import finish_pending
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.errors import PresetError
from audio_pipeline.mixing.session import Session, open_session, with_stem_files
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import find_project
from audio_pipeline.preset.stems import StemFiles
from audio_pipeline.records import dataclass
from audio_pipeline.suggestions import did_you_mean
from audio_pipeline.timeline.moments import Clock, Moment
from audio_pipeline.timeline.scene import to_samples
from audio_pipeline.timeline.spans import Span
from audio_pipeline.timeline.timecode import RATES

LONGEST_S = 600.0
"""The longest part of a file that is inspected, ten minutes; the rest of a longer part is left out."""


class SpanError(ValueError):
    """The times are invalid for this layer or file, or reversed."""


@dataclass(frozen=True)
class Inspected:
    """Samples `(n, channels)` from `start_s`, with a description in `what`.

    `is_cut` is True when the part is longer than `LONGEST_S`; `did` lists the conditioning of a layer's stems.
    """

    samples: Samples
    sample_rate_hz: int
    start_s: float
    what: str
    is_cut: bool = False
    did: tuple[str, ...] = ()


def layer_of_preset(
    name: str,
    preset_name: str,
    sets: tuple[str, ...],
    files: StemFiles,
    begin: Moment | None,
    finish: Moment | None,
    dry: bool,
) -> Inspected:
    """A layer as in the mix, or with `dry` its source alone, from `begin` to `finish`. `files` replace stems.

    Raises SpanError for times that are invalid in this preset or reversed, PresetError for a layer that is
    unknown or off, StemError for a stem that cannot be read.
    """
    project = find_project(Path.cwd())
    preset = with_stem_files(build_preset(load_document(project, preset_name, sets)), files)
    _refuse_absent(name, preset.name, preset.layers, preset.playing())
    session = open_session(project, preset, files)
    scene, console = session.scene, session.console
    span = _span(name, session, begin, finish, dry)
    samples = console.dry(name, span) if dry else console.solo(name).render(span)
    how = "its source, dry" if dry else "as it stands in the mix"
    return Inspected(
        samples,
        scene.sample_rate,
        span.start / scene.sample_rate,
        f"{name} of {preset.name}, {how}",
        did=tuple(f"{n}: {done}" for n, stems in session.stems.items() for s in stems for done in s.did),
    )


def _span(name: str, session: Session, begin: Moment | None, finish: Moment | None, dry: bool) -> Span:
    scene, console = session.scene, session.console
    active = [console.graph.sources[name].span] if dry else console.solo(name).active_spans()
    own = Span(active[0].start, active[-1].stop) if active else Span(0, 0)
    try:
        start = own.start if begin is None else scene.at(begin)
        stop = own.stop if finish is None else scene.at(finish)
    except ValueError as error:
        raise SpanError(f"--from or --to cannot be worked out: {error}") from error
    _refuse_empty(start, stop)
    return Span(start, stop).intersect(scene.programme)


def _refuse_absent(name: str, preset: str, layers: Collection[str], playing: Collection[str]) -> None:
    if name not in layers:
        meant = did_you_mean(name, layers, "{} ")
        raise PresetError(
            f"the preset {preset!r} has no layer {name!r}",
            hint=f"{meant}There are: {', '.join(layers)}. A file is written with its ending: {name}.wav",
        )
    if name not in playing:
        raise PresetError(
            f"the layer {name!r} is off in the preset {preset!r}",
            hint=f"Switch it on with --set layers.{name}.on=true",
        )


def _refuse_empty(start: int, stop: int) -> None:
    if not start < stop:
        raise SpanError("nothing lies between --from and --to")


def part_of_file(path: Path, begin: Moment | None, finish: Moment | None) -> Inspected:
    """A file from `begin` to `finish`, at most `LONGEST_S`.

    The times count from the start of the programme and cannot be relative to cues. Raises SpanError when they
    are reversed, StemError for a file that cannot be read.
    """
    finish_pending(path)
    info = programme_info(path)
    rate = info.sample_rate_hz
    start = 0 if begin is None else _plain_sample(begin, rate)
    stop = None if finish is None else _plain_sample(finish, rate)
    _refuse_empty(start, start + 1 if stop is None else stop)
    most = start + round(LONGEST_S * rate)
    last = most if stop is None else min(stop, most)
    parts, at = [np.zeros((0, info.channels))], 0
    for block in programme_blocks(path):
        if at >= last:
            break
        parts.append(block[max(0, start - at) : last - at])
        at += len(block)
    is_cut = at >= most and (stop is None or stop > most)
    return Inspected(np.concatenate(parts), rate, start / rate, path.name, is_cut)


def _plain_sample(moment: Moment, rate: int) -> int:
    return to_samples(Clock(RATES["24"]).duration(moment), rate)
