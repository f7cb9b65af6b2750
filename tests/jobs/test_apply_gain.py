"""`check --apply`: the file with the advised gain, every chunk kept, its loudness in `bext`, checked."""

from __future__ import annotations

import os
import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_pipeline.audio_io.read.audio_file import probe, read
from audio_pipeline.audio_io.read.riff_chunks import riff_chunks
from audio_pipeline.audio_io.regular_file import regular_file
from audio_pipeline.audio_io.write.chunks import Bext, chunk
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.errors import RenderError, StemError
from audio_pipeline.jobs.apply_gain import apply_advice
from audio_pipeline.jobs.measure import Known, measure_file
from audio_pipeline.reporting.delivery import delivery_names
from audio_pipeline.reporting.own_facts import Picture
from audio_pipeline.timeline.timecode import RATES

RATE = 16_000
PICTURE = Picture(RATES["24"], "01:00:00:00")


def sound(level_dbfs: float = -30.0, seconds: float = 4.0, channels: int = 2) -> Samples:
    rng = np.random.default_rng(2)
    x = 10 ** (level_dbfs / 20) * rng.standard_normal((round(seconds * RATE), channels)).clip(-3, 3)
    x[: RATE // 2] = 0.0
    return x


def known(delivery: str = "ebu-r128", dialogue: Path | None = None) -> Known:
    return Known(picture=PICTURE, fade_s=Fraction(1, 4), dialogue=dialogue, delivery=delivery)


def fmt(channels: int, tag: int, bits: int) -> bytes:
    block = channels * bits // 8
    return struct.pack("<HHIIHH", tag, channels, RATE, RATE * block, block, bits)


def packed(x: Samples, tag: int, bits: int) -> bytes:
    if tag == 3:
        return x.astype(f"<f{bits // 8}").tobytes()
    steps = np.rint(x * 2.0 ** (bits - 1)).astype(np.int64)
    if bits == 8:
        return (steps + 128).astype(np.uint8).tobytes()
    return steps.astype("<i8").reshape(-1, 1).view(np.uint8)[:, : bits // 8].tobytes()


CHUNKS = {
    b"bext": Bext(
        description="Reel 3", time_reference_samples=172_800_000, coding_history="A=PCM"
    ).encoded(),
    b"iXML": b'<?xml version="1.0"?><BWFXML><SCENE>7</SCENE></BWFXML>',
    b"cue ": struct.pack("<III4sIII", 1, 1, 4000, b"data", 0, 0, 4000),
    b"LIST": b"adtl" + chunk(b"labl", struct.pack("<I", 1) + b"black\0"),
    b"axml": b"<ebuCoreMain>odd</ebuCoreMain> ",
    b"chna": bytes(44),
}


def wave(path: Path, x: Samples, tag: int = 1, bits: int = 24, *, magic: bytes = b"RIFF") -> Path:
    """A WAV with chunks before and behind its data."""
    data = packed(x, tag, bits)
    front = chunk(b"fmt ", fmt(x.shape[1], tag, bits))
    front += b"".join(chunk(name, CHUNKS[name]) for name in (b"bext", b"iXML"))
    behind = b"".join(
        chunk(name, body) for name, body in CHUNKS.items() if name not in (b"bext", b"iXML")
    )
    if magic == b"RIFF":
        body = front + chunk(b"data", data) + behind
        path.write_bytes(magic + struct.pack("<I", len(body) + 4) + b"WAVE" + body)
        return path
    data_chunk = b"data\xff\xff\xff\xff" + data + b"\0" * (len(data) % 2)
    rest = len(front) + len(data_chunk) + len(behind)
    ds64 = chunk(b"ds64", struct.pack("<QQQI", rest + 36 + 4, len(data), len(x), 0))
    path.write_bytes(magic + b"\xff\xff\xff\xffWAVE" + ds64 + front + data_chunk + behind)
    return path


def bodies(path: Path) -> list[tuple[bytes, bytes]]:
    with regular_file(path) as file:
        return [(part.name, file.bytes_at(part.body, part.size)) for part in riff_chunks(file)]


def loudness_in_bext(path: Path) -> tuple[float, ...]:
    body = dict(bodies(path))[b"bext"]
    assert struct.unpack("<H", body[346:348]) == (2,)
    return tuple(value / 100 for value in struct.unpack("<5h", body[412:422]))


@pytest.mark.parametrize("magic", [b"RIFF", b"RF64", b"BW64"])
@pytest.mark.parametrize(("tag", "bits"), [(1, 16), (1, 24), (1, 32), (3, 32)])
def test_every_chunk_is_kept_and_only_sound_and_loudness_change(
    tmp_path: Path, tag: int, bits: int, magic: bytes
) -> None:
    source = wave(tmp_path / "in.wav", sound(), tag, bits, magic=magic)
    before = probe(source)
    bytes_before = source.read_bytes()
    gain_db, report = apply_advice(source, known(), tmp_path / "out.wav")
    assert report.delivery.verdict == "pass"
    out = tmp_path / "out.wav"
    assert out.read_bytes()[:4] == magic
    assert out.stat().st_size == len(bytes_before)
    assert source.read_bytes() == bytes_before
    old, new = bodies(source), bodies(out)
    assert [name for name, _ in new] == [name for name, _ in old]
    for (name, was), (_, now) in zip(old, new, strict=True):
        if name == b"bext":
            assert now[:346] == was[:346]
            assert now[422:] == was[422:]
        elif name != b"data":
            assert now == was, name
    after, _ = read(out)
    expected = read(source)[0] * 10 ** (gain_db / 20)
    assert np.abs(after - expected).max() <= (max(2.0 ** (2 - bits), 2.0**-23) if tag == 1 else 1e-6)
    assert not after[: RATE // 2].any()
    assert probe(out).subtype == before.subtype


def test_the_loudness_in_bext_is_that_of_the_result(tmp_path: Path) -> None:
    source = wave(tmp_path / "in.wav", sound())
    apply_advice(source, known(), tmp_path / "out.wav")
    report = measure_file(tmp_path / "out.wav", known())
    assert report.delivery.verdict == "pass"
    assert loudness_in_bext(tmp_path / "out.wav") == pytest.approx(
        (
            report.integrated_lufs,
            report.loudness_range_lu,
            report.true_peak_dbtp,
            report.max_momentary_lufs,
            report.max_short_term_lufs,
        ),
        abs=0.0051,
    )


@pytest.mark.parametrize("version", [0, 1])
def test_an_old_bext_becomes_one_of_version_2(tmp_path: Path, version: int) -> None:
    source = wave(tmp_path / "in.wav", sound())
    raw = bytearray(source.read_bytes())
    at = raw.index(b"bext") + 8
    raw[at + 346 : at + 348] = struct.pack("<H", version)
    source.write_bytes(raw)
    apply_advice(source, known(), tmp_path / "out.wav")
    assert loudness_in_bext(tmp_path / "out.wav")[0] == pytest.approx(-23.1, abs=0.02)


def test_a_file_that_passes_is_written_bit_for_bit(tmp_path: Path) -> None:
    first = wave(tmp_path / "in.wav", sound())
    apply_advice(first, known(), tmp_path / "once.wav")
    gain_db, _ = apply_advice(tmp_path / "once.wav", known(), tmp_path / "twice.wav")
    assert gain_db == 0.0
    assert (tmp_path / "once.wav").read_bytes() == (tmp_path / "twice.wav").read_bytes()


def test_what_a_gain_makes_wrong_is_put_right_or_left_out(tmp_path: Path) -> None:
    source = tmp_path / "in.wav"
    soundfile.write(source, sound(), RATE, subtype="FLOAT")  # which writes a PEAK chunk
    raw = source.read_bytes()
    more = chunk(b"MD5 ", bytes(16)) + chunk(b"levl", bytes(64))
    source.write_bytes(raw[:4] + struct.pack("<I", len(raw) - 8 + len(more)) + raw[8:] + more)
    gain_db, _ = apply_advice(source, known(), tmp_path / "out.wav")
    names = [name for name, _ in bodies(tmp_path / "out.wav")]
    assert not {b"MD5 ", b"levl"} & set(names)
    peaks = np.frombuffer(dict(bodies(tmp_path / "out.wav"))[b"PEAK"][8:], "<f4")[::2]
    was = np.frombuffer(dict(bodies(source))[b"PEAK"][8:], "<f4")[::2]
    assert peaks == pytest.approx(was * 10 ** (gain_db / 20), rel=1e-6)


@pytest.mark.parametrize(
    ("suffix", "subtype"), [(".flac", "PCM_16"), (".flac", "PCM_24"), (".aiff", "PCM_24")]
)
def test_another_container_becomes_a_wav_of_its_word_length(
    tmp_path: Path, suffix: str, subtype: str
) -> None:
    soundfile.write(tmp_path / f"in{suffix}", sound(), RATE, subtype=subtype)
    _, report = apply_advice(tmp_path / f"in{suffix}", known(), tmp_path / "out.wav")
    assert report.delivery.verdict == "pass"
    info = probe(tmp_path / "out.wav")
    assert (info.format, info.subtype, info.channels) == ("WAV", subtype, 2)


def test_a_size_that_was_never_written_is_written(tmp_path: Path) -> None:
    source = wave(tmp_path / "in.wav", sound())
    raw = bytearray(source.read_bytes())
    at = raw.index(b"data")
    del raw[at + 8 + 4 * RATE * 6 :]  # nothing behind the data
    raw[at + 4 : at + 8] = b"\xff\xff\xff\xff"
    source.write_bytes(raw)
    _, report = apply_advice(source, known(), tmp_path / "out.wav")
    assert report.delivery.verdict == "pass"
    assert probe(tmp_path / "out.wav").warnings == ()
    assert probe(tmp_path / "out.wav").frames == 4 * RATE


@pytest.mark.parametrize("kind", ["same", "dotted", "hard link", "symbolic link", "dialogue"])
def test_the_output_is_never_an_input(tmp_path: Path, kind: str) -> None:
    source = wave(tmp_path / "in.wav", sound())
    stem, target = wave(tmp_path / "stem.wav", sound(-36.0)), tmp_path / "link.wav"
    if kind == "hard link":
        os.link(source, target)
    elif kind == "symbolic link":
        target.symlink_to(source)
    else:
        target = {"same": source, "dotted": tmp_path / "." / "in.wav", "dialogue": stem}[kind]
    before = source.read_bytes(), stem.read_bytes()
    with pytest.raises(RenderError, match="is the input"):
        apply_advice(source, known(dialogue=stem), target)
    assert (source.read_bytes(), stem.read_bytes()) == before


def test_another_file_is_not_overwritten_and_nothing_is_left_of_a_failure(tmp_path: Path) -> None:
    source = wave(tmp_path / "in.wav", sound())
    (tmp_path / "out.wav").write_bytes(b"precious")
    with pytest.raises(RenderError, match="already exists"):
        apply_advice(source, known(), tmp_path / "out.wav")
    assert (tmp_path / "out.wav").read_bytes() == b"precious"
    with pytest.raises(RenderError, match="is a WAV"):
        apply_advice(source, known(), tmp_path / "out.flac")
    with pytest.raises(RenderError):
        apply_advice(source, known(), tmp_path / "nowhere" / "out.wav")
    peaky = sound()
    peaky[RATE::RATE] = 0.9
    wave(tmp_path / "peaky.wav", peaky)
    with pytest.raises(RenderError, match=r"no gain makes .*peaky\.wav pass"):
        apply_advice(tmp_path / "peaky.wav", known(), tmp_path / "new.wav")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.wav", "out.wav", "peaky.wav"]


@pytest.mark.parametrize("delivery", delivery_names())
@pytest.mark.parametrize("level_dbfs", [-62.0, -38.0, -14.0])
def test_the_applied_gain_passes_whatever_a_gain_can_change(
    tmp_path: Path, delivery: str, level_dbfs: float
) -> None:
    source = wave(tmp_path / "in.wav", sound(level_dbfs))
    stem = wave(tmp_path / "stem.wav", sound(level_dbfs - 2.0))
    before = measure_file(source, known(delivery, stem)).delivery
    assert before.advice is not None
    _, report = apply_advice(source, known(delivery, stem), tmp_path / "out.wav")
    hopeless = {*before.advice.unmet, *before.advice.unmeasured}
    assert hopeless <= {"sample_rate_hz"}
    left = {c.code for c in report.delivery.clauses if c.verdict in ("fail", "not measurable")}
    assert left == hopeless
    # a stem that gets the gain as well is judged as the output was
    louder, _ = read(stem)
    gain = 10 ** (apply_gain_of(before) / 20)
    wave(tmp_path / "stem_too.wav", louder * gain)
    again = measure_file(tmp_path / "out.wav", known(delivery, tmp_path / "stem_too.wav")).delivery
    for one, other in zip(report.delivery.clauses, again.clauses, strict=True):
        assert (one.code, one.verdict) == (other.code, other.verdict)
        assert one.measured == pytest.approx(other.measured, abs=0.02)


def apply_gain_of(delivery: object) -> float:
    advice = getattr(delivery, "advice")  # noqa: B009
    assert advice.gain_db is not None
    return float(advice.gain_db)


@pytest.mark.parametrize(
    ("seconds", "start", "wrong"),
    [
        (4.5, 172_800_000, True),
        (3.0, 172_800_000, True),
        (4.0, 172_800_000 + RATE, True),
        (4.0, 172_800_000, False),
    ],
)
def test_a_dialogue_stem_of_another_length_or_start_is_refused(
    tmp_path: Path, seconds: float, start: int, wrong: bool
) -> None:
    mix = wave(tmp_path / "mix.wav", sound())
    stem = wave(tmp_path / "stem.wav", sound(seconds=seconds))
    raw = bytearray(stem.read_bytes())
    at = raw.index(b"bext") + 8 + 338
    raw[at : at + 8] = struct.pack("<Q", start)
    stem.write_bytes(raw)
    if wrong:
        with pytest.raises(StemError, match=r"must (be equally long|start together)") as error:
            measure_file(mix, known(dialogue=stem))
        assert error.value.hint
    else:
        assert measure_file(mix, known(dialogue=stem)).dialogue_lufs is not None


def test_a_stem_that_is_one_sample_shorter_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "mix.wav", sound(), RATE, subtype="PCM_24")
    soundfile.write(tmp_path / "stem.flac", sound()[:-1], RATE, subtype="PCM_24")
    with pytest.raises(StemError, match=r"stem\.flac is 4\.000 s \(63999 samples\) long"):
        measure_file(tmp_path / "mix.wav", known(dialogue=tmp_path / "stem.flac"))
