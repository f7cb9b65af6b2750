"""Exit statuses that follow deliveries and plans: a render and a batch, on a terminal, quiet and as JSON."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import Call
from tests.jobs.batch.conftest import make_tiny


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which `tiny` fails its delivery, `good` passes and `film` cannot be measured."""
    project = make_tiny(tmp_path_factory.mktemp("pass"))
    (project.presets / "voiced.toml").unlink()
    (project.presets / "good.toml").write_text('extends = "tiny"\n[master]\ntarget = "-23 LUFS"')
    (project.presets / "film.toml").write_text(
        'extends = "tiny"\n[master]\ndelivery = "netflix-nearfield"'
    )
    return project.root


FAILED = "Integrated loudness: -27.0 LUFS, allowed: -23"


@pytest.mark.parametrize(("preset", "status"), [("good", 0), ("tiny", 1), ("film", 1)])
@pytest.mark.parametrize("how", [(), ("-q",), ("--json",)])
def test_a_render_exits_with_1_unless_its_delivery_passes_where_that_is_asked_for(
    call: Call, film: Path, preset: str, status: int, how: tuple[str, ...]
) -> None:
    assert call(film, "--preset", preset, *how).returncode == 0
    done = call(film, "--preset", preset, "--require-pass", *how)
    assert done.returncode == status
    assert (film / "renders" / f"{preset}.wav").is_file()
    assert done.stderr.startswith("error: --require-pass: ") == bool(status)
    if preset == "tiny":
        assert FAILED in done.stderr
        assert how or FAILED in done.stdout
    if how == ("--json",):
        assert json.loads(done.stdout)["mix"] == preset


def test_an_excerpt_has_no_delivery_to_pass(call: Call, film: Path) -> None:
    done = call(film, "--preset", "good", "--from", "1s", "--require-pass")
    assert (done.returncode, "excerpt has no delivery" in done.stderr) == (2, True)


@pytest.mark.parametrize("mixes", [("tiny",), ("good", "film"), ("*",)])
def test_a_batch_tells_a_failed_delivery_with_its_clause_everywhere(
    call: Call, film: Path, mixes: tuple[str, ...]
) -> None:
    shutil.rmtree(film / "renders", ignore_errors=True)
    for _ in range(2):  # rendered, then found unchanged
        assert call(film, "batch", *mixes).returncode == 0
        done = call(film, "batch", *mixes, "--require-pass")
        assert done.returncode == 1
        assert "did not pass the delivery" in done.stderr
        quiet = call(film, "batch", *mixes, "--require-pass", "-q")
        assert (quiet.returncode, quiet.stdout) == (1, "")
        told = call(film, "batch", *mixes, "--json", "--require-pass")
        rows = {row["name"]: row for row in json.loads(told.stdout)["mixes"]}
        overview = {
            row["name"]: row
            for row in json.loads((film / "renders" / "batch.json").read_text())["mixes"]
        }
        for name, row in rows.items():
            for key in ("delivery", "verdict", "failed_clauses"):
                assert row[key] == overview[name][key]
        if "tiny" in rows:
            assert "tiny: delivery failed: ebu-r128\n" in done.stdout
            assert all(FAILED in text for text in (done.stdout, quiet.stderr, told.stderr))
            assert rows["tiny"]["failed_clauses"][0]["figure"] == "integrated_lufs"
        if "film" in rows:
            assert "film: delivery not measurable: netflix-nearfield" in done.stdout
    assert call(film, "batch", "good", "--require-pass").returncode == 0


@pytest.mark.parametrize(
    ("sets", "words"),
    [
        (("master.delivery=nope",), "unknown delivery 'nope'"),
        (("grain.kind=clip", "grain.stem=stems/none.wav"), "none.wav"),
        (("grain.kind=clip", "grain.stem=presets/tiny.toml"), "tiny.toml"),
        (("listening=headphones", "head=none.sofa"), "none.sofa"),
    ],
)
def test_a_dry_run_with_a_mix_that_cannot_be_made_exits_with_1(
    call: Call, film: Path, sets: tuple[str, ...], words: str
) -> None:
    options = [word for text in sets for word in ("--set", text)]
    done = call(film, "batch", "tiny", "good", *options, "--dry-run")
    assert done.returncode == 1
    assert words in done.stdout
    plan = json.loads(call(film, "batch", "tiny", *options, "--dry-run", "--json").stdout)
    assert words in plan["mixes"][0]["error"]
    assert call(film, "batch", "tiny", "good", "--dry-run").returncode == 0
    # and the batch itself says the same, and fails for it
    assert call(film, "batch", "tiny", *options).returncode == 1


def test_a_dry_run_sees_a_file_in_the_way(call: Call, film: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny.wav").write_bytes(b"mine")
    done = call(film, "batch", "tiny", "--out", str(tmp_path), "--dry-run")
    assert (done.returncode, "tiny.wav already exists" in done.stdout) == (1, True)


def test_the_statuses_are_defined_in_help(call: Call, film: Path) -> None:
    text = call(film, "--help").stdout
    for status in ("0  done", "1  failed", "2  wrong usage", "3  not comparable"):
        assert status in text
    assert "--require-pass" in call(film, "batch", "--help").stdout
