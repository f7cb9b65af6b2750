"""The use case: one preset and its stems become one master, its stems and its report.

mix every tile, meter it and put it aside ─▶ one gain ─▶ ceiling, dither, file ─▶ report from the file
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audio_pipeline import __version__
from audio_pipeline.audio_io.scratch_file import ScratchFile
from audio_pipeline.audio_io.write.atomic_write import atomic_write
from audio_pipeline.audio_io.write.chunks import Bext, BextLoudness, Cue, Ixml
from audio_pipeline.audio_io.write.overwrite_guard import refuse_to_overwrite
from audio_pipeline.audio_io.write.wave import WaveWriter
from audio_pipeline.dsp.arrays import Samples, silence
from audio_pipeline.dsp.decibels import gain_from_db
from audio_pipeline.effects.base import total
from audio_pipeline.errors import PresetError, RenderError
from audio_pipeline.jobs.provenance import facts_of
from audio_pipeline.layers.base import Bus
from audio_pipeline.mastering.master import Ceiling, CeilingAction, Dither, Steps, quantise
from audio_pipeline.memo.store import Cache
from audio_pipeline.metering.gated import Gated, GatedMeter
from audio_pipeline.mixing.console import BUSES
from audio_pipeline.mixing.session import Session, open_session, with_stem_files
from audio_pipeline.pages.changes import changes_of
from audio_pipeline.pages.page import PAGE_SUFFIX, PageAnalyzer, PageMedia, write_page
from audio_pipeline.preset.model import Preset
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.stems import StemFiles, stem_paths
from audio_pipeline.reporting.facts import MixFacts
from audio_pipeline.reporting.report import report_of_file, to_json
from audio_pipeline.timeline.moments import Moment
from audio_pipeline.timeline.spans import Span, tiles_over
from audio_pipeline.timeline.workers import in_order

IN_MEMORY_BYTES = 48_000_000
"""A programme of so much, a minute, stays in memory between the two passes; a longer one takes none."""

Progress = Callable[[str, float], None]
"""Told what is being done, and which share of it is (0..1)."""

STEM_BUSES: dict[str, tuple[Bus, ...]] = {
    "DX": ("DX",),
    "FX": ("FX",),
    "BG": ("BG",),
    "ME": ("FX", "BG"),
}


@dataclass(frozen=True)
class Order:
    """What is to be rendered. `begin` and `finish` bound an excerpt; None means the whole."""

    project: Project
    preset: Preset
    out: Path
    stem_files: StemFiles = field(default_factory=dict)
    begin: Moment | None = None
    finish: Moment | None = None
    stems: bool = False
    workers: int = 1
    cache: Cache | None = None


@dataclass(frozen=True)
class Premaster:
    """The mix before its gain: the programme and, where wanted, each bus, put aside on disk."""

    programme: ScratchFile
    buses: dict[Bus, ScratchFile]
    anchor_loudness: Gated
    dialogue_loudness: Gated


@dataclass(frozen=True)
class Rendered:
    """What was made. `report`, its file, its page and what that shows are None for an excerpt."""

    master: Path
    stems: tuple[Path, ...]
    span: Span
    gain_db: float
    ceiling: CeilingAction
    report: dict[str, Any] | None
    report_file: Path | None
    page: Path | None
    look: PageMedia | None
    session: Session


def render(order: Order, progress: Progress = lambda stage, share: None) -> Rendered:
    """Render one mix. Raises PresetError, StemError or RenderError; earlier files are then as they were.

    The master is `<out>/<preset>.wav`; an excerpt carries its timecodes in its name, and in its file
    no loudness, since what was measured is the whole. Same order,
    same bytes, whatever the number of workers.
    """
    progress("stems", 0.0)
    preset = with_stem_files(order.preset, order.stem_files)
    session = open_session(order.project, preset, order.stem_files, order.cache)
    span = _span(order, session)
    _make_folder(order.out)
    whole = span == session.scene.programme
    name = preset.name if whole else _excerpt_name(session, span)
    master_file = order.out / f"{name}.wav"
    report_file = order.out / f"{name}.report.json" if whole else None
    page = order.out / f"{name}{PAGE_SUFFIX}" if whole else None
    _refuse_to_replace(order, master_file, *(p for p in (report_file, page) if p is not None))
    report, look = None, None
    with ExitStack() as open_files:
        # claimed from the start: a second render of the same mix is refused before it works in vain
        claimed = open_files.enter_context(atomic_write(report_file, "w")) if report_file else None
        premaster = _mix(order, session, open_files, progress)
        gain_db = _gain_db(preset, premaster)
        with _writer(session, master_file, span) as wave:
            ceiling = _write(session, premaster, span, gain_db, wave, order.workers, progress)
            stems = _write_stems(order, session, premaster, span, gain_db, master_file, progress)
            if claimed is not None and page is not None:
                progress("report", 0.0)
                facts = facts_of(session, gain_db, ceiling, premaster.dialogue_loudness)
                softest_dbfs = _softest_dbfs(preset, gain_db)
                report, look = _measured(wave, facts, master_file.name, softest_dbfs)
                claimed.write(to_json(report))
                progress("page", 0.0)
                write_page(page, report, changes_of(preset), look)
    progress("done", 1.0)
    return Rendered(master_file, stems, span, gain_db, ceiling, report, report_file, page, look, session)


def _refuse_to_replace(order: Order, master: Path, *beside: Path) -> None:
    """Raise RenderError when the render would write over what is not its own earlier work."""
    folder = _stems_folder(master)
    if order.stems and folder.is_symlink():
        raise RenderError(f"{folder} is a link; stems are not written through it", hint="Remove it.")
    stems = [_stem_file(master, stem) for stem in STEM_BUSES] if order.stems else []
    heard = stem_paths(order.project, order.preset, order.stem_files).values()
    for path in (master, *stems, *beside):
        if path.exists() and any(path.samefile(source) for source in heard if source.exists()):
            raise RenderError(
                f"{path} is a stem of this mix; it is not written over",
                hint="Write to another folder with --out DIR.",
            )
        refuse_to_overwrite(path)


def _stems_folder(master: Path) -> Path:
    return master.with_name(f"{master.stem}.stems")


def _stem_file(master: Path, stem: str) -> Path:
    return _stems_folder(master) / f"{master.stem}_{stem}.wav"


def _span(order: Order, session: Session) -> Span:
    programme, scene = session.scene.programme, session.scene
    try:
        start = scene.at(order.begin) if order.begin is not None else programme.start
        stop = scene.at(order.finish) if order.finish is not None else programme.stop
    except ValueError as error:
        raise PresetError(f"--from or --to cannot be worked out: {error}") from error
    if not programme.start <= start < stop <= programme.stop:
        length = len(programme) / scene.sample_rate
        raise PresetError(
            f"an excerpt from {start / scene.sample_rate:g} s to {stop / scene.sample_rate:g} s "
            f"does not lie in a programme of {length:g} s"
        )
    return Span(start, stop)


def _excerpt_name(session: Session, span: Span) -> str:
    def digits(sample: int) -> str:
        from fractions import Fraction

        timecode = session.scene.clock.timecode(Fraction(sample, session.scene.sample_rate))
        return "".join(c for c in timecode if c.isdigit())

    return f"{session.preset.name}_{digits(span.start)}-{digits(span.stop)}"


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RenderError(f"{folder} cannot be made: {error.strerror or error}") from error


def _mix(order: Order, session: Session, open_files: ExitStack, progress: Progress) -> Premaster:
    scene, kept = session.scene, (BUSES if order.stems else ())
    size = 16 * len(scene.programme)
    kept_bytes = size if size <= IN_MEMORY_BYTES else 0
    programme = open_files.enter_context(ScratchFile(order.out, 2, kept_bytes))
    spills = {bus: open_files.enter_context(ScratchFile(order.out, 2)) for bus in kept}
    dialogue = GatedMeter(scene.sample_rate, 2)
    by_dialogue = session.preset.master.anchor == "dialogue"
    anchor = dialogue if by_dialogue else GatedMeter(scene.sample_rate, 2)
    wanted: set[Bus] = {"DX", *kept}

    def mixed(buses: dict[Bus, Samples | None]) -> tuple[Samples | None, dict[Bus, Samples | None]]:
        # no other bus waits in memory until its turn comes
        return total(buses[bus] for bus in session.preset.master.buses), {b: buses[b] for b in wanted}

    for tile, (mix, buses) in session.console.tiles(scene.programme, order.workers, mixed):
        heard = tile.intersect(scene.programme)
        cut = heard.inside(tile)
        mix = _heard(mix, tile)[cut]
        programme.write(mix)
        for bus, spill in spills.items():
            spill.write(_heard(buses[bus], tile)[cut])
        dialogue.feed(_heard(buses["DX"], tile)[cut])
        if anchor is not dialogue:
            anchor.feed(mix)
        progress("mix", heard.stop / scene.programme.stop)
    return Premaster(programme, spills, anchor.result(), dialogue.result())


def _heard(part: Samples | None, tile: Span) -> Samples:
    return silence(len(tile), 2) if part is None else part


def _gain_db(preset: Preset, premaster: Premaster) -> float:
    """The one gain. Raises RenderError when there is nothing to anchor it on."""
    anchor, loudness = preset.master.anchor, premaster.anchor_loudness
    if loudness.integrated_lufs is None:
        raise RenderError(
            f"{preset.name}: the {anchor} has no loudness to bring to the target: {loudness.reason}",
            hint='Anchor on what can be heard: [master] anchor = "programme" or "dialogue".',
        )
    return float(preset.master.target - loudness.integrated_lufs)


def _softest_dbfs(preset: Preset, gain_db: float) -> float | None:
    """The level of the softest layer in the master, as it is asked for."""
    levels = [getattr(layer, "level", None) for layer in preset.playing().values()]
    return min((level + gain_db for level in levels if level is not None), default=None)


def _write(
    session: Session,
    premaster: Premaster,
    span: Span,
    gain_db: float,
    wave: WaveWriter,
    workers: int,
    progress: Progress,
) -> CeilingAction:
    """Write the master's samples; returns what the ceiling did."""
    preset, scene = session.preset, session.scene
    limiter = Ceiling(preset.master.ceiling, scene.samples(preset.master.look_ahead))
    gain = gain_from_db(gain_db)
    dither = Dither(scene.seed, "master")
    sounding = session.console.active_spans()

    def mastered(tile: Span) -> tuple[Span, Steps, Samples | None]:
        # always the whole tile, of which an excerpt takes its part: the same bits in both
        wide = Span(tile.start - limiter.halo, tile.stop + limiter.halo)
        loud = premaster.programme.read(wide)
        loud *= gain
        held = limiter.gains(loud)
        own = loud[limiter.halo : limiter.halo + len(tile)]
        limited = own if held is None else own * held[:, None]
        heard = tile.intersect(span)
        cut = heard.inside(tile)
        steps = quantise(limited[cut], preset.master.bits, dither, heard, sounding)
        return heard, steps, None if held is None else held[cut]

    action = CeilingAction()
    for heard, steps, held in in_order(mastered, tiles_over(span), workers):
        wave.write(steps)
        action = action if held is None else action.with_tile(held, heard)
        progress("master", (heard.stop - span.start) / len(span))
    return action


