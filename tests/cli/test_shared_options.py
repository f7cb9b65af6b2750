"""-q, -v and --json on every command, --open where there is a page, and names that were nearly right."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

from audio_pipeline.cli.main import COMMANDS, cli
from audio_pipeline.jobs import watch
from audio_pipeline.stopping import Stopped
from tests.command import environment, run
from tests.conftest import Call

SHARED = ("quiet", "verbose", "as_json", "debug")
WAVE, REPORT = "renders/tiny.wav", "renders/tiny.report.json"
LINES = {
    "render": ("--preset", "tiny"),
    "excerpt": ("--preset", "tiny", "--from", "1s", "--to", "2s"),
    "batch": ("batch", "tiny", "--vary", "seed=1,2"),
    "batch --dry-run": ("batch", "tiny", "--dry-run"),
    "batch --schema": ("batch", "--schema"),
    "compare": ("compare", REPORT, WAVE, "--tolerance", "9"),
    "measure": ("measure", WAVE),
    "measure two": ("measure", WAVE, "stems/voice_a.flac"),
    "review": ("review", WAVE, REPORT),
    "check": ("check", REPORT, "--delivery", "netflix"),
    "check --list": ("check", "--list"),
    "deliver": ("deliver", "tiny", "--delivery", "podcast"),
    "export": ("export", "tiny", "--to", "csv"),
    "export --layers": ("export", "tiny", "--to", "csv", "--layers"),
    "retime": ("retime", "tiny", "--markers", WAVE),
    "inspect": ("inspect", WAVE),
    "inspect a layer": ("inspect", "grain", "--preset", "tiny"),
    "presets": ("presets",),
    "presets tiny": ("presets", "tiny"),
    "presets --schema": ("presets", "--schema"),
    "cache": ("cache",),
    "cache --clear": ("cache", "--clear"),
    "init": ("init", "new"),
    "watch": ("watch", "tiny", "--port", "0"),
}
WITHOUT_DETAIL = ("check --list", "batch --schema", "presets --schema")
MADE_ONLY_FILES = ("render", "excerpt", "batch", "deliver", "init")
"""What such a command prints to stdout is about its files, and -q leaves it out."""


def options_of(command: click.Command) -> dict[str, click.Option]:
    return {p.name: p for p in command.params if isinstance(p, click.Option) and p.name}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_the_shared_options_with_the_same_words(name: str) -> None:
    command = options_of(import_module(f"audio_pipeline.cli.{name}").command)
    root = options_of(cli)
    for option in SHARED:
        assert (command[option].opts, command[option].help) == (root[option].opts, root[option].help)


def test_every_command_is_run_here() -> None:
    assert {words[0] for words in LINES.values()} == {*COMMANDS, "--preset"}


@pytest.fixture(scope="module")
def rendered(shared_tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project to write into, in which `tiny` is rendered."""
    folder = tmp_path_factory.mktemp("options") / "film"
    shutil.copytree(shared_tiny, folder)
    return folder


@pytest.fixture
def told(call: Call, rendered: Path, monkeypatch: pytest.MonkeyPatch):
    """What a line of LINES prints with more options; a watch is stopped after its first render."""

    monkeypatch.setattr(watch.Watched, "_stamps", lambda self: {Path("a"): (1, 1)})

    def line(name: str, *options: str):
        shutil.rmtree(rendered / "new", ignore_errors=True)
        looks = iter([None, None])

        def wait(seconds: float) -> None:
            if next(looks, "done") == "done":
                raise Stopped(signal.SIGINT)

        # not of the whole process: others, like a lock that is held elsewhere, sleep too
        monkeypatch.setattr(watch, "time", SimpleNamespace(sleep=wait))
        done = call(rendered, *LINES[name], *options)
        assert done.returncode in (0, 1), done.stderr
        assert "error" not in done.stderr
        return done

    return line


@pytest.mark.parametrize("name", LINES)
def test_json_is_one_document_on_stdout_and_nothing_on_stderr(told, name: str) -> None:
    plain, quiet = told(name, "--json"), told(name, "--json", "-q")
    assert json.loads(plain.stdout) is not None
    assert type(json.loads(quiet.stdout)) is type(json.loads(plain.stdout))
    assert quiet.stderr == ""


