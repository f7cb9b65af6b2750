"""The layer session: played back by its file alone, it is the mix before the ceiling."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from audio_pipeline.jobs.export.automation import automation_of, gains_at
from audio_pipeline.jobs.export.layer_gains import LayerGains, falls
from audio_pipeline.mixing.session import open_session
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.reporting.report_file import read_report
from tests.jobs.export import rpp_reader
from tests.jobs.export.conftest import Exporter


def opened(exporter: Exporter, name: str):
    preset = build_preset(load_document(exporter.project, name))
    return open_session(exporter.project, preset, {})


def before_the_ceiling(exporter: Exporter, name: str) -> np.ndarray:
    """The master, which no ceiling has held; its dither is at −138 dBFS."""
    report = read_report(exporter.renders / f"{name}.report.json")
    assert report.provenance["ceiling"]["reduction_db"] == 0.0
    master, _ = soundfile.read(exporter.renders / f"{name}.wav", always_2d=True)
    return master


def dbfs(samples: np.ndarray) -> float:
    return 20 * np.log10(max(float(np.abs(samples).max()), 1e-12))


@pytest.mark.parametrize("mix", ["short", "ears", "echoes", "m-and-e"])
def test_the_tracks_sum_to_the_mix(exported: Exporter, mix: str) -> None:
    made = exported(mix, "reaper", layers=True)
    played, rate = rpp_reader.played(made.file)
    wanted = before_the_ceiling(exported, mix)
    assert rate == made.session.sample_rate_hz
    difference = wanted - np.pad(played, ((0, max(0, len(wanted) - len(played))), (0, 0)))
    assert dbfs(wanted) > -40
    assert dbfs(difference) <= -80
    assert dbfs(difference) <= dbfs(wanted) - 60  # whose peak is this


def test_every_curve_is_that_of_the_mix_within_a_tenth_of_a_decibel(exported: Exporter) -> None:
    made = exported("short", "reaper", layers=True)
    session = opened(exported, "short")
    graph = session.console.graph
    tracks = {t.line("NAME")[0]: t for t in rpp_reader.read(made.file).all("TRACK")}
    seen = 0
    for group in graph.groups:
        for name in group.layers:
            gains = LayerGains(graph, name, falls(graph, group.effects))
            source = graph.sources[name].span
            sample = np.arange(source.start, min(source.stop, group.until), 7, dtype=float)
            wanted = gains.direct(sample) * gains.after(sample)[:, None]
            found = rpp_reader.gains(tracks[name], sample / session.scene.sample_rate)
            heard = wanted > 1e-3  # -60 dB; below, both are
            error_db = 20 * np.log10(found[heard] / wanted[heard])
            assert np.abs(error_db).max() <= 0.1
            assert found[~heard].max(initial=0.0) < 1.1e-3
            seen += 1
    assert seen == len(graph.layers) >= 6


def test_automation_is_on_the_tracks_and_rooms_and_echoes_are_printed(exported: Exporter) -> None:
    session = exported("echoes", "reaper", layers=True).session
    tracks = {track.name: track for track in session.tracks}
    assert {"voice_a", "voice_a treble", "voice_a echo", "voice_a space"} <= set(tracks)
    voice = tracks["voice_a"].automation
    assert {round(point.balance, 3) for point in voice} >= {-1.0}  # it enters at hard left
    assert voice[0].balance < voice[len(voice) // 2].balance
    dropped = tracks["projector"].automation
    assert dropped[0].volume == pytest.approx(1.0)
    assert dropped[-1].volume == 0.0
    assert not tracks["grain"].automation  # the dropout spares it, and nothing moves it


def test_in_headphones_the_place_is_printed(exported: Exporter) -> None:
    names = {track.name for track in exported("ears", "reaper", layers=True).session.tracks}
    assert "voice_a" not in names
    assert "voice_a placed" in names


def test_a_curve_keeps_its_tolerance_and_its_bound() -> None:
    def falling(sample: np.ndarray) -> np.ndarray:
        gain = np.sqrt(np.clip(1 - sample / 10_000, 0, 1))
        return np.stack([gain, gain * np.clip(sample / 20_000, 0, 1)], axis=1)

    points = automation_of(falling, 0, 48_000, 48_000)
    sample = np.arange(48_000.0)
    error = np.abs(gains_at(points, sample) - falling(sample)) / np.maximum(falling(sample), 1e-3)
    assert error.max() < 10 ** (0.004 / 20) - 1  # probed at a tolerance of 0.002 dB
    assert len(points) < 400
    assert points[0].at_samples == 0
    assert points[-1].at_samples == 47_999

    def noise(sample: np.ndarray) -> np.ndarray:
        return np.abs(np.sin(sample**2))[:, None] * np.ones((1, 2))

    assert len(automation_of(noise, 0, 100_000, 48_000)) <= 4096


def test_a_constant_needs_two_points() -> None:
    points = automation_of(lambda sample: np.ones((len(sample), 2)) / 2, 5, 480_005, 48_000)
    assert [(p.at_samples, p.volume, p.balance) for p in points] == [(5, 0.5, 0.0), (480_004, 0.5, 0.0)]
    assert automation_of(lambda sample: np.ones((len(sample), 2)), 5, 5, 48_000) == ()
