"""What renders and their stems are called, by every command that makes them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import soundfile

from audio_pipeline.audio_io.read.audio_file import probe
from audio_pipeline.jobs.watch import Watched, rendered_page
from audio_pipeline.preset.project import Project
from tests.command import tiny_project
from tests.conftest import Call, speech_like


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A tiny project with a longer recording for voice A."""
    folder = tiny_project(tmp_path / "film")
    soundfile.write(folder / "stems" / "fr_a.wav", speech_like(3, 1.0), 48_000)
    return folder


def made(film: Path) -> list[str]:
    """The masters in renders/."""
    return sorted(path.stem for path in (film / "renders").glob("*.wav"))


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (("--set", "grain.level=-60 dBFS"), "tiny_grain.level--60dBFS"),
        (("--voice-a", "stems/fr_a.wav"), "tiny_voice_a-fr_a"),
        (("--voice-a", "stems/fr_a.wav", "--set", "seed=2"), "tiny_seed-2_voice_a-fr_a"),
        (("--set", "seed=2", "--name", "{preset}"), "tiny"),
        (("--set", "seed=2", "--from", "1s"), "tiny_seed-2_01000100-01000300"),
    ],
)
def test_a_changed_render_never_replaces_the_plain_one(
    call: Call, film: Path, options: tuple[str, ...], name: str
) -> None:
    assert call(film, "--preset", "tiny").returncode == 0
    plain = (film / "renders" / "tiny.wav").read_bytes()
    assert call(film, "--preset", "tiny", *options).returncode == 0
    assert made(film) == sorted({"tiny", name})
    assert ((film / "renders" / "tiny.wav").read_bytes() == plain) == (name != "tiny")
    if "--from" not in options:
        report = json.loads((film / "renders" / f"{name}.report.json").read_text())
        assert report["mix"] == name


def test_a_batch_with_set_has_names_of_its_own_unless_a_template_says_others(
    call: Call, film: Path
) -> None:
    assert call(film, "batch", "tiny").returncode == 0
    changed = ("batch", "tiny", "--set", "grain.level=base - 4 dB", "--vary", "seed=1,2")
    assert call(film, *changed).returncode == 0
    level = json.loads(call(film, "presets", "tiny", "--json").stdout)["values"]
    base = next(v["value"] for v in level if v["key"] == "layers.grain.level")
    lower = f"{float(base.split()[0]) - 4:g}dBFS"
    names = [f"tiny_seed-{seed}_grain.level-{lower}" for seed in (1, 2)]
    assert made(film) == ["tiny", *names]
    assert call(film, *changed, "--name", "x_{seed}").returncode == 0
    assert made(film) == ["tiny", *names, "x_1", "x_2"]


def test_stems_are_called_by_their_type_where_the_template_says_it(
    call: Call, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    template = ("--name", "{title}_{reel}_{type}_{date}")
    for options in (("--stems",), ("--stems",), ()):
        assert call(film, "--preset", "tiny", *template, *options).returncode == 0
        folder = film / "renders" / "Tiny_MIX_19700102.stems"
        stems = sorted(path.name for path in folder.glob("*")) if folder.exists() else []
        wanted = [f"Tiny_{stem}_19700102.wav" for stem in ("BG", "DX", "FX", "ME")]
        assert stems == (wanted if options else [])  # and a render without stems removes them
        assert made(film) == ["Tiny_MIX_19700102"]
    assert call(film, "--preset", "tiny", "--stems").returncode == 0
    assert (film / "renders" / "tiny.stems" / "tiny_DX.wav").is_file()


def test_a_stem_of_somebody_else_in_its_place_is_not_replaced(call: Call, film: Path) -> None:
    folder = film / "renders" / "MIX.stems"
    folder.mkdir(parents=True)
    (folder / "DX.wav").write_bytes(b"mine")
    done = call(film, "--preset", "tiny", "--name", "{type}", "--stems")
    assert (done.returncode, "DX.wav already exists" in done.stderr) == (1, True)
    assert (folder / "DX.wav").read_bytes() == b"mine"


def test_the_date_changes_names_and_no_sample(
    call: Call, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(2):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(day * 86_400))
        assert call(film, "--preset", "tiny", "--name", "{date}").returncode == 0
    assert made(film) == ["19700101", "19700102"]
    one, two = (soundfile.read(film / "renders" / f"{name}.wav")[0] for name in made(film))
    assert (one == two).all()


def test_presets_and_inspect_hear_the_other_stem(call: Call, film: Path) -> None:
    (film / "presets" / "after.toml").write_text(
        'extends = "tiny"\n[picture]\nsnap = false\n[cues]\nblack = "voice_a.tail"'
    )
    voice = ("--voice-a", "stems/fr_a.wav")
    for options, black in (((), 0.7), (voice, 1.1)):
        told = json.loads(call(film, "presets", "after", *options, "--json").stdout)
        assert next(c["seconds"] for c in told["cues"] if c["name"] == "black") == pytest.approx(black)
    values = {v["key"]: v for v in told["values"]}
    stem = values["layers.voice_a.stem"]
    assert (stem["value"], stem["origin"]) == ("stems/fr_a.wav", "--voice-a")
    lengths = []
    for options in ((), voice):
        done = call(film, "inspect", "voice_a", "--preset", "tiny", *options)
        assert done.returncode == 0, done.stderr
        start, stop = re.findall(r"(\d+\.\d+) s", done.stdout.splitlines()[0])[:2]
        lengths.append(float(stop) - float(start))
    assert lengths == pytest.approx([0.6, 1.0], abs=0.02)
    assert probe(film / "stems" / "fr_a.wav").frames == 48_000


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("presets", "--voice-a", "x.wav"), 2, "NAME of a preset"),
        (("presets", "tiny", "--voice-a", "none.wav"), 1, "none.wav does not exist"),
        (("presets", "mute", "--voice-a", "stems/fr_a.wav"), 1, "'mute' has no layer 'voice_a'"),
        (("inspect", "mute.wav", "--voice-b", "x.wav"), 2, "go with a layer, not with a file"),
        (
            ("inspect", "voice_a", "--preset", "tiny", "--voice-a", "none.wav"),
            1,
            "none.wav does not exist",
        ),
        (
            ("inspect", "grain", "--preset", "mute", "--voice-a", "stems/fr_a.wav"),
            1,
            "no layer 'voice_a'",
        ),
        (("watch", "--help"), 0, "--voice-b FILE"),
    ],
)
def test_the_options_say_where_they_go(
    call: Call, film: Path, words: tuple[str, ...], status: int, said: str
) -> None:
    mute = '[cues]\nend = "1s"\nsilence = "1s"\n[layers.grain]\nkind = "grain"'
    (film / "presets" / "mute.toml").write_text(mute)
    done = call(film, *words)
    assert done.returncode == status, done.stderr
    assert said in done.stderr + done.stdout


def test_a_watch_renders_under_the_same_name_and_follows_the_other_stem(film: Path) -> None:
    project, file = Project(film), film / "stems" / "fr_a.wav"
    rendered_page(project, "tiny", ("seed=2",), None, 1, None, {"voice_a": file})
    assert made(film) == ["tiny_seed-2_voice_a-fr_a"]
    watched = Watched(project, "tiny", (), {"voice_a": file})
    next(iter(watched.changes()))
    assert {file, film / "stems" / "voice_b.flac"} <= set(watched.files())
    assert film / "stems" / "voice_a.flac" not in watched.files()
