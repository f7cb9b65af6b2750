"""Every mistake gets one sentence and a hint on stderr, nothing on stdout, and the right status."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.command import contents, run, shell, tiny_project
from tests.conftest import Call

COULD_NOT = {
    "unknown preset": (["--preset", "tinny"], "unknown preset 'tinny'", "did you mean 'tiny'?"),
    "preset file that does not exist": (["--preset", "x.toml"], "x.toml is not a file", None),
    "set without a value": (["--preset", "tiny", "--set", "black"], "'black' is not key=value", "--set"),
    "set of an unknown key": (
        ["--preset", "tiny", "--set", "grain.levle=-60 dBFS"],
        "--set: [layers.grain] has no key 'levle'; did you mean 'level'?",
        "There are:",
    ),
    "set without a unit": (
        ["--preset", "tiny", "--set", "grain.level=-60"],
        "layers.grain.level is wrong: -60 is not a value in dBFS",
        None,
    ),
    "set of an impossible value": (
        ["--preset", "tiny", "--set", "master.dialogue=3 LUFS"],
        "outside -70 LUFS to 0 LUFS",
        None,
    ),
    "set of a table": (["--preset", "tiny", "--set", "cues=3"], "cues is 3; it must be a table", None),
    "set below a value": (
        ["--preset", "tiny", "--set", "cues=3", "--set", "black=1s"],
        "a preset has no key 'black'",
        None,
    ),
    "set of a key without end": (
        ["--preset", "tiny", "--set", "a" + ".a" * 40_000 + "=1"],
        "tables are nested more than 8 deep",
        None,
    ),
    "voice that does not exist": (
        ["--preset", "tiny", "--voice-a", "stems/voice_c.flac"],
        "stems/voice_c.flac does not exist",
        "Did you mean voice_",
    ),
    "voice that is no audio": (
        ["--preset", "tiny", "--voice-a", "presets/tiny.toml"],
        "presets/tiny.toml is text, not audio",
        "Name an audio file",
    ),
    "voice that the preset has not got": (
        ["--preset", "mute", "--voice-a", "stems/voice_a.flac"],
        "'mute' has no layer 'voice_a' with a stem",
        "presets mute",
    ),
    "excerpt outside": (
        ["--preset", "tiny", "--from", "2s", "--to", "9s"],
        "is outside the programme of 3 s",
        None,
    ),
    "excerpt backwards": (["--preset", "tiny", "--from", "2s", "--to", "1s"], "is outside", None),
    "excerpt from nothing": (
        ["--preset", "tiny", "--from", "blakc"],
        "--from or --to is invalid: unknown name 'blakc'",
        None,
    ),
    "out that is a file": (
        ["--preset", "tiny", "--out", "presets/tiny.toml"],
        "presets/tiny.toml cannot be created",
        None,
    ),
    "measure of nothing": (["measure", "nothing.wav"], "nothing.wav does not exist", None),
    "report that is none": (["check", "x.json"], "x.json is not a file", None),
}

WRONG_USAGE = {
    "nothing at all": [],
    "unknown command": ["rendr"],
    "unknown option": ["--prest", "tiny"],
    "time that is none": ["--preset", "tiny", "--from", "12 bananas"],
    "no workers": ["--preset", "tiny", "--workers", "0"],
    "set without a name": ["presets", "--set", "a=1"],
    "preset of another command": ["--preset", "tiny", "presets"],
    "one thing to compare": ["compare", "renders"],
    "rate that is none": ["measure", "x.wav", "--rate", "12"],
    "init of a file": ["init", "presets/tiny.toml"],
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tiny_project(tmp_path_factory.mktemp("errors") / "film")
    mute = '[cues]\nend = "1s"\n[layers.grain]\nkind = "grain"\nuntil = "end"\n'
    (folder / "presets" / "mute.toml").write_text(mute)
    return folder


@pytest.mark.parametrize("case", COULD_NOT)
def test_what_could_not_be_is_status_1_one_sentence_and_a_hint(
    project: Path, call: Call, case: str
) -> None:
    arguments, words, hint = COULD_NOT[case]
    before = contents(project)
    done = call(project, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    first, *more = done.stderr.splitlines()
    assert first.startswith("error: ")
    assert words in first
    assert len(more) <= 1
    assert all(line.startswith("hint: ") for line in more)
    assert hint is None or hint in more[0]
    assert contents(project) == before


@pytest.mark.parametrize("case", WRONG_USAGE)
def test_wrong_usage_is_status_2_and_says_how(project: Path, call: Call, case: str) -> None:
    done = call(project, *WRONG_USAGE[case])
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: render-ending" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["--preset", "final"], ["presets"]])
def test_outside_any_project_init_is_the_hint(tmp_path: Path, call: Call, arguments: list[str]) -> None:
    done = call(tmp_path, *arguments)
    assert done.returncode == 1
    assert "no project found" in done.stderr
    assert "render-ending init film" in done.stderr


def test_in_a_folder_that_was_removed_the_error_says_so(tmp_path: Path) -> None:
    done = shell(tmp_path, "mkdir gone; cd gone; rmdir ../gone; render-ending presets")
    assert done.returncode == 1
    assert done.stderr.startswith("error: the current folder was deleted\nhint: ")


def test_debug_shows_the_traceback(project: Path) -> None:
    done = run(project, "--preset", "tinny", "--debug")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "PresetError: unknown preset 'tinny'" in done.stderr


STEERING = "\x1b[2J\x1b]0;owned\x07\u202egpj.\u0085\x9b31m"


def test_nothing_from_a_name_or_a_preset_steers_the_terminal(tmp_path: Path, call: Call) -> None:
    folder = tiny_project(tmp_path / f"film{STEERING}")
    escaped = "".join(f"\\u{ord(c):04x}" for c in STEERING)
    (folder / "presets" / f"evil{STEERING}.toml").write_text(
        f'extends = "tiny"\ntitle = "{escaped}"\ndescription = "{escaped}"'
    )
    (folder / "presets" / "bad.toml").write_text(f'extends = "tiny"\n["{escaped}"]\n"{escaped}" = 1')
    stem = folder / "stems" / f"{STEERING}.flac"
    (folder / "stems" / "voice_a.flac").rename(stem)
    for arguments in (
        ["presets"],
        ["presets", "--json"],
        ["presets", f"evil{STEERING}", "--set", f"voice_a.stem=stems/{stem.name}"],
        ["presets", f"evil{STEERING}", "--set", f"voice_a.stem=stems/{stem.name}", "--json"],
        ["presets", "bad"],
        ["presets", STEERING],
        ["--preset", f"evil{STEERING}", "--voice-a", stem, "-v"],
        ["--preset", f"evil{STEERING}", "--voice-a", stem, "--json"],
        ["--preset", "tiny", "--set", f"{STEERING}=1"],
        ["--preset", "tiny", "--from", STEERING],
        [STEERING],
        [f"--{STEERING}"],
        ["init", tmp_path / f"new{STEERING}"],
        ["measure", stem],
        ["measure", f"{STEERING}.wav"],
        ["check", f"{STEERING}.json"],
    ):
        done = call(folder, *arguments)
        for text in (done.stdout, done.stderr):
            assert re.findall(r"[^\n\x20-\x7e\xa1-\u1fff\u2010-\u2027\u2030-\uffff]", text) == []
            assert "internal error" not in text


def test_a_folder_of_presets_that_may_not_be_read_is_not_taken_for_an_empty_one(
    project: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(folder: Path) -> list[Path]:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(Path, "iterdir", forbidden)
    done = call(project, "presets")
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {project}/presets cannot be read: Permission denied\nhint: ")
