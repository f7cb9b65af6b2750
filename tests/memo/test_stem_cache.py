"""Stems from the cache are those that were conditioned, and each is conditioned once."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile

from audio_pipeline.memo import stem_cache
from audio_pipeline.memo.stem_cache import StemCache
from audio_pipeline.memo.store import Cache
from audio_pipeline.metering.meter import measure
from audio_pipeline.preset.project import Project
from audio_pipeline.timeline.scene import StemRequest

RATE = 48_000
REQUEST = StemRequest("stems/voice_a.flac", 1, -27.0)


@pytest.fixture
def stem(shared_project: Project, tmp_path: Path) -> Path:
    shutil.copy(shared_project.root / "stems" / "voice_a.flac", tmp_path)
    return tmp_path / "voice_a.flac"


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def conditioned(monkeypatch: pytest.MonkeyPatch) -> list[StemRequest]:
    """What was conditioned, in order."""
    done: list[StemRequest] = []
    condition = stem_cache._condition

    def counting(path: Path, request: StemRequest, rate_hz: int) -> object:
        done.append(request)
        return condition(path, request, rate_hz)

    monkeypatch.setattr(stem_cache, "_condition", counting)
    return done


@pytest.mark.parametrize("level_lufs", [-27.0, -33.5])
def test_a_stem_is_levelled_to_what_was_asked(stem: Path, cache: Cache, level_lufs: float) -> None:
    for kept in (None, cache, cache):
        made = StemCache(kept).conditioned(stem, replace(REQUEST, level_lufs=level_lufs), RATE)
        assert measure(made.samples, RATE).integrated_lufs == pytest.approx(level_lufs, abs=0.01)


def test_the_same_stem_is_conditioned_once_and_comes_back_whole(
    stem: Path, cache: Cache, conditioned: list[StemRequest]
) -> None:
    first = StemCache(cache).conditioned(stem, REQUEST, RATE)
    again = StemCache(cache).conditioned(stem, REQUEST, RATE)
    assert conditioned == [REQUEST]
    assert again.samples.tobytes() == first.samples.tobytes()
    assert replace(again, samples=first.samples) == first
    assert not again.samples.flags.writeable


def test_whatever_decides_what_a_stem_becomes_is_in_its_key(
    stem: Path, cache: Cache, conditioned: list[StemRequest]
) -> None:
    requests = [
        REQUEST,
        replace(REQUEST, channels=2),
        replace(REQUEST, level_lufs=None),
        replace(REQUEST, level_lufs=-27.0 + 1e-12),
    ]
    keeper = StemCache(cache)
    for request in requests:
        keeper.conditioned(stem, request, RATE)
    assert conditioned == requests
    assert set(keeper.keys) == set(requests)
    keys = set(keeper.keys.values())
    for path, rate_hz in ((stem, 96_000), (_with_other_content(stem), RATE)):
        other = StemCache(cache)
        other.conditioned(path, REQUEST, rate_hz)
        keys |= set(other.keys.values())
    assert len(keys) == len(requests) + 2


def _with_other_content(stem: Path) -> Path:
    samples, rate_hz = soundfile.read(stem)
    soundfile.write(stem, -samples, rate_hz, subtype="PCM_24")
    return stem
