"""The command: what it finds, renders, refuses and repeats."""

from __future__ import annotations

import builtins
import json
import shutil
import sys
from importlib import import_module
from pathlib import Path

import pytest

from audio_pipeline.cli.main import COMMANDS
from audio_pipeline.errors import AudioPipelineError, PresetError, RenderError, ReportError
from audio_pipeline.jobs.export import export as export_job
from audio_pipeline.jobs.export.export import SUFFIXES, WITH_AUTOMATION, Format, export
from audio_pipeline.jobs.export.rendered_mix import MixRequest
from audio_pipeline.jobs.render import Order, render
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.override_names import with_own_name
from audio_pipeline.preset.project import Project
from tests.command import run, tiny_project
from tests.jobs.export import rpp_reader
from tests.jobs.export.conftest import Exporter


@pytest.fixture
def tiny(tmp_path: Path) -> Project:
    return Project(tiny_project(tmp_path / "film"))


def everything(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_command_writes_a_session_and_says_where(tiny: Project) -> None:
    done = run(tiny.root, "export", "tiny", "--to", "reaper", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert Path(told["file"]).read_text("utf-8").startswith("<REAPER_PROJECT")
    assert [track["name"] for track in told["tracks"]] == ["DX", "FX", "BG", "ME"]
    assert all(Path(path).is_file() for path in told["audio"])


@pytest.mark.parametrize("to", SUFFIXES)
def test_the_same_render_gives_the_same_bytes(tiny: Project, to: Format) -> None:
    request = MixRequest(tiny, "tiny")
    one = export(request, to, out=tiny.root / "one").file
    two = export(request, to, out=tiny.root / "two").file
    assert one.name == two.name == f"tiny{SUFFIXES[to]}"
    assert everything(one.parent) == everything(two.parent)
    export(request, to, out=tiny.root / "one")  # over itself
    assert everything(one.parent) == everything(two.parent)


@pytest.mark.parametrize("to", WITH_AUTOMATION)
def test_the_same_layers_give_the_same_bytes(tiny: Project, to: Format) -> None:
    request = MixRequest(tiny, "tiny")
    one = export(request, to, layers=True, out=tiny.root / "one").file
    two = export(request, to, layers=True, out=tiny.root / "two").file
    assert everything(one.parent) == everything(two.parent)
    assert len(everything(one.parent)) > 1


@pytest.mark.parametrize("to", SUFFIXES)
def test_no_path_of_the_machine_and_no_folder_is_left(exported: Exporter, to: Format) -> None:
    made = exported("short", to)
    held = made.file.read_bytes()
    for code in ("utf-8", "utf-16-le"):
        assert str(exported.project.root).encode(code) not in held
    assert {path.name for path in made.file.parent.iterdir() if path.name.startswith(".")} == set()


def test_a_render_is_found_by_its_name_its_report_and_its_master(tiny: Project) -> None:
    sets = ("seed=5",)
    preset = build_preset(load_document(tiny, "tiny", sets))
    own = with_own_name(tiny, preset, ["seed"], {})
    made = render(Order(tiny, own, tiny.renders))  # without stems
    assert made.files.stems == {}
    found = {
        export(MixRequest(tiny, str(mix)), "csv").file
        for mix in (own.name, tiny.renders / f"{own.name}.report.json", made.files.master)
    }
    assert found == {tiny.renders / f"{own.name}.export" / f"{own.name}.csv"}
    stems = tiny.renders / f"{own.name}.stems"
    assert len(list(stems.iterdir())) == 4  # rendered from the values in the report
    layered = export(MixRequest(tiny, own.name), "csv", layers=True)
    assert layered.session.tracks


def test_a_render_is_exported_without_its_project(tiny: Project, tmp_path: Path) -> None:
    export(MixRequest(tiny, "tiny"), "csv")
    away = tmp_path / "away"
    shutil.copytree(tiny.renders, away)
    shutil.rmtree(away / "tiny.export")
    done = run(away, "export", "tiny.wav", "--to", "edl")
    assert (done.returncode, done.stdout) == (0, "tiny.export/tiny.edl\n")
    for line in (["tiny.wav", "--to", "csv", "--layers"], ["tiny", "--to", "csv"]):
        refused = run(away, "export", *line)
        assert refused.returncode == 1
        assert "no project here" in refused.stderr
        assert "hint" in refused.stderr


def test_a_stem_from_outside_is_read_only_where_it_is_named(tiny: Project, tmp_path: Path) -> None:
    other = tmp_path / "other.flac"
    shutil.copy(tiny.root / "stems" / "voice_b.flac", other)
    request = MixRequest(tiny, "tiny", stem_files={"voice_a": other})
    made = export(request, "csv", layers=True)
    assert made.file.name.startswith("tiny_voice_a-other")
    report = str(next(tiny.renders.glob("tiny_voice_a-other*.report.json")))
    assert export(MixRequest(tiny, report), "csv").session.tracks
    with pytest.raises(AudioPipelineError, match="outside the project"):
        export(MixRequest(tiny, report), "csv", layers=True)
    again = MixRequest(tiny, report, stem_files={"voice_a": other})
    assert export(again, "csv", layers=True).session == made.session
    shutil.copy(tiny.root / "stems" / "voice_a.flac", other)
    with pytest.raises(ReportError, match="has changed since"):
        export(again, "csv", layers=True)


def test_a_render_of_a_preset_that_has_changed_is_made_again(tiny: Project) -> None:
    export(MixRequest(tiny, "tiny"), "csv")
    before = (tiny.renders / "tiny.wav").read_bytes()
    stamp = (tiny.renders / "tiny.wav").stat().st_mtime_ns
    export(MixRequest(tiny, "tiny"), "csv")
    assert (tiny.renders / "tiny.wav").stat().st_mtime_ns == stamp  # it is used as it is
    file = tiny.presets / "tiny.toml"
    file.write_text(file.read_text() + "level = '-40 dBFS'\n")
    export(MixRequest(tiny, "tiny"), "csv")
    assert (tiny.renders / "tiny.wav").read_bytes() != before


def test_what_cannot_be_exported_is_refused_in_a_sentence(tiny: Project, tmp_path: Path) -> None:
    with pytest.raises(PresetError, match="tinny"):
        export(MixRequest(tiny, "tinny"), "csv")
    with pytest.raises(ReportError, match="missing"):
        export(MixRequest(tiny, str(tmp_path / "no.report.json")), "csv")
    for to in ("fcp7", "aaf", "edl"):
        with pytest.raises(RenderError, match="automation") as refused:
            export(MixRequest(tiny, "tiny"), to, layers=True)
        assert refused.value.hint is not None
    master = tiny.root / "renders" / "tiny.wav"
    export(MixRequest(tiny, "tiny"), "csv")
    stem = tiny.renders / "tiny.stems" / "tiny_DX.wav"
    shutil.copy(master, stem)  # another file under the stem's name
    with pytest.raises(AudioPipelineError, match="SHA-256"):
        export(MixRequest(tiny, "tiny"), "csv")


@pytest.mark.parametrize("to", SUFFIXES)
def test_a_foreign_file_is_not_replaced(tiny: Project, tmp_path: Path, to: Format) -> None:
    out = tmp_path / "out"
    out.mkdir()
    foreign = out / f"tiny{SUFFIXES[to]}"
    foreign.write_bytes(b"mine")
    with pytest.raises(RenderError, match="not exported by this program"):
        export(MixRequest(tiny, "tiny"), to, out=out)
    assert everything(out) == {foreign.name: b"mine"}
    foreign.unlink()
    if to != "aaf":
        (out / "audio").mkdir()
        (out / "audio" / "tiny_BG.wav").write_bytes(b"mine")
        with pytest.raises(RenderError, match="was not rendered by this program"):
            export(MixRequest(tiny, "tiny"), to, out=out)
        assert everything(out) == {"audio/tiny_BG.wav": b"mine"}


@pytest.mark.parametrize(
    ("to", "package"), [("reaper", "rpp"), ("otio", "opentimelineio"), ("aaf", "aaf2")]
)
def test_a_missing_package_is_named_with_what_to_install(
    tiny: Project, monkeypatch: pytest.MonkeyPatch, to: Format, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(RenderError, match="is missing") as refused:
        export(MixRequest(tiny, "tiny"), to)
    assert refused.value.hint == "pip install 'render-ending[exchange]'"
    assert not list((tiny.renders / "tiny.export").rglob("*.*")) if tiny.renders.is_dir() else True


@pytest.mark.parametrize("to", ["fcp7", "edl", "csv"])
def test_what_needs_no_package_works_without(
    tiny: Project, monkeypatch: pytest.MonkeyPatch, to: Format
) -> None:
    real = builtins.__import__

    def refusing(name, *rest, **more):
        assert name.split(".")[0] not in ("rpp", "opentimelineio", "aaf2")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refusing)
    assert export(MixRequest(tiny, "tiny"), to).file.is_file()


def test_names_with_quotes_and_spaces_stay_whole(tiny: Project) -> None:
    file = tiny.presets / "tiny.toml"
    title = 'A "film" <&> it\'s `so`, café'
    lines = [line for line in file.read_text().splitlines() if not line.startswith("title")]
    file.write_text("\n".join([f"title = '''{title}'''", *lines]))
    for to in SUFFIXES:
        made = export(MixRequest(tiny, "tiny"), to)
        if to == "reaper":
            (shown,) = rpp_reader.read(made.file).line("TITLE")
            assert shown.endswith("café: tiny")


def test_the_formats_of_the_command_are_those_of_the_job() -> None:
    assert "export" in COMMANDS
    command = import_module("audio_pipeline.cli.export")
    assert set(command.FORMATS) == set(export_job.SUFFIXES)
