"""Worker threads that return their results in order."""

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
    """`function` of each item, in the order of the items, computed by `workers` threads.

    At most `workers` items are in progress or not yet consumed, so memory does not grow with the number of
    items. The first error stops the rest. The threads run in parallel because NumPy releases the GIL.
    """
    if workers == 1:
        yield from map(function, items)
        return
    waiting = iter(items)
    with ThreadPoolExecutor(workers, thread_name_prefix="tile") as pool:
        running = [pool.submit(function, item) for item in islice(waiting, workers)]
        try:
            while running:
                made = [running.pop(0).result()]
                running += [pool.submit(function, item) for item in islice(waiting, 1)]
                yield made.pop()  # nothing here keeps the result while the next one is awaited
        finally:
            for future in running:
                future.cancel()


def prefetch(items: Iterable[T]) -> Iterator[T]:
    """The items, each fetched by a thread while the caller processes the previous one.

    An error is raised at the position of its item.
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

    At most one call waits while another runs, so memory does not grow. An error is raised by a later call.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="aside")
        self._given: deque[Future[object]] = deque()

    def do(self, work: Callable[[], object]) -> None:
        """Queue `work`; blocks while another call is waiting."""
        while len(self._given) > 1:
            self._given.popleft().result()
        self._given.append(self._pool.submit(work))

    def finish(self) -> None:
        """Wait for all queued calls; the queue accepts no more calls."""
        with self._pool:
            while self._given:
                self._given.popleft().result()


@contextmanager
def run_concurrently(work: Callable[[], R]) -> Iterator[Future[R]]:
    """Run `work` in another thread during the `with` block; the block's end waits for it."""
    with ThreadPoolExecutor(1, thread_name_prefix="meanwhile") as pool:
        yield pool.submit(work)
