"""Several threads at work; what they make comes back in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar, cast

T = TypeVar("T")
R = TypeVar("R")


def in_order(function: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    """`function` of each item, in the items' order, made by `workers` threads.

    At most `workers` items are under way or waiting to be taken, so memory does not grow with their
    number. The first error stops the rest. NumPy leaves the other threads running while it works.
    """
    if workers == 1:
        yield from map(function, items)
        return
    waiting = iter(items)
    with ThreadPoolExecutor(workers, thread_name_prefix="tile") as pool:
        running = [pool.submit(function, item) for item in islice(waiting, workers)]
        try:
            while running:
                made = running.pop(0).result()
                running += [pool.submit(function, item) for item in islice(waiting, 1)]
                yield made
        finally:
            for future in running:
                future.cancel()


def prefetch(items: Iterable[T]) -> Iterator[T]:
    """The items, each fetched by another thread while the one before it is worked on.

    An error comes where its item would have come.
    """
    waiting = iter(items)
    end = object()
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        fetched = pool.submit(next, waiting, end)
        while (item := fetched.result()) is not end:
            fetched = pool.submit(next, waiting, end)
            yield cast(T, item)


class BackgroundQueue:
    """A thread that runs queued calls in order.

    One thing may wait while another is done, so memory does not grow. An error comes with a later call.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="aside")
        self._given: deque[Future[object]] = deque()

    def do(self, work: Callable[[], object]) -> None:
        """Give it `work`; waits while another is waiting already."""
        while len(self._given) > 1:
            self._given.popleft().result()
        self._given.append(self._pool.submit(work))

    def finish(self) -> None:
        """Wait until all is done; nothing can be given any more."""
        with self._pool:
            while self._given:
                self._given.popleft().result()


@contextmanager
def run_concurrently(work: Callable[[], R]) -> Iterator[Future[R]]:
    """`work` is done by another thread while the block runs; it is done when the block ends."""
    with ThreadPoolExecutor(1, thread_name_prefix="meanwhile") as pool:
        yield pool.submit(work)
