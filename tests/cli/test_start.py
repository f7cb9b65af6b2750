"""What a command loads before it works: the start is a good part of what it takes."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.cli import tables
from audio_pipeline.cli.lazy_import import lazy_import
from tests.command import REPOSITORY, environment, run

NO_ARRAYS = ("numpy", "scipy", "soundfile", "librosa", "pydub", "matplotlib", "rich.console")


def loaded(folder: Path, *arguments: str) -> set[str]:
    """The modules that a command has loaded when it ends; a stand-in is not loaded."""
    program = (
        "import sys; from audio_pipeline.cli.main import main\n"
        "try: main()\n"
        "finally: print(*(n for n, m in sys.modules.items() if getattr(m, '__spec__', None)), file=sys.stderr)"
    )
    line = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(
        line, cwd=folder, env=environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


@pytest.mark.parametrize(
    "arguments",
    [["presets"], ["presets", "final"], ["presets", "--json"], ["presets", "--schema"]],
    ids=" ".join,
)
def test_presets_are_shown_without_what_makes_sound(arguments: list[str]) -> None:
    # a sound's file may use NumPy in its functions only, not while it is imported
    assert loaded(REPOSITORY, *arguments).isdisjoint(NO_ARRAYS)


def test_a_stem_that_only_libsndfile_can_read_is_asked_of_it(tiny: Path) -> None:
    (tiny / "presets" / "spoken.toml").write_text('extends = "tiny"\ncues.end = "voice_b.tail + 2s"\n')
    assert "numpy" not in loaded(tiny, "presets")
    usual = run(tiny, "presets").stdout
    for name in ("voice_a", "voice_b"):
        flac = tiny / "stems" / f"{name}.flac"
        convert = "import soundfile, sys; soundfile.write(sys.argv[2], *soundfile.read(sys.argv[1]))"
        wave = flac.with_suffix(".wav")
        subprocess.run([sys.executable, "-c", convert, flac, wave], check=True)
        wave.rename(flac)
    assert "numpy" in loaded(tiny, "presets")
    assert run(tiny, "presets").stdout == usual
    assert "3.6 s" in usual


def test_a_render_loads_nothing_that_it_does_not_need(tiny: Path) -> None:
    modules = loaded(tiny, "--preset", "tiny", "--quiet")
    assert modules.isdisjoint({"scipy", "librosa", "pydub", "matplotlib", "numpy.ma", "rich", "slab"})


def test_a_stand_in_becomes_the_module_when_it_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "late_module.py").write_text("answer = 42\n")
    monkeypatch.syspath_prepend(tmp_path)
    lazy_import("late_module")
    before = sys.modules["late_module"]
    lazy_import("late_module")
    assert sys.modules["late_module"] is before
    assert before.answer == 42
    assert sys.modules["late_module"] is not before
    assert before.answer is sys.modules["late_module"].answer
    lazy_import("late_module")
    assert sys.modules.pop("late_module").__spec__ is not None


cells = st.text(max_size=12)
heads = st.lists(
    st.sampled_from(["preset", "length", "what it changes", "見出し"]), min_size=1, max_size=4
)


@settings(max_examples=100, deadline=None)
@given(heads.flatmap(lambda head: st.tuples(st.just(head), st.lists(st.tuples(*[cells] * len(head))))))
def test_a_piped_table_is_what_rich_prints(table: tuple[list[str], list[tuple[str, ...]]]) -> None:
    def printed(show: object, *arguments: object) -> str:
        out, before = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="replace"), sys.stdout
        sys.stdout = out
        try:
            show(*arguments)  # type: ignore[operator]
        finally:
            sys.stdout = before
        out.flush()
        return out.buffer.getvalue().decode()  # type: ignore[attr-defined]

    head, body = table
    body = [tuple(map(tables.printable, row)) for row in body]
    assert printed(tables.print_table, head, body) == printed(tables._print_folded, head, body)


def test_a_table_that_a_pipe_or_its_alphabet_cannot_hold_is_left_to_rich(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(tables, "_print_folded", lambda *table: asked.append(table))
    tables.print_table(["a"], [["x" * 20_000]])
    assert len(asked) == 1
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", ascii_only)
    tables.print_table(["a"], [["x"]])
    assert len(asked) == 2
    assert os.fsencode("─")  # the rule under the head is not ASCII
