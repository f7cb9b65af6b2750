"""Broken marker lists by hand: those of every program with bytes, lines and numbers changed at random.

    python fuzz/markers.py 10000        # how many; a second number is the seed

A list is read, or is a ReportError of one printable line. Anything else stops here with the file kept, and so
does what takes longer than two seconds. Prints how many of each program were read and refused.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.reporting.marker_mutants import mutants, read_mutant  # noqa: E402

LONGEST_S = 2.0


def main(count: int, seed: int) -> None:
    path = Path(tempfile.mkdtemp()) / "broken"
    came: Counter[tuple[str, str]] = Counter()
    longest_s = 0.0
    for name, content, rate in mutants(seed, count):
        began = time.monotonic()
        try:
            came[name, read_mutant(path, content, rate)] += 1
        except BaseException:
            print(f"{name} at {rate}: {path}")
            raise
        took_s = time.monotonic() - began
        longest_s = max(longest_s, took_s)
        assert took_s < LONGEST_S, f"{name} at {rate} took {took_s:.1f} s: {path}"
    for name in sorted({name for name, _ in came}):
        print(f"{name:<24} read {came[name, 'markers']:>5}   refused {came[name, 'error']:>5}")
    print(f"{count} files, the longest took {longest_s * 1000:.0f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else 0)
