"""The real `final`, with the demo stems, taken apart at the console: that the scene can be read.

How far a voice is, how an echo returns, how the wait grows: `tests/realism/` holds that, on three seeds.
"""

import numpy as np
import pytest

from audio_pipeline.layers.motif import parse_notes
from audio_pipeline.pages.inspection import BRIGHT_HZ, beat_spectrum, beats_of
from audio_pipeline.timeline.spans import Span
from tests.realism.measures import active, band, db, powers
from tests.realism.taken_apart import VOICES, ending

RATE = 48_000
FRAME = RATE // 20
"""A twentieth of a second: about a phoneme, the step in which speech is looked at."""


def session(name="final"):
    return ending(name).session


def waiting(layer, name="final"):
    """One layer of a preset during the wait, from black to the dropout."""
    if name == "final":
        return ending().layer(layer)[ending().span("black", "dropout")].astype(float)
    opened = session(name)
    wait = Span(opened.scene.cue("black"), opened.scene.cue("dropout"))
    return opened.console.solo(layer).render(wait, workers=2)


def cue(name):
    return ending().cue(name)


def speaking(voice):
    """In which twentieths of a second it really speaks."""
    return active(ending().dry(voice), FRAME)


def speech_band(x):
    return powers(band(x, 300, 3400, RATE), FRAME)


def test_the_layers_alone_sum_to_the_mix():
    span = Span(25 * RATE, 32 * RATE)
    mix = session().console.render(span, workers=2)
    # rooms are made in float32, and layers are kept in it
    np.testing.assert_allclose(ending().all_but()[span.start : span.stop], mix, atol=2e-7)


# Two voices in the dark


def test_while_voices_speak_they_stand_12_db_over_everything_else():
    """All speech together. It was asked of each quarter of a voice, while no voice really receded."""
    speech, rest = (
        speech_band(x) for x in (sum(map(ending().layer, VOICES)), ending().all_but(*VOICES))
    )
    either = speaking("voice_a") | speaking("voice_b")
    assert either.sum() * FRAME / RATE > 8.0
    assert db(speech[either].sum() / rest[either].sum()) >= 12.0


@pytest.mark.parametrize(("voice", "quarter"), [("voice_a", 0), ("voice_b", -1)])
def test_the_far_quarter_of_a_voice_stands_5_db_over_everything_else(voice, quarter):
    """So that it is not drowned where it is far away; `test_receding.py` asks that it is understood."""
    speech, rest = (speech_band(x) for x in (ending().layer(voice), ending().all_but(voice)))
    part = np.array_split(np.flatnonzero(speaking(voice)), 4)[quarter]
    assert db(speech[part].sum() / rest[part].sum()) >= 5.0


def test_a_real_pause_stands_between_question_and_answer():
    a, b = (np.flatnonzero(speaking(voice)) * FRAME / RATE for voice in VOICES)
    assert 2.0 < b[0] - a[-1] < 6.0


# The film keeps rolling


def test_the_projector_is_known_by_its_frames_and_perforations_through_the_whole_bed():
    wait = slice(cue("black"), cue("dropout"))
    beats = {
        beat.rate_hz: beat
        for beat in beats_of(*beat_spectrum(ending().all_but()[wait].astype(float), RATE, BRIGHT_HZ))
    }
    assert beats[24.0].over_db >= 10.0
    assert beats[96.0].over_db >= 10.0


# Grain, and nothing


