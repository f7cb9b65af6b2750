"""The use case: mixes × deliveries, one folder each, and one overview. A mix is rendered once for all."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Literal

from audio_pipeline.audio_io.write.atomic_write import atomic_write
from audio_pipeline.audio_io.write.overwrite_guard import refuse_to_overwrite
from audio_pipeline.audio_io.write.recovery import recover
from audio_pipeline.errors import AudioPipelineError
from audio_pipeline.jobs.batch.plan import Mix
from audio_pipeline.jobs.batch.run import with_its_gain
from audio_pipeline.jobs.deliver.audio import PartLoudness
from audio_pipeline.jobs.deliver.folder import Sender, SharedWork, deliver
from audio_pipeline.jobs.deliver.listening import CopyShelf
from audio_pipeline.jobs.deliver.material import Material, SharedEffects, material_of
from audio_pipeline.jobs.deliver.preview import PreviewRequest, PreviewShelf, refuse_other_rate
from audio_pipeline.jobs.deliver.record import all_deliveries
from audio_pipeline.jobs.order_key import made_of
from audio_pipeline.jobs.reference import ReferenceMix
from audio_pipeline.jobs.render import Order
from audio_pipeline.memo.store import Cache, digest
from audio_pipeline.pages.delivery_overview import (
    DeliveryRow,
    overview_csv,
    overview_html,
    overview_json,
)
from audio_pipeline.preset.project import Project
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.delivery_files import full_name
from audio_pipeline.reporting.folder_rules import load_folder_rules
from audio_pipeline.shortage import shortage

OVERVIEW = ("deliveries.json", "deliveries.csv", "deliveries.html")

DeliveryStatus = Literal["made", "unchanged", "failed"]


@dataclass(frozen=True)
class DeliveryOutcome:
    """The result of one delivery of a mix. After a failure `folder` is None and `error` is the message."""

    mix: str
    language: str
    delivery: str
    status: DeliveryStatus
    folder: Path | None = None
    version: str = ""
    verdict: str | None = None
    differs: tuple[str, ...] | None = None
    previous: str | None = None
    error: str | None = None
    hint: str | None = None

    @property
    def passes(self) -> bool:
        """Whether the folder was made and its verdict is a pass."""
        return self.status != "failed" and self.verdict == "pass"


@dataclass(frozen=True)
class DeliveryJob:
    """The deliveries of each mix, by name, and their folder.

    `own_deliveries` is the project's folder of deliveries; `previews` are the previews to add, by mix.
    """

    mixes: Sequence[Mix]
    deliveries: dict[str, tuple[str, ...]]
    out: Path
    sender: Sender
    workers: int
    cache: Cache | None
    own_deliveries: Path | None = None
    previews: Mapping[str, PreviewRequest] = field(default_factory=dict)


@dataclass(frozen=True)
class Shared:
    """Results that mixes share: music and effects, by their mix, and the loudness of parts."""

    effects: dict[str, SharedEffects] = field(default_factory=dict)
    known: PartLoudness = field(default_factory=PartLoudness)


OnStage = Callable[[str, str, float], None]
"""Called with a mix, its stage, and the share of the stage that is done."""


def deliver_all(
    job: DeliveryJob, on_stage: OnStage = lambda mix, stage, share: None
) -> Iterator[DeliveryOutcome]:
    """Make every missing delivery; yield the outcome of each when it ends.

    A mix or delivery that fails does not stop the others. Raises ReportError
    for an unknown delivery, before anything is rendered.
    """
    for names in job.deliveries.values():
        for name in names:
            load_folder_rules(name, job.own_deliveries)
    if job.out.is_dir():
        recover(job.out)  # from a killed process
    shared = Shared()
    for mix in _in_order(job.mixes):
        yield from _deliver_mix(mix, job, shared, on_stage)


def _in_order(mixes: Sequence[Mix]) -> list[Mix]:
    """The mixes in an order in which every mix follows those that it needs: its reference, its full mix."""
    references = {
        _likeness(mix.root, mix.reference.preset)
        for mix in mixes
        if isinstance(mix.reference, ReferenceMix)
    }

    def rank(mix: Mix) -> tuple[bool, bool]:
        own = mix.preset is not None and _likeness(mix.root, mix.preset) in references
        return mix.full_mix is not None, not own

    return sorted(mixes, key=rank)


def _likeness(root: Path, preset: object) -> str:
    """A key that is equal for two presets of the same mix; empty when a recording is missing."""
    try:
        return digest(made_of(Project(root), preset))  # type: ignore[arg-type]
    except AudioPipelineError:
        return ""


def _deliver_mix(
    mix: Mix, job: DeliveryJob, shared: Shared, on_stage: OnStage
) -> Iterator[DeliveryOutcome]:
    names = job.deliveries[mix.name]
    request = job.previews.get(mix.name)
    try:
        if request is not None and mix.preset is not None:
            refuse_other_rate(request, mix.preset.picture.clock().rate)  # before it is rendered
        material = _material(with_its_gain(mix), job, on_stage)
        if mix.preset is not None and (own := material.effects()) is not None:
            shared.effects[_likeness(mix.root, mix.preset)] = own
        if isinstance(mix.reference, ReferenceMix):
            other = shared.effects.get(_likeness(mix.root, mix.reference.preset))
            material = material if other is None else material.with_effects(other)
    except (AudioPipelineError, OSError, MemoryError) as error:
        for name in names:
            yield _failed(mix, name, error)
        return
    with tempfile.TemporaryDirectory(prefix="render-ending-") as folder:
        copies = CopyShelf(Path(folder))
        preview = None if request is None else PreviewShelf(Path(folder), request)
        work = SharedWork(copies, preview, shared.known)
        yield from _deliver_each(mix, material, job, work, on_stage)


def _deliver_each(
    mix: Mix, material: Material, job: DeliveryJob, work: SharedWork, on_stage: OnStage
) -> Iterator[DeliveryOutcome]:
    for name in job.deliveries[mix.name]:
        on_stage(mix.name, full_name(name, job.own_deliveries), 0.0)
        try:
            made = deliver(material, name, job.out, job.sender, work, job.own_deliveries)
        except (AudioPipelineError, OSError, MemoryError) as error:
            yield _failed(mix, name, error)
            continue
        record = made.record
        yield DeliveryOutcome(
            mix.name,
            mix.language,
            record.delivery,
            "made" if made.made else "unchanged",
            made.folder,
            record.version,
            record.verdict,
            None if record.differs is None else tuple(record.differs),
            record.previous,
        )


def _material(mix: Mix, job: DeliveryJob, on_stage: OnStage) -> Material:
    if mix.preset is None or mix.failure is not None:
        raise AudioPipelineError(mix.failure or "the mix cannot be rendered", hint=mix.hint)
    order = Order(
        Project(mix.root),
        mix.preset,
        mix.out,
        stems=True,
        workers=job.workers,
        cache=job.cache,
        reference=mix.reference,
    )
    language = mix.language or mix.preset.head.language
    return material_of(order, language, lambda stage, share: on_stage(mix.name, stage, share))


def _failed(mix: Mix, delivery: str, error: Exception) -> DeliveryOutcome:
    known = error if isinstance(error, AudioPipelineError) else shortage(error)
    message = f"{error}" if known is None else known.message
    hint = None if known is None else known.hint
    return DeliveryOutcome(mix.name, mix.language, delivery, "failed", error=message, hint=hint)


def refuse_foreign_overview(out: Path) -> None:
    """Raise RenderError when a file in `out` has a name of the overview and was not written by this program."""
    for name in OVERVIEW:
        refuse_to_overwrite(out / name)


def write_overview(outcomes: Sequence[DeliveryOutcome], out: Path) -> None:
    """Write the overview of all deliveries in `out`, and of failed `outcomes`: JSON, CSV and a page.

    Raises RenderError when it cannot be written.
    """
    rows = [
        DeliveryRow(
            record.mix,
            record.language,
            record.delivery,
            record.version,
            folder.name,
            record.verdict,
            None if record.differs is None else tuple(record.differs),
            record.previous,
            None,
        )
        for folder, record in all_deliveries(out)
    ]
    rows += [
        DeliveryRow(o.mix, o.language, o.delivery, o.version, None, None, None, None, o.error)
        for o in outcomes
        if o.folder is None
    ]
    texts = (overview_json(rows), overview_csv(rows), overview_html(rows))
    for name, text in zip(OVERVIEW, texts, strict=True):
        with atomic_write(out / name, "w") as file:
            file.write(text)
