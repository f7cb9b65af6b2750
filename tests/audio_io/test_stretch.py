"""Lines spoken faster: as long as asked, the same pitch, words in their place, the same bytes."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_pipeline.audio_io.condition import condition
from audio_pipeline.audio_io.stretch import stretched
from audio_pipeline.errors import StemError
from audio_pipeline.memo.stem_cache import StemCache
from audio_pipeline.memo.store import Cache
from audio_pipeline.timeline.scene import StemRequest

RATE = 48_000


def tone(seconds: float, hz: float = 440.0) -> np.ndarray:
    return 0.2 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)[:, None]


def words(seconds: float) -> np.ndarray:
    """Bursts of 50 ms every 300 ms, the first and the last at the very ends, `(n, 1)`."""
    out = np.zeros((round(seconds * RATE), 1))
    burst = 0.3 * np.random.default_rng(1).standard_normal(2400) * np.hanning(2400)
    for start in (*range(0, len(out) - 4800, 14_400), len(out) - 2400):
        out[start : start + 2400, 0] = burst
    return out


@pytest.fixture(autouse=True)
def _installed() -> None:
    pytest.importorskip("python_stretch")


@pytest.mark.parametrize("rate", [48_000, 96_000])
@pytest.mark.parametrize("share", [0.999, 0.97, 1 / 1.06])
def test_the_length_is_exact_and_the_pitch_stays(rate: int, share: float) -> None:
    samples = tone(1.5)
    length = round(len(samples) * share)
    made = stretched(samples, length, rate)
    assert made.shape == (length, 1)
    middle = made[len(made) // 4 : 3 * len(made) // 4, 0]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * RATE / len(middle) == pytest.approx(440.0, abs=2.0)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.2 / np.sqrt(2), rel=0.03)


def test_words_stand_where_they_belong_also_the_first_and_the_last() -> None:
    samples = words(3.0)
    made = stretched(samples, round(len(samples) / 1.06), RATE)
    for start in (0, 14_400, 72_000, len(samples) - 2400):
        centre = round((start + 1200) / 1.06)
        near = slice(max(0, centre - 3600), centre + 3600)
        energy = made[near, 0] ** 2
        found = near.start + np.sum(np.arange(len(energy)) * energy) / np.sum(energy)
        assert abs(found - centre) < 0.005 * RATE
        assert np.sum(energy) > 0.6 / 1.06 * np.sum(samples[start : start + 2400] ** 2)


def test_it_is_the_same_every_time() -> None:
    samples = words(1.0)
    assert np.array_equal(stretched(samples, 46_000, RATE), stretched(samples, 46_000, RATE))


def test_a_stem_is_stretched_once_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "line.wav"
    soundfile.write(path, words(2.0), RATE, subtype="PCM_24")
    plain = condition(path, sample_rate_hz=RATE, channels=1)
    fits = condition(path, sample_rate_hz=RATE, channels=1, longest_samples=len(plain.samples))
    assert np.array_equal(plain.samples, fits.samples)
    near = condition(path, sample_rate_hz=RATE, channels=1, longest_samples=92_000)
    assert len(near.samples) == 92_000
    assert "stretched from 2.000 to 1.917 s (4.3 % faster)" in near.did
    far = condition(path, sample_rate_hz=RATE, channels=1, longest_samples=1000)
    assert len(far.samples) == -(-96_000 * 100 // 106)


def test_each_length_has_its_own_entry_in_the_cache(tmp_path: Path) -> None:
    path = tmp_path / "line.wav"
    soundfile.write(path, words(2.0), RATE, subtype="PCM_24")
    cache = Cache(tmp_path / "cache")
    for longest in (None, 92_000, 94_000):
        request = StemRequest("line.wav", 1, longest_samples=longest)
        first, again = (StemCache(cache).conditioned(path, request, RATE) for _ in range(2))
        assert len(first.samples) == longest or longest is None
        assert np.array_equal(first.samples, again.samples)


def test_without_the_package_the_hint_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_stretch", None)
    with pytest.raises(StemError, match="python-stretch, which is not installed") as caught:
        stretched(tone(0.5), 23_000, RATE)
    assert caught.value.hint is not None
    assert "render-ending[stretch]" in caught.value.hint
