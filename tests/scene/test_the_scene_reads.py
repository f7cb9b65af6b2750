"""The real `final`, with the demo stems, taken apart at the console: that the scene can be read."""

from functools import cache

import numpy as np
import pytest

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.layers.motif import parse_notes
from audio_pipeline.metering.a_weighted_level import a_weighted_dbfs
from audio_pipeline.mixing.session import Session, open_session
from audio_pipeline.pages.inspection import BRIGHT_HZ, beat_spectrum, beats_of
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from audio_pipeline.reporting.audibility import audibility_warning, listening_facts
from audio_pipeline.reporting.delivery import load_delivery
from audio_pipeline.timeline.spans import Span
from tests.conftest import REPOSITORY

RATE = 48_000
VOICES = ("voice_a", "voice_b")
FRAME = RATE // 20
"""A twentieth of a second: about a phoneme, the step in which speech and breath are looked at."""
SPEAKING_DB = 30.0
"""A voice speaks where its stem is within this of its loudest moment: pauses are not speech."""
SII_WEIGHT = {250: 0.0617, 500: 0.1671, 1000: 0.2373, 2000: 0.2648, 4000: 0.2142, 8000: 0.0549}
"""Octave bands of the speech intelligibility index, ANSI S3.5-1997, table 3."""


@cache
def session(name: str = "final") -> Session:
    return open_session(Project(REPOSITORY), build_preset(load_document(Project(REPOSITORY), name)), {})


@cache
def alone(layer: str) -> Samples:
    """One layer as it is heard in the mix: placed, with its echoes and its room, until the dropout."""
    return session().console.solo(layer).render(session().scene.programme, workers=2)


@cache
def waiting(layer: str, name: str = "final") -> Samples:
    """One layer of a preset during the wait, from black to the dropout."""
    if name == "final":
        return alone(layer)[cue("black") : cue("dropout")]
    opened = session(name)
    wait = Span(opened.scene.cue("black"), opened.scene.cue("dropout"))
    return opened.console.solo(layer).render(wait, workers=2)


def together(*but: str) -> Samples:
    """All layers of `final` but those."""
    return sum(alone(layer) for layer in session().console.layers if layer not in but)


def cue(name: str) -> int:
    return session().scene.cue(name)


def band(x: Samples, low_hz: float, high_hz: float) -> Samples:
    spectrum = np.fft.rfft(x, axis=0)
    hz = np.fft.rfftfreq(len(x), 1 / RATE)
    spectrum[(hz < low_hz) | (hz >= high_hz)] = 0.0
    return np.fft.irfft(spectrum, len(x), axis=0)


