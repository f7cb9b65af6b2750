"""What pages are made of: pictures, copies, safe HTML; no browser needed."""

from __future__ import annotations

import io
import json
import zlib

import matplotlib.image
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_pipeline.audio_io.write.overwrite_guard import refuse_to_overwrite
from audio_pipeline.errors import ReportError
from audio_pipeline.pages.drawing import check_format
from audio_pipeline.pages.listening_copy import FLAC, MP3, Copy, bits_for
from audio_pipeline.pages.markup import Markup, data_block, element, whole_page
from audio_pipeline.pages.page import page_media
from audio_pipeline.pages.picture import DARK, LIGHT, draw_mix
from audio_pipeline.pages.png import indexed_png
from audio_pipeline.pages.spectrogram import Spectrogram, palette
from audio_pipeline.pages.traces import Balance, CloseUp

RATE = 48_000


def noise(seconds, level_dbfs, rate=RATE):
    rng = np.random.default_rng(5)
    return 10 ** (level_dbfs / 20) * rng.standard_normal((round(seconds * rate), 2))


def decoded_png(data):
    """Rows and columns of palette indices, by matplotlib's reader, as colours."""
    return np.round(matplotlib.image.imread(io.BytesIO(data))[:, :, :3] * 255).astype(int)


def luminance(colours):
    """Relative luminance of sRGB colours (WCAG 2.2)."""
    share = colours / 255.0
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def test_a_png_holds_the_colours_that_were_put_in():
    colours = np.array([[0, 0, 0], [255, 0, 10], [7, 200, 255]], np.uint8)
    image = np.array([[0, 1, 2], [2, 2, 1]], np.uint8)
    assert (decoded_png(indexed_png(image, colours)) == colours[image]).all()


def test_louder_is_lighter_in_the_spectrogram_without_seeing_colours():
    assert (np.diff(luminance(palette().astype(float))) > 0).all()