def test_the_cliff_does_not_come_before_its_time():
    mix, at = ending().all_but(), cue("dropout")
    fallen = db(np.mean(mix[at : at + RATE // 20] ** 2) / np.mean(mix[at - RATE : at] ** 2))
    assert fallen > -3.0


def test_the_level_over_time_shows_voices_wait_cliff_grain_and_nothing():
    mix = ending().all_but()

    def level(start, stop):
        first, last = (cue(at) if isinstance(at, str) else at for at in (start, stop))
        return float(db(np.mean(mix[first:last] ** 2)))

    voices = max(level("voice_a", "cross"), level("voice_b", "voice_b.tail"))
    # the median, because breaths stand out of the wait
    wait = float(db(np.median(powers(mix[ending().span("black", "dropout")], FRAME))))
    grain, dark = level(cue("dropout") + RATE // 4, "silence"), level(0, RATE // 2)
    assert dark < wait - 6  # the grain is there from the beginning
    assert voices > wait + 12 > grain + 22
    assert not mix[cue("silence") :].any()
    seconds = [level(at, at + RATE) for at in range(cue("black"), cue("dropout"), RATE)]
    # it waits, and no more happens than a machine that comes forward and a breath that is heard; it was
    # 6 dB when the breath was under the machine
    assert max(seconds) - min(seconds) < 9.0


# What the alternates must do


def test_when_the_film_runs_out_its_tail_flaps_and_every_flap_is_heard():
    scene = session("film-runs-out").scene
    projector = session("film-runs-out").preset.layers["projector"]
    gone = scene.at(projector.runs_out) - scene.cue("black")
    wait = Span(scene.cue("black"), scene.cue("dropout"))
    dry = [session(name).console.dry("projector", wait) for name in ("final", "film-runs-out")]
    # a transform in single precision rounds by all that it holds, what comes later too: by less than a
    # sixteenth of a 24-bit step
    np.testing.assert_allclose(dry[1][:gone], dry[0][:gone], rtol=0.0, atol=2.0**-27)

    rolling, running_out = waiting("projector"), waiting("projector", "film-runs-out")
    rest = sum(waiting(x) for x in session().console.layers if x != "projector")[gone:]
    step = RATE // 50
    machine, bed = (powers(band(x, 1000, 4000, RATE), step) for x in (running_out[gone:], rest))
    flapping = machine > 3.0 * np.median(machine[50:]) + bed
    starts = np.flatnonzero(np.diff(flapping.astype(int)) == 1)
    starts = starts[np.diff(starts, prepend=-100) > 15] * step / RATE
    starts = starts[starts > scene.seconds(projector.thins)]  # until then film runs, and is louder
    assert 4 <= len(starts) <= 12  # one or two a second

    late = slice(gone + 2 * RATE, gone + 5 * RATE)  # and the film's own sound has gone with it
    clear = [
        {beat.rate_hz for beat in beats_of(*beat_spectrum(x[late], RATE, BRIGHT_HZ))}
        for x in (rolling, running_out)
    ]
    assert any(abs(rate - 96.0) < 0.5 for rate in clear[0])
    assert not any(abs(rate - 96.0) < 0.5 for rate in clear[1])


def test_the_motif_comes_up_once_in_the_wait_and_is_never_resolved():
    opened = session("motif")
    motif, scene = opened.preset.layers["motif"], opened.scene
    assert not session().preset.layers["motif"].on
    hum, rest = waiting("motif", "motif"), ending().all_but()[ending().span("black", "dropout")]
    at, beat = scene.at(motif.at), 60.0 / motif.tempo
    at -= cue("black")
    end = len(hum)
    assert at >= 0
    notes = parse_notes(motif.notes)
    for note in notes:
        start = at + round((note.start * beat + 0.2) * RATE)
        stop = min(at + round(note.stop * beat * RATE), end)
        third = note.pitch_hz * 2 ** (-1 / 6), note.pitch_hz * 2 ** (1 / 6)
        own, other = (np.mean(band(x[start:stop], *third, RATE) ** 2) for x in (hum, rest))
        assert db(own / other) > 3.0  # each note can be made out
    assert db(np.mean(hum[at:] ** 2) / np.mean(rest[at:] ** 2)) < 0.0  # and it stays a memory
    last = at + round(notes[-1].start * beat * RATE), at + round(notes[-1].stop * beat * RATE)
    assert last[0] < end < last[1]  # the dropout takes the last note


def test_super_8_stands_smaller_in_the_same_room():
    projectors = {name: session(name).preset.layers["projector"] for name in ("final", "super-8")}
    assert {p.place for p in projectors.values()} == {"in-room"}
    small, large = waiting("projector", "super-8"), waiting("projector")
    assert np.mean(small**2) < np.mean(large**2)
    left, right = np.mean(small**2, axis=0)
    assert right > left  # at one side among the seats
    beats = [beat.rate_hz for beat in beats_of(*beat_spectrum(small, RATE, BRIGHT_HZ))]
    assert 18.0 in beats
    assert 24.0 not in beats


def test_headphones_hear_the_voices_outside_the_head_and_memories_inside_it():
    """Outside: between the ears there is a delay. Inside: only levels, as an echo's level pan has."""
    headphones, span = ending("headphones"), session().console.sources["voice_a"].span
    direct = headphones.session.console.processors["crossfade"]
    assert direct.look_back > session().console.processors["crossfade"].look_back
    echo = headphones.session.preset.effects["echo"]
    assert echo == session().preset.effects["echo"]

    def lag_ms(heard, first, last):
        left, right = heard[first:last].T
        n = 1 << (2 * (last - first) - 1).bit_length()
        cross = np.fft.irfft(np.fft.rfft(right, n) * np.conj(np.fft.rfft(left, n)), n)
        lags = np.concatenate([cross[-96:], cross[:97]])
        return (int(np.argmax(lags)) - 96) / RATE * 1e3

    hard_left = lag_ms(headphones.direct("voice_a"), span.start, span.start + 3 * RATE)
    assert 0.5 < hard_left < 0.8  # the right ear is later
    words, scene = session().scene.samples(echo.words), session().scene
    start = span.stop - words + int(echo.starts("voice_a", scene.schedule)[0] * RATE)
    memory = lag_ms(headphones.direct_echoes("voice_a"), start, start + words)
    assert memory == pytest.approx(0.0, abs=0.05)


def test_for_headphones_the_machine_has_the_colour_of_what_is_behind():
    ahead, behind = (waiting("projector", name) for name in ("final", "headphones"))

    def level(x, hz):
        return float(db(np.mean(band(x, hz / 2 ** (1 / 6), hz * 2 ** (1 / 6), RATE) ** 2)))

    change = {hz: level(behind, hz) - level(ahead, hz) for hz in (1260.0, 2000.0, 4000.0, 12_500.0)}
    assert change[1260.0] > change[2000.0] + 3
    assert change[1260.0] > change[4000.0] + 3
    assert change[1260.0] > change[12_500.0] + 3
