"""Fill the folder of one delivery of one mix, complete or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from fractions import Fraction
from pathlib import Path

from audio_pipeline.audio_io.write.whole_folder import new_file, whole_folder
from audio_pipeline.errors import RenderError
from audio_pipeline.jobs.deliver.audio import (
    AudioFile,
    PartLoudness,
    PartSource,
    Picture,
    Words,
    write_part,
)
from audio_pipeline.jobs.deliver.checksums import files_in
from audio_pipeline.jobs.deliver.listening import CopyShelf, ListeningCopy
from audio_pipeline.jobs.deliver.material import Material
from audio_pipeline.jobs.deliver.names import DeliveryNames, next_version
from audio_pipeline.jobs.deliver.preview import PreviewShelf
from audio_pipeline.jobs.deliver.record import (
    RECORD,
    Record,
    differences,
    earlier_deliveries,
    version_number,
)
from audio_pipeline.jobs.deliver.seal import hashes_of, seal
from audio_pipeline.jobs.deliver.verify import verify_folder
from audio_pipeline.jobs.render_files import PAGE_SUFFIX
from audio_pipeline.mastering.leader import POP_S, TAIL_S
from audio_pipeline.memo.store import digest
from audio_pipeline.pages.csv_tables import files_csv, sections_csv, to_csv
from audio_pipeline.pages.delivery_letter import LetterFacts, Row, letter_sections, letter_text
from audio_pipeline.pages.delivery_letter_pdf import letter_pdf
from audio_pipeline.pages.page import sha256_of_text, write_page
from audio_pipeline.preset.explain import flat
from audio_pipeline.preset.names import written
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.figures import HEADLINE
from audio_pipeline.reporting.folder_rules import FolderRules, load_folder_rules
from audio_pipeline.reporting.model import LoudnessReport
from audio_pipeline.reporting.rejudge import rejudged
from audio_pipeline.reporting.report_json import to_json
from audio_pipeline.reporting.report_names import SUFFIX


@dataclass(frozen=True)
class Sender:
    """The date as 2026-11-27, whether the user set it, and the contact fields."""

    date: str
    is_given: bool
    contact: Mapping[str, str]


@dataclass(frozen=True)
class Delivered:
    """A delivery in its folder. `made` is False when the last version was the same."""

    folder: Path
    record: Record
    made: bool


@dataclass(frozen=True)
class SharedWork:
    """Results that the deliveries of a mix share: its listening copies, its preview if it has one, and the
    loudness of its parts, which other mixes share, too."""

    copies: CopyShelf
    preview: PreviewShelf | None = None
    known: PartLoudness = field(default_factory=PartLoudness)


def deliver(
    material: Material,
    delivery: str,
    out: Path,
    sender: Sender,
    work: SharedWork,
    own: Path | None = None,
) -> Delivered:
    """Fill the folder of one delivery below `out`, unless its last version has equal inputs.

    `work` holds what its deliveries share; `own` is the project's deliveries/.

    Raises ReportError for an unknown delivery, PresetError for an invalid file name, RenderError when the
    folder cannot be written; then no folder has its name.
    """
    rules = load_folder_rules(delivery, own)
    report = rejudged(material.report, rules.delivery, own)
    draft = _draft(material, rules, report, sender, work.preview)
    earlier = earlier_deliveries(out, material.mix, rules.delivery)
    version = material.preset.head.version
    if earlier:
        last_folder, last = earlier[-1]
        same_date = not sender.is_given or last.date == sender.date
        if last.key == draft.key and same_date and verify_folder(last_folder).passes:
            return Delivered(last_folder, last, made=False)
        if version_number(version) <= version_number(last.version):
            version = next_version(last.version)
        differs = differences(last, draft)
        draft = replace(draft, previous=last.version, differs=differs)
    names = DeliveryNames(material.preset, rules, version, material.language)
    folder = out / names.folder()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RenderError(
            f"the folder {out} cannot be created: {error.strerror or error}",
            hint="Choose another folder with --out.",
        ) from error
    with whole_folder(folder) as tree:
        draft = replace(draft, version=version)
        record = _fill(tree, folder.name, material, names, report, draft, work)
    return Delivered(folder, record, made=True)


def _draft(
    material: Material,
    rules: FolderRules,
    report: LoudnessReport,
    sender: Sender,
    preview: PreviewShelf | None,
) -> Record:
    """The record of the delivery, without version, changes, files and copies, which are set later."""
    preset = {key: written(value) for key, value in flat(material.preset).items()}
    cited = {
        "template": rules.names.template,
        "types": written([word for pair in rules.names.types for word in pair]),
        "parts": written(_parts(material, rules)),
        "discrete": str(rules.files.discrete).lower(),
        "two_pop": str(rules.leader.two_pop).lower(),
        "tail_pop": str(rules.leader.tail_pop).lower(),
    }
    samples = {part: material.samples[part] for part in _parts(material, rules)}
    clauses = [clause.model_dump(mode="json") for clause in report.delivery.clauses]
    depends = [samples, preset, cited, clauses, dict(sender.contact), material.language, material.me_of]
    if preview is not None:
        depends.append(preview.request.as_table())
    return Record(
        mix=material.mix,
        delivery=rules.delivery,
        version="",
        language=material.language,
        date=sender.date,
        verdict=report.delivery.verdict,
        key=digest("delivery", depends),
        samples=samples,
        figures={name: report.figure(name) for name in HEADLINE},
        preset=preset,
        rules=cited,
        contact=dict(sender.contact),
        differs=None,
        previous=None,
        files=[],
        copies=[],
        preview=None if preview is None else preview.request.as_table(),
    )


def _parts(material: Material, rules: FolderRules) -> list[str]:
    """The parts of the folder; the one that the report measures comes first."""
    wanted = {material.main, *rules.files.parts}
    return [part for part in material.sources if part in wanted]


def _fill(
    tree: Path,
    folder_name: str,
    material: Material,
    names: DeliveryNames,
    report: LoudnessReport,
    draft: Record,
    work: SharedWork,
) -> Record:
    """Write every file of the folder; returns its record."""
    preset, rules = material.preset, names.rules
    picture = Picture.of_report(report, preset.master.bits, rules.leader)
    words = Words(preset.head.title, material.mix, names.version, draft.date)
    parts = _parts(material, rules)
    files: list[AudioFile] = []
    for part, name in names.parts(tuple(parts)).items():
        discrete = rules.files.discrete
        source = PartSource(material.sources[part], material.samples[part])
        files += write_part(tree, name, part, source, picture, words, work.known, discrete=discrete)
    main = tree / next(file.name for file in files if file.part == material.main)
    title = f"{preset.head.title} {names.version}: {material.mix}"
    copies = work.copies.write(tree, main.stem, material.sources[material.main], title)
    preview_rows: tuple[Row, ...] = ()
    if work.preview is not None:
        shown = work.preview.write(tree, main.stem, material.sources[material.main], picture, title)
        preview_rows = (("video", shown.video), *shown.rows)
    hashes = hashes_of(tree, files_in(tree))
    sums = {path: found.sha256 for path, found in hashes.items()}
    delivered = _report_of_folder(report, material, picture, {f.name: sums[f.name] for f in files})
    record = replace(
        draft,
        files=[_file_entry(file, sums[file.name]) for file in files],
        copies=[vars(copy) | {"sha256": sums.get(copy.name)} for copy in copies],
    )
    base = main.stem
    text = to_json(delivered)
    _write(tree / f"{base}{SUFFIX}", text)
    page = tree / f"{base}{PAGE_SUFFIX}"
    write_page(page, delivered, sha256_of_text(text), material.changes, material.media, new_file)
    _write(tree / f"{base}.report.csv", files_csv([delivered]))
    _write(tree / f"{base}.sections.csv", sections_csv([delivered]))
    rows = _file_rows(files)
    _write(tree / f"{base}.files.csv", to_csv(rows[0], rows[1:]))
    facts = LetterFacts(
        preset.head.title,
        material.mix,
        names.version,
        draft.date,
        draft.contact,
        rules,
        _picture_rows(picture, report, material),
        rows,
        _copy_rows(copies),
        preview_rows,
        sums,
        draft.previous,
        draft.differs,
    )
    sections = letter_sections(facts, delivered)
    _write(tree / f"{base}.letter.txt", letter_text(sections))
    with new_file(tree / f"{base}.letter.pdf", "wb") as file:
        file.write(letter_pdf(sections, title))
    _write(tree / RECORD, record.text())
    seal(tree, folder_name, draft.date, title, hashes)
    return record


def _write(path: Path, text: str) -> None:
    with new_file(path, "w") as file:
        file.write(text)


def _report_of_folder(
    report: LoudnessReport, material: Material, picture: Picture, sums: Mapping[str, str]
) -> LoudnessReport:
    """The report with the files of the folder, and their leader."""
    main = next(name for name in sums)
    order = {main: sums[main], **sums}
    provenance = {key: value for key, value in report.provenance.items() if key != "leader"}
    leader = picture.leader()
    if leader is not None:
        provenance["leader"] = {"before_samples": len(leader.head), "after_samples": len(leader.tail)}
    return report.model_copy(update={"files": order, "provenance": provenance})


def _file_entry(file: AudioFile, sha256: str) -> dict[str, object]:
    return {
        "name": file.name,
        "part": file.part,
        "channel": file.channel,
        "sha256": sha256,
        **vars(file.loudness),
    }


def _file_rows(files: list[AudioFile]) -> list[Row]:
    head = ("file", "part", "channels", "LUFS", "LRA LU", "true peak dBTP")
    return [
        head,
        *(
            (
                file.name,
                file.part,
                file.channel or "L R",
                _shown(file.loudness.integrated_lufs),
                _shown(file.loudness.range_lu),
                _shown(file.loudness.max_true_peak_dbtp),
            )
            for file in files
        ),
    ]


def _copy_rows(copies: list[ListeningCopy]) -> list[Row]:
    head = ("file", "true peak dBTP, decoded", "LUFS, decoded")
    rows = [
        (copy.name, copy.reason or _shown(copy.true_peak_dbtp), _shown(copy.integrated_lufs))
        for copy in copies
    ]
    return [head, *rows]


def _shown(value: float | None) -> str:
    return "not measurable" if value is None else f"{value:.1f}"


def _picture_rows(picture: Picture, report: LoudnessReport, material: Material) -> list[Row]:
    """Lengths and sync, in frames and timecode."""
    clock, rate = picture.clock, picture.clock.rate
    first, last = clock.start_frame, clock.start_frame + picture.frames - 1
    exact = Fraction(picture.samples, picture.sample_rate_hz)
    rows: list[Row] = [
        ("picture rate", rate.name),
        ("length", f"{picture.frames} frames, {picture.samples} samples, {float(exact):.3f} s"),
        ("first frame of action", rate.timecode(first)),
        ("last frame of action", rate.timecode(last)),
        ("files start at", rate.timecode(picture.first_frame)),
    ]
    rule = picture.leader_rule
    pops = POP_S * rate.nominal
    rows.append(("2-pop", rate.timecode(first - pops) if rule.two_pop else "none"))
    rows.append(("tail pop", rate.timecode(last + 1 + pops) if rule.tail_pop else "none"))
    if rule.tail_pop:
        rows.append(("files end after", f"{TAIL_S} s of timecode after the last frame"))
    rows += [
        ("layout", "stereo: L R"),
        ("format", f"WAV, PCM, {picture.sample_rate_hz} Hz, {picture.bits} bit"),
    ]
    rows += [(f"cue {cue.name}", cue.timecode) for cue in report.cues]
    if material.me_of is not None:
        rows.append(("music and effects", f"one file for all languages, from {material.me_of}"))
    return rows