def _measured(
    wave: WaveWriter, facts: MixFacts, name: str, softest_dbfs: float | None
) -> tuple[dict[str, Any], PageMedia]:
    """The report from the file that will be delivered, and what its page shows of it, in one go."""
    draft = wave.draft()
    looking = PageAnalyzer(draft, softest_dbfs)
    report = report_of_file(draft, facts, name, beside=[looking])
    wave.set_loudness(
        BextLoudness(
            report["integrated_lufs"],
            report["loudness_range_lu"],
            report["true_peak_dbtp"],
            report["max_momentary_lufs"],
            report["max_short_term_lufs"],
        )
    )
    return report, looking.look()


def _write_stems(
    order: Order,
    session: Session,
    premaster: Premaster,
    span: Span,
    gain_db: float,
    master: Path,
    progress: Progress,
) -> tuple[Path, ...]:
    """Write DX, FX, BG and ME at the master's gain, without the ceiling: they sum to the premaster."""
    if not order.stems:
        return ()
    _make_folder(_stems_folder(master))
    gain, sounding, written = gain_from_db(gain_db), session.console.active_spans(), []
    for n, (stem, buses) in enumerate(STEM_BUSES.items()):
        path = _stem_file(master, stem)
        dither = Dither(session.scene.seed, stem)

        def quantised(tile: Span, buses: tuple[Bus, ...] = buses, dither: Dither = dither) -> Steps:
            heard = tile.intersect(span)
            total = sum((premaster.buses[bus].read(heard) for bus in buses), silence(len(heard), 2))
            return quantise(total * gain, session.preset.master.bits, dither, heard, sounding)

        with _writer(session, path, span) as wave:
            for steps in in_order(quantised, tiles_over(span), order.workers):
                wave.write(steps)
        written.append(path)
        progress("stems out", (n + 1) / len(STEM_BUSES))
    return tuple(written)


def _writer(session: Session, path: Path, span: Span) -> WaveWriter:
    preset, scene = session.preset, session.scene
    midnight = round(scene.clock.rate.seconds(scene.clock.start_frame) * scene.sample_rate)
    cues = sorted((scene.cue(name), name) for name in preset.cues)
    return WaveWriter(
        path,
        scene.sample_rate,
        2,
        preset.master.bits,
        bext=Bext(
            description=f"{preset.head.title}: {preset.name}",
            originator_reference=f"render-ending {__version__}",
            time_reference_samples=midnight + span.start,
            coding_history=f"A=PCM,F={scene.sample_rate},W={preset.master.bits},M=stereo,T=render-ending",
        ),
        ixml=Ixml(preset.head.title, preset.name, scene.clock.rate),
        cues=[Cue(name, at - span.start) for at, name in cues if at in span],
    )