def powers(x: Samples, step: int = FRAME) -> Samples:
    """The mean square of every `step` samples, `(n,)`."""
    return np.square(x[: len(x) // step * step]).reshape(-1, step * x.shape[1]).mean(axis=1)


def db(power):
    return 10.0 * np.log10(np.maximum(power, 1e-30))


def speaking(voice: str) -> np.ndarray:
    """In which twentieths of a second it really speaks."""
    stem = powers(session().console.dry(voice, session().scene.programme))
    return stem > stem.max() * 10.0 ** (-SPEAKING_DB / 10.0)


@cache
def speech_and_rest(voice: str) -> tuple[Samples, Samples]:
    """The powers of a voice and of everything else in the band of speech, `(n,)` each."""
    return powers(band(alone(voice), 300, 3400)), powers(band(together(voice), 300, 3400))


def test_the_layers_alone_sum_to_the_mix():
    span = Span(25 * RATE, 32 * RATE)
    mix = session().console.render(span, workers=2)
    np.testing.assert_allclose(
        together()[span.start : span.stop], mix, atol=1e-7
    )  # rooms are made in float32


# Two voices in the dark


@pytest.mark.parametrize("voice", VOICES)
def test_while_a_voice_speaks_it_stands_12_db_over_everything_else(voice):
    own, rest = speech_and_rest(voice)
    active = speaking(voice)
    assert active.sum() * FRAME / RATE > 4.0
    assert db(own[active].sum() / rest[active].sum()) >= 12.0


@pytest.mark.parametrize("voice", VOICES)
def test_a_quarter_of_a_voice_by_itself_stands_12_db_over_everything_else(voice):
    """So that neither is drowned where it is far away: at its beginning or its end."""
    own, rest = speech_and_rest(voice)
    for part in np.array_split(np.flatnonzero(speaking(voice)), 4):
        assert db(own[part].sum() / rest[part].sum()) >= 12.0


@pytest.mark.parametrize(("voice", "side"), [("voice_a", "first"), ("voice_b", "last")])
def test_the_words_at_the_far_end_can_still_be_understood(voice, side):
    """By the speech intelligibility index of their four seconds: over 0.45 sentences are understood."""
    span = session().console.sources[voice].span
    start = span.start if side == "first" else span.stop - 4 * RATE
    cut = slice(start, start + 4 * RATE)
    own, rest = alone(voice)[cut], together(voice)[cut]
    index = 0.0
    for centre_hz, weight in SII_WEIGHT.items():
        edges = centre_hz / 2**0.5, centre_hz * 2**0.5
        over = float(db(powers(band(own, *edges)).mean() / powers(band(rest, *edges)).mean()))
        index += weight * float(np.clip((over + 15.0) / 30.0, 0.0, 1.0))
    assert index > 0.45


def test_a_real_pause_stands_between_question_and_answer():
    a, b = (np.flatnonzero(speaking(voice)) * FRAME / RATE for voice in VOICES)
    assert 2.0 < b[0] - a[-1] < 6.0


def test_memories_return_softer_and_darker_until_they_sink_into_the_projector():
    """The first returns of the last words stand out of everything else, the last one no more than just,
    and it is over when the screen goes black."""
    echo, clock = session().preset.effects["echo"], session().scene.clock
    words = session().scene.samples(echo.words)
    end = cue("voice_b.tail")
    over, dark = [], []
    for delay in echo.delays(clock):
        start = end - words + int(delay * RATE)
        own, rest = alone("voice_b")[start : start + words], together("voice_b")[start : start + words]
        lines = np.abs(np.fft.rfft(own, axis=0)) ** 2
        hz = np.fft.rfftfreq(len(own), 1 / RATE)
        dark.append(float((lines.sum(axis=1) * hz).sum() / lines.sum()))
        over.append((db(powers(band(own, 200, 2000))) - db(powers(band(rest, 200, 2000)))).max())
    assert (np.diff(dark) < 0).all()
    assert (np.diff(over) < 0).all()
    assert over[0] > 20
    assert over[3] > 3
    assert -6 < over[4] < 3
    assert start + words <= cue("black")


# The film keeps rolling


def test_during_the_wait_each_breath_stands_3_db_over_the_rest():
    own, rest = (powers(band(x, 300, 3000), 2 * FRAME) for x in (alone("breath"), together("breath")))
    wait = Span(cue("black"), cue("dropout"))
    heard = [
        phase.span.intersect(wait)
        for phase in session().console.sources["breath"].phases
        if wait.start <= phase.span.start < wait.stop
    ]
    assert len(heard) >= 4
    for span in heard:
        part = slice(span.start // (2 * FRAME), -(-span.stop // (2 * FRAME)))
        loudest = int(np.argmax(own[part]))
        assert db(own[part][loudest] / rest[part][loudest]) >= 3.0


def test_breath_is_20_to_30_db_under_speech():
    breath = powers(alone("breath"))
    moving = np.zeros(len(breath), dtype=bool)
    for phase in session().console.sources["breath"].phases:
        moving[phase.span.start // FRAME : phase.span.stop // FRAME] = True
    spoken = np.concatenate([powers(alone(voice))[speaking(voice)] for voice in VOICES])
    assert 20.0 <= db(spoken.mean() / breath[moving & (breath > 0)].mean()) <= 30.0


def test_the_projector_is_known_by_its_frames_and_perforations_through_the_whole_bed():
    wait = slice(cue("black"), cue("dropout"))
    beats = {beat.rate_hz: beat for beat in beats_of(*beat_spectrum(together()[wait], RATE, BRIGHT_HZ))}
    assert beats[24.0].over_db >= 10.0
    assert beats[96.0].over_db >= 10.0


# Grain, and nothing


def test_the_dropout_is_a_cliff_of_12_db():
    mix, at = together(), cue("dropout")
    before, after = mix[at - RATE : at], mix[at + RATE // 4 : cue("silence")]
    assert db(np.mean(before**2) / np.mean(after**2)) >= 12.0
    assert db(np.mean(mix[at : at + RATE // 20] ** 2) / np.mean(before**2)) > -3.0  # not before its time


def test_the_grain_stands_6_db_over_the_room_where_it_is_played_or_a_warning_says_it_does_not():
    floor_dbfs = a_weighted_dbfs(together()[cue("dropout") + RATE // 4 : cue("silence")], RATE)
    said = []
    for name in ("netflix-nearfield", "theatrical"):
        listening = listening_facts(load_delivery(name), floor_dbfs)
        said.append((listening.over_nc25_db >= 6.0, audibility_warning(listening) is None))
    assert all(clear == quiet for clear, quiet in said)
    assert said[1] == (True, True)  # in a cinema it is heard


def test_the_level_over_time_shows_voices_wait_cliff_grain_and_nothing():
    mix = together()

    def level(start: str | int, stop: str | int) -> float:
        first, last = (cue(at) if isinstance(at, str) else at for at in (start, stop))
        return float(db(np.mean(mix[first:last] ** 2)))

    voices = max(level("voice_a", "cross"), level("voice_b", "voice_b.tail"))
    wait, grain = level("black", "dropout"), level(cue("dropout") + RATE // 4, "silence")
    dark = level(0, RATE // 2)
    assert dark < wait - 10
    assert voices > wait + 12 > grain + 24
    assert not mix[cue("silence") :].any()
    seconds = [level(at, at + RATE) for at in range(cue("black"), cue("dropout"), RATE)]
    assert max(seconds) - min(seconds) < 6.0  # it waits: nothing comes, nothing goes


# What the alternates must do


def test_when_the_film_runs_out_its_tail_flaps_and_every_flap_is_heard():
    scene = session("film-runs-out").scene
    projector = session("film-runs-out").preset.layers["projector"]
    gone = scene.at(projector.runs_out) - scene.cue("black")
    rolling, running_out = waiting("projector"), waiting("projector", "film-runs-out")
    # a transform in single precision rounds by all that it holds, what comes later too: by less than a
    # sixteenth of a 24-bit step
    np.testing.assert_allclose(running_out[:gone], rolling[:gone], rtol=0.0, atol=2.0**-27)

    rest = sum(waiting(x) for x in session().console.layers if x != "projector")[gone:]
    step = RATE // 50
    machine, bed = (powers(band(x, 1000, 4000), step) for x in (running_out[gone:], rest))
    flapping = machine > 3.0 * np.median(machine[50:]) + bed
    starts = np.flatnonzero(np.diff(flapping.astype(int)) == 1)
    starts = starts[np.diff(starts, prepend=-100) > 15] * step / RATE
    assert starts[0] > 0.3
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
    hum, rest = waiting("motif", "motif"), together()[cue("black") : cue("dropout")]
    at, beat = scene.at(motif.at), 60.0 / motif.tempo
    at -= cue("black")
    end = len(hum)
    assert at >= 0
    notes = parse_notes(motif.notes)
    for note in notes:
        start = at + round((note.start * beat + 0.2) * RATE)
        stop = min(at + round(note.stop * beat * RATE), end)
        third = note.pitch_hz * 2 ** (-1 / 6), note.pitch_hz * 2 ** (1 / 6)
        own, other = (np.mean(band(x[start:stop], *third) ** 2) for x in (hum, rest))
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
    opened = session("headphones")
    span = opened.console.sources["voice_a"].span
    direct = opened.console.processors["crossfade"]
    speakers = session().console.processors["crossfade"]
    assert direct.look_back > speakers.look_back
    echo, clock = opened.preset.effects["echo"], opened.scene.clock
    assert echo == session().preset.effects["echo"]
    heard = opened.console.solo("voice_a").render(Span(span.start, span.start + 14 * RATE))

    def lag_ms(first: int, last: int) -> float:
        left, right = heard[first - span.start : last - span.start].T
        n = 1 << (2 * (last - first) - 1).bit_length()
        cross = np.fft.irfft(np.fft.rfft(right, n) * np.conj(np.fft.rfft(left, n)), n)
        lags = np.concatenate([cross[-96:], cross[:97]])
        return (int(np.argmax(lags)) - 96) / RATE * 1e3

    assert 0.5 < lag_ms(span.start, span.start + 3 * RATE) < 0.8  # hard left: the right ear is later
    words = opened.scene.samples(echo.words)
    start = span.stop - words + int(echo.delays(clock)[0] * RATE)
    assert lag_ms(start, start + words) == pytest.approx(0.0, abs=0.05)


def test_for_headphones_the_machine_has_the_colour_of_what_is_behind():
    ahead, behind = (waiting("projector", name) for name in ("final", "headphones"))

    def level(x: Samples, hz: float) -> float:
        return float(db(np.mean(band(x, hz / 2 ** (1 / 6), hz * 2 ** (1 / 6)) ** 2)))

    change = {hz: level(behind, hz) - level(ahead, hz) for hz in (1260.0, 2000.0, 4000.0, 12_500.0)}
    assert change[1260.0] > change[2000.0] + 3
    assert change[1260.0] > change[4000.0] + 3
    assert change[1260.0] > change[12_500.0] + 3
