import numpy as np
import pytest
from pydantic import ValidationError
from scipy import signal

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import rms_dbfs
from audio_pipeline.layers.motif import Motif, parse_notes
from tests.layers.sound_stage import (
    RATE,
    assert_no_step,
    assert_obeys_the_contract,
    heard,
    seconds,
    stage,
)

SCENE = stage(30)


def motif(**values: object) -> Motif:
    return Motif.model_validate(values)


def strongest_hz(x: Samples) -> float:
    power = np.abs(np.fft.rfft(x * np.hanning(len(x)), 8 * len(x)))
    return float(np.argmax(power) * RATE / (8 * len(x)))


def test_it_obeys_the_contract_of_a_layer() -> None:
    assert_obeys_the_contract(motif(at="3s"), SCENE)


def test_notes_are_equal_steps_from_440_hz_a_beat_each() -> None:
    notes = parse_notes("A4 Bb3 - F#4:2.5")
    assert [n.pitch_hz for n in notes] == pytest.approx([440.0, 233.0819, 369.9944])
    assert [(n.start, n.stop) for n in notes] == [(0, 1), (1, 2), (3, 5.5)]


@pytest.mark.parametrize("notes", ["", "-", "H4", "A4:", "A4:x", "A4:0", "a4", "A9"])
def test_what_cannot_be_sung_is_an_error(notes: str) -> None:
    with pytest.raises(ValidationError, match="notes"):
        motif(notes=notes)


def test_the_phrase_is_left_on_its_leading_tone() -> None:
    notes = parse_notes(motif().notes)
    steps = [round(12 * np.log2(n.pitch_hz / 440.0)) % 12 for n in notes]
    assert steps[-1] == 9  # F sharp, a semitone under the G that never comes
    assert notes[-1].stop - notes[-1].start > 1


def test_every_note_sounds_at_its_pitch() -> None:
    layer = motif(vibrato="0%", air="-60 dB")
    x = layer.prepare(SCENE, "motif").phrase
    beat = 60 / 56
    for note in parse_notes(layer.notes):
        middle = note.start * beat + 0.25, note.stop * beat - 0.15
        sung = strongest_hz(x[round(middle[0] * RATE) : round(middle[1] * RATE)])
        assert abs(1200 * np.log2(sung / note.pitch_hz)) < 12


def test_the_voice_slides_and_never_leaps() -> None:
    time_s = np.arange(0, 11, 0.001)
    pitch = motif().pitch_hz(SCENE, time_s)
    cents_a_ms = 1200 * np.abs(np.diff(np.log2(pitch)))
    assert cents_a_ms.max() < 300 * np.pi / 2 / 180 * 1.5  # a third in 180 ms, and the vibrato
    still = motif(vibrato="0%").pitch_hz(SCENE, time_s)
    assert still[0] == pytest.approx(329.63 * 0.97, abs=0.01)  # from a little below
    assert still[-1] == pytest.approx(369.99, abs=0.01)


def test_a_note_after_a_rest_comes_from_below_and_one_that_is_tied_does_not() -> None:
    time_s = np.arange(0, 4, 0.001)
    layer = motif(notes="A4 A4 - A4", tempo="60/min", vibrato="0%", scoop="3%")
    cents = 1200 * np.log2(layer.pitch_hz(SCENE, time_s) / 440.0)
    assert cents[[0, 3000]] == pytest.approx([-52.7, -52.7], abs=0.5)
    assert cents[[500, 1000, 2000, 3500]] == pytest.approx([0, 0, 0, 0], abs=1e-6)


def test_the_voice_is_as_uneven_as_a_real_one() -> None:
    """Of sustained voices: jitter 0.2 to 1 %, shimmer 1 to 4 %, harmonics 15 to 30 dB over the noise."""
    layer = motif(notes="A4:4", vibrato="0%")
    x = layer.prepare(SCENE, "motif").phrase[round(0.8 * RATE) : round(3.6 * RATE)]
    tone = signal.sosfiltfilt(signal.butter(2, [300, 600], "bandpass", fs=RATE, output="sos"), x)
    analytic = signal.hilbert(tone)
    phase = np.unwrap(np.angle(analytic))
    turns = np.interp(np.arange(phase[0], phase[-1], 2 * np.pi), phase, np.arange(len(x)))[20:-20]
    periods, sizes = np.diff(turns), np.interp(turns, np.arange(len(x)), np.abs(analytic))
    assert 0.002 < np.abs(np.diff(periods)).mean() / periods.mean() < 0.01
    assert 0.01 < np.abs(np.diff(sizes)).mean() / sizes.mean() < 0.04
    hz, power = signal.welch(x, RATE, nperseg=16_384)
    near = (np.abs(hz[:, None] - 440.0 * np.arange(1, 6)) < 25).any(axis=1)
    voice, rest = (power[(hz > 200) & (hz < 2400) & which].sum() for which in (near, ~near))
    assert 15 < 10 * np.log10(voice / rest) < 30


def test_vibrato_grows_while_a_note_is_held() -> None:
    time_s = np.arange(0, 3, 0.001)
    pitch = motif(notes="A4:4", vibrato="2%", scoop="0%").pitch_hz(SCENE, time_s)
    beginning, end = pitch[time_s < 0.3], pitch[time_s > 2]
    assert np.ptp(end) / 440 == pytest.approx(0.04, abs=0.001)
    assert np.ptp(beginning) < 0.5 * np.ptp(end)
    rising = np.flatnonzero((end[:-1] < 440) & (end[1:] >= 440))
    assert 1000 / np.diff(rising).mean() == pytest.approx(5.1, abs=0.1)


def test_level_is_the_rms_of_the_phrase() -> None:
    source = motif(level="-50 dBFS", at="2s").prepare(SCENE, "motif")
    assert rms_dbfs(heard(source, source.span)) == pytest.approx(-50.0, abs=1e-6)


def test_it_is_dark() -> None:
    x = motif().prepare(SCENE, "motif").phrase
    power = np.abs(np.fft.rfft(x)) ** 2
    hz = np.fft.rfftfreq(len(x), 1 / RATE)
    assert 10 * np.log10(power[hz > 2000].sum() / power.sum()) < -25


def test_a_rest_is_silent_but_for_what_rings() -> None:
    x = motif(notes="A4:2 -:2 A4", release="500ms", tempo="60/min").prepare(SCENE, "motif").phrase
    assert rms_dbfs(x[round(2.7 * RATE) : round(3.8 * RATE)]) < rms_dbfs(x) - 60


def test_it_comes_and_goes_without_a_click() -> None:
    assert_no_step(motif().prepare(SCENE, "motif").phrase[:, None], 1e-3)


def test_where_it_has_to_end_before_it_is_over_it_is_let_go() -> None:
    source = motif(at="1s", until="4s").prepare(SCENE, "motif")
    assert source.span == seconds(1, 4)
    assert_no_step(source.phrase[:, None], 1e-3)
    assert rms_dbfs(source.phrase[-RATE // 10 :]) < rms_dbfs(source.phrase) - 15


def test_a_motif_after_the_end_is_silent() -> None:
    assert not motif(at="40s").prepare(SCENE, "motif").render(seconds(20, 30)).any()
