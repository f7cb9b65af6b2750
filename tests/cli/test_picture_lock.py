"""The picture lock as it is typed: --reference, --strict, what the terminal says, exit statuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audio_pipeline.cli import main as command_line
from tests.conftest import Call
from tests.locks import BATCH, locked_film

EN, DE = (("--voice-a", f"stems/{n}_a.wav", "--voice-b", f"stems/{n}_b.wav") for n in ("en", "de"))


@pytest.fixture
def film(tmp_path: Path, call: Call) -> Path:
    """A film whose English mix is rendered."""
    folder = locked_film(tmp_path / "film").root
    assert call(folder, "--preset", "dub", *EN, "--name", "en").returncode == 0
    return folder


REFERENCE = ("--reference", "renders/en.report.json")


def test_a_render_names_what_does_not_fit_and_strict_makes_it_fail(film: Path, call: Call) -> None:
    for strict, status in (((), 0), (("--strict",), 1)):
        done = call(film, "--preset", "dub", *DE, "--name", "de", *REFERENCE, *strict)
        assert done.returncode == status, done.stderr
        assert "voice_a is longer than its slot: 1.000 s, from 1.400 s on." in done.stdout
    fits = call(film, "--preset", "dub", *EN, "--name", "again", *REFERENCE, "--strict")
    assert fits.returncode == 0
    part = call(film, "--preset", "dub", *DE, *REFERENCE, "--strict", "--to", "1s", "--json")
    assert part.returncode == 1
    assert "warning: voice_a is longer than its slot: 1.000 s" in part.stderr
    assert json.loads(part.stdout)["stop_s"] == 1.0


def test_a_batch_names_them_in_its_lines_and_tables(film: Path, call: Call) -> None:
    (film / "presets" / "languages.batch.toml").write_text('reference = "en"\n' + BATCH)
    dry = call(film, "batch", "languages", "--dry-run")
    assert dry.returncode == 0
    assert "warning: dub_de: voice_a is longer than its slot: 1.000 s, from 1.400 s on." in dry.stdout
    assert call(film, "batch", "languages", "--dry-run", "--strict").returncode == 1
    told = json.loads(call(film, "batch", "languages", "--dry-run", "--json").stdout)
    assert {m["name"]: bool(m["overruns"]) for m in told["mixes"]} == {
        "dub_en": False,
        "dub_de": True,
        "dub_fr": False,
        "bed": False,
    }
    done = call(film, "batch", "languages", "--jobs", "1", "--strict")
    assert done.returncode == 1
    assert "warning  dub_de: voice_b is longer than its slot: 0.700 s" in done.stdout
    assert (film / "renders" / "overruns.csv").read_text().splitlines()[1] == "de,voice_a,1.0,1.4"
    assert call(film, "batch", "languages", "--jobs", "1").returncode == 0
    by_report = call(
        film, "batch", "dub", "--set", "voice_a.stem=stems/de_a.wav", *REFERENCE, "--strict"
    )
    assert by_report.returncode == 1, by_report.stderr


def test_presets_shows_slots_and_what_does_not_fit(film: Path, call: Call) -> None:
    long = ("--set", "voice_a.stem=stems/de_a.wav")
    shown = call(film, "presets", "dub", *long, *REFERENCE).stdout
    assert ["voice_a", "0.500", "1.400", "0.900"] in [row.split() for row in shown.splitlines()]
    assert "warning: voice_a is longer than its slot: 1.000 s, from 1.400 s on." in shown
    told = json.loads(
        call(film, "presets", "dub", *long, "--set", "voice_a.slot=900ms", "--json").stdout
    )
    assert told["slots"]["voice_a"] == {"start_samples": 24_000, "stop_samples": 67_200}
    assert told["overruns"][0].startswith("voice_a is longer than its slot")


def test_a_reference_of_another_mix_is_one_sentence(film: Path, call: Call) -> None:
    for command in (("--preset", "dub"), ("presets", "dub")):
        done = call(film, *command, "--set", "grain.level=-50dBFS", *REFERENCE)
        assert (done.returncode, done.stdout) == (1, "")
        assert (
            "error: renders/en.report.json cannot be the reference of dub: layers.grain" in done.stderr
        )
    batch = call(film, "batch", "dub", "--set", "grain.level=-50dBFS", *REFERENCE)
    assert batch.returncode == 1
    assert "cannot be the reference of dub" in batch.stderr


def test_both_options_are_in_the_help() -> None:
    options = {option for p in command_line.cli.params for option in p.opts}
    assert {"--reference", "--strict"} <= options
