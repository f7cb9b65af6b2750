"""No small file makes a decoder take 1 GB or 5 s of CPU; prober and decoder have the same limits."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_pipeline.audio_io.ffmpeg_program import find_ffmpeg
from audio_pipeline.audio_io.read import decoder_limits, expansion
from audio_pipeline.audio_io.read import ffmpeg as compressed
from audio_pipeline.audio_io.read.audio_file import probe, read
from audio_pipeline.errors import StemError
from tests.hostile.decoder_bombs import SMALL, encoded, m4a, written
from tests.hostile.heavy_stems import costs_of
from tests.hostile.law import CPU_S

MOST_MB = 1000.0
needs_ffmpeg = pytest.mark.skipif(
    find_ffmpeg() is None, reason="neither ffmpeg nor imageio-ffmpeg is installed"
)
SILENT = {"WAV, ADPCM in absurd blocks", "M4A, 2^31 times", "M4A, 2^31 samples in a chunk"}


@needs_ffmpeg
def test_every_bomb_is_refused_within_a_gigabyte_and_five_seconds_of_cpu(tmp_path: Path) -> None:
    costs = dict(zip(SMALL, costs_of([written(tmp_path, case) for case in SMALL], 1), strict=True))
    for case, cost in costs.items():
        assert cost.refusal, case
        assert cost.resident_mb + cost.child_mb < MOST_MB, case
        assert cost.cpu_s < CPU_S, case


def _silence(path: Path, format_: str, subtype: str) -> Path:
    path.write_bytes(encoded(0.5, 2, format_, subtype))
    return path


SILENCES = [("FLAC", "PCM_16"), ("OGG", "OPUS"), ("OGG", "VORBIS"), ("CAF", "ALAC_16")]


@pytest.mark.parametrize(("format_", "subtype"), SILENCES)
def test_a_file_that_holds_far_more_than_its_size_is_refused_from_its_head(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_: str, subtype: str
) -> None:
    monkeypatch.setattr(expansion, "FREE_SAMPLES", 1 << 16)
    monkeypatch.setattr(expansion, "MOST_EXPANSION", 20)
    path = _silence(tmp_path / "silence", format_, subtype)
    with pytest.raises(StemError, match=r"holds 0\.5 minutes or more in .* kB, over 20 times its size"):
        probe(path)


@pytest.mark.parametrize(("format_", "subtype"), SILENCES)
def test_a_short_one_is_read_however_small_its_file_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_: str, subtype: str
) -> None:
    monkeypatch.setattr(expansion, "MOST_EXPANSION", 20)
    samples, info = read(_silence(tmp_path / "silence", format_, subtype))
    assert samples.shape[1] == info.channels == 2
    assert info.duration_s == pytest.approx(30.0, abs=0.2)


def test_a_stream_that_does_not_state_its_length_is_counted_no_further_than_its_size_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bytearray(encoded(0.5, 2, "FLAC", "PCM_16"))
    data[8 + 13] &= 0xF0
    data[8 + 14 : 8 + 18] = bytes(4)
    path = tmp_path / "stream.flac"
    path.write_bytes(data)
    assert probe(path).frames == 30 * 48_000
    monkeypatch.setattr(expansion, "FREE_SAMPLES", 1 << 16)
    monkeypatch.setattr(expansion, "MOST_EXPANSION", 20)
    with pytest.raises(StemError, match="over 20 times its size"):
        probe(path)


@needs_ffmpeg
def test_what_ffmpeg_decodes_beyond_what_was_stated_is_refused_on_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "short.m4a"
    path.write_bytes(m4a(1500, samples=48_000))
    monkeypatch.setattr(expansion, "FREE_SAMPLES", 1 << 18)
    monkeypatch.setattr(expansion, "MOST_EXPANSION", 20)
    with pytest.raises(StemError, match="over 20 times its size"):
        read(path)


def _wrapped(folder: Path, words: str) -> Path:
    """An ffmpeg that does `words` first."""
    program = folder / "ffmpeg"
    program.write_text(f"#!/bin/sh\n{words}\n")
    program.chmod(0o755)
    return program


@needs_ffmpeg
def test_prober_and_decoder_run_with_every_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voice, log = tmp_path / "voice.m4a", tmp_path / "log"
    voice.write_bytes(m4a(200))
    told = f'echo "v=$(ulimit -v) t=$(ulimit -t) $@" >> {log}; exec {find_ffmpeg()} "$@"'
    monkeypatch.setattr(compressed, "find_ffmpeg", lambda: str(_wrapped(tmp_path, told)))
    with pytest.raises(StemError, match="silent"):
        read(voice)
    lines = log.read_text().splitlines()
    assert len(lines) == 2, "once to look, once to decode"
    times = [decoder_limits.PROBE_CPU_S, decoder_limits.decode_cpu_s(voice.stat().st_size)]
    for line, cpu_s in zip(lines, times, strict=True):
        before, _, after = line.partition(" -i ")
        assert before.startswith(f"v={decoder_limits.ADDRESS_SPACE_BYTES // 1024} t={cpu_s} ")
        for option in ("-format_whitelist mov", "-protocol_whitelist file", "-max_alloc ", "-f mov"):
            assert f" {option}" in before
        codecs = re.findall(r" -codec_whitelist (\S+)", before)
        assert len(codecs) == 1
        assert {"aac", "alac"} <= set(codecs[0].split(","))
        assert not {"h264", "png", "ass"} & set(codecs[0].split(","))
        assert after


def test_a_prober_that_takes_all_its_cpu_time_is_stopped_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voice = tmp_path / "voice.m4a"
    voice.write_bytes(m4a(20))
    busy = _wrapped(tmp_path, "while :; do :; done")
    monkeypatch.setattr(compressed, "find_ffmpeg", lambda: str(busy))
    monkeypatch.setattr(compressed, "PROBE_CPU_S", 1)
    with pytest.raises(StemError, match="ffmpeg was stopped after 1 s of CPU time"):
        probe(voice)


@needs_ffmpeg
def test_a_lower_limit_of_the_user_s_own_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`ulimit` refuses to raise a limit; the file is decoded with the limit that there is."""
    resource = pytest.importorskip("resource")
    voice = tmp_path / "voice.m4a"
    voice.write_bytes(m4a(200))
    own = resource.getrlimit(resource.RLIMIT_AS)
    lowered = f"ulimit -v {(decoder_limits.ADDRESS_SPACE_BYTES >> 10) - 1000}"
    limiter = decoder_limits.limiter

    def under_a_lower_limit(cpu_s: int) -> list[str]:
        return ["/bin/sh", "-c", f'{lowered}; exec "$@"', "sh", *limiter(cpu_s)]

    monkeypatch.setattr(decoder_limits, "limiter", under_a_lower_limit)
    assert probe(voice).channels == 2
    assert resource.getrlimit(resource.RLIMIT_AS) == own


@needs_ffmpeg
@pytest.mark.skipif(os.name != "posix", reason="pictures come from ffmpeg's own source")
def test_a_codec_that_is_not_in_the_list_is_not_decoded(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).uniform(-0.1, 0.1, 48_000)
    soundfile.write(tmp_path / "noise.wav", noise, 48_000)
    ffmpeg = str(find_ffmpeg())
    path = tmp_path / "odd.mkv"
    coded = [
        ffmpeg,
        "-v",
        "error",
        "-i",
        str(tmp_path / "noise.wav"),
        "-c:a",
        "dfpwm",
        "-f",
        "matroska",
        str(path),
    ]
    if os.spawnv(os.P_WAIT, ffmpeg, coded) != 0:
        pytest.skip("this ffmpeg cannot write the codec")
    with pytest.raises(StemError, match="cannot decode"):
        probe(path)
