"""The public API: no name and no parameter of it vanishes, its examples run, and it is quick to import."""

from __future__ import annotations

import doctest
import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import audio_pipeline as ap
from audio_pipeline.units import Parameters
from tests.conftest import make_project

LIST = Path(__file__).with_name("public_api.txt")
"""One line for each public name with its parameters. What is added is added here, too; nothing goes."""

MODULES = (
    "api",
    "dsp.decibels",
    "dsp.events",
    "dsp.fades",
    "dsp.filters",
    "dsp.noise",
    "testing",
    "timeline.scene",
    "timeline.spans",
    "units",
)
"""Where public names live, and where doctests are run."""
SUBMODULES = [name for name in MODULES if name.startswith(("dsp.", "testing", "units"))]


def _parameters(value: Any) -> str:
    if inspect.isclass(value) and issubclass(value, Parameters):
        return "(" + ", ".join(value.model_fields) + ")"
    if inspect.isclass(value) and issubclass(value, Exception):
        return "(message, *, hint)"
    if not callable(value):
        return ""
    try:
        signature = inspect.signature(value)
    except ValueError:
        return ""
    return "(" + ", ".join(signature.parameters) + ")"


def _members(name: str, value: Any) -> list[str]:
    lines = [name + _parameters(value)]
    if inspect.isclass(value) and value.__module__.startswith("audio_pipeline."):
        for member, of in inspect.getmembers(
            value, lambda m: inspect.isfunction(m) or inspect.ismethod(m)
        ):
            if not member.startswith(("_", "model_")) and of.__module__.startswith("audio_pipeline."):
                lines.append(f"{name}.{member}{_parameters(of)}")
        fields = [n for n in getattr(value, "__dataclass_fields__", {}) if not n.startswith("_")]
        fields += list(getattr(value, "model_fields", {}))
        lines += [f"{name}.{field}" for field in fields]
    return lines


def public_lines() -> list[str]:
    lines = [line for name in ap.__all__ for line in _members(name, getattr(ap, name))]
    for name in SUBMODULES:
        module = import_module(f"audio_pipeline.{name}")
        for own, value in vars(module).items():
            if not own.startswith("_") and getattr(value, "__module__", None) == module.__name__:
                lines += _members(f"{name}.{own}", value)
    units = import_module("audio_pipeline.units")
    lines += [f"units.{n}" for n, v in vars(units).items() if hasattr(v, "__metadata__")]
    return sorted(set(lines))


def test_no_public_name_and_no_parameter_vanishes_or_is_missing_from_the_list() -> None:
    listed, there = LIST.read_text().splitlines(), public_lines()
    assert sorted(set(listed) - set(there)) == [], "gone from the API"
    assert sorted(set(there) - set(listed)) == [], f"new: add to {LIST.name}"


def test_what_the_issue_asks_for_is_public() -> None:
    wanted = {"Project", "render", "measure", "check", "compare", "Layer", "Effect", "Scene", "Span"}
    wanted |= {"AudioPipelineError", "PresetError", "StemError", "RenderError", "ReportError"}
    wanted |= {"units", "dsp", "testing"}
    assert wanted <= set(ap.__all__)
    assert set(ap.__all__) <= set(dir(ap))
    with pytest.raises(AttributeError, match="nothing"):
        _ = ap.nothing  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", MODULES)
def test_every_public_function_has_a_docstring_and_its_examples_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_project(tmp_path / "film")
    monkeypatch.chdir(tmp_path)
    module = import_module(f"audio_pipeline.{name}")
    for own, value in vars(module).items():
        public = not own.startswith("_") and getattr(value, "__module__", None) == module.__name__
        if public and callable(value):
            assert inspect.getdoc(value), f"{name}.{own}"
    failed, tried = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0
    assert tried > 0, f"{name} has no example"


def test_importing_the_package_imports_nothing_else() -> None:
    heavy = ("numpy", "pydantic", "audio_pipeline.")
    code = f"import sys, audio_pipeline; print([n for n in sys.modules if n.startswith({heavy})])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
