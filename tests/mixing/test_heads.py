"""Whose ears headphones get: the heads that ship, and a SOFA file of the project."""

from __future__ import annotations

import hashlib

import pytest

from audio_pipeline.dsp.head_models import kemar, sphere
from audio_pipeline.errors import PresetError, StemError
from audio_pipeline.jobs.batch.mix_task import _order_key
from audio_pipeline.jobs.batch.plan import Mix
from audio_pipeline.jobs.render import Order, render
from audio_pipeline.memo.store import Cache
from audio_pipeline.mixing.session import open_session
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from tests.audio_io.read.sofa_makers import write_sofa
from tests.command import tiny_project

SOFA = "heads/mine.sofa"


@pytest.fixture
def tiny(tmp_path):
    project = Project(tiny_project(tmp_path / "film"))
    (project.root / "heads").mkdir()
    return project


def preset_with(project, head, listening="headphones"):
    sets = (f"listening={listening}", f"head={head}")
    return build_preset(load_document(project, "tiny", sets))


def rendered(project, head, cache=None, **changes):
    preset = preset_with(project, head, **changes)
    return render(Order(project, preset, project.root / "out", cache=cache, workers=1))


def test_the_heads_that_ship_need_no_package_and_differ(tiny):
    found = {}
    for name in ("sphere", "kemar"):
        made = rendered(tiny, name)
        found[name] = made.master.file.read_bytes()
        assert made.report.provenance["head"] == {"name": name, "sha256": None}
    assert found["sphere"] != found["kemar"]
    assert "head" not in rendered(tiny, "kemar", listening="speakers").report.provenance


def test_a_file_s_ears_are_heard_and_named_and_part_of_the_key(tiny, tmp_path):
    pytest.importorskip("h5py", reason="needs the extra [sofa]")
    cache = Cache(tmp_path / "cache")
    masters = []
    for head in (sphere(), kemar(), sphere()):
        file = write_sofa(tiny.root / SOFA, head=head)
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        made = rendered(tiny, SOFA, cache)
        assert made.report.provenance["head"] == {"name": SOFA, "sha256": sha256}
        masters.append(made.master.file.read_bytes())
        assert masters[-1] == rendered(tiny, SOFA, cache).master.file.read_bytes()
        assert masters[-1] == rendered(tiny, SOFA).master.file.read_bytes()
    assert masters[0] != masters[1]


def test_speakers_need_no_file(tiny):
    assert open_session(tiny, preset_with(tiny, SOFA, "speakers"), {}).scene.head is sphere()


@pytest.mark.parametrize("path", ["/etc/mine.sofa", "../mine.sofa", "heads/../../mine.sofa"])
def test_a_head_outside_the_project_is_refused_as_a_stem_is(tiny, path):
    with pytest.raises(StemError, match="outside the project") as caught:
        rendered(tiny, path)
    assert "head" in caught.value.message
    assert "Copy the file into the project" in caught.value.hint


def test_a_head_that_is_not_there_is_said_in_a_sentence(tiny):
    pytest.importorskip("h5py", reason="needs the extra [sofa]")
    write_sofa(tiny.root / "heads" / "mine2.sofa")
    with pytest.raises(StemError, match="does not exist") as caught:
        rendered(tiny, SOFA)
    assert "mine2.sofa" in caught.value.hint


@pytest.mark.parametrize(
    ("value", "meant"), [("kemer", "kemar"), ("Sphere", "sphere"), ("heads/mine.wav", "SOFA file")]
)
def test_an_unknown_head_is_refused_with_what_is_allowed(tiny, value, meant):
    with pytest.raises(PresetError, match="is not a known head") as caught:
        preset_with(tiny, value)
    assert meant in f"{caught.value.message} {caught.value.hint}"
    assert "SOFA" in f"{caught.value.message} {caught.value.hint}"


def test_a_batch_makes_a_mix_again_when_the_file_of_its_head_changes(tiny):
    pytest.importorskip("h5py", reason="needs the extra [sofa]")
    mix = Mix("tiny", tiny.root, tiny.renders, "tiny", preset=preset_with(tiny, SOFA))
    keys = []
    for head in (sphere(), kemar(), sphere()):
        write_sofa(tiny.root / SOFA, head=head)
        keys.append(_order_key(mix))
    assert keys[0] == keys[2] != keys[1]
