"""Ears from SOFA files: what is read is what was measured, and what cannot be used is said in a sentence."""

from __future__ import annotations

import hashlib
import os

import numpy as np
import pytest

from audio_pipeline.audio_io.read import sofa as reader
from audio_pipeline.audio_io.read.sofa import read_head
from audio_pipeline.dsp.filters import frequencies
from audio_pipeline.dsp.head import HeadPlacer
from audio_pipeline.dsp.head_models import interaural_delay_s, kemar, sphere
from audio_pipeline.errors import RenderError, StemError
from tests.audio_io.read.sofa_makers import DIRECTIONS_DEG, RATE_HZ, ears_of, write_sofa

h5py = pytest.importorskip("h5py", reason="needs the extra [sofa]")


def test_the_head_of_a_file_has_its_levels_and_delays(tmp_path):
    path = write_sofa(tmp_path / "sphere.sofa")
    head = read_head(path)
    assert head.key == hashlib.sha256(path.read_bytes()).hexdigest()
    assert np.array_equal(head.azimuth_deg, np.arange(-90.0, 91.0, 5.0))
    f = np.geomspace(200.0, 12_000.0, 40)
    wanted = sphere().magnitude_at(f)[::5]
    assert np.abs(20 * np.log10(head.magnitude_at(f) / wanted)).max() < 0.5
    pulse = np.zeros(4096)
    for azimuth_deg in (30, 60, 90):
        delays = []
        for one in (head, sphere()):
            placer = HeadPlacer(48_000, one)
            pulse = np.zeros(2 * placer.look_back + 1)
            pulse[placer.look_back] = 1.0
            left, right = placer.place(pulse, np.full(placer.look_back + 1, azimuth_deg / 90.0)).T
            delays.append(interaural_delay_s(right, left, 48_000))
        assert delays[0] == pytest.approx(delays[1], abs=25e-6)


def test_left_stays_left_however_directions_are_written(tmp_path):
    lopsided = ears_of(sphere(), DIRECTIONS_DEG)
    plain = read_head(write_sofa(tmp_path / "plain.sofa"))
    f = frequencies(512, RATE_HZ)
    place = np.array(DIRECTIONS_DEG, float)
    azimuth, elevation = np.radians(place).T
    across = np.cos(elevation)
    cartesian = 1.4 * np.stack(
        [across * np.cos(azimuth), across * np.sin(azimuth), np.sin(elevation)], axis=1
    )
    turned = np.column_stack([(place[:, 0] + 180) % 360 - 180, place[:, 1], np.full(len(place), 1.0)])
    swapped = np.array([[[0.0], [-0.09], [0.0]], [[0.0], [0.09], [0.0]]])
    others = {
        "cartesian": {"SourcePosition": cartesian, "SourcePosition_Type": "cartesian"},
        "plus-minus": {"SourcePosition": turned},
        "receivers": {"ReceiverPosition": swapped, "Data_IR": lopsided[:, ::-1]},
        "no-delay": {"Data_Delay": None},
        "same-delay": {"Data_Delay": np.full((len(place), 2), 7.0)},
    }
    for name, changes in others.items():
        head = read_head(write_sofa(tmp_path / f"{name}.sofa", **changes))
        np.testing.assert_allclose(head.magnitude_at(f), plain.magnitude_at(f), atol=1e-9, err_msg=name)
        np.testing.assert_allclose(head.interaural_s, plain.interaural_s, atol=1e-9, err_msg=name)


def test_a_delay_beside_the_responses_counts(tmp_path):
    """Whole responses, and the same that all begin at once with their delays written apart."""
    whole = read_head(write_sofa(tmp_path / "whole.sofa"))
    responses = ears_of(sphere(), DIRECTIONS_DEG)
    early = np.zeros_like(responses)
    delays = np.zeros(responses.shape[:2])
    for at in np.ndindex(*delays.shape):
        delays[at] = max(0, int(np.argmax(np.abs(responses[at]))) - 20)
        kept = responses[at][int(delays[at]) :]
        early[at][: len(kept)] = kept
    apart = read_head(write_sofa(tmp_path / "apart.sofa", Data_IR=early, Data_Delay=delays))
    np.testing.assert_allclose(apart.interaural_s, whole.interaural_s, atol=20e-6)


def test_a_coarser_grid_is_enough_and_one_side_is_not(tmp_path):
    coarse = [(azimuth, 0) for azimuth in range(0, 360, 15)]
    assert len(read_head(write_sofa(tmp_path / "coarse.sofa", coarse)).azimuth_deg) == 13
    rough = [(azimuth, 0) for azimuth in range(0, 360, 30)]
    one_side = [(azimuth, 0) for azimuth in range(0, 181, 5)]
    above = [(azimuth, 30) for azimuth in range(0, 360, 5)]
    for name, directions in {"rough": rough, "one-side": one_side, "above": above}.items():
        with pytest.raises(StemError, match="lacks directions") as caught:
            read_head(write_sofa(tmp_path / f"{name}.sofa", directions))
        assert name in caught.value.message
        assert caught.value.hint


