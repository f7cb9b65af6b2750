"""The layout that a file states, whatever its container; and what is said where it states none."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_pipeline.audio_io.ffmpeg_program import find_ffmpeg
from audio_pipeline.audio_io.read.audio_file import probe, read
from audio_pipeline.audio_io.read.stated_layout import layout_of
from audio_pipeline.audio_io.regular_file import regular_file
from audio_pipeline.errors import StemError
from tests.audio_io.wave_makers import RATE, chunk, pcm16, tone, wave

PCM = bytes.fromhex("0100000000001000800000aa00389b71")
B_FORMAT = bytes.fromhex("010000002107d3118644c8c1ca000000")
needs_ffmpeg = pytest.mark.skipif(find_ffmpeg() is None, reason="ffmpeg is not installed")


def run_ffmpeg(*options: str | Path) -> None:
    command = [str(find_ffmpeg()), "-nostdin", "-v", "error", "-y", *map(str, options)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def extensible(channels: int, mask: int, guid: bytes = PCM) -> bytes:
    block = 2 * channels
    head = struct.pack("<HHIIHH", 0xFFFE, channels, RATE, RATE * block, block, 16)
    return head + struct.pack("<HHI", 22, 16, mask) + guid


def written(path: Path, form: bytes | None, channels: int, **chunks: bytes) -> Path:
    block = 2 * channels
    plain = struct.pack("<HHIIHH", 1, channels, RATE, RATE * block, block, 16)
    path.write_bytes(wave(pcm16(tone(channels=channels)), form or plain, **chunks))
    return path


def ixml(*names: str) -> bytes:
    tracks = "".join(
        f"<TRACK><CHANNEL_INDEX>{n}</CHANNEL_INDEX><INTERLEAVE_INDEX>{n}</INTERLEAVE_INDEX>"
        f"<NAME>{name}</NAME><FUNCTION/></TRACK>"
        for n, name in enumerate(names, 1)
    )
    return chunk(b"iXML", f"<BWFXML><TRACK_LIST>{tracks}</TRACK_LIST></BWFXML>".encode())


@pytest.mark.parametrize("mask", [0x3, 0x3B, 0x3F, 0x60F, 0x70F, 0x63F, 0x2D63F])
def test_a_mask_is_believed(tmp_path: Path, mask: int) -> None:
    info = probe(written(tmp_path / "a.wav", extensible(mask.bit_count(), mask), mask.bit_count()))
    assert info.layout.source == "stated"
    assert info.notes == ()
    assert ("LFE" in info.layout.roles) == bool(mask & 8)
    if mask & 8:
        assert info.loudness_weights[info.layout.roles.index("LFE")] == 0.0


@pytest.mark.parametrize("form", [None, 0])
@pytest.mark.parametrize("channels", [3, 6, 9, 24])
def test_without_a_mask_the_assumption_is_said(tmp_path: Path, channels: int, form: int | None) -> None:
    path = written(tmp_path / "a.wav", form if form is None else extensible(channels, form), channels)
    info = probe(path)
    assert info.layout.source == "assumed"
    (note,) = info.notes
    assert note.startswith(f"{path} states no channel layout")
    assert note.endswith(".")


def test_more_than_24_channels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StemError, match=r"has 25 channels; 1 to 24 are supported"):
        probe(written(tmp_path / "a.wav", None, 25))


@pytest.mark.parametrize("channels", [3, 4, 9, 16])
def test_ambisonic_sound_is_recognised_and_has_no_loudness(tmp_path: Path, channels: int) -> None:
    info = probe(written(tmp_path / "a.wav", extensible(channels, 0, B_FORMAT), channels))
    assert info.layout.name == "ambisonic"
    with pytest.raises(StemError, match=r"is ambisonic .* BS\.1770 defines loudness for loudspeaker"):
        assert info.loudness_weights


def test_a_recorder_s_track_names_say_that_they_are_no_loudspeakers(tmp_path: Path) -> None:
    info = probe(written(tmp_path / "a.wav", None, 3, before=ixml("Boom", "Lav &amp; 1", "TC")))
    assert (info.layout.source, info.layout.name) == ("tracks", None)
    assert info.layout.track_names == ("Boom", "Lav & 1", "TC")
    assert "holds the tracks of a recorder (Boom, Lav & 1, TC)" in info.notes[0]
    assert info.loudness_weights == (1.0, 1.0, 1.0)


def test_a_bext_chunk_may_name_the_tracks(tmp_path: Path) -> None:
    text = b"sSCENE=1\r\nsTRK1=MixL\r\nsTRK2=Boom\r\nsTRK4=Anna\r\n".ljust(602, b"\0")
    info = probe(written(tmp_path / "a.wav", None, 4, before=chunk(b"bext", text)))
    assert info.layout.track_names == ("MixL", "Boom", "3", "Anna")


@pytest.mark.parametrize("names", [("L", "R", "C", "LFE", "Ls", "Rs"), tuple("Mix." + n for n in "LRC")])
def test_track_names_of_loudspeakers_are_a_layout(tmp_path: Path, names: tuple[str, ...]) -> None:
    info = probe(written(tmp_path / "a.wav", None, len(names), before=ixml(*names)))
    assert info.layout.source == "stated"
    assert info.layout.roles == ("FL", "FR", "FC", "LFE", "SL", "SR")[: len(names)]
    assert info.notes == ()


@pytest.mark.parametrize("channels", range(3, 9))
def test_flac_has_its_own_order(tmp_path: Path, channels: int) -> None:
    soundfile.write(tmp_path / "a.flac", tone(channels=channels), RATE)
    info = probe(tmp_path / "a.flac")
    assert info.layout.source == "stated"
    assert info.layout.roles[4:6] == {6: ("BL", "BR"), 7: ("BC", "SL"), 8: ("BL", "BR")}.get(
        channels, ("BR",)[: channels - 4] if channels == 5 else ()
    )


@needs_ffmpeg
@pytest.mark.parametrize(
    "suffix", ["wav", "w64", "rf64", "flac", "caf", "aiff", "ogg", "opus", "m4a", "mov", "mkv", "wv"]
)
def test_every_container_states_5_1_and_its_lfe_is_the_low_channel(tmp_path: Path, suffix: str) -> None:
    tones = "|".join(f"0.1*sin({60 if n == 3 else 900 + 100 * n}*2*PI*t)" for n in range(6))
    codec = {
        "wav": "pcm_s24le",
        "w64": "pcm_s24le",
        "rf64": "pcm_s24le",
        "caf": "pcm_s24be",
        "aiff": "pcm_s24be",
        "mov": "pcm_s24le",
        "ogg": "libvorbis",
        "opus": "libopus",
        "m4a": "aac",
        "wv": "wavpack",
    }.get(suffix, "flac")
    extra = {"rf64": ["-rf64", "always", "-f", "wav"], "opus": ["-b:a", "384k"]}.get(suffix, [])
    target = tmp_path / f"a.{suffix}"
    source = f"aevalsrc={tones}:c=5.1:s=48000:d=1"
    run_ffmpeg("-f", "lavfi", "-i", source, "-c:a", codec, *extra, target)
    samples, info = read(target)
    assert (info.layout.name, info.layout.source) == ("5.1", "stated")
    spectra = np.abs(np.fft.rfft(samples[8_000:40_000], axis=0))
    hz = np.argmax(spectra, axis=0) * 48_000 / 32_000
    assert hz[info.layout.roles.index("LFE")] == pytest.approx(60.0, abs=10)
    assert hz[info.layout.roles.index("FC")] == pytest.approx(1100.0, abs=10)
    assert hz[4:] == pytest.approx([1300.0, 1400.0], abs=10)


@needs_ffmpeg
def test_what_ffmpeg_decodes_without_a_layout_is_assumed(tmp_path: Path) -> None:
    plain = written(tmp_path / "plain.wav", None, 6)
    run_ffmpeg("-guess_layout_max", "0", "-i", plain, "-c:a", "pcm_s16le", tmp_path / "a.mkv")
    info = probe(tmp_path / "a.mkv")
    assert (info.layout.source, info.layout.name, len(info.notes)) == ("assumed", "5.1", 1)


@needs_ffmpeg
def test_ambisonic_opus_is_recognised(tmp_path: Path) -> None:
    source = "aevalsrc=" + "|".join(["0.1*sin(900*t)"] * 4) + ":s=48000:d=1"
    run_ffmpeg(
        "-f", "lavfi", "-i", source, "-mapping_family", "255", "-c:a", "libopus", tmp_path / "a.ogg"
    )
    assert probe(tmp_path / "a.ogg").layout.source == "assumed"  # discrete channels
    data = bytearray((tmp_path / "a.ogg").read_bytes())
    data[data.index(b"OpusHead") + 18] = 2
    (tmp_path / "a.ogg").write_bytes(data)
    with regular_file(tmp_path / "a.ogg") as file:
        assert layout_of(file, 4).source == "ambisonic"


def _caf_with(chan: bytes, channels: int) -> bytes:
    desc = struct.pack(">d4sIIIII", RATE, b"lpcm", 0, 2 * channels, 1, channels, 16)
    sound = (tone(channels=channels) * 32767).astype(">i2").tobytes()
    data = struct.pack(">I", 0) + sound
    parts = ((b"desc", desc), (b"chan", chan), (b"data", data))
    return b"caff\0\1\0\0" + b"".join(n + struct.pack(">q", len(b)) + b for n, b in parts)


@pytest.mark.parametrize(
    ("chan", "channels", "roles"),
    [
        (struct.pack(">III", 124 << 16 | 6, 0, 0), 6, "FC FL FR SL SR LFE"),
        (struct.pack(">III", 1 << 16, 0x3F, 0), 6, "FL FR FC LFE BL BR"),
        (
            struct.pack(">III", 0, 0, 3) + b"".join(struct.pack(">I16x", n) for n in (3, 1, 4)),
            3,
            "FC FL LFE",
        ),
    ],
    ids=["tag", "bitmap", "labels"],
)
def test_a_caf_states_its_own_order(tmp_path: Path, chan: bytes, channels: int, roles: str) -> None:
    (tmp_path / "a.caf").write_bytes(_caf_with(chan, channels))
    info = probe(tmp_path / "a.caf")
    assert (info.layout.source, " ".join(map(str, info.layout.roles))) == ("stated", roles)


@pytest.mark.parametrize("tag", [107 << 16 | 4, 190 << 16 | 4])
def test_a_caf_may_be_ambisonic(tmp_path: Path, tag: int) -> None:
    (tmp_path / "a.caf").write_bytes(_caf_with(struct.pack(">III", tag, 0, 0), 4))
    assert probe(tmp_path / "a.caf").layout.source == "ambisonic"


@pytest.mark.parametrize("chan", [b"", b"\0" * 8, struct.pack(">III", 0, 0, 9), b"\xff" * 12])
def test_a_layout_chunk_that_says_nothing_is_passed_over(tmp_path: Path, chan: bytes) -> None:
    (tmp_path / "a.caf").write_bytes(_caf_with(chan, 4))
    assert probe(tmp_path / "a.caf").layout.source == "assumed"
