"""Effects on whole stems: before every gain, once, and the same by any way of rendering."""

import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from audio_pipeline.effects.base import Treated
from audio_pipeline.effects.match import MatchVoices
from audio_pipeline.effects.optical import Optical
from audio_pipeline.errors import PresetError
from audio_pipeline.jobs.render import Order, render
from audio_pipeline.memo.sounds import DeferredSounds
from audio_pipeline.memo.stem_cache import integrated_lufs
from audio_pipeline.memo.store import Cache
from audio_pipeline.mixing.session import open_session
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.timeline.moments import parse_moment
from tests.voices import voice

BOTH = ("match.on=true", "optical.on=true")
NEITHER = "\n[effects.match]\non = false\n\n[effects.optical]\non = false\n"
VOICES = ("voice_a", "voice_b")


@pytest.fixture
def film(project):
    """A project whose voices differ in colour, bandwidth and noise, and last no whole seconds."""
    first = voice(1, seconds=3.2, high_hz=9000.0, tilt_db=1.0, noise_dbfs=-62.0)
    second = voice(2, seconds=2.7, tilt_db=-1.0)
    for name, samples in zip(VOICES, (first, second), strict=True):
        file = project.root / "stems" / f"{name}.flac"
        soundfile.write(file, samples, 48_000, subtype="PCM_24")
    short = project.root / "presets" / "short.toml"
    short.write_text(short.read_text() + NEITHER)
    return project


def preset_of(project, *sets):
    return build_preset(load_document(project, "short", sets))


def session_of(project, *sets, cache=None):
    return open_session(project, preset_of(project, *sets), {}, cache)


def heard(session, name):
    source = session.preset.layers[name].prepare(session.scene, name)
    return source._stem


def test_the_level_of_a_voice_is_one_gain_after_all_treatment(film):
    loud, soft = (
        session_of(film, *BOTH, f"voice_a.level={level} dB", f"voice_b.level={level} dB")
        for level in (-0.1, -13.1)
    )
    for name in VOICES:
        a, b = heard(loud, name), heard(soft, name)
        assert np.abs(a * 10 ** (-13 / 20) - b).max() < 1e-15
        assert integrated_lufs(a, 48_000) == pytest.approx(-20.0, abs=0.05)
    assert loud.treatments == soft.treatments


def test_a_treated_stem_is_as_long_as_it_was_so_no_cue_moves(film):
    plain, treated = session_of(film), session_of(film, *BOTH)
    for name in VOICES:
        assert heard(treated, name).shape == heard(plain, name).shape
        assert not np.array_equal(heard(treated, name), heard(plain, name))
        assert not heard(treated, name).flags.writeable
    cues = list(plain.preset.cues)
    assert [plain.scene.cue(c) for c in cues] == [treated.scene.cue(c) for c in cues]


def test_a_preset_without_such_effects_has_the_stems_that_it_had(film):
    session = session_of(film)
    off = session_of(film, *BOTH, "match.on=false", "optical.on=false")
    assert session.scene.treated == off.scene.treated == {}
    assert session.treatments == off.treatments == session.warnings == ()
    for name in VOICES:
        assert heard(session, name) is session.scene.stems[session.preset.layers[name].stems()[0]]
        assert heard(off, name).tobytes() == heard(session, name).tobytes()


def test_effects_are_run_in_their_order_whatever_they_are_called(film, monkeypatch):
    asked = []
    for kind in (MatchVoices, Optical):
        treat = kind.treat

        def noted(self, stems, bench, name, treat=treat):
            asked.append(name)
            for stem in stems.values():
                loudness = integrated_lufs(stem[:, None], 48_000)
                assert loudness == pytest.approx(-27.0, abs=0.05)  # the reference, for each of them
            return treat(self, stems, bench, name)

        monkeypatch.setattr(kind, "treat", noted)
    session_of(film, "effects.z.kind=match", "effects.a.kind=optical")
    assert asked == ["z", "a"]


def test_exchanging_the_stems_exchanges_what_match_makes_of_them(film):
    exchanged = ("voice_a.stem=stems/voice_b.flac", "voice_b.stem=stems/voice_a.flac")
    one, other = session_of(film, BOTH[0]), session_of(film, BOTH[0], *exchanged)
    assert heard(one, "voice_a").tobytes() == heard(other, "voice_b").tobytes()
    assert heard(one, "voice_b").tobytes() == heard(other, "voice_a").tobytes()


def test_layers_that_play_one_file_are_treated_apart_and_others_not_at_all(film):
    same = ("voice_b.stem=stems/voice_a.flac", "layers.third.kind=voice")
    third = ("layers.third.stem=stems/voice_a.flac", "layers.third.level=0 dB")
    session = session_of(film, "optical.on=true", *same, *third)
    a, b, plain = (heard(session, name) for name in ("voice_a", "voice_b", "third"))
    assert np.abs(a - b).max() > 1e-5  # each has noise of its own
    assert np.abs(a - b).max() < 1e-2
    untreated = heard(session_of(film), "voice_a")
    np.testing.assert_allclose(plain, untreated, rtol=1e-12, atol=1e-15)


def test_a_voice_that_is_off_is_still_matched_to(film):
    both, alone = session_of(film, *BOTH), session_of(film, *BOTH, "voice_b.on=false")
    assert heard(both, "voice_a").tobytes() == heard(alone, "voice_a").tobytes()


@pytest.mark.parametrize("layer", ["breath", "projector"])
def test_what_has_no_voice_is_refused_in_words(film, layer):
    with pytest.raises(PresetError) as caught:
        preset_of(film, *BOTH, f'match.voices=["voice_a", "{layer}"]')
    assert f"effects.match works on '{layer}', which is not a voice" in caught.value.message


