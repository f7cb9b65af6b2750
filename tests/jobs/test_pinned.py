"""A library user whose process computes otherwise gets the command's bytes from a child process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from audio_pipeline.dsp.arithmetic import has_avx2
from audio_pipeline.errors import RenderError, StemError
from audio_pipeline.jobs.pinned import render_pinned
from audio_pipeline.jobs.render import Order
from audio_pipeline.memo.store import Cache
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from tests.command import environment, run, tiny_project

PROGRAM = """
import os, sys
import numpy
from pathlib import Path
from audio_pipeline.dsp.arithmetic import arithmetic
from audio_pipeline.jobs.pinned import render_pinned
from audio_pipeline.jobs.render import Order, render
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
before = dict(os.environ)
project = Project(Path(sys.argv[1]))
preset = build_preset(load_document(project, "tiny"))
made = render_pinned(Order(project, preset, Path(sys.argv[2])))
assert dict(os.environ) == before
assert not arithmetic().pinned
render(Order(project, preset, Path(sys.argv[3])))
print(made.report.provenance["arithmetic"])
"""


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return tiny_project(tmp_path / "film")


@pytest.mark.skipif(not has_avx2(), reason="needs an x86-64 processor with AVX2")
def test_the_bytes_are_the_command_s_whatever_this_process_computes_with(film: Path) -> None:
    assert run(film, "--preset", "tiny", "--no-cache").returncode == 0
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(film), str(film / "child"), str(film / "here")],
        # the kernel alone changes no bit of so small a mix
        env=environment(OPENBLAS_CORETYPE="Nehalem", NPY_DISABLE_CPU_FEATURES="X86_V3 X86_V4"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "Haswell, x86-64-v3"
    child, here, command = (
        (film / out / "tiny.wav").read_bytes() for out in ("child", "here", "renders")
    )
    assert child == command
    assert here != command  # or the line above would show nothing


def test_the_child_s_error_is_raised_here_and_its_cache_is_used(film: Path, tmp_path: Path) -> None:
    project = Project(film)
    order = Order(
        project, build_preset(load_document(project, "tiny")), film / "out", cache=Cache(tmp_path / "c")
    )
    assert render_pinned(order).files.master.is_file()
    assert order.cache is not None
    assert order.cache.usage().entries > 0
    (film / "stems" / "voice_a.flac").write_bytes(b"no sound")
    with pytest.raises(StemError, match=r"voice_a\.flac"):
        render_pinned(order)


def test_what_the_child_prints_is_no_part_of_its_answer(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "talkative").mkdir()
    (tmp_path / "talkative" / "sitecustomize.py").write_text(
        "import audio_pipeline.jobs.render as it\n"
        "kept = it.render\n"
        "def render(order):\n"
        "    print('a library speaks', flush=True)\n"
        "    return kept(order)\n"
        "it.render = render\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "talkative"), str(Path.cwd())]))
    project = Project(film)
    order = Order(project, build_preset(load_document(project, "tiny")), film / "out")
    assert render_pinned(order).files.master.is_file()


def test_a_child_that_dies_is_one_sentence(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(film)
    order = Order(project, build_preset(load_document(project, "tiny")), film / "out")
    monkeypatch.setattr(sys, "path", [])  # it finds no module
    with pytest.raises(RenderError, match=r"that renders tiny ended with status 1"):
        render_pinned(order)
