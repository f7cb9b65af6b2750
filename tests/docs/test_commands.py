"""Every command in the README and the pages is run, in order; every preset shown there is a preset."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from audio_pipeline.cli import main as command_line
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from tests.conftest import REPOSITORY, make_project

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, *languages: str) -> list[str]:
    return [text for language, text in FENCED.findall(page.read_text()) if language in languages]


def commands(page: Path) -> list[str]:
    """Its lines of shell, a here-document with the line that begins it."""
    lines: list[str] = []
    for block in blocks(page, "sh", ""):
        waiting: list[str] = []
        for line in block.splitlines():
            waiting.append(line)
            mark = re.search(r"<<'?(\w+)'?", waiting[0])
            if mark is None or line == mark[1]:
                lines.append("\n".join(waiting))
                waiting = []
    return [line for line in lines if re.match(r"(render-ending|make|pip|cat|eval) ", line)]


def test_the_pages_have_commands() -> None:
    assert sum(len(commands(page)) for page in PAGES) > 20


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The presets of this repository, with short stems, and `final` without what takes long."""
    project = make_project(tmp_path_factory.mktemp("docs"))
    final = project.presets / "final.toml"
    kept = final.read_text()
    for name in ("projector", "breath", "room"):
        kept = kept.replace(f"[layers.{name}]\n", f"[layers.{name}]\non = false\n")
    final.write_text(kept.replace("[effects.space]\n", "[effects.space]\non = false\n"))
    return project


Call = Callable[[Path, list[str]], int]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Call:
    """The command in this process, which has everything imported already; returns its status."""
    monkeypatch.setattr(command_line, "prepare", lambda: None)

    def called(folder: Path, words: list[str]) -> int:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["render-ending", *words])
        with pytest.raises(SystemExit) as end:
            command_line.main()
        return int(end.value.code or 0)

    return called


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_works(
    film: Project, tmp_path: Path, call: Call, page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for line in commands(page):
        program, *words = shlex.split(line, comments=True)
        if program == "make":
            assert re.search(rf"^{words[0]}:", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
        elif line == "pip install .":
            project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
            assert project["scripts"] == {"render-ending": "audio_pipeline.cli.main:main"}
        elif words[:2] == ["init", "film"]:
            assert words[2:] == ["&&", "cd", "film"]
            assert call(tmp_path, words[:2]) == 0
            assert (tmp_path / "film" / "presets" / "final.toml").is_file()
        elif program == "render-ending":
            may_differ = words[-2:] == ["||", "true"]
            status = call(film.root, words[:-2] if may_differ else words)
            assert status <= (1 if may_differ else 0), f"{line}\n{capsys.readouterr().err}"
        else:
            subprocess.run(["bash", "-c", line], cwd=film.root, check=True)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_preset_shown_on_a_page_is_one(project: Project, page: Path) -> None:
    for text in blocks(page, "toml"):
        head = "" if text.startswith("extends") else 'extends = "final"\n'
        (project.presets / "shown.toml").write_text(head + text)
        build_preset(load_document(project, "shown"))


def test_what_the_readme_calls_all_of_a_preset_is_all_of_it() -> None:
    readme = (REPOSITORY / "README.md").read_text()
    name = re.search(r"This is all of `([\w-]+)`", readme)
    assert name is not None
    shown = tomllib.loads(blocks(REPOSITORY / "README.md", "toml")[0])
    assert shown == tomllib.loads((REPOSITORY / "presets" / f"{name[1]}.toml").read_text())


def test_what_the_readme_says_of_completion_works() -> None:
    line = re.search(
        r'`(eval "\$\(_RENDER_ENDING_COMPLETE=bash_source render-ending\)")`', (PAGES[0]).read_text()
    )
    assert line is not None
    function = f'render-ending() {{ "{sys.executable}" -m audio_pipeline "$@"; }}'
    script = f"{function}\n{line[1]}\ncomplete -p render-ending"
    done = subprocess.run(
        ["bash", "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert "complete" in done.stdout


def test_every_link_between_the_pages_leads_somewhere() -> None:
    for page in [*PAGES, REPOSITORY / "CONTRIBUTING.md", REPOSITORY / "SECURITY.md"]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
