"""Every cue and the length on a picture frame, read from the bytes of the file, at all eleven rates."""

import tomllib
from fractions import Fraction

import jsonschema
import numpy as np
import pytest
import soundfile
import wavinfo

from audio_pipeline.errors import PresetError
from audio_pipeline.jobs.render import Order, render
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.explain import cue_times
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.schema import preset_schema
from audio_pipeline.preset.stems import planned_schedule
from audio_pipeline.timeline.timecode import RATES

PRESET = """
[cues]
black = ["100ms", "pop.tail"]
dropout = "black + 333ms"
silence = "dropout + 207ms"
end = "silence + 111ms"
[layers.pop]
kind = "clip"
stem = "stems/pop.wav"
at = "73ms"
until = "pop.at + 1f"
[layers.grain]
kind = "grain"
at = "dropout"
level = "-40 dBFS"
[master]
anchor = "programme"
"""


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    root = tmp_path_factory.mktemp("film")
    for name in ("presets", "stems"):
        (root / name).mkdir()
    (root / "presets" / "frames.toml").write_text(PRESET)
    return Project(root)


def pop(film, frames):
    """A stem of that many samples."""
    sine = 0.1 * np.sin(np.arange(frames) * 2 * np.pi / 48)
    soundfile.write(film.root / "stems" / "pop.wav", sine, 48_000, subtype="PCM_24")


def preset_of(film, *sets):
    return build_preset(load_document(film, "frames", sets))


def nearest_frame(seconds, rate):
    return int((seconds * rate.frames_per_s * 2 + 1) // 2)


def sample_of(frame, rate, sample_rate=48_000):
    """As the issue puts it: round(frame × sample rate ÷ picture rate)."""
    return int((Fraction(frame) * sample_rate / rate.frames_per_s * 2 + 1) // 2)


def cues_in(path):
    info = wavinfo.WavInfoReader(str(path))
    names = {label.name: label.text for label in info.cues.labels}
    return {names[cue.name]: cue.sample_offset for cue in info.cues.cues}


@pytest.mark.parametrize("rate", RATES.values(), ids=RATES)
def test_every_cue_and_the_length_are_on_a_frame(film, rate):
    pop(film, sample_of(1, rate))  # a clip of one frame, at any rate
    made = render(Order(film, preset_of(film, f"picture.rate={rate.name}"), film.renders, page=False))
    tail_s = Fraction(73, 1000) + rate.seconds(1)
    at_s, frames = max(Fraction(1, 10), tail_s), {}
    for name, later in (("black", 0), ("dropout", 333), ("silence", 207), ("end", 111)):
        frames[name] = nearest_frame(at_s + Fraction(later, 1000), rate)
        at_s = frames[name] / rate.frames_per_s
    expected = {name: sample_of(frame, rate) for name, frame in frames.items()}

    info = soundfile.info(made.master.file)
    assert info.frames == expected["end"]
    assert cues_in(made.master.file) == {
        "start": 0,
        **{name: at for name, at in expected.items() if name != "end"},
    }
    data = soundfile.read(made.master.file, dtype="int32")[0].any(axis=1)
    quiet = expected["dropout"] - 4800  # the clip is over
    grain = np.flatnonzero(data[quiet:]) + quiet
    assert expected["dropout"] <= grain[0] < expected["dropout"] + 48
    assert expected["silence"] - 48 <= grain[-1] < expected["silence"]

    start = rate.frame("01:00:00:00")
    told = {cue.name: (cue.at_samples, cue.timecode) for cue in made.report.cues}
    for name, frame in frames.items():
        assert told[name] == (expected[name], rate.timecode(start + frame))


@pytest.mark.parametrize("rate", RATES)
def test_presets_and_the_report_label_a_cue_alike(film, rate):
    pop(film, 4800)
    for sample_rate in ("48 kHz", "96 kHz"):
        preset = preset_of(film, f"picture.rate={rate}", f"sample_rate={sample_rate}")
        schedule = planned_schedule(film, preset, {})
        for cue in cue_times(preset, schedule):
            exact = schedule.named(cue.name) * RATES[rate].frames_per_s
            assert exact.denominator == 1
            assert cue.frame == exact
            assert cue.timecode == RATES[rate].timecode(RATES[rate].frame("01:00:00:00") + cue.frame)


def test_without_snap_cues_keep_their_samples(film):
    pop(film, 4800)
    schedule = planned_schedule(film, preset_of(film, "picture.snap=false"), {})
    black = Fraction(73, 1000) + Fraction(1, 24)
    assert schedule.named("black") == black
    assert schedule.named("end") == black + Fraction(333 + 207 + 111, 1000)


def test_of_two_frames_as_near_the_later_one_is_taken(film):
    pop(film, 4800)
    preset = preset_of(film, "picture.rate=25", 'cues.black="140ms"', 'cues.dropout="black + 1f"')
    schedule = planned_schedule(film, preset, {})
    assert schedule.named("black") == Fraction(4, 25)
    assert schedule.named("dropout") == Fraction(5, 25)


def test_a_sound_follows_the_cue_that_it_stands_at(film):
    pop(film, 4800)
    preset = preset_of(film, 'pop.at="breath + 5ms"', 'cues.breath="110ms"')
    schedule = planned_schedule(film, preset, {})
    assert schedule.named("breath") == Fraction(3, 24)
    assert schedule.named("pop.at") == Fraction(3, 24) + Fraction(5, 1000)


@pytest.mark.parametrize(
    ("written", "name"),
    [("23.98", "23.976"), ('"29.97 DF"', "29.97df"), ('"59.94 df"', "59.94df"), ("48", "48")],
)
def test_a_preset_writes_its_rate_as_people_do(film, written, name):
    (film.root / "presets" / "written.toml").write_text(
        f'extends = "frames"\n[picture]\nrate = {written}\n'
    )
    assert build_preset(load_document(film, "written")).picture.rate == name


@pytest.mark.parametrize(
    "text",
    [
        *(
            f"[picture]\nrate = {rate}\n"
            for rate in ("23.98", '"29.97 DF"', '"59.94df"', "25", '"60 fps"')
        ),
        "[picture]\nsnap = false\n",
        "[leader]\n",
        "[leader]\non = false\ntwo_pop = true\ntail_pop = false\n",
    ],
)
def test_editors_know_the_keys(text):
    jsonschema.validate(tomllib.loads(text), preset_schema())


@pytest.mark.parametrize("text", ['[picture]\nrate = "fast"\n', "[leader]\npop = true\n"])
def test_editors_underline_what_is_wrong(text):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(text), preset_schema())


def test_a_rate_that_is_none_is_refused_with_those_that_there_are(film):
    with pytest.raises(PresetError, match=r'picture\.rate is "47\.95"; allowed: .*59\.94df'):
        preset_of(film, "picture.rate=47.95")