@pytest.mark.parametrize("name", LINES)
def test_quiet_prints_nothing_on_stderr_and_leaves_data_alone(told, name: str) -> None:
    plain, quiet = told(name), told(name, "-q")
    assert quiet.stderr == ""
    if name in MADE_ONLY_FILES:
        assert quiet.stdout == ""
    elif name not in ("watch", "cache --clear", "batch --dry-run"):
        assert quiet.stdout == plain.stdout != ""


@pytest.mark.parametrize("name", [name for name in LINES if name not in WITHOUT_DETAIL])
def test_verbose_adds_detail_on_stderr(told, name: str) -> None:
    plain, verbose = told(name), told(name, "-v")
    assert len(verbose.stderr.splitlines()) > len(plain.stderr.splitlines())


@pytest.mark.parametrize("name", COMMANDS)
def test_quiet_and_verbose_together_are_refused(call: Call, tiny: Path, name: str) -> None:
    words = next(words for words in LINES.values() if words[0] == name)
    done = call(tiny, *words, "-q", "-v")
    assert (done.returncode, "choose one of -q and -v" in done.stderr) == (2, True)


def test_options_before_the_command_hold_for_it(call: Call, rendered: Path) -> None:
    assert json.loads(call(rendered, "--json", "presets").stdout)
    assert "project: " in call(rendered, "-v", "presets").stderr


OPENED = {
    "render": (("--preset", "tiny"), "renders/tiny.report.html"),
    "batch": (("batch", "tiny"), "renders/index.html"),
    "review": (("review", WAVE, REPORT), "renders/review.html"),
}


@pytest.mark.parametrize("name", OPENED)
def test_open_opens_the_page_that_was_made(
    call: Call, rendered: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    words, page = OPENED[name]
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or True)
    assert call(rendered, *words).returncode == 0
    assert opened == []
    assert call(rendered, *words, "--open").returncode == 0
    assert opened == [(rendered / page).as_uri()]


def test_the_browser_is_that_of_the_environment(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = tmp_path / "browser"
    browser.write_text('#!/bin/sh\nprintf %s "$1" > "$0.opened"\n')
    browser.chmod(0o755)
    done = run(tiny, "--preset", "tiny", "--open", env=environment(BROWSER=f"{browser} %s"))
    assert (done.returncode, done.stderr) == (0, "")
    address = (tiny / "renders" / "tiny.report.html").as_uri()
    assert (tmp_path / "browser.opened").read_text() == address


def test_without_a_browser_the_page_s_address_is_told(
    call: Call, rendered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webbrowser.open", lambda address: False)
    done = call(rendered, "--preset", "tiny", "--open")
    assert done.returncode == 0
    assert "renders/tiny.report.html" in done.stderr


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--preset", "tiny", "--from", "1s"), "an excerpt has no page"),
        (("batch", "tiny", "--dry-run"), "--dry-run writes no page"),
    ],
)
def test_open_without_a_page_is_refused_before_anything_is_made(
    call: Call, tiny: Path, words: tuple[str, ...], why: str
) -> None:
    done = call(tiny, *words, "--open")
    assert (done.returncode, why in done.stderr) == (2, True)
    assert not (tiny / "renders").exists()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("tiny", "render-ending --preset tiny"),
        ("tyni", "render-ending --preset tiny"),
        ("mesure", "render-ending measure"),
        ("preset", "render-ending presets"),
    ],
)
def test_a_name_that_is_no_command_leads_to_what_was_meant(
    call: Call, tiny: Path, typed: str, meant: str
) -> None:
    done = call(tiny, typed, "--stems")
    assert done.returncode == 2
    assert f"No such command {typed!r}. Did you mean: {meant}\n" in done.stderr


def test_a_name_like_nothing_leads_nowhere(call: Call, tiny: Path) -> None:
    assert "No such command 'xyzzy'.\n" in call(tiny, "xyzzy").stderr


def test_a_browser_costs_nothing_where_none_is_opened(call: Call, tiny: Path) -> None:
    sys.modules.pop("webbrowser", None)
    call(tiny, "presets")
    assert "webbrowser" not in sys.modules
