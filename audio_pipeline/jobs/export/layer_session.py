"""The layer session: every layer dry, with its pan, level, fades and dropout as automation.

Parts that automation cannot express are rendered to separate tracks: treble, echoes, rooms, and the position in
headphones. The sum of all tracks is the mix at its gains, before the ceiling. Dry layers have the gain of their
bus.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import field
from pathlib import Path, PurePosixPath

import numpy as np

from audio_pipeline.audio_io.write.chunks import Bext, Ixml
from audio_pipeline.audio_io.write.wave import Bits, WaveWriter
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.jobs.export.automation import automation_of
from audio_pipeline.jobs.export.layer_parts import DRY, LayerParts, PartOf
from audio_pipeline.jobs.export.model import AutomationPoint, Clip, ExportSession, Marker, Track
from audio_pipeline.mastering.gain_staging import Gains
from audio_pipeline.mixing.session import Session
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.scene import to_samples
from audio_pipeline.timeline.spans import Span
from audio_pipeline.version import __version__

LAYERS = PurePosixPath("layers")
"""The folder of the layers, next to the session."""
INAUDIBLE_GAIN = 10.0 ** (-130.0 / 20.0)
"""A rendered part with a lower peak, −130 dBFS, gets no track."""
BITS: Bits = 32


def layer_session(
    session: Session, gains: Gains, folder: Path, on_layer: Callable[[float], None]
) -> ExportSession:
    """Write the layers to `folder`/layers and return their session, which starts with the programme.

    `gains` are those of the render. Raises RenderError for files that cannot be written.
    """
    scene, preset = session.scene, session.preset
    (folder / LAYERS).mkdir(parents=True, exist_ok=True)
    playing = [g for g in session.console.graph.groups if g.bus in preset.master.buses]
    names = [n for n in session.console.graph.layers if any(n in g.layers for g in playing)]
    taken: set[str] = set()
    tracks: list[Track] = []
    for number, name in enumerate(names, 1):
        parts = LayerParts(session.console, name)
        gain = gains.of_programme * (gains.of_dialogue if parts.bus == "DX" else 1.0)
        tracks += _tracks(session, parts, gain, folder, taken)
        on_layer(number / len(names))
    cues = sorted((scene.cue(name), name) for name in preset.cues)
    return ExportSession(
        name=f"{preset.name}.layers",
        title=f"{preset.head.title}: {preset.name}, layers",
        sample_rate_hz=scene.sample_rate,
        rate=scene.clock.rate,
        start_frame=scene.clock.start_frame,
        length_samples=len(scene.programme),
        tracks=tuple(tracks),
        markers=tuple(Marker(name, at) for at, name in cues),
    )


@dataclass
class _Printed:
    """A part that is being written."""

    part: PartOf
    clip: Clip
    path: Path
    wave: WaveWriter
    peak: float = field(default=0.0)

    def write(self, tile: Span, samples: Samples) -> None:
        here = tile.intersect(self.part.span)
        if not len(here):
            return
        block = samples[here.inside(tile)]
        self.peak = max(self.peak, float(np.abs(block).max()))
        self.wave.write(block)


def _tracks(
    session: Session, parts: LayerParts, gain: float, folder: Path, taken: set[str]
) -> Iterator[Track]:
    """Write the parts of one layer; yield a track for each audible part."""
    with ExitStack() as files:
        printed = [
            _opened(session, parts.name, part, folder, taken, files)
            for part in parts.parts
            if len(part.span)
        ]
        for tile, samples in parts.tiles():
            for one in printed:
                one.write(tile, samples[one.part.name] * gain)
    for one in printed:
        if one.peak < INAUDIBLE_GAIN:
            one.path.unlink()
            continue
        label = parts.name if one.part.name == DRY else f"{parts.name} {one.part.name}"
        yield Track(label, (one.clip,), _automation(session, parts, one.part))


def _automation(session: Session, parts: LayerParts, part: PartOf) -> tuple[AutomationPoint, ...]:
    """The points of a part: the dropout, and for the dry part also its direct gains."""

    def gains(sample: Samples) -> Samples:
        after = parts.gains.after(sample)[:, None]
        direct = parts.gains.direct(sample) if part.name == DRY else None
        both: Samples = after * (np.ones((1, 2)) if direct is None else direct)
        return both

    points = automation_of(gains, part.span.start, part.span.stop, session.scene.sample_rate)
    flat = all(point.volume == 1.0 and point.balance == 0.0 for point in points)
    return () if flat else points


def _opened(
    session: Session, layer: str, part: PartOf, folder: Path, taken: set[str], files: ExitStack
) -> _Printed:
    scene, preset = session.scene, session.preset
    name = _free_name(f"{preset.name}_{layer}_{part.name}", taken)
    path = folder / LAYERS / f"{name}.wav"
    clock, rate_hz = scene.clock, scene.sample_rate
    reference = to_samples(clock.rate.seconds(clock.start_frame), rate_hz) + part.span.start
    wave = WaveWriter(
        path,
        rate_hz,
        part.channels,
        BITS,
        bext=Bext(
            description=f"{preset.head.title}: {preset.name}, {layer} {part.name}",
            originator_reference=f"render-ending {__version__}",
            time_reference_samples=reference,
        ),
        ixml=Ixml(preset.head.title, preset.name, clock.rate),
    )
    files.enter_context(wave)
    length = len(part.span)
    clip = Clip(name, LAYERS / path.name, part.channels, BITS, part.span.start, length, reference)
    return _Printed(part, clip, path, wave)


def _free_name(wanted: str, taken: set[str]) -> str:
    """A name that is valid on every file system and unique in the session, ignoring case."""
    plain = re.sub(r"[^\w.+-]", "_", wanted)
    name, number = plain, 2
    while name.lower() in taken:
        name, number = f"{plain}_{number}", number + 1
    taken.add(name.lower())
    return name
