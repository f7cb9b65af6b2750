"""The timbre of sounds whose pitch, onsets, centre and flatness are known on paper."""

import json
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
import soundfile

from audio_pipeline.errors import ReportError
from audio_pipeline.pages import timbre
from audio_pipeline.pages.timbre import mel_distance_db, mel_spectrogram_db, pitch_track, timbre_of
from tests.command import environment, run
from tests.conftest import REPOSITORY

RATE = 48_000
TIME = np.arange(3 * RATE) / RATE


def sine(hz: float) -> np.ndarray:
    return 0.1 * np.sin(2 * np.pi * hz * TIME)[:, None]


def white(seed: int) -> np.ndarray:
    return 0.05 * np.random.default_rng(seed).standard_normal((len(TIME), 1))


@pytest.mark.parametrize("hz", [110.0, 440.0])
def test_a_sine_has_its_frequency_as_pitch_and_as_centroid(hz):
    found = timbre_of(sine(hz), RATE)
    assert found.pitch_hz == pytest.approx(hz, rel=0.01)
    assert found.voiced_percent > 90
    assert found.centroid_hz == pytest.approx(hz, rel=0.05)
    assert found.flatness_db < -40
    assert found.onsets_per_s == 0.0


def test_white_noise_is_flat_unvoiced_and_has_its_centre_at_half_of_the_band():
    found = timbre_of(white(1), RATE)
    assert (found.pitch_hz, found.voiced_percent) == (None, 0.0)
    assert found.centroid_hz == pytest.approx(RATE / 4, rel=0.03)
    # the mean of the log of an exponential variable: -10 log10(e) times Euler's constant
    assert found.flatness_db == pytest.approx(-2.51, abs=0.2)


def test_clicks_are_counted():
    x = np.zeros((len(TIME), 1))
    x[RATE // 4 :: RATE // 4] = 0.5  # eleven in three seconds
    assert timbre_of(x + 1e-4 * white(2), RATE).onsets_per_s == pytest.approx(
        11 / 3, abs=0.35
    )  # the start may count


def test_the_pitch_of_a_glide_follows_it():
    glide = 0.1 * np.sin(2 * np.pi * (100 * TIME + 25 * TIME**2))[:, None]
    track = pitch_track(glide, RATE)
    middle = (track.time_s > 0.3) & (track.time_s < 2.7)
    np.testing.assert_allclose(track.pitch_hz[middle], 100 + 50 * track.time_s[middle], rtol=0.05)


def test_the_mel_distance_ignores_the_level_and_knows_the_colour():
    dark = np.cumsum(white(3), axis=0)
    dark -= dark.mean()
    assert mel_distance_db(white(1), 0.1 * white(1), RATE) == pytest.approx(0.0, abs=1e-3)
    assert mel_distance_db(white(1), white(2), RATE) < 1.5
    assert mel_distance_db(white(1), dark, RATE) > 6.0


def test_the_mel_spectrogram_has_a_sine_where_it_is():
    level = mel_spectrogram_db(sine(1000.0), RATE)
    middle = level[:, level.shape[1] // 2]
    assert level.shape[0] == 96
    assert middle.max() == pytest.approx(-20.0, abs=3.0)
    assert np.median(middle) < middle.max() - 60


@pytest.mark.parametrize("x", [np.zeros((RATE, 1)), np.ones((100, 1))])
def test_silence_and_moments_have_no_timbre(x):
    with pytest.raises(ReportError):
        timbre_of(x, RATE)


@pytest.mark.parametrize("rate", [8000, 96_000])
def test_any_rate_works(rate):
    t = np.arange(rate) / rate
    assert timbre_of(0.1 * np.sin(2 * np.pi * 220 * t)[:, None], rate).pitch_hz == pytest.approx(
        220, rel=0.01
    )


def test_the_command_puts_timbres_side_by_side(tmp_path, call):
    for name, x in {"a": sine(220.0), "b": sine(440.0)}.items():
        soundfile.write(tmp_path / f"{name}.wav", x, RATE, subtype="PCM_24")
    done = run(tmp_path, "compare", "a.wav", "b.wav", "--timbre", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    first, second = json.loads(done.stdout)["files"]
    assert second["pitch_hz"] == pytest.approx(2 * first["pitch_hz"], rel=0.02)
    assert first["mel_distance_db"] == 0.0
    table = call(tmp_path, "compare", "a.wav", "b.wav", "--timbre").stdout
    assert "spectral centroid" in table
    soundfile.write(tmp_path / "c.wav", sine(220.0), 44_100)
    refused = call(tmp_path, "compare", "a.wav", "c.wav", "--timbre")
    assert refused.returncode == 1
    assert "the sample rates differ: a.wav 48000 Hz, c.wav 44100 Hz" in refused.stderr


LIBRARY = """
import os
from pathlib import Path
import numba
import numpy as np

inside = Path(os.environ["INSIDE"])
inside.mkdir()  # FileExistsError where another process is in the library
add = numba.vectorize(["float64(float64, float64)"], cache=True)(lambda x, y: x + y)
inside.rmdir()

@numba.njit(cache=True)
def rising(n):
    return np.arange(n) + 1.0

def stft(y, n_fft, hop_length):
    inside.mkdir()
    found = add(np.outer(rising(n_fft // 2 + 1), rising(len(y) // hop_length)), 0.0)
    inside.rmdir()
    return found

class feature:
    @staticmethod
    def melspectrogram(S, **_):
        return S[:96]
"""
"""In librosa's place: like it, it has numba compile into a cache on disk when it is imported and when it is
first called."""

BOTH = """
import os, sys
import numpy as np
from audio_pipeline.pages.timbre import mel_spectrogram_db
os.write(1, b"here")
os.read(0, 1)
found = mel_spectrogram_db(np.ones((4000, 1)), 8000)
print(found.sum())
"""


def test_a_signal_ends_the_wait_for_librosa_and_not_its_code() -> None:
    """numba's code crashes when an exception is raised while it returns."""
    code, may_end, told = threading.Event(), threading.Event(), []

    class EndedError(Exception):
        pass

    def end(number: int, frame: object) -> None:
        raise EndedError

    @timbre._alone
    def called() -> None:
        assert threading.current_thread() is not threading.main_thread()
        inside()
        os.kill(os.getpid(), signal.SIGUSR1)
        assert may_end.wait(20)
        told.append("not interrupted")
        code.set()

    @timbre._alone
    def inside() -> None:
        told.append(threading.current_thread().name)

    before = signal.signal(signal.SIGUSR1, end)
    try:
        with pytest.raises(EndedError):
            called()
    finally:
        signal.signal(signal.SIGUSR1, before)
        may_end.set()
    assert code.wait(20)
    assert told == ["librosa", "not interrupted"]


def test_two_processes_may_load_librosa_at_once(tmp_path):
    """numba's cache on disk breaks when two processes fill it: then both crash, and every later one."""
    (tmp_path / "librosa.py").write_text(LIBRARY)
    fresh = environment(
        NUMBA_CACHE_DIR=str(tmp_path / "numba"),
        INSIDE=str(tmp_path / "inside"),
        PYTHONPATH=os.pathsep.join([str(tmp_path), str(REPOSITORY)]),
    )
    command = [sys.executable, "-c", BOTH]
    both = [
        subprocess.Popen(command, cwd=tmp_path, env=fresh, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    for process in both:  # until both are about to load it
        assert process.stdout.read(4) == b"here"
    for process in both:
        process.stdin.write(b"!")
        process.stdin.flush()
    answers = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert answers[0] == answers[1] != b""
    assert list((tmp_path / "numba").rglob("*.nbi"))
