"""The master's file: every sample as given, every chunk as its standard has it, the same bytes again."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile
import wavinfo
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from audio_pipeline.audio_io.read.audio_file import probe, read
from audio_pipeline.audio_io.write import wave as write
from audio_pipeline.audio_io.write.chunks import Bext, BextLoudness, Cue, Ixml
from audio_pipeline.audio_io.write.wave import WaveWriter
from audio_pipeline.timeline.timecode import RATES
from tests.audio_io.wave_makers import tone

RATE = 48_000
BEXT = Bext(
    description="Unfinished Conversation, final",
    originator_reference="final",
    time_reference_samples=172_800_000,
    coding_history="A=PCM,F=48000,W=24,M=stereo,T=render-ending",
)
IXML = Ixml("未完的对话 <1> & more", "final", RATES["23.976"])
CUES = [Cue("start", 0), Cue("black", 2_112_000), Cue("dropout é", 2_688_000)]
EXTREMES = np.array([[-(2**23), 2**23 - 1], [0, -1], [1, -2], [0x123456, -0x123456]], dtype=np.int32)


def quantised(n: int = 4000, channels: int = 2, bits: int = 24) -> np.ndarray:
    half = 1 << (bits - 1)
    return np.random.default_rng(1).integers(-half, half, (n, channels), dtype=np.int32)


def write_all(path: Path, block: np.ndarray, bits: int = 24, **options: object) -> bytes:
    with WaveWriter(path, RATE, block.shape[1], bits, **options) as wave:
        wave.write(block)
    return path.read_bytes()


def chunks(content: bytes) -> dict[bytes, bytes]:
    found, position = {}, 12
    while position < len(content):
        name, size = content[position : position + 4], struct.unpack_from("<I", content, position + 4)[0]
        found[name] = content[position + 8 : position + 8 + size]
        position += 8 + size + size % 2
    assert position == len(content)
    return found


def test_24_bits_are_written_exactly(tmp_path: Path) -> None:
    block = np.vstack([EXTREMES, quantised()])
    data = chunks(write_all(tmp_path / "a.wav", block))[b"data"]
    expected = b"".join(int(v).to_bytes(3, "little", signed=True) for v in block.ravel())
    assert data == expected
    assert np.array_equal(soundfile.read(tmp_path / "a.wav", dtype="int32")[0] >> 8, block)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    block=arrays(
        np.int32,
        st.tuples(st.integers(0, 40), st.integers(1, 8)),
        elements=st.integers(-(2**23), 2**23 - 1),
    ),
    cut=st.integers(0, 40),
)
def test_what_is_written_in_pieces_is_read_back_whole(
    tmp_path: Path, block: np.ndarray, cut: int
) -> None:
    path = tmp_path / "a.wav"
    with WaveWriter(path, RATE, block.shape[1], 24, bext=BEXT) as wave:
        wave.write(block[:cut])
        wave.write(block[cut:])
    back, _ = soundfile.read(path, dtype="int32", always_2d=True)
    assert np.array_equal(back >> 8, block)


@pytest.mark.parametrize("layout", ["C", "F", "strided", "int64"])
def test_any_memory_layout_gives_the_same_bytes(tmp_path: Path, layout: str) -> None:
    block = quantised()
    other = {
        "C": block.copy(),
        "F": np.asfortranarray(block),
        "strided": np.repeat(block, 2, axis=0)[::2],
        "int64": block.astype(np.int64),
    }[layout]
    assert write_all(tmp_path / "a.wav", block) == write_all(tmp_path / "b.wav", other)


@pytest.mark.parametrize("kind", [np.int8, np.int16])
def test_narrow_integers_fill_three_bytes(tmp_path: Path, kind: type) -> None:
    block = np.array([[-128, 127], [0, -1]], kind)
    assert write_all(tmp_path / "a.wav", block) == write_all(tmp_path / "b.wav", block.astype(np.int32))


def test_16_bits_are_written_exactly(tmp_path: Path) -> None:
    block = quantised(bits=16)
    write_all(tmp_path / "a.wav", block, 16)
    assert np.array_equal(soundfile.read(tmp_path / "a.wav", dtype="int16")[0], block)


def test_32_bits_are_floating_point(tmp_path: Path) -> None:
    block = np.random.default_rng(2).standard_normal((999, 2))
    content = write_all(tmp_path / "a.wav", block, 32)
    back, _ = soundfile.read(tmp_path / "a.wav")
    assert np.array_equal(back, block.astype(np.float32))
    assert struct.unpack("<I", chunks(content)[b"fact"])[0] == 999


@pytest.mark.parametrize("bits", [16, 24])
def test_a_value_that_does_not_fit_is_misuse_and_leaves_no_file(tmp_path: Path, bits: int) -> None:
    for value in (1 << (bits - 1), -(1 << (bits - 1)) - 1):
        with pytest.raises(ValueError, match="do not fit"):
            write_all(tmp_path / "a.wav", np.array([[value]], dtype=np.int32), bits)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("bits", "block"),
    [
        (24, np.zeros((3, 2))),
        (24, np.zeros(3, dtype=np.int32)),
        (24, np.zeros((3, 1), dtype=np.int32)),
        (24, np.zeros((3, 2), dtype=np.uint32)),
        (32, np.zeros((3, 2), dtype=np.int32)),
        (32, np.full((3, 2), np.nan)),
    ],
)
def test_another_shape_or_kind_is_misuse(tmp_path: Path, bits: int, block: np.ndarray) -> None:
    with (
        pytest.raises(ValueError, match=r"block|integers|finite"),
        WaveWriter(tmp_path / "a.wav", RATE, 2, bits) as wave,
    ):
        wave.write(block)


def test_a_second_write_gives_the_same_bytes(tmp_path: Path) -> None:
    options = {"bext": BEXT, "ixml": IXML, "cues": CUES}
    for bits, block in ((24, quantised()), (32, quantised() / 2.0**23)):
        first = write_all(tmp_path / "a.wav", block, bits, **options)
        assert write_all(tmp_path / "b.wav", block, bits, **options) == first


def test_up_to_two_channels_are_plain_pcm_and_more_name_their_speakers(tmp_path: Path) -> None:
    for channels, tag, mask in ((1, 1, None), (2, 1, None), (6, 0xFFFE, 0x3F), (8, 0xFFFE, 0x63F)):
        form = chunks(write_all(tmp_path / "a.wav", quantised(100, channels)))[b"fmt "]
        assert struct.unpack_from("<HHIIHH", form) == (
            tag, channels, RATE, RATE * channels * 3, channels * 3, 24
        )  # fmt: skip
        assert len(form) == (16 if mask is None else 40)
        if mask is not None:
            assert struct.unpack_from("<HHI", form, 16) == (22, 24, mask)


def test_an_odd_number_of_bytes_is_padded(tmp_path: Path) -> None:
    content = write_all(tmp_path / "a.wav", quantised(3, 1))
    assert len(chunks(content)[b"data"]) == 9
    assert len(content) % 2 == 0
    assert struct.unpack_from("<I", content, 4)[0] == len(content) - 8
    assert soundfile.info(tmp_path / "a.wav").frames == 3


def test_our_own_reader_has_nothing_to_say_about_our_files(tmp_path: Path) -> None:
    block = np.round(tone(1.0) * 2**23).astype(np.int32)
    write_all(tmp_path / "a.wav", block, bext=BEXT, ixml=IXML, cues=CUES)
    samples, info = read(tmp_path / "a.wav")
    assert info.warnings == ()
    assert np.array_equal(samples * 2**23, block)


def test_bext_has_602_bytes_and_the_history(tmp_path: Path) -> None:
    body = chunks(write_all(tmp_path / "a.wav", quantised(), bext=BEXT))[b"bext"]
    assert body[602:] == BEXT.coding_history.encode() + b"\r\n" + b"\0"
    assert body[320:338] == bytes(18)  # no date, no time
    assert struct.unpack_from("<QH", body, 338) == (172_800_000, 2)
    assert body[348:412] == bytes(64)
    assert struct.unpack_from("<5H", body, 412) == (0x7FFF,) * 5
    assert body[422:602] == bytes(180)


def test_the_loudness_is_written_after_the_sound_was_measured(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with WaveWriter(path, RATE, 2, 24, bext=BEXT) as wave:
        wave.write(quantised())
        wave.set_loudness(BextLoudness(-27.034, 8.125, -2.0, -20.345, -99.99))
        wave.write(quantised())
    bext = wavinfo.WavInfoReader(str(path)).bext
    assert bext.version == 2
    assert bext.originator == "render-ending"
    assert bext.description == BEXT.description
    assert bext.time_reference == 172_800_000
    assert bext.coding_history.strip() == BEXT.coding_history
    assert bext.loudness_value == -27.03
    assert bext.loudness_range == 8.13
    assert bext.max_true_peak == -2.0
    assert bext.max_momentary_loudness == -20.35
    assert bext.max_shortterm_loudness == -99.99
    assert soundfile.info(path).frames == 8000


@pytest.mark.parametrize("value", [None, float("-inf"), float("nan"), -140.0, 400.0])
def test_a_loudness_that_cannot_be_said_is_unset(value: float | None) -> None:
    assert BextLoudness(integrated_lufs=value).encoded()[:2] == b"\xff\x7f"


def test_text_that_does_not_fit_bext_is_cut_and_replaced() -> None:
    body = Bext(description="é" * 300, originator_reference="r" * 40).encoded()
    assert len(body) == 602
    assert body[:256] == b"?" * 256
    assert body[288:320] == b"r" * 32


def test_a_loudness_without_a_bext_chunk_is_misuse(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no place"), WaveWriter(tmp_path / "a.wav", RATE, 2) as wave:
        wave.set_loudness(BextLoudness())


def test_ixml_names_the_scene_and_places_it_on_the_clock(tmp_path: Path) -> None:
    write_all(tmp_path / "a.wav", quantised(), bext=BEXT, ixml=IXML)
    ixml = wavinfo.WavInfoReader(str(tmp_path / "a.wav")).ixml
    assert (ixml.project, ixml.scene) == ("未完的对话 <1> & more", "final")
    assert [track.name for track in ixml.track_list] == ["L", "R"]
    speed = ixml.parsed.find("./SPEED")
    assert {child.tag: child.text for child in speed} == {
        "MASTER_SPEED": "24000/1001",
        "CURRENT_SPEED": "24000/1001",
        "TIMECODE_RATE": "24000/1001",
        "TIMECODE_FLAG": "NDF",
        "FILE_SAMPLE_RATE": "48000",
        "AUDIO_BIT_DEPTH": "24",
        "DIGITIZER_SAMPLE_RATE": "48000",
        "TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI": "0",
        "TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO": "172800000",
        "TIMESTAMP_SAMPLE_RATE": "48000",
    }


def test_ixml_of_drop_frame_and_of_control_characters_is_well_formed() -> None:
    body = Ixml("a\x00b\x1b\udcff", "s", RATES["29.97df"]).encoded(
        sample_rate_hz=RATE, channels=2, bits=24, time_reference_samples=2**33 + 5
    )
    tree = ElementTree.fromstring(body)
    assert tree.findtext("PROJECT") == "a?b??"
    assert tree.findtext("SPEED/TIMECODE_FLAG") == "DF"
    assert tree.findtext("SPEED/TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI") == "2"
    assert tree.findtext("SPEED/TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO") == "5"


def test_cues_stand_where_they_were_set_with_their_names(tmp_path: Path) -> None:
    write_all(tmp_path / "a.wav", quantised(), cues=CUES)
    info = wavinfo.WavInfoReader(str(tmp_path / "a.wav"), info_encoding="utf-8")
    assert [entry.sample_offset for entry in info.cues.cues] == [cue.at_samples for cue in CUES]
    assert [info.cues.label_and_note(n)[0] for n in (1, 2, 3)] == [cue.name for cue in CUES]


@pytest.mark.parametrize("history", ["", "A=PCM", "A=PCM,"])
@pytest.mark.parametrize("bits", [16, 24, 32])
def test_above_the_limit_of_riff_it_becomes_rf64(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bits: int, history: str
) -> None:
    block = quantised(6000, bits=16)
    samples = block / 2.0**15 if bits == 32 else block
    options = {"bext": Bext(coding_history=history), "ixml": IXML, "cues": CUES}
    plain = write_all(tmp_path / "plain.wav", samples, bits, **options)
    monkeypatch.setattr(write, "RIFF_LIMIT", len(plain) - 9)
    large = write_all(tmp_path / "large.wav", samples, bits, **options)
    assert large[:12] == b"RF64\xff\xff\xff\xffWAVE"
    assert large[12:20] == b"ds64" + struct.pack("<I", 28)
    data_bytes = block.size * bits // 8
    assert struct.unpack_from("<QQQI", large, 20) == (len(large) - 8, data_bytes, len(block), 0)
    assert len(large) == len(plain)
    assert probe(tmp_path / "large.wav").warnings == ()
    assert probe(tmp_path / "large.wav").format == "RF64"
    whole = soundfile.read(tmp_path / "plain.wav")[0]
    assert np.array_equal(soundfile.read(tmp_path / "large.wav")[0], whole)
    monkeypatch.setattr(write, "RIFF_LIMIT", len(plain) - 8)
    assert write_all(tmp_path / "exact.wav", samples, bits, **options) == plain


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is not installed")
def test_ffprobe_takes_the_file_without_a_word(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_all(path, quantised(), bext=BEXT, ixml=IXML, cues=CUES)
    asked = ["-show_entries", "stream=codec_name,sample_rate,channels:format_tags=time_reference"]
    done = subprocess.run(
        ["ffprobe", "-v", "warning", *asked, "-of", "csv=p=0", str(path)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.split() == ["pcm_s24le,48000,2", "172800000"]
    assert done.stderr == ""