def test_an_effect_that_changes_a_length_is_refused(film, monkeypatch):
    cut = lambda self, stems, bench, name: Treated({n: s[:-1] for n, s in stems.items()})  # noqa: E731
    monkeypatch.setattr(Optical, "treat", cut)
    with pytest.raises(ValueError, match="changed the length"):
        session_of(film, "optical.on=true")


def test_the_key_follows_every_parameter_both_stems_and_the_seed_but_not_the_level(
    film, tmp_path, monkeypatch
):
    cache = Cache(tmp_path / "cache")
    seen = {}

    def noting(cache, scene, stem_keys, treated_keys, own_scenes):
        seen.update(treated_keys)
        return DeferredSounds(cache, scene, stem_keys, treated_keys, own_scenes)

    def keys_of(session):
        return {name: seen[name] for name in VOICES}

    monkeypatch.setattr("audio_pipeline.mixing.session.DeferredSounds", noting)
    before = keys_of(session_of(film, *BOTH, cache=cache))
    for change in (
        *("match.boost=8.9 dB", "match.noise=-30 dB", "optical.academy=99%", "optical.attack=6ms"),
        *("seed=2", "sample_rate=96 kHz", "voice_b.stem=stems/voice_a.flac"),
    ):
        after = keys_of(session_of(film, *BOTH, change, cache=cache))
        assert all(before[name] != after[name] for name in VOICES), change
    assert keys_of(session_of(film, *BOTH, "voice_a.level=-3 dB", cache=cache)) == before
    louder = soundfile.read(film.root / "stems" / "voice_b.flac")[0] * 0.5
    soundfile.write(film.root / "stems" / "voice_b.flac", louder, 48_000, subtype="PCM_24")
    replaced = keys_of(session_of(film, *BOTH, cache=cache))
    assert all(before[name] != replaced[name] for name in VOICES)


def test_what_was_treated_is_kept_with_all_that_is_said_of_it(film, tmp_path, monkeypatch):
    cache = Cache(tmp_path / "cache")
    first = session_of(film, *BOTH, cache=cache)
    plain = session_of(film, *BOTH)
    for kind in (MatchVoices, Optical):
        monkeypatch.setattr(kind, "treat", lambda *_: pytest.fail("treated again"))
    again = session_of(film, *BOTH, cache=cache)
    other = session_of(film, *BOTH, "voice_a.level=-3 dB", cache=cache)
    for name in VOICES:
        assert heard(first, name).tobytes() == heard(again, name).tobytes()
        assert heard(first, name).tobytes() == heard(plain, name).tobytes()
        assert first.stems[name][0].did == again.stems[name][0].did == plain.stems[name][0].did
    assert first.treatments == again.treatments == plain.treatments == other.treatments
    for file in (tmp_path / "cache").glob("*.kept"):
        if file.stat().st_size > 100_000:
            file.unlink()  # the samples are gone, the note is not
    monkeypatch.undo()
    assert heard(session_of(film, *BOTH, cache=cache), "voice_a").tobytes() == (
        heard(first, "voice_a").tobytes()
    )


def test_the_same_bytes_by_any_number_of_workers_any_excerpt_and_any_cache(film, tmp_path):
    preset = preset_of(film, *BOTH)
    whole = Order(film, preset, tmp_path / "whole", workers=1)
    rendered = render(whole)
    cache = Cache(tmp_path / "cache")
    for n, (workers, kept) in enumerate(((3, None), (2, cache), (1, cache))):
        order = replace(whole, out=tmp_path / str(n), workers=workers, cache=kept)
        again = render(order)
        assert again.master.file.read_bytes() == rendered.master.file.read_bytes()
        assert again.files.report.read_bytes() == rendered.files.report.read_bytes()
    part = replace(whole, out=tmp_path / "part", cache=cache)
    part = replace(part, begin=parse_moment("2s"), finish=parse_moment("5s"))
    data, rate = soundfile.read(render(part).master.file, dtype="int32")
    all_of_it, _ = soundfile.read(rendered.master.file, dtype="int32")
    assert (data == all_of_it[2 * rate : 5 * rate]).all()


def test_the_report_says_what_was_done_and_what_could_not_be(film, tmp_path):
    preset = preset_of(film, *BOTH, "match.boost=0 dB", "match.cut=0 dB", "match.noise=-90 dB")
    rendered = render(Order(film, preset, tmp_path / "out"))
    report = json.loads(rendered.files.report.read_text())
    match, optical = report["provenance"]["treatments"]
    codes = [warning["code"] for warning in report["warnings"] if warning["code"].startswith("match_")]
    assert codes == ["match_spectrum", "match_noise"]
    assert (match["kind"], optical["kind"]) == ("match", "optical")
    assert [warning["code"] for warning in match["warnings"]] == ["match_spectrum", "match_noise"]
    assert match["warnings"] == [dict(warning) for warning in rendered.session.warnings]
    assert set(match["facts"]["voices"]) == set(VOICES)
    assert optical["facts"]["voices"]["voice_a"]["noise_dbfs"] == -73.0
    did = {stem["sound"]: " ".join(stem["did"]) for stem in report["provenance"]["stems"]}
    for name in VOICES:
        assert "0.0 dB in 15 third octaves" in did[name]
        assert "recorded on an optical track" in did[name]
        assert did[name].endswith("levelled from -27 to -19.9 LUFS (+7.1 dB)")
    assert "treatments.optical.facts.voices" in rendered.files.page.read_text()