BROKEN = {
    "no conventions": ({"Conventions": None}, "not a SOFA file"),
    "another convention": ({"Conventions": "CF-1.6"}, "not a SOFA file"),
    "spectra": ({"DataType": "TF"}, "holds TF data"),
    "no responses": ({"Data_IR": None}, "has no Data.IR"),
    "texts": ({"Data_IR": np.array([b"abc"])}, "no numbers in Data.IR"),
    "one ear": ({"Data_IR": np.ones((216, 1, 64))}, "not of two ears"),
    "flat": ({"Data_IR": np.ones((216, 64))}, "not of two ears"),
    "short": ({"Data_IR": np.ones((216, 2, 8))}, "responses of 8 samples"),
    "a room": ({"Data_IR": np.ones((1, 2, 20_000))}, "responses of 20000 samples"),
    "silent": ({"Data_IR": np.zeros((216, 2, 64))}, "silent or not a number"),
    "not numbers": ({"Data_IR": np.full((216, 2, 64), np.nan)}, "silent or not a number"),
    "no rate": ({"Data_SamplingRate": None}, "has no Data.SamplingRate"),
    "slow": ({"Data_SamplingRate": np.array([1.0])}, "sample rate of 1 Hz"),
    "nameless rate": ({"Data_SamplingRate": np.array([np.nan])}, "Data.SamplingRate without numbers"),
    "no directions": ({"SourcePosition": None}, "has no SourcePosition"),
    "too few directions": ({"SourcePosition": np.ones((3, 3))}, "SourcePosition of the shape"),
    "empty directions": ({"SourcePosition": np.ones((0, 3))}, "SourcePosition without numbers"),
    "no ears": ({"ReceiverPosition": None}, "has no ReceiverPosition"),
    "ears in one place": ({"ReceiverPosition": np.zeros((2, 3))}, "which ear is the left"),
    "wrong delays": ({"Data_Delay": np.zeros((5, 7))}, "cannot be read"),
    "long delays": ({"Data_Delay": np.array([[0.0, 1e9]])}, "delays that differ"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_file_that_cannot_be_used_is_refused_in_a_sentence(tmp_path, case):
    changes, cause = BROKEN[case]
    with pytest.raises(StemError, match=cause) as caught:
        read_head(write_sofa(tmp_path / "broken.sofa", **changes))
    assert "broken.sofa" in caught.value.message
    assert "SimpleFreeFieldHRIR" in caught.value.hint


def test_what_is_no_such_file_is_refused(tmp_path):
    whole = write_sofa(tmp_path / "whole.sofa").read_bytes()
    contents = {"text": b"not a SOFA file", "cut": whole[: len(whole) // 2], "zeros": bytes(5000)}
    for name, content in contents.items():
        (tmp_path / f"{name}.sofa").write_bytes(content)
        with pytest.raises(StemError, match="SOFA file"):
            read_head(tmp_path / f"{name}.sofa")
    with pytest.raises(StemError, match="does not exist") as caught:
        read_head(tmp_path / "hole.sofa")
    assert "whole.sofa" in caught.value.hint
    (tmp_path / "empty.sofa").touch()
    with pytest.raises(StemError, match="is empty"):
        read_head(tmp_path / "empty.sofa")
    os.mkfifo(tmp_path / "pipe.sofa")
    with pytest.raises(StemError, match="a pipe"):
        read_head(tmp_path / "pipe.sofa")


def test_a_file_that_leads_to_others_is_refused(tmp_path):
    path = write_sofa(tmp_path / "linked.sofa")
    write_sofa(tmp_path / "other.sofa")
    with h5py.File(path, "a") as file:
        del file["Data.IR"]
        file["Data.IR"] = h5py.ExternalLink("other.sofa", "/Data.IR")
    with pytest.raises(StemError, match=r"has no Data\.IR"):
        read_head(path)
    with h5py.File(path, "a") as file:
        del file["Data.IR"]
        outside = [(str(tmp_path / "other.sofa"), 0, 216 * 2 * 64 * 8)]
        file.create_dataset("Data.IR", (216, 2, 64), "f8", external=outside)
    with pytest.raises(StemError, match="in another file"):
        read_head(path)
    with h5py.File(path, "a") as file:
        del file["Data.IR"]
        layout = h5py.VirtualLayout((216, 2, 64), "f8")
        layout[:] = h5py.VirtualSource("other.sofa", "Data.IR", (216, 2, 64))
        file.create_virtual_dataset("Data.IR", layout)
    with pytest.raises(StemError, match="in another file"):
        read_head(path)


def test_a_file_that_would_fill_the_memory_is_refused(tmp_path):
    path = write_sofa(tmp_path / "huge.sofa")
    with h5py.File(path, "a") as file:
        del file["Data.IR"]
        file.create_dataset("Data.IR", (2**20, 2, 4096), "f8", chunks=(1, 2, 4096), compression="gzip")
    assert path.stat().st_size < 1_000_000
    with pytest.raises(StemError, match="are allowed"):
        read_head(path)


def test_without_the_package_the_extra_is_named(tmp_path, monkeypatch):
    path = write_sofa(tmp_path / "mine.sofa")
    monkeypatch.setattr(reader, "find_spec", lambda name: None)
    with pytest.raises(RenderError, match="h5py") as caught:
        read_head(path)
    assert "render-ending[sofa]" in caught.value.hint


def test_a_name_of_any_bytes_is_read(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.sofa")
    try:
        write_sofa(tmp_path / "plain.sofa", head=kemar()).rename(path)
    except (OSError, UnicodeError):
        pytest.skip("this file system takes no names that are not UTF-8")
    assert read_head(path).azimuth_deg[0] == -90.0
