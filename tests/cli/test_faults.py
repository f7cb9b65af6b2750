"""Faults: whatever happens while a mix is rendered, the earlier render is still there, whole."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_pipeline.audio_io.write.file_set import FileSet
from audio_pipeline.errors import RenderError
from audio_pipeline.jobs.render import Order, render
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import find_project
from tests.command import contents, environment, run, run_code

STRUCK = """
import os, signal, sys
from contextlib import contextmanager
import audio_pipeline.cli.render as command
stage, number, answer = sys.argv[1], int(sys.argv[2]), sys.argv[3]
if answer:
    signal.signal(number, getattr(signal, answer))
@contextmanager
def progress(quiet):
    yield lambda now, share: os.kill(os.getpid(), number) if now == stage else None
command._progress = progress
sys.argv[1:] = sys.argv[4:]
from audio_pipeline.cli.main import main
main()
"""
"""The command, which sends itself a signal when it comes to a stage; how it answers it at first."""


def struck(film: Path, stage: str, number: int, answer: str = "") -> subprocess.CompletedProcess[str]:
    """A louder render of `film` that sends itself the signal `number` at that stage."""
    return subprocess.run(
        [sys.executable, "-c", STRUCK, stage, str(int(number)), answer, *LOUDER],
        cwd=film,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def earlier(tiny: Path, shared_tiny: Path) -> dict[str, bytes]:
    """What there is after a first render; every test then asks for a louder one."""
    shutil.copytree(shared_tiny / "renders", tiny / "renders")
    return contents(tiny)


LOUDER = ("--preset", "tiny", "--name", "tiny", "--stems", "--set", "master.dialogue=-24 LUFS")


@pytest.mark.parametrize(
    ("stage", "number"),
    [
        ("stems", signal.SIGTERM),
        ("mix", signal.SIGTERM),
        ("master", signal.SIGTERM),
        ("mix", signal.SIGINT),
        ("master", signal.SIGHUP),
    ],
)
def test_a_signal_ends_in_order_and_leaves_no_trace(
    tiny: Path, earlier: dict[str, bytes], stage: str, number: int
) -> None:
    done = struck(tiny, stage, number)
    assert done.returncode == 128 + number
    assert done.stderr == "interrupted; existing files are unchanged\n"
    assert contents(tiny) == earlier


def test_a_signal_that_is_ignored_from_the_start_stops_nothing(
    tiny: Path, earlier: dict[str, bytes]
) -> None:
    """As `nohup` leaves a hang-up."""
    done = struck(tiny, "master", signal.SIGHUP, "SIG_IGN")
    assert (done.returncode, done.stderr) == (0, "")
    assert contents(tiny).keys() == earlier.keys()
    assert contents(tiny) != earlier


@pytest.mark.parametrize("stage", ["mix", "master", "report"])
def test_after_a_kill_every_file_is_whole_and_the_next_render_clears_up(
    tiny: Path, earlier: dict[str, bytes], stage: str
) -> None:
    done = struck(tiny, stage, signal.SIGKILL)
    assert done.returncode == -signal.SIGKILL
    left = contents(tiny)
    for name, content in earlier.items():
        assert left[name] == content
    assert all(name.startswith("renders/.tiny.part/") for name in left if name not in earlier)
    assert run(tiny, "--preset", "tiny", "--stems").returncode == 0
    assert contents(tiny) == earlier


@pytest.mark.parametrize("limit", [10_000, 600_000, 1_150_000])
def test_no_room_is_said_and_the_earlier_render_stays(
    tiny: Path, earlier: dict[str, bytes], limit: int
) -> None:
    done = run_code(
        tiny,
        "import resource, sys\n"
        "from audio_pipeline.mastering import premaster\n"
        "from audio_pipeline.cli.main import main\n"
        "premaster.IN_MEMORY_BYTES = 0\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        f"sys.argv[1:] = {[*LOUDER, '--no-cache']!r}\n"
        "main()\n",
    )
    assert done.returncode == 1
    error, hint = done.stderr.splitlines()
    assert error.startswith("error: cannot write temporary files to ")
    assert hint == "hint: Free disk space there, or write to another folder with --out DIR."
    assert contents(tiny) == earlier


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
@pytest.mark.parametrize(
    ("kilobytes", "stems"),
    [(16, []), (500, []), (850, []), (16, ["--stems"]), (2_300, ["--stems"]), (4_500, ["--stems"])],
)
def test_a_small_disk_that_fills_keeps_the_earlier_render(
    tiny: Path, earlier: dict[str, bytes], kilobytes: int, stems: list[str]
) -> None:
    # the master takes 0.9 MB, with stems, report and page 4.7 MB, beside temporary files
    disk = tiny / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", disk]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("no tmpfs can be mounted here")
    try:
        (disk / "note").write_text("kept")
        done = run(tiny, "--preset", "tiny", "--out", "disk", *stems)
        assert done.returncode == 1
        error, hint = done.stderr.splitlines()
        assert "disk is full" in error or "No space left on device" in error
        assert hint.startswith("hint: Free disk space")
        assert contents(disk) == {"note": b"kept"}
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_folder_that_may_not_be_written_to_is_said(tiny: Path) -> None:
    done = run(tiny, "--preset", "tiny", "--out", "/sys")  # where root, too, is refused
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "error: /sys/tiny.wav cannot be written: its folder is read-only or the file is in use.",
        "hint: Change its permissions, or write to another folder with --out DIR.",
    ]


CHANGING = """
import sys
from pathlib import Path
from audio_pipeline.audio_io.read.audio_file import Recording
read, change = Recording.blocks, compile(sys.argv[1], "change", "exec")
def blocks(self, frames=65_536):
    for block in read(self, frames):
        if self.file.path.endswith("voice_a.flac"):  # not while another thread is about to open it
            exec(change, {"stem": Path("stems/voice_a.flac")})
        yield block
