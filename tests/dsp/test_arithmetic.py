"""The kernel and the level are pinned before NumPy is imported, read back, and part of every key."""

from __future__ import annotations

import subprocess
import sys

import pytest

from audio_pipeline.dsp import arithmetic as module
from audio_pipeline.dsp.arithmetic import PINNED_KERNEL, PINNED_LEVEL, Arithmetic, has_avx2, pin
from tests.command import environment

needs_avx2 = pytest.mark.skipif(not has_avx2(), reason="needs an x86-64 processor with AVX2")


def in_python(code: str, **env: str | None) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(**env), capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@needs_avx2
def test_pinning_overrides_what_the_environment_asks_for():
    asked = {"OPENBLAS_CORETYPE": "SkylakeX", "NPY_DISABLE_CPU_FEATURES": "X86_V4", "HOME": "/home/x"}
    assert pin(asked)
    assert asked["OPENBLAS_CORETYPE"] == PINNED_KERNEL
    assert asked["OPENBLAS_NUM_THREADS"] == "1"
    assert "NPY_DISABLE_CPU_FEATURES" not in asked  # with it NumPy could not be imported
    assert asked["HOME"] == "/home/x"


def test_without_avx2_nothing_is_set(monkeypatch):
    monkeypatch.setattr(module, "has_avx2", lambda: False)
    asked: dict[str, str] = {}
    assert not pin(asked)
    assert asked == {}


@needs_avx2
def test_what_was_pinned_is_read_back():
    code = (
        "from audio_pipeline.dsp.arithmetic import arithmetic, pin; pin();"
        "a = arithmetic(); print(a.kernel, a.level, a.pinned)"
    )
    said = in_python(code, OPENBLAS_CORETYPE="Nehalem", NPY_DISABLE_CPU_FEATURES=None)
    assert said == f"{PINNED_KERNEL} {PINNED_LEVEL} True"


@needs_avx2
def test_the_library_changes_no_environment_and_says_unpinned():
    code = (
        "import os; before = dict(os.environ)\n"
        "from audio_pipeline.dsp.arithmetic import arithmetic\n"
        "import audio_pipeline.jobs.render\n"
        "assert dict(os.environ) == before\n"
        "print(arithmetic())"
    )
    assert in_python(code, OPENBLAS_CORETYPE="Nehalem").endswith("unpinned")


@needs_avx2
def test_the_key_of_what_is_kept_knows_kernel_and_level():
    code = "from audio_pipeline.memo.keys import program_key; print(program_key())"
    settings = [
        {"OPENBLAS_CORETYPE": "Haswell"},
        {"OPENBLAS_CORETYPE": "Nehalem"},
        {"OPENBLAS_CORETYPE": "Haswell", "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4"},
    ]
    assert len({in_python(code, **env) for env in settings}) == len(settings)


@pytest.mark.parametrize(
    ("kernel", "level", "pinned"),
    [
        (PINNED_KERNEL, PINNED_LEVEL, True),
        ("SkylakeX", PINNED_LEVEL, False),
        (PINNED_KERNEL, "X86_V3+X86_V4", False),
        ("unknown", "baseline", False),
    ],
)
def test_only_the_pinned_pair_counts_as_pinned(kernel, level, pinned):
    assert Arithmetic(kernel, level).pinned is pinned
    assert ("unpinned" in str(Arithmetic(kernel, level))) is not pinned
