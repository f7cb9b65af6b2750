"""Spans include their start and exclude their end; tiles cover everything once."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_pipeline.timeline.spans import TILE, Span, tile, tiles_over

spans = st.tuples(st.integers(-(10**7), 10**7), st.integers(0, 10**7)).map(
    lambda pair: Span(pair[0], pair[0] + pair[1])
)


def test_a_span_holds_its_start_and_not_its_stop():
    assert 3 in Span(3, 5)
    assert 5 not in Span(3, 5)
    assert len(Span(3, 5)) == 2


def test_a_span_does_not_run_backwards():
    with pytest.raises(ValueError, match="before it starts"):
        Span(5, 3)


@given(spans, spans)
def test_two_spans_meet_when_their_intersection_is_not_empty(a, b):
    assert a.meets(b) == (len(a.intersect(b)) > 0)
    assert a.meets(b) == b.meets(a)


@given(spans)
def test_tiles_over_a_span_cover_each_of_its_samples_once(span):
    covered = [t.intersect(span) for t in tiles_over(span)]
    assert sum(map(len, covered)) == len(span)
    assert all(a.stop == b.start for a, b in pairwise(covered))
    assert all(t == tile(t.start // TILE) for t in tiles_over(span))
