"""The premaster between two passes: in memory, on disk, or across both."""

import errno

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_pipeline.audio_io.scratch_file import ScratchFile
from audio_pipeline.errors import RenderError
from audio_pipeline.timeline.spans import Span

LENGTHS = st.lists(st.integers(0, 700), min_size=1, max_size=6)


@given(LENGTHS, st.integers(0, 20_000), st.data())
def test_what_is_read_is_what_was_written_wherever_it_lies(tmp_path_factory, lengths, memory, data):
    whole = np.random.default_rng(1).standard_normal((sum(lengths), 2))
    with ScratchFile(tmp_path_factory.mktemp("spill"), 2, memory_bytes=memory) as spill:
        stop = 0
        for length in lengths:
            spill.write(whole[stop : stop + length])
            stop += length
        assert len(spill) == stop
        start = data.draw(st.integers(-50, stop))
        span = Span(start, data.draw(st.integers(start, stop + 50)))
        padded = np.pad(whole, ((50, 50), (0, 0)))
        np.testing.assert_array_equal(spill.read(span), padded[span.start + 50 : span.stop + 50])


def test_what_fits_in_memory_touches_no_disk(tmp_path):
    with ScratchFile(tmp_path / "not there", 2, memory_bytes=16_000) as spill:
        spill.write(np.ones((1000, 2)))
        assert spill.read(Span(0, 1000)).all()
        with pytest.raises(RenderError, match="cannot write temporary files to"):
            spill.write(np.ones((1, 2)))


def test_a_folder_that_takes_nothing_is_said_in_words(tmp_path, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with ScratchFile(tmp_path, 2) as spill, pytest.raises(RenderError, match="No space left"):
        spill.write(np.ones((10, 2)))


def test_what_is_stored_elsewhere_is_read_there(tmp_path):
    whole = np.random.default_rng(2).standard_normal((30, 2))

    def elsewhere(channel, start, out):
        out[:] = whole[10 + start : 10 + start + len(out), channel]

    with ScratchFile(tmp_path, 2) as file:
        file.write(whole[:10])
        file.write_stored(12, elsewhere)
        file.write(whole[22:])
        for start in range(len(whole)):
            for stop in range(start + 1, len(whole) + 1):
                assert (file.read(Span(start, stop)) == whole[start:stop]).all()
        assert not file.is_silent(Span(12, 13))


def test_what_is_no_longer_there_is_an_error(tmp_path):
    with ScratchFile(tmp_path, 2) as file:
        file.write(np.ones((10, 2)))
        file.read(Span(0, 10))
        file._files[1].truncate(40)
        with pytest.raises(RenderError, match="is truncated"):
            file.read(Span(0, 10))


@pytest.mark.parametrize("memory_bytes", [0, 160, 10_000])
def test_silence_takes_no_room_and_reads_as_zeros(tmp_path, memory_bytes):
    rng = np.random.default_rng(1)
    first, last = rng.standard_normal((10, 2)), rng.standard_normal((7, 2))
    whole = np.concatenate([np.zeros((5, 2)), first, np.zeros((20, 2)), last, np.zeros((4, 2))])
    with ScratchFile(tmp_path, 2, memory_bytes) as file:
        for part, silent in ((5, True), (first, False), (20, True), (last, False), (4, True)):
            if silent:
                file.write_silence(part)
            else:
                file.write(part)
        assert len(file) == len(whole)
        padded = np.concatenate([np.zeros((3, 2)), whole, np.zeros((3, 2))])
        for start in range(-3, len(whole)):
            for stop in range(start + 1, len(whole) + 3):
                assert (file.read(Span(start, stop)) == padded[start + 3 : stop + 3]).all()
        assert file.is_silent(Span(0, 5))
        assert file.is_silent(Span(15, 35))
        assert not file.is_silent(Span(14, 16))
