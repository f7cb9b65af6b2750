"""No stem takes 1 GB of memory, nor time without end; what changes while it is read is refused."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_pipeline.audio_io import condition as conditioning
from audio_pipeline.audio_io.condition import MOST_KEPT, condition
from audio_pipeline.audio_io.ffmpeg_program import find_ffmpeg
from audio_pipeline.audio_io.read.audio_file import Recording, blocks
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.errors import StemError
from audio_pipeline.memo.stem_cache import StemCache
from audio_pipeline.memo.store import Cache
from audio_pipeline.mixing.session import open_session
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.stems import planned_schedule
from audio_pipeline.timeline.scene import StemRequest
from tests.audio_io.read import test_bad_and_odd_files as table
from tests.conftest import make_project, speech_like
from tests.hostile.heavy_stems import Cost, aac_of, cost_of, costs_of, flac_of, wave_of
from tests.hostile.law import CPU_S, refusal, time_limit

MOST_MB = 1000.0
needs_ffmpeg = pytest.mark.skipif(
    find_ffmpeg() is None, reason="neither ffmpeg nor imageio-ffmpeg is installed"
)

REFUSED = {
    "an hour in mono": lambda path: wave_of(path, 60, 1, 48_000),
    "six hours of 8 channels at 192 kHz": lambda path: wave_of(path, 360, 8, 192_000),
    "half an hour in a hundred kilobytes": lambda path: flac_of(path, 30, 1, 48_000),
}


def test_the_largest_stem_takes_less_than_a_gigabyte(tmp_path: Path) -> None:
    cost = cost_of(wave_of(tmp_path / "stem.wav", 11.65, 1, 8_000), 2)
    assert cost.refusal == ""
    assert cost.resident_mb < MOST_MB


def test_a_stem_takes_little_more_than_its_result_however_much_was_recorded(tmp_path: Path) -> None:
    small = cost_of(wave_of(tmp_path / "small.wav", 0.05, 8, 192_000), 1)
    large = cost_of(
        wave_of(tmp_path / "large.wav", 0.4, 8, 192_000), 1
    )  # 295 MB as float64, 9 as a stem
    assert small.refusal == large.refusal == ""
    assert large.resident_mb - small.resident_mb < 40.0


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_larger_is_refused_at_once(tmp_path: Path, case: str) -> None:
    cost = cost_of(REFUSED[case](tmp_path / "stem"), 1)
    assert "may last" in cost.refusal or "times its size" in cost.refusal
    assert cost.resident_mb < MOST_MB / 2
    assert cost.cpu_s < CPU_S


@needs_ffmpeg
def test_what_does_not_say_how_long_it_is_is_refused_when_it_has_gone_on_for_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conditioning, "MOST_HELD", 48_000 * 30)
    with pytest.raises(StemError, match=r"lasts 0\.5 minutes or more; .* may last 0\.5 minutes\."):
        condition(aac_of(tmp_path / "endless.aac", 1, channels=1), sample_rate_hz=48_000, channels=1)


def test_a_giant_file_with_little_sound_is_refused_before_all_of_it_is_read(tmp_path: Path) -> None:
    path = wave_of(tmp_path / "giant.wav", 0.1, 1, 48_000)
    os.truncate(path, 1 << 40)
    with time_limit(), pytest.raises(StemError, match=r"has 1099\.5 GB"):
        StemCache(Cache(tmp_path / "cache")).conditioned(path, StemRequest(str(path), 1, -27.0), 48_000)


def test_every_case_of_the_table_stays_small_and_quick(tmp_path: Path) -> None:
    cases = [*table.REFUSED, *table.WARNED, *table.ACCEPTED]
    costs: list[Cost] = costs_of([table.made(tmp_path, case) for case in cases], 1)
    assert [bool(cost.refusal) for cost in costs] == [case in table.REFUSED for case in cases]
    assert max(max(cost.resident_mb, cost.child_mb) for cost in costs) < MOST_MB / 2
    assert max(cost.cpu_s for cost in costs) < CPU_S


def test_the_stems_of_a_mix_together_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = make_project(tmp_path)
    monkeypatch.setattr("audio_pipeline.mixing.session.MOST_STEM_BYTES", 1_000_000)
    with pytest.raises(StemError, match=r"take more than 0\.0 GB of memory together"):
        open_session(film, build_preset(load_document(film, "short")), {})


# --- what happens to a file while it is read


def _grown(path: Path) -> None:
    with path.open("ab") as file:
        file.write(bytes(96_000))


def _cut(path: Path) -> None:
    os.truncate(path, 100_000)


def _rewritten(path: Path) -> None:
    soundfile.write(path, speech_like(9, 3.0), 48_000)


def _removed(path: Path) -> None:
    path.unlink()


def _exchanged(path: Path) -> None:
    other = path.with_name("other.wav")
    soundfile.write(other, speech_like(9, 3.0), 48_000)
    other.replace(path)


CHANGES = {"grown": _grown, "cut short": _cut, "rewritten": _rewritten}
REPLACEMENTS = {"removed": _removed, "replaced": _exchanged}


@pytest.fixture
def stem(tmp_path: Path) -> Path:
    path = tmp_path / "voice.wav"
    soundfile.write(path, speech_like(1, 5.0), 48_000)
    return path


def _when_block_comes(monkeypatch: pytest.MonkeyPatch, which: int, change: Callable[[], object]) -> None:
    """Do `change` once, when block `which` has been read, counted over all readings of a stem."""
    read = Recording.blocks
    count = 0

    def counting(self: Recording, frames: int = 65_536) -> Iterator[Samples]:
        nonlocal count
        for block in read(self, frames):
            if count == which:
                change()
            count += 1
            yield block

    monkeypatch.setattr(Recording, "blocks", counting)


READ_TWICE = [(0, which) for which in (0, 2, 3, 4, 6)]
READ_ONCE = [(MOST_KEPT, which) for which in (0, 2, 3)]


@pytest.mark.parametrize(("most_kept", "which"), READ_TWICE + READ_ONCE)
@pytest.mark.parametrize("change", CHANGES)
def test_a_stem_that_changes_while_it_is_read_is_refused(
    stem: Path, monkeypatch: pytest.MonkeyPatch, change: str, most_kept: int, which: int
) -> None:
    monkeypatch.setattr("audio_pipeline.audio_io.condition.MOST_KEPT", most_kept)
    _when_block_comes(monkeypatch, which, lambda: CHANGES[change](stem))
    with pytest.raises(StemError) as refusal:
        condition(stem, sample_rate_hz=48_000, channels=1)
    assert refusal.value.message == f"{stem} changed while it was read."


@pytest.mark.parametrize(
    ("most_kept", "which"), [(0, 0), (0, 3), (0, 4), (MOST_KEPT, 0), (MOST_KEPT, 3)]
)
@pytest.mark.parametrize("change", REPLACEMENTS)
def test_a_stem_that_is_removed_or_replaced_while_it_is_read_is_read_whole(
    stem: Path, monkeypatch: pytest.MonkeyPatch, change: str, most_kept: int, which: int
) -> None:
    monkeypatch.setattr("audio_pipeline.audio_io.condition.MOST_KEPT", most_kept)
    whole = condition(stem, sample_rate_hz=48_000, channels=1)
    _when_block_comes(monkeypatch, which, lambda: REPLACEMENTS[change](stem))
    stem_now = condition(stem, sample_rate_hz=48_000, channels=1)
    assert np.array_equal(stem_now.samples, whole.samples)
    assert stem_now.sha256 == whole.sha256


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changes_while_it_is_measured_is_refused(stem: Path, change: str) -> None:
    pieces = blocks(stem, 48_000)
    next(pieces)
    CHANGES[change](stem)
    with pytest.raises(StemError, match=r"changed while it was read|truncated"):
        list(pieces)


def test_a_stem_replaced_before_its_samples_are_read_is_not_kept_as_the_other(
    stem: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replaced_while_read(path: Path, **options: object) -> object:
        _exchanged(path)
        return conditioning.condition(path, **options)

    monkeypatch.setattr("audio_pipeline.memo.stem_cache.condition", replaced_while_read)
    cache = Cache(tmp_path / "cache")
    with pytest.raises(StemError, match="was replaced while it was read"):
        StemCache(cache).conditioned(stem, StemRequest(str(stem), 1, -27.0), 48_000)
    assert cache.usage().entries == 0


@pytest.mark.parametrize("change", [*CHANGES.values(), *REPLACEMENTS.values()])
def test_a_stem_that_changes_between_plan_and_render_is_heard_as_it_is_or_refused(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    film = make_project(tmp_path)
    preset = build_preset(load_document(film, "short"))
    planned_schedule(film, preset, {})
    change(film.root / "stems" / "voice_a.flac")
    refused = refusal(lambda: open_session(film, preset, {}))
    assert (refused is None) == (change in (_rewritten, _exchanged))
