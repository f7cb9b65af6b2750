"""Programs that are not ours accept the folder of every shipped delivery; a missing one is skipped."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from wavinfo import WavInfoReader

from audio_pipeline.jobs.deliver.folder import Delivered
from audio_pipeline.jobs.deliver.material import Material
from audio_pipeline.jobs.deliver.verify import verify_folder
from audio_pipeline.mastering.leader import HEAD_S
from audio_pipeline.reporting.delivery import delivery_names
from audio_pipeline.reporting.folder_rules import load_folder_rules
from tests.jobs.deliver.conftest import SENDER, deliver


@pytest.fixture(scope="module", params=delivery_names())
def delivered(
    request: pytest.FixtureRequest, material: Material, tmp_path_factory: pytest.TempPathFactory
) -> Delivered:
    return deliver(material, request.param, tmp_path_factory.mktemp("out"), SENDER)


PROBED: dict[tuple[str, str], str] = {}
"""What ffprobe said of files by suffix and SHA-256: several deliveries hold the same ones."""


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def ran(*words: str, cwd: Path | None = None) -> str:
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def wavs(delivered: Delivered) -> list[Path]:
    return sorted(delivered.folder.glob("*.wav"))


def test_sha256sum_accepts_it(delivered: Delivered) -> None:
    ran(tool("sha256sum"), "--strict", "-c", "SHA256SUMS", cwd=delivered.folder)


def test_ascmhl_accepts_it_and_adds_a_generation(delivered: Delivered, tmp_path: Path) -> None:
    """In an environment of its own, whose folder of programs `ASCMHL_BIN` names."""
    path = os.pathsep.join([os.environ.get("ASCMHL_BIN", ""), os.environ.get("PATH", "")])
    verifier, program = shutil.which("ascmhl-debug", path=path), shutil.which("ascmhl", path=path)
    if verifier is None or program is None:
        pytest.skip("ascmhl is not installed; name its folder of programs in ASCMHL_BIN")
    ran(verifier, "verify", str(delivered.folder))
    copy = tmp_path / delivered.folder.name
    shutil.copytree(delivered.folder, copy)
    ran(program, "create", "-h", "c4", str(copy))
    assert verify_folder(copy).passes
    (victim, *_) = copy.glob("*.wav")
    victim.write_bytes(victim.read_bytes()[:-1] + b"\1")
    assert subprocess.run([verifier, "verify", str(copy)], capture_output=True, check=False).returncode


def test_mediainfo_reads_what_it_is(delivered: Delivered) -> None:
    out = ran(tool("mediainfo"), "--Output=JSON", *map(str, wavs(delivered)))
    for media in json.loads(out):
        general, audio = media["media"]["track"][:2]
        mono = re.search(r"\.[LR]\.wav$", media["media"]["@ref"])
        assert (general["Format"], audio["Format"]) == ("Wave", "PCM")
        assert (audio["BitDepth"], audio["SamplingRate"]) == ("24", "48000")
        assert audio["Channels"] == ("1" if mono else "2")
        assert "2026-11-27" in general["Encoded_Date"]
        assert general["Description"].startswith("Tiny v1")


def test_ffprobe_reads_every_file(delivered: Delivered) -> None:
    program = tool("ffprobe")
    copies = list((delivered.folder / "listening").iterdir())
    for path in (*wavs(delivered), *copies):
        key = (path.suffix, hashlib.sha256(path.read_bytes()).hexdigest())
        if key not in PROBED:
            line = (program, "-v", "error", "-show_format", "-show_streams", "-of", "json", str(path))
            PROBED[key] = ran(*line)
        shown = PROBED[key]
        (stream,) = json.loads(shown)["streams"]
        assert stream["codec_name"] in ("pcm_s24le", "mp3", "aac", "opus", "flac")
        if path in copies:
            tags = json.loads(shown)["format"].get("tags", {}) | stream.get("tags", {})
            assert any(value.startswith("Tiny v1") for value in tags.values()), path.name


def test_wavinfo_reads_every_chunk(delivered: Delivered) -> None:
    for path in wavs(delivered):
        info = WavInfoReader(str(path))
        assert info.bext.version == 2
        assert info.bext.originator == "render-ending"
        assert info.ixml.project == "Tiny"
        assert len(list(info.ixml.track_list)) == info.fmt.channel_count


def test_the_stems_sum_to_the_printmaster_by_sox(delivered: Delivered) -> None:
    program = tool("sox")
    rules = load_folder_rules(delivered.record.delivery)
    files = {
        entry["part"]: str(delivered.folder / entry["name"])
        for entry in delivered.record.files
        if entry["channel"] is None
    }
    begin = HEAD_S * 48_000 if rules.leader.on else 0
    mixed = [word for part in ("DX", "FX", "BG") for word in ("-v", "1", files[part])]
    programme = ("trim", f"{begin}s", f"={begin + 3 * 48_000}s", "stats")
    out = ran(program, "-m", *mixed, "-v", "-1", files["PM"], "-b", "32", "-n", *programme)
    level = re.search(r"Pk lev dB\s+(\S+)", out)
    assert level is not None
    assert float(level[1]) <= -120.0, out