def test_a_tone_is_brightest_in_its_own_row_and_silence_is_dark():
    t = np.arange(4 * RATE) / RATE
    tone = 0.1 * np.sin(2 * np.pi * 1000 * t) * (t < 2)
    picture = Spectrogram(len(t), RATE)
    for block in np.array_split(np.stack([tone, tone], axis=1), 7):
        picture.feed(block)
    image = luminance(decoded_png(picture.png()))
    row = int(image[:, image.shape[1] // 4].argmax())
    edges = np.geomspace(40, 24_000, len(image) + 1)[::-1]
    assert edges[row + 1] * 0.95 <= 1000 <= edges[row] * 1.05
    assert image[:, -5].max() < 0.005


@pytest.mark.parametrize(("angle", "place"), [(0.0, -1.0), (45.0, 0.0), (90.0, 1.0)])
def test_place_is_the_share_of_power(angle, place):
    mono = noise(1.0, -20)[:, :1]
    trace = Balance(RATE, 0.1)
    for block in np.array_split(mono * [[np.cos(np.radians(angle)), np.sin(np.radians(angle))]], 3):
        trace.feed(block)
    assert trace.points() == pytest.approx([place] * 10, abs=1e-3)


@settings(max_examples=20)
@given(st.integers(1, 20_000), st.sampled_from([44_100, RATE]))
def test_however_it_was_fed_the_page_shows_the_same(length, rate):
    samples = noise(0.7, -20, rate)
    whole, parts = (
        (Balance(rate, 0.1), CloseUp(rate), Spectrogram(len(samples), rate)) for _ in range(2)
    )
    for fed, size in ((whole, len(samples)), (parts, length)):
        for start in range(0, len(samples), size):
            for trace in fed:
                trace.feed(np.asfortranarray(samples[start : start + size]))
    assert parts[0].points() == whole[0].points()
    assert parts[1].around(0.4, 0.6) == whole[1].around(0.4, 0.6)
    assert parts[2].png() == whole[2].png()


def test_silence_has_no_place():
    trace = Balance(RATE, 0.1)
    trace.feed(np.zeros((RATE, 2)))
    assert trace.points() == [None] * 10


def test_the_close_up_shows_the_fall_where_it_is():
    close = CloseUp(RATE)
    samples = np.concatenate([noise(2.0, -40), noise(1.0, -60), np.zeros((2 * RATE, 2))])
    for block in np.array_split(samples, 11):
        close.feed(block)
    shown = close.around(2.0, 3.0)
    level = shown["level_dbfs"]
    assert shown["start_s"] == 1.5
    assert np.mean(level[:240]) == pytest.approx(-40, abs=0.3)
    assert np.mean(level[260:740]) == pytest.approx(-60, abs=0.3)
    assert level[750:] == [None] * len(level[750:])


@given(st.floats(-90, -10))
def test_the_words_are_long_enough_for_the_softest_sound(floor_dbfs):
    bits = bits_for(floor_dbfs)
    error_dbfs = 20 * np.log10(2.0 ** (1 - bits) / np.sqrt(12))
    assert error_dbfs <= floor_dbfs - 24 or bits == 16


def test_without_a_floor_the_copy_has_16_bits():
    assert bits_for(None) == 16


@pytest.mark.parametrize("media_type", [FLAC, MP3])
@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_a_copy_is_as_long_as_the_mix_and_stands_on_its_samples(media_type, rate):
    samples = noise(1.5, -30, rate)
    spectrum = np.fft.rfft(samples, axis=0)
    spectrum[round(8000 / rate * len(samples)) :] = 0.0  # nothing that an encoder may leave out
    samples = np.fft.irfft(spectrum, len(samples), axis=0)
    samples[: rate // 2] = 0.0
    copy = Copy(media_type, rate, 2)
    for block in np.array_split(samples, 5):
        copy.feed(block)
    heard, copy_rate = soundfile.read(io.BytesIO(copy.data()))
    assert copy_rate == min(rate, 48_000)
    assert len(heard) == pytest.approx(len(samples) * copy_rate / rate, abs=1)
    step = rate // copy_rate
    original, begun = samples[::step], copy_rate * 3 // 4
    error = heard[begun : len(original)] - original[begun : len(heard)]
    # noise up to 8 kHz that is one sample late differs from itself by -5 dB
    assert np.square(error).mean() < np.square(original[begun:]).mean() * 10 ** (-1.0)
    assert np.abs(heard[: copy_rate // 2 - 1200]).max() < 1e-4


@settings(max_examples=50)
@given(st.text())
def test_no_text_breaks_out_of_its_element_or_its_data(text):
    assert "<" not in element("p", text)[3:-4]
    block = data_block("x", {"name": text})
    inside = block.removeprefix('<script type="application/json" id="x">').removesuffix("</script>\n")
    assert "<" not in inside
    assert json.loads(inside) == {"name": text}


def test_a_page_is_known_as_this_programs_own(tmp_path):
    path = tmp_path / "x.html"
    path.write_text(whole_page("T" * 200, Markup(""), (), ("timecode.js",)))
    refuse_to_overwrite(path)


@pytest.mark.parametrize("colours", [LIGHT, DARK])
@pytest.mark.parametrize("kind", ["png", "svg"])
def test_a_plot_is_the_same_bytes_every_time_in_its_own_colours(tmp_path, kind, colours):
    files = [tmp_path / f"{n}.{kind}" for n in range(2)]
    for file in files:
        draw_mix(noise(1.0, -30), RATE, [("start", 0.0), ("$\\x$", 0.5)], "A $title$", file, colours)
    data = files[0].read_bytes()
    assert data == files[1].read_bytes()
    if kind == "svg":
        assert colours.left.lower().encode() in data
    else:
        corner = "#" + "".join(f"{v:02x}" for v in decoded_png(data)[0, 0])
        assert corner == colours.paper


def test_left_and_right_differ_in_lightness_so_that_print_keeps_them_apart():
    for colours in (LIGHT, DARK):
        left, right = (
            luminance(np.array([int(c[n : n + 2], 16) for n in (1, 3, 5)], float))
            for c in (colours.left, colours.right)
        )
        assert abs(left - right) > 0.03


def test_an_unknown_kind_of_plot_is_refused_before_anything_is_rendered(tmp_path):
    with pytest.raises(ReportError, match=r"\.png and \.svg"):
        check_format(tmp_path / "x.gif")


def test_the_pictures_compression_is_whole():
    data = indexed_png(np.zeros((3, 5), np.uint8), palette())
    start = data.index(b"IDAT") + 4
    assert len(zlib.decompress(data[start : data.index(b"IEND") - 8])) == 3 * 6


@pytest.mark.parametrize(("seconds", "is_there"), [(299, True), (301, False)])
def test_a_mix_too_long_for_mail_has_no_copy_in_its_page(tmp_path, seconds, is_there):
    path = tmp_path / "mix.wav"
    soundfile.write(path, np.zeros((seconds * 8000, 2)), 8000, "PCM_24")
    assert bool(page_media(path, None).copy) is is_there
