"""The deliveries that a user asks for, by names and batch files, as a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from audio_pipeline.jobs.batch.plan import Mix, matrices_of, plan
from audio_pipeline.jobs.deliver.contact import read_contact
from audio_pipeline.jobs.deliver.folder import Sender
from audio_pipeline.jobs.deliver.preview import PreviewRequest, preview_request
from audio_pipeline.jobs.deliver.run import DeliveryJob
from audio_pipeline.memo.store import Cache
from audio_pipeline.preset.batch_file import parse_sets
from audio_pipeline.preset.names import day
from audio_pipeline.preset.project import Project
from audio_pipeline.records import dataclass

DEFAULT_DELIVERY = "netflix-nearfield"
"""The delivery in the output for a mix that cannot be rendered."""
BLACK = "black"
"""The picture of a preview without a film file."""


@dataclass(frozen=True)
class DeliveryRequest:
    """What to deliver: `things` are names of presets or batch files.

    `deliveries`, `picture` and `date` replace those of batch files, of presets and of today; `sets` are
    "key=value" for every mix. `out` None is the project's folder `delivered`; `cache` None renders without.
    """

    things: Sequence[str]
    deliveries: Sequence[str] = ()
    picture: Path | None = None
    date: str | None = None
    sets: Sequence[str] = ()
    out: Path | None = None
    workers: int = 1
    cache: Cache | None = None


def delivery_job(project: Project, request: DeliveryRequest) -> DeliveryJob:
    """The mixes of `request`, with the deliveries and the preview of each.

    Raises PresetError for an unknown name or an invalid batch file, StemError for a picture that cannot be
    read, RenderError for a preview without ffmpeg.
    """
    mixes: dict[str, Mix] = {}
    wanted: dict[str, tuple[str, ...]] = {}
    previews: dict[str, PreviewRequest] = {}
    fixed = parse_sets(tuple(request.sets))
    given = tuple(dict.fromkeys(request.deliveries))
    matrices = [replace(m, sets=fixed) for m in matrices_of(project, request.things, everything=False)]
    # the matrices of one batch file have the same deliveries and the same picture
    for (asked, film), some in groupby(matrices, key=lambda m: (m.deliveries, m.picture)):
        preview = _preview(project, request.picture, film)
        for mix in plan(project, list(some), project.renders.absolute()):
            own = (DEFAULT_DELIVERY,) if mix.preset is None else (mix.preset.master.delivery,)
            mixes.setdefault(mix.name, mix)
            wanted[mix.name] = tuple(
                dict.fromkeys((*wanted.get(mix.name, ()), *(given or asked or own)))
            )
            if preview is not None:
                previews[mix.name] = preview
    date = request.date or day().isoformat()
    return DeliveryJob(
        list(mixes.values()),
        wanted,
        (request.out or project.root / "delivered").absolute(),
        Sender(date, request.date is not None, read_contact(project.root)),
        request.workers,
        request.cache,
        project.deliveries,
        previews,
    )


def _preview(project: Project, given: Path | None, film: str | None) -> PreviewRequest | None:
    """The preview with the picture `given`, else with `film` of a batch file; None without both."""
    if given is None and film is None:
        return None
    if str(given or film) == BLACK:
        return preview_request(None)
    return preview_request(given or project.inside(str(film), "deliver.picture"))
