"""The installed command: what goes where, with which exit status, and in which surroundings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from audio_pipeline.cli.main import COMMANDS
from audio_pipeline.version import __version__
from tests.command import COMMAND, contents, environment, run, shell

HEAVY = ("numpy", "scipy", "soundfile", "pydantic", "librosa", "matplotlib", "rich")


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_has_an_example_and_is_found_without_numpy(tmp_path: Path, command: str) -> None:
    program = (
        "import sys; from audio_pipeline.cli.main import main\n"
        "try: main()\n"
        f"finally: print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    words = [command] if command else []
    done = subprocess.run(
        [sys.executable, "-c", program, *words, "--help"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert f"render-ending {command}".strip() in done.stdout.partition("Example")[2]
    assert done.stderr == "[]\n"


def test_the_installed_script_is_the_module(tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("render-ending")
    for command in ([str(script)], list(COMMAND)):
        done = subprocess.run(
            [*command, "--version"],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert done.stdout == f"render-ending, version {__version__}\n"


def test_a_summary_goes_to_stdout_and_nothing_to_stderr(tiny: Path) -> None:
    done = run(tiny, "--preset", "tiny")
    assert (done.returncode, done.stderr) == (0, "")
    assert "renders/tiny.wav" in done.stdout
    assert "\x1b" not in done.stdout
    assert {name for name in contents(tiny) if name.startswith("renders")} == {
        "renders/tiny.wav",
        "renders/tiny.report.json",
        "renders/tiny.report.html",
    }


def test_a_render_tells_the_timecodes_of_its_cues_and_where_a_leader_starts(tiny: Path) -> None:
    plain = run(tiny, "--preset", "tiny", "--set", "picture.rate=29.97 DF")
    assert "      cues  black 01:00:02;00, silence 01:00:02;15\n" in plain.stdout
    assert "leader" not in plain.stdout
    named = ("--preset", "tiny", "--name", "tiny")
    led = run(tiny, *named, "--set", "leader.on=true", "--set", "cues.dropout=2.2s")
    assert "cues  black 01:00:02:00, dropout 01:00:02:05, silence 01:00:02:12\n" in led.stdout
    assert "leader  the files start at 00:59:52:00\n" in led.stdout
    cut = run(tiny, "--preset", "tiny", "--from", "black", "--to", "silence")
    assert "cues  black 01:00:02:00\n" in cut.stdout
    measured = run(tiny, "measure", "renders/tiny.wav")
    assert (
        "The leader is not measured: 8.000 s before the programme, 4.000 s after it." in measured.stdout
    )


def test_json_is_the_report_and_nothing_else(tiny: Path) -> None:
    done = run(tiny, "--preset", "tiny", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == json.loads((tiny / "renders/tiny.report.json").read_text())


def test_quiet_is_silent_and_verbose_tells_what_was_done_to_each_stem(tiny: Path) -> None:
    quiet = run(tiny, "--preset", "tiny", "-q")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")
    verbose = run(tiny, "--preset", "tiny", "-v")
    for name in ("voice_a", "voice_b"):
        assert f"{name}: levelled from" in verbose.stderr
        assert f"{name}: faded both ends in 5 ms" in verbose.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("presets", "--json"),
        ("presets", "tiny", "--json"),
        ("presets", "--schema"),
        ("measure", "renders/tiny.wav", "--json"),
        ("check", "renders/tiny.report.json", "--delivery", "netflix", "--json"),
        ("compare", "renders/tiny.report.json", "renders/tiny.report.json", "--json"),
    ],
)
def test_json_parses_and_comes_alone(shared_tiny: Path, arguments: tuple[str, ...]) -> None:
    done = run(shared_tiny, *arguments)
    assert done.returncode in (0, 1)  # a verdict or a difference is no error
    assert done.stderr == ""
    assert json.loads(done.stdout)


def test_status_is_1_for_a_difference_and_0_for_none(shared_tiny: Path) -> None:
    report = json.loads((shared_tiny / "renders/tiny.report.json").read_text())
    other = shared_tiny / "other.report.json"
    other.write_text(json.dumps({**report, "integrated_lufs": -20.0}))
    assert run(shared_tiny, "compare", "renders/tiny.report.json", other).returncode == 1
    again = run(shared_tiny, "compare", "renders/tiny.report.json", "renders/tiny.report.json")
    assert again.returncode == 0


@pytest.mark.parametrize(
    "line",
    [
        "render-ending presets tiny | head -n 1",
        "render-ending measure renders/tiny.wav --json | head -c 10",
        "render-ending presets tiny >&-",
        "render-ending presets tiny 2>&-",
        "render-ending presets tiny <&- >&- 2>&-",
    ],
)
def test_a_reader_that_goes_and_streams_that_are_closed_are_no_fault(
    shared_tiny: Path, line: str
) -> None:
    done = shell(shared_tiny, line)
    assert done.returncode == 0
    assert done.stderr == ""


def test_with_all_streams_closed_the_master_is_what_it_is_with_them_open(
    tiny: Path, shared_tiny: Path
) -> None:
    assert shell(tiny, "render-ending --preset tiny --stems <&- >&- 2>&-").returncode == 0
    expected = contents(shared_tiny / "renders")
    assert contents(tiny / "renders") == {name: expected[name] for name in contents(tiny / "renders")}


def test_a_full_output_is_said_and_is_status_1(shared_tiny: Path) -> None:
    done = shell(shared_tiny, "render-ending presets tiny >/dev/full")
    assert done.returncode == 1
    assert done.stderr == "error: the output could not be used: No space left on device\n"


FIGURES = (("presets", "deep"), ("presets",), ("measure", "renders/tiny.wav", "--json"))


@pytest.fixture(scope="module")
def usual(shared_tiny: Path) -> dict[tuple[str, ...], subprocess.CompletedProcess[str]]:
    """What each of FIGURES says in the surroundings of the tests."""
    (shared_tiny / "presets" / "deep.toml").write_text('extends = "tiny"\ndescription = "未完 – …"')
    return {arguments: run(shared_tiny, *arguments) for arguments in FIGURES}


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C", "PYTHONUTF8": None, "LANG": None},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"HOME": None, "TMPDIR": None, "USER": None, "LANG": None},
        {"HOME": "/nonexistent", "TMPDIR": "/nonexistent", "TERM": "dumb", "COLUMNS": "1"},
    ],
    ids=["C", "C without UTF-8", "ASCII", "no HOME", "HOME that is not there"],
)
def test_surroundings_that_lack_something_change_no_figure(
    shared_tiny: Path,
    usual: dict[tuple[str, ...], subprocess.CompletedProcess[str]],
    env: dict[str, str | None],
) -> None:
    for arguments in FIGURES:
        done = run(shared_tiny, *arguments, env=environment(**env), encoding="utf-8", errors="replace")
        assert (done.returncode, done.stderr) == (usual[arguments].returncode, "")
        if "--json" in arguments:
            assert json.loads(done.stdout) == json.loads(usual[arguments].stdout)


def test_piped_output_has_no_colour_and_no_progress_even_if_the_terminal_would(tiny: Path) -> None:
    done = run(tiny, "--preset", "tiny", env=environment(TERM="xterm-256color", COLORTERM="truecolor"))
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize("no_colour", [None, "1"])
def test_on_a_terminal_there_is_progress_and_no_colour_is_obeyed(
    tiny: Path, no_colour: str | None
) -> None:
    leader, follower = os.openpty()
    with subprocess.Popen(
        [*COMMAND, "--preset", "tiny"],
        cwd=tiny,
        env=environment(TERM="xterm", NO_COLOR=no_colour),
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=follower,
    ) as process:
        os.close(follower)
        shown = b""
        try:
            while piece := os.read(leader, 65_536):
                shown += piece
        except OSError:
            pass  # how Linux says that the other end is closed
    os.close(leader)
    assert process.returncode == 0
    assert b"mix" in shown
    assert (b"\x1b[1m" in shown or b"\x1b[3" in shown) == (no_colour is None)


def test_init_makes_a_project_that_renders_at_once(tmp_path: Path) -> None:
    done = run(tmp_path, "init", "film")
    assert (done.returncode, done.stdout) == (0, "")
    assert "cd film && render-ending --preset final" in done.stderr
    listed = run(tmp_path / "film", "presets", "--json")
    assert all(row["error"] is None for row in json.loads(listed.stdout))


@pytest.mark.parametrize("name", ["presets/final.toml", "stems/CREDITS.md", "renders/README.md"])
def test_init_overwrites_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / "film" / name).parent.mkdir(parents=True)
    (tmp_path / "film" / name).write_text("precious")
    done = run(tmp_path, "init", "film")
    assert done.returncode == 1
    assert f"already has {name}; nothing was written" in done.stderr
    assert contents(tmp_path / "film") == {name: b"precious"}


def test_completion_knows_the_presets(shared_tiny: Path) -> None:
    env = environment(
        _RENDER_ENDING_COMPLETE="bash_complete", COMP_WORDS="render-ending --preset ti", COMP_CWORD="2"
    )
    assert run(shared_tiny, env=env).stdout == "plain,tiny\n"
