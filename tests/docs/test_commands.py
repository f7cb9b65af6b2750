"""Every command in the README and the pages is run, in order; every preset shown there is a preset."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from audio_pipeline.cli import main as command_line
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.stems import planned_schedule
from docs import reference
from tests.command import environment
from tests.conftest import REPOSITORY, make_project, shorten_final

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
BATCHES = sorted((REPOSITORY / "presets").glob("*.batch.toml"))
SCHEMAS = {
    "presets": sorted({*(REPOSITORY / "presets").glob("*.toml")} - {*BATCHES}),
    "batch": BATCHES,
}
REFERENCE = {f"reference/{name}.md" for name in reference.pages()}
"""Pages of the site that are made from the program."""
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
    """The presets of this repository with short stems, and what the pages suppose to be there."""
    project = make_project(tmp_path_factory.mktemp("docs"))
    for language in ("en", "fr", "de"):
        for voice in ("a", "b"):
            source = project.root / "stems" / f"voice_{voice}.flac"
            shutil.copy(source, project.root / "stems" / f"{language}_{voice}.wav")
    shorten_final(project)
    final = project.presets / "final.toml"  # without what takes long to make and no page asks for
    quiet = final.read_text().replace("[effects.space]\n", "[effects.space]\non = false\n")
    final.write_text(quiet.replace("[layers.room]\n", "[layers.room]\non = false\n"))
    for day in ("monday", "tuesday"):
        (project.root / day).mkdir()
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


@pytest.fixture(scope="module")
def sooner(film: Project) -> Callable[[list[str]], list[str]]:
    """Moves the times of a command for `final` as it ships to the same place in the short one."""
    shipped_s, short_s = (
        planned_schedule(project, build_preset(load_document(project, "final")), {}).named("end")
        for project in (Project(REPOSITORY), film)
    )

    def moved(words: list[str]) -> list[str]:
        words = words.copy()
        for n, option in enumerate(words[:-1], 1):
            if option in ("--from", "--to") and (at := re.fullmatch(r"(\d+)s", words[n])):
                assert int(at[1]) <= shipped_s
                words[n] = f"{float(int(at[1]) * short_s / shipped_s):.3f}s"
        return words

    return moved


def quick(words: list[str]) -> list[str]:
    """The command as it is, or what shows in a moment that it would be understood."""
    if words[0] == "watch":  # which goes on for ever
        return ["watch", "--help"]
    if "--scheduler" in words:  # which wants a cluster
        words = words[: words.index("--scheduler")]
    if words[0] == "batch" and "--dry-run" not in words and len(words) != 3:
        return [*words, "--dry-run"]
    return words


def test_every_command_of_the_pages_works_in_their_order(
    film: Project,
    tmp_path: Path,
    call: Call,
    sooner: Callable[[list[str]], list[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # tests/standards runs it, at every rate
    monkeypatch.setattr("audio_pipeline.metering.self_test.run_self_test", lambda rate: [])
    for mix in ("last-breath", "hard-cut"):  # which the pages compare with before they render them
        assert call(film.root, ["--preset", mix]) == 0
    seen = set()
    for page in PAGES:
        for line in commands(page):
            program, *words = shlex.split(line, comments=True)
            if program == "render-ending" and (line := shlex.join(words)) in seen:
                continue
            seen.add(line)
            if words == ["review", "renders/"]:  # two are a folder, too
                for name in ("broadcast", "music-and-effects", "hard-cut"):
                    for file in film.renders.glob(f"{name}.*"):
                        shutil.move(file, film.root / "monday")
            if program == "make":
                makefile = (REPOSITORY / "Makefile").read_text()
                assert re.search(rf"^{words[0]}:", makefile, re.MULTILINE)
            elif line == "pip install .":
                project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
                assert project["scripts"] == {"render-ending": "audio_pipeline.__main__:run"}
            elif words[:2] == ["init", "film"]:
                assert words[2:] == ["&&", "cd", "film"]
                assert call(tmp_path, words[:2]) == 0
                assert (tmp_path / "film" / "presets" / "final.toml").is_file()
            elif program == "render-ending":
                if "monday/final.wav" in words:
                    for day in ("monday", "tuesday"):
                        shutil.copy(film.renders / "final.wav", film.root / day)
                may_differ = words[-2:] == ["||", "true"]
                *words, target = words if words[-2:-1] == [">"] else [*words, None]
                words = sooner(quick([w for w in words if w not in ("||", "true", ">")]))
                status = call(film.root, words)
                printed = capsys.readouterr()
                if target is not None:
                    (film.root / target).write_text(printed.out)
                told = f"{page.name}: {line}\n{printed.err}"
                verdict = words[0] in ("check", "compare")  # whose status 1 is an answer, too
                assert status <= (1 if may_differ or verdict else 0), told
                assert "error:" not in told, told
                assert "internal error" not in told
            else:
                subprocess.run(["bash", "-c", line], cwd=film.root, check=True)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_preset_shown_on_a_page_is_one(project: Project, page: Path) -> None:
    for text in blocks(page, "toml"):
        if "presets = " in text or 'kind = "rain"' in text:
            continue  # a batch file; and tests/plugins plays the plug-in's preset
        if "entry-points" in text:
            continue  # of a pyproject.toml
        head = "" if re.search("^extends", text, re.MULTILINE) else 'extends = "final"\n'
        (project.presets / "shown.toml").write_text(head + text)
        build_preset(load_document(project, "shown"))


def test_every_batch_file_shown_on_a_page_is_one(
    film: Project, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = [text for page in PAGES for text in blocks(page, "toml") if "presets = " in text]
    assert shown
    for text in shown:
        (film.presets / "shown.batch.toml").write_text(text)
        assert call(film.root, ["batch", "shown", "--dry-run"]) == 0, capsys.readouterr().err


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
            there = (page.parent / target).exists() or target in REFERENCE
            assert there, f"{page.name} links to {target}"


def test_the_schemas_that_the_page_has_editors_read_take_every_shipped_file(
    project: Project, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (REPOSITORY / "docs" / "presets.md").read_text()
    for kind, files in SCHEMAS.items():
        name = f"{kind.removesuffix('s')}.schema.json"
        assert f"render-ending {kind} --schema > presets/{name}" in page
        assert f"#:schema ./{name}" in page
        assert call(project.root, [kind, "--schema"]) == 0
        validator = jsonschema.Draft202012Validator(json.loads(capsys.readouterr().out))
        for file in files:
            validator.validate(tomllib.loads(file.read_text()))


@pytest.mark.parametrize(
    ("page", "last_line"),
    [
        ("README.md", r".*renders/final\.wav -\d+\.\d+"),
        ("docs/python.md", "False"),
    ],  # the dropout differs
)
def test_the_python_examples_run(tmp_path: Path, page: str, last_line: str) -> None:
    film = make_project(tmp_path / "film")
    (film.presets / "final.toml").rename(film.presets / "whole.toml")
    short = (film.presets / "short.toml").read_text().replace('"final"', '"whole"')
    (film.presets / "final.toml").write_text(short)
    code = "\n".join(blocks(REPOSITORY / page, "python"))
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment(XDG_CACHE_HOME=str(tmp_path)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(last_line, done.stdout.splitlines()[-1])
