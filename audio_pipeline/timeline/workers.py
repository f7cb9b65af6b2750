"""Several threads at work on tiles; what they make comes back in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

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
