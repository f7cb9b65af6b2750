"""`deliver`: many mixes for many deliveries, one overview, and the verification of a folder."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.command import environment, tiny_project
from tests.command import run as run_process
from tests.conftest import Call

LANGUAGES = """
presets = ["tiny"]
reference = "en"
[stems.en]
voice_a = "stems/voice_a.flac"
[stems.fr]
voice_a = "stems/voice_b.flac"
[deliver]
deliveries = ["ebu-r128", "theatrical"]
"""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tiny_project(tmp_path_factory.mktemp("film"))
    (folder / "presets" / "languages.batch.toml").write_text(LANGUAGES)
    (folder / "contact.toml").write_text('company = "Example Sound"\n')
    return folder


def places(folder: Path) -> dict[str, str]:
    return {"XDG_CACHE_HOME": str(folder / "cache"), "SOURCE_DATE_EPOCH": "1764201600"}


@pytest.fixture
def run(call: Call, monkeypatch: pytest.MonkeyPatch) -> Call:
    """`deliver` in this process."""

    def called(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
        for name, value in places(folder).items():
            monkeypatch.setenv(name, value)
        return call(folder, "deliver", *words)

    return called


def test_a_matrix_of_languages_and_deliveries(run: Call, film: Path) -> None:
    done = run_process(film, "deliver", "languages", "--json", env=environment(**places(film)))
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert {(one["language"], one["delivery"], one["status"]) for one in made} == {
        (language, delivery, "made")
        for language in ("en", "fr")
        for delivery in ("ebu-r128", "theatrical")
    }
    for one in made:
        folder = film / "delivered" / one["folder"]
        assert run(film, "--verify", str(folder)).returncode == 0
        assert "Example Sound" in next(folder.glob("*.letter.txt")).read_text()
        assert json.loads((folder / "delivery.json").read_text())["date"] == "2025-11-27"
    effects = {
        hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (film / "delivered").glob("*_ebu-r128/*_ME_*24.wav")
    }
    assert len(effects) == 1, "one file for all languages"
    with (film / "delivered" / "deliveries.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["folder"] for row in rows] == sorted(one["folder"] for one in made)
    again = json.loads(run(film, "languages", "--json").stdout)
    assert {one["status"] for one in again} == {"unchanged"}
    shutil.copy(film / "stems" / "voice_a.flac", film / "stems" / "voice_b.flac")
    changed = {one["mix"]: one for one in json.loads(run(film, "languages", "--json").stdout)}
    assert changed["tiny_fr"]["version"] == "v2"
    assert "DX: samples changed" in changed["tiny_fr"]["differs"]


def test_every_fault_ends_with_status_1(run: Call, film: Path) -> None:
    assert run(film, "tiny", "--delivery", "podcast", "--out", "fault", "-q").returncode == 0
    (folder,) = (path for path in (film / "fault").iterdir() if path.is_dir())
    victim = next(folder.glob("*_PM_*.wav"))
    data = bytearray(victim.read_bytes())
    data[-1] ^= 1
    victim.write_bytes(data)
    done = run(film, "--verify", str(folder))
    assert done.returncode == 1
    assert f"changed: {victim.name}" in done.stdout
    verdict = json.loads(run(film, "--verify", str(folder), "--json").stdout)
    assert (verdict["verdict"], verdict["faults"][0]["path"]) == ("fail", victim.name)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ((), 2, "give a MIX"),
        (("tiny", "--verify", "x"), 2, "--verify takes a folder and no other option"),
        (("tiny", "--date", "27.11.2026"), 2, "not a date like 2026-11-27"),
        (("tiny", "--date", "2026-02-30"), 2, "not a date like 2026-11-27"),
        (("tiny", "--delivery", "netflx"), 1, "delivery 'netflx'"),
        (("nothing",), 1, "preset 'nothing'"),
        (("--verify", "nowhere"), 1, "not a folder"),
        (("--verify", "stems"), 1, "no checksums"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(
    run: Call, film: Path, words: tuple[str, ...], status: int, said: str
) -> None:
    done = run(film, *words)
    assert done.returncode == status, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = 3\n", "name must be one line"),
        ('nmae = "x"\n', "unknown key 'nmae'"),
        ("= 3\n", "not TOML"),
    ],
)
def test_a_wrong_contact_file_is_named(run: Call, tmp_path: Path, text: str, said: str) -> None:
    folder = tiny_project(tmp_path)
    (folder / "contact.toml").write_text(text)
    done = run(folder, "tiny")
    assert done.returncode == 1
    assert "contact.toml" in done.stderr
    assert said in done.stderr
    assert not (folder / "delivered").exists()


@pytest.mark.parametrize(
    "text", ["deliver = 3", "[deliver]\ndelivery = ['x']", "[deliver]\ndeliveries = 'x'"]
)
def test_a_wrong_table_in_a_batch_file_is_named(run: Call, tmp_path: Path, text: str) -> None:
    folder = tiny_project(tmp_path)
    (folder / "presets" / "wrong.batch.toml").write_text(f'presets = ["tiny"]\n{text}\n')
    done = run(folder, "wrong")
    assert done.returncode == 1
    assert "wrong.batch.toml" in done.stderr
    assert "deliver" in done.stderr.partition("hint")[0].partition("wrong.batch.toml")[2]
