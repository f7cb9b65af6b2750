"""Several threads give what one gives, in its order, and its errors in their place."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_pipeline.timeline.workers import BackgroundQueue, in_order


@given(st.lists(st.integers()), st.integers(1, 4))
def test_what_is_made_comes_back_in_order(items, workers):
    assert list(in_order(lambda item: -item, items, workers)) == [-item for item in items]


@given(st.lists(st.integers()))
def test_what_is_fetched_ahead_is_what_there_is(items):
    assert list(ahead(items)) == items


def test_an_error_comes_where_its_item_would_have_come():
    def items():
        yield 1
        raise ValueError("the second")

    fetched = ahead(items())
    assert next(fetched) == 1
    with pytest.raises(ValueError, match="the second"):
        next(fetched)


def test_whoever_stops_early_is_not_kept_waiting():
    fetched = ahead(range(10**9))
    assert [next(fetched), next(fetched)] == [0, 1]
    fetched.close()


@given(st.lists(st.integers()))
def test_what_is_done_aside_is_done_in_order(items):
    done: list[int] = []
    aside = BackgroundQueue()
    for item in items:
        aside.do(partial(done.append, item))
    aside.finish()
    assert done == items


def test_what_goes_wrong_aside_is_told_at_the_latest_at_the_end():
    aside = BackgroundQueue()
    aside.do(lambda: [][0])
    with pytest.raises(IndexError):
        aside.finish()
