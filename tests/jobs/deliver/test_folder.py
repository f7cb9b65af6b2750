"""What is in a delivery's folder, how it is called, and that it comes whole or not at all."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from wavinfo import WavInfoReader

from audio_pipeline.audio_io.write.recovery import recover
from audio_pipeline.errors import PresetError, RenderError
from audio_pipeline.jobs.deliver import folder as filling
from audio_pipeline.jobs.deliver.checksums import files_in
from audio_pipeline.jobs.deliver.folder import Delivered
from audio_pipeline.jobs.deliver.listening import CopyShelf
from audio_pipeline.jobs.deliver.material import Material
from audio_pipeline.jobs.deliver.names import DeliveryNames, discrete_channels, next_version
from audio_pipeline.jobs.deliver.record import read_record
from audio_pipeline.jobs.deliver.verify import verify_folder
from audio_pipeline.reporting.folder_rules import load_folder_rules
from audio_pipeline.reporting.render_set import read_set
from tests.jobs.deliver.conftest import SENDER, deliver, deliver_encoded_again

BASE = "Tiny_v1_{}_Theatrical_en_20_48k_24b_24"
FIRST = 8 * 48_000
"""Where the programme begins in a file with a leader."""


def samples(path: Path) -> np.ndarray:
    return soundfile.read(path, dtype="int32", always_2d=True)[0]


def test_the_folder_holds_every_part_interleaved_and_discrete(staged: Delivered) -> None:
    wavs = {path.name for path in staged.folder.glob("*.wav")}
    names = [BASE.format(part) for part in ("PM", "DX", "FX", "BG")]
    names.append(BASE.format("ME").replace("_en", ""))  # one for all languages
    assert wavs == {f"{name}{end}.wav" for name in names for end in ("", ".L", ".R")}
    for name in names:
        both = samples(staged.folder / f"{name}.wav")
        for channel, end in enumerate(("L", "R")):
            mono = samples(staged.folder / f"{name}.{end}.wav")
            assert np.array_equal(mono[:, 0], both[:, channel])


def test_the_samples_are_those_of_the_render_between_leaders(
    staged: Delivered, material: Material
) -> None:
    for part, source in material.sources.items():
        name = BASE.format(part).replace("_en", "" if part == "ME" else "_en")
        found, rendered = samples(staged.folder / f"{name}.wav"), samples(source)
        assert np.array_equal(found[FIRST : FIRST + len(rendered)], rendered)
        assert len(found) == len(rendered) + (8 + 4) * 48_000
        pops = np.flatnonzero(np.abs(found[:FIRST]).max(axis=1))
        assert (pops[0] // 2000, pops[-1] // 2000) == (6 * 24, 6 * 24)


def test_every_file_says_what_it_is(staged: Delivered) -> None:
    for path in sorted(staged.folder.glob("*.wav")):
        info = WavInfoReader(str(path))
        part = path.name.split("_")[2]
        assert info.bext.description.startswith(f"Tiny v1: {part} (")
        assert info.bext.originator_date == "2026-11-27"
        assert info.bext.time_reference == (3600 - 8) * 48_000
        mono = path.name.split(".")[-2] if path.name.count(".") == 2 else None
        tracks = [(track.name, track.function) for track in info.ixml.track_list]
        both = [(f"{part} L", "LEFT"), (f"{part} R", "RIGHT")]
        assert tracks == (both if mono is None else [both["LR".index(mono)]])
        labels = {cue["label"] for cue in info.cues.to_dict().values()}
        assert {"start", "black", "silence", "end"} <= labels
        entry = next(e for e in staged.record.files if e["name"] == path.name)
        if entry["integrated_lufs"] is not None:
            assert abs(info.bext.loudness_value - entry["integrated_lufs"]) < 0.006
        assert entry["channel"] == mono


def test_effects_are_one_file_for_all_languages(material: Material, tmp_path: Path) -> None:
    found = []
    for language in ("fr", "de"):
        other = replace(material, mix=f"tiny_{language}", language=language)
        folder = deliver(other, "ebu-r128", tmp_path / language, SENDER).folder
        found += list(folder.glob("*_ME_*.wav"))
    one, other = found
    assert one.name == other.name
    assert one.read_bytes() == other.read_bytes()


def test_the_report_is_that_of_the_files_beside_it(staged: Delivered) -> None:
    (path,) = staged.folder.glob("*.report.json")
    report = read_set(path)  # which refuses a mixture
    assert report.delivery.name == "theatrical"
    assert report.file == f"{BASE.format('PM')}.wav"
    assert len(report.files) == 15
    assert (staged.folder / f"{BASE.format('PM')}.report.html").stat().st_size > 10_000


def test_the_letter_tells_a_stage_what_it_asks(staged: Delivered) -> None:
    text = (staged.folder / f"{BASE.format('PM')}.letter.txt").read_text()
    for words in (
        "72 frames",
        "first frame of action  01:00:00:00",
        "last frame of action   01:00:02:23",
        "2-pop                  00:59:58:00",
        "tail pop               01:00:05:00",
        "stereo: L R",
        "Example Sound",
        "Digital silence 01:00:02:11 to 01:00:03:00 (0.500 s)",
    ):
        assert words in text
    assert (staged.folder / f"{BASE.format('PM')}.letter.pdf").read_bytes().startswith(b"%PDF")


def test_listening_copies_are_measured_decoded(staged: Delivered) -> None:
    copies = {entry["name"].rpartition(".")[2]: entry for entry in staged.record.copies}
    assert set(copies) == {"mp3", "m4a", "opus", "flac"}
    main = next(e for e in staged.record.files if e["part"] == "PM" and e["channel"] is None)
    for suffix, entry in copies.items():
        if entry["reason"] is None:
            tolerance_db = 1e-3 if suffix == "flac" else 1.5
            assert abs(entry["true_peak_dbtp"] - main["max_true_peak_dbtp"]) < tolerance_db


def test_the_same_date_gives_the_same_bytes(
    material: Material, plain: Delivered, tmp_path: Path
) -> None:
    one, other = plain.folder, deliver_encoded_again(material, "ebu-r128", tmp_path, SENDER).folder
    assert files_in(one) == files_in(other)
    for path in files_in(one):
        assert (one / path).read_bytes() == (other / path).read_bytes(), path


def test_only_what_changed_is_made_again_as_the_next_version(material: Material, tmp_path: Path) -> None:
    first = deliver(material, "ebu-r128", tmp_path, SENDER)
    again = deliver(material, "ebu-r128", tmp_path, replace(SENDER, date="2027-01-01", is_given=False))
    assert (again.made, again.folder) == (False, first.folder)
    contact = replace(SENDER, contact={"company": "Another Sound"})
    second = deliver(material, "ebu-r128", tmp_path, contact)
    assert (second.record.version, second.record.previous) == ("v2", "v1")
    assert "contact company: Example Sound, now Another Sound" in (second.record.differs or [])
    samples_ = {**material.samples, "DX": "0" * 64}
    third = deliver(replace(material, samples=samples_), "ebu-r128", tmp_path, contact)
    assert third.record.version == "v3"
    assert "DX: samples changed" in (third.record.differs or [])
    assert "v3" in third.folder.name
    assert "DX: samples changed" in next(third.folder.glob("*.letter.txt")).read_text()
    assert read_record(third.folder) == third.record


def test_a_folder_that_was_changed_is_not_taken_for_unchanged(
    material: Material, tmp_path: Path
) -> None:
    first = deliver(material, "ebu-r128", tmp_path, SENDER)
    (first.folder / "notes.txt").write_text("mine")
    second = deliver(material, "ebu-r128", tmp_path, SENDER)
    assert (second.made, second.record.version) == (True, "v2")
    assert (first.folder / "notes.txt").exists()


def _before(name: str, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do `act` instead of the step `name`."""
    place = CopyShelf if name == "write" else filling
    monkeypatch.setattr(place, name, lambda *args, **options: act())


