"""The wait: the machine comes forward, the breath slows and rises, and then all of it is pulled away."""

from __future__ import annotations

import numpy as np

from audio_pipeline.metering.a_weighted_level import a_weighted_dbfs
from audio_pipeline.reporting.audibility import audibility_warning, listening_facts
from audio_pipeline.reporting.delivery import load_delivery
from tests.realism.measures import active, band, band_level_db, db, level_db, powers
from tests.realism.taken_apart import VOICES, Ending


def breaths(scene: Ending, start: str, stop: str) -> list[slice]:
    """The samples of each inhale and exhale that begins between two cues."""
    wait = scene.span(start, stop)
    return [
        slice(phase.span.start, min(phase.span.stop, wait.stop))
        for phase in scene.session.console.graph.sources["breath"].phases
        if wait.start <= phase.span.start < wait.stop
    ]


def test_the_projector_comes_forward_by_2_to_3_db_and_opens_in_the_treble(scene: Ending) -> None:
    wait, length = scene.span("black", "dropout"), 2 * scene.rate
    first, last = (
        scene.layer("projector")[start : start + length] for start in (wait.start, wait.stop - length)
    )
    assert 2.0 <= level_db(last) - level_db(first) <= 3.0
    treble = [band_level_db(x, 4000, 12_000, scene.rate) for x in (first, last)]
    low = [band_level_db(x, 100, 1000, scene.rate) for x in (first, last)]
    assert treble[1] - treble[0] >= low[1] - low[0] + 1.0


def test_breaths_of_the_wait_peak_8_to_10_db_over_the_rest_on_the_mean(scene: Ending) -> None:
    """Their loudest 100 ms between 300 Hz and 3 kHz. No two breaths are equally loud, so each by itself has
    a wider range."""
    step = scene.rate // 10
    own, rest = (
        powers(band(x, 300, 3000, scene.rate), step)
        for x in (scene.layer("breath"), scene.all_but("breath"))
    )
    found = breaths(scene, "black", "dropout")
    assert len(found) >= 4
    peaks = []
    for cut in found:
        part = slice(cut.start // step, -(-cut.stop // step))
        loudest = int(np.argmax(own[part]))
        peaks.append(float(db(own[part][loudest] / rest[part][loudest])))
    assert 8.0 <= np.mean(peaks) <= 10.0
    assert min(peaks) >= 5.0


def test_breath_slows_once_the_screen_is_black(scene: Ending) -> None:
    before, after = (breaths(scene, *cues) for cues in (("voice_b.tail", "black"), ("black", "dropout")))
    cycles = [np.diff([cut.start for cut in found[::2]]).mean() for found in (before, after)]
    assert cycles[1] >= 1.15 * cycles[0]


def test_breath_is_16_to_25_db_under_speech_until_black(scene: Ending) -> None:
    """It was held to 20 to 30 dB everywhere; in the wait it is the protagonist, and free."""
    step = scene.rate // 20
    breath = powers(scene.layer("breath"), step)
    moving = np.zeros(len(breath), dtype=bool)
    for cut in breaths(scene, "start", "black"):
        moving[cut.start // step : min(cut.stop, scene.cue("black")) // step] = True
    spoken = np.concatenate(
        [powers(scene.layer(voice), step)[active(scene.dry(voice), step)] for voice in VOICES]
    )
    assert 16.0 <= db(spoken.mean() / breath[moving & (breath > 0)].mean()) <= 25.0


def test_the_dropout_is_a_cliff_of_12_db(scene: Ending) -> None:
    mix, at = scene.all_but(), scene.cue("dropout")
    fallen = level_db(mix[at + scene.rate // 4 : scene.cue("silence")])
    assert level_db(mix[at - scene.rate : at]) - fallen >= 12.0


def test_the_grain_stands_6_db_over_a_quiet_room_after_the_dropout(scene: Ending) -> None:
    """A-weighted, over NC-25 in a nearfield room at 79 dBC: so no report of `final` warns."""
    left = scene.layer("grain")[scene.cue("dropout") + scene.rate // 4 : scene.cue("silence")]
    floor_dbfs = a_weighted_dbfs(left.astype(np.float64), scene.rate)
    listening = listening_facts(load_delivery("netflix-nearfield"), floor_dbfs)
    assert listening.over_nc25_db >= 6.0
    assert audibility_warning(listening) is None


def test_when_the_film_runs_out_the_bed_drops_by_4_db(scene: Ending) -> None:
    """The median of 50 ms, so that flaps do not count, from before the film's end to after it."""
    scene = Ending("film-runs-out", scene.seed)
    machine = scene.session.preset.layers["projector"]
    gone = scene.session.scene.at(machine.runs_out)
    thin = gone + scene.session.scene.samples(machine.thins)
    bed, second = scene.all_but("breath", *VOICES), scene.rate
    before, after = (
        float(db(np.median(powers(bed[start : start + 3 * second], second // 20))))
        for start in (gone - 3 * second, thin)
    )
    assert before - after >= 4.0