Recording.blocks = blocks
sys.argv[1:] = sys.argv[2:]
from audio_pipeline.cli.main import main
main()
"""
"""The command, to whose first stem something happens whenever a block of it has been read."""


@pytest.mark.parametrize(
    "change",
    [
        "stem.open('ab').write(bytes(99))",
        "__import__('os').truncate(stem, 4_000)",
        "stem.write_bytes(Path('stems/voice_b.flac').read_bytes())",
    ],
    ids=["growing", "cut short", "rewritten"],
)
def test_a_stem_that_changes_while_it_is_read_leaves_the_earlier_render(
    tiny: Path, earlier: dict[str, bytes], change: str
) -> None:
    change = change.replace("Path(", "__import__('pathlib').Path(")
    line = [sys.executable, "-c", CHANGING, change, *LOUDER, "--no-cache"]
    done = subprocess.run(
        line, cwd=tiny, env=environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"error: {tiny}/stems/voice_a.flac changed while it was read.",
        "hint: Wait until it is written, then try again.",
    ]
    left = contents(tiny)
    assert all(left[name] == earlier[name] for name in earlier if name.startswith("renders"))
    assert left.keys() == earlier.keys()


def test_a_second_render_of_a_mix_is_refused_before_it_works(tiny: Path) -> None:
    (tiny / "renders").mkdir()
    with FileSet(tiny / "renders", "tiny"):
        done = run(tiny, "--preset", "tiny")
    assert done.returncode == 1
    assert "renders/tiny.wav is being written by another process." in done.stderr
    assert "hint: Wait until it is done" in done.stderr
    assert contents(tiny / "renders") == {}


def test_a_mix_is_claimed_until_its_page_is_written(tiny: Path) -> None:
    project = find_project(tiny)
    order = Order(project, build_preset(load_document(project, "tiny")), tiny / "renders")
    refused: list[str] = []

    def try_to_claim(stage: str, _: float) -> None:
        if stage == "page":
            with (
                pytest.raises(RenderError) as error,
                FileSet(tiny / "renders", "tiny"),
            ):
                pass
            refused.append(error.value.message)

    made = render(order, try_to_claim)
    assert made.files.page is not None
    assert "is being written by another process" in refused[0]


def test_a_clock_that_jumps_changes_no_byte(tiny: Path, earlier: dict[str, bytes]) -> None:
    program = (
        "import itertools, time\n"
        "jumps = itertools.cycle([0.0, 4e9, 1.0, -5e8, 1e9])\n"
        "time.time = lambda: next(jumps)\n"
        "time.perf_counter = lambda: next(jumps)\n"
        "from audio_pipeline.cli.main import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "--preset", "tiny", "--stems"],
        cwd=tiny,
        env=environment(TZ="Pacific/Kiritimati"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert contents(tiny) == earlier


def test_a_stem_of_another_rate_is_resampled_without_a_home_or_a_temporary_folder(tiny: Path) -> None:
    noise = np.random.default_rng(1).uniform(-0.1, 0.1, 26_460)
    soundfile.write(tiny / "stems" / "other.wav", noise, 44_100)
    nowhere = {"HOME": "/nonexistent", "TMPDIR": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent"}
    done = run(
        tiny, "--preset", "tiny", "-v", "--voice-a", "stems/other.wav", env=environment(**nowhere)
    )
    assert done.returncode == 0
    assert "voice_a: resampled from 44100 to 48000 Hz" in done.stderr