STEPS = ("write_part", "write", "write_page", "letter_pdf", "seal")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.usefixtures("plain")  # whose copies are encoded: what is killed encodes none
def test_a_killed_delivery_leaves_no_folder_under_its_name(
    material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    with monkeypatch.context() as patched:
        _before(step, patched, lambda: os.kill(os.getpid(), signal.SIGKILL))
        child = os.fork()
        if child == 0:
            try:
                deliver(material, "ebu-r128", tmp_path, SENDER)
            finally:
                os._exit(1)  # it was not killed
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    left = [path.name for path in tmp_path.iterdir()]
    assert left
    assert all(name.startswith(".") for name in left)
    recover(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", STEPS)
def test_a_failed_delivery_leaves_nothing(
    material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail() -> None:
        raise RenderError("the disk is full")

    _before(step, monkeypatch, fail)
    with pytest.raises(RenderError, match="disk is full"):
        deliver(material, "ebu-r128", tmp_path, SENDER)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_another_is_not_written_over(
    material: Material, plain: Delivered, tmp_path: Path
) -> None:
    name = plain.folder.name
    (tmp_path / name).mkdir()
    (tmp_path / name / "theirs.txt").write_text("theirs")
    with pytest.raises(RenderError, match="never overwritten"):
        deliver(material, "ebu-r128", tmp_path, SENDER)
    assert [path.name for path in (tmp_path / name).iterdir()] == ["theirs.txt"]


def test_the_folder_verifies(staged: Delivered) -> None:
    found = verify_folder(staged.folder)
    assert found.faults == ()
    assert found.files == len(files_in(staged.folder)) - 1  # all but the chain


def test_the_record_names_no_machine_and_no_user(staged: Delivered) -> None:
    texts = [
        path for path in files_in(staged.folder) if path.endswith((".json", ".txt", ".mhl", ".xml"))
    ]
    for path in texts:
        text = (staged.folder / path).read_text()
        assert os.uname().nodename not in text or len(os.uname().nodename) < 4
        assert str(Path.home()) not in text
    json.loads((staged.folder / "delivery.json").read_text())


@pytest.mark.parametrize(
    ("before", "after"),
    [("v1", "v2"), ("v05", "v06"), ("v09", "v10"), ("v99", "v100"), ("7", "8"), ("final", "final-2"),
     ("v2b", "v3b"), ("final-2", "final-3")],
)  # fmt: skip
def test_versions_count_up(before: str, after: str) -> None:
    assert next_version(before) == after


def test_an_odd_number_of_discrete_files_gets_a_silent_one() -> None:
    assert discrete_channels(("L", "R")) == ("L", "R")
    assert discrete_channels(("L", "C", "R")) == ("L", "C", "R", "MOS")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("The Film, Part 2", "the_film_part_2_v1_PM_Nearfield_en_20_48k_24b_24"),
        ("未完的对话", None),
        ("Été", None),
    ],
)
def test_amazon_accepts_only_plain_names(material: Material, title: str, name: str | None) -> None:
    head = material.preset.head.model_copy(update={"title": title})
    preset = replace(material.preset, head=head)
    names = DeliveryNames(preset, load_folder_rules("amazon"), "v1", "en")
    if name is not None:
        assert names.part("PM") == name
        return
    with pytest.raises(PresetError, match="amazon does not accept the file name") as caught:
        names.part("PM")
    assert "--set title=" in (caught.value.hint or "")
