"""Fuzz presets, `--set` texts, stems, batch files and the cache by hand, many more than the tests do.

    python fuzz/by_hand.py presets 20000        tables by structure, and bytes of shipped presets
    python fuzz/by_hand.py sets 20000           texts of --set
    python fuzz/by_hand.py stems 20000          bytes of audio files of every format
    python fuzz/by_hand.py lists 5000           reports and marker lists
    python fuzz/by_hand.py batches 5000         batch files by structure and by bytes, and --vary
    python fuzz/by_hand.py cache 20000          entries of the cache
    python fuzz/by_hand.py watch 1000           files of a mix that is watched

Prints how many were accepted and refused; stops at the first that breaks tests/hostile/law.py.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "hostile")]

from hypothesis import HealthCheck, given, settings  # noqa: E402 - after the path is set
from hypothesis import strategies as st  # noqa: E402

from audio_pipeline.jobs import watch  # noqa: E402
from tests.conftest import make_project  # noqa: E402
from tests.hostile.batch_makers import (  # noqa: E402
    batch_by_bytes,
    batch_by_structure,
    plan_batch,
    use_entry,
    use_vary,
)
from tests.hostile.law import plan, plan_bytes, refusal  # noqa: E402
from tests.hostile.list_makers import mutated_markers, mutated_report, read_markers, read_report_of  # noqa: E402
from tests.hostile.preset_makers import mutated, presets  # noqa: E402
from tests.hostile.set_makers import sets  # noqa: E402
from tests.hostile.stem_makers import mutated_stem, use_stem  # noqa: E402
from tests.hostile.watch_chaos import Chaos  # noqa: E402


def by_structure(strategy: st.SearchStrategy, law, count: int) -> None:
    """Hypothesis's examples of `strategy`, `count` of them, held to `law`."""
    never = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run = settings(max_examples=count, deadline=None, database=None, suppress_health_check=never)
    run(given(strategy)(law))()


def main() -> None:
    what, count = sys.argv[1], int(sys.argv[2])
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    outcomes: Counter[str] = Counter()
    started = time.perf_counter()
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder))

        def told(refused: object, began: float) -> None:
            nonlocal slowest
            slowest = max(slowest, time.perf_counter() - began)
            outcomes["refused" if refused else "accepted"] += 1

        def preset(content: bytes) -> None:
            began = time.perf_counter()
            told(plan_bytes(project, content), began)

        def set_texts(texts: list[str]) -> None:
            began = time.perf_counter()
            told(refusal(lambda: plan(project, "short", tuple(texts))), began)

        def numbered(seed: int, law) -> None:
            began = time.perf_counter()
            try:
                told(law(seed), began)
            except BaseException:
                print(f"seed {seed} breaks the law", file=sys.stderr)
                raise

        if what == "presets":
            by_structure(presets(), preset, count // 2)
            for seed in range(first, first + count // 2):
                numbered(seed, lambda s: plan_bytes(project, mutated(s)))
        elif what == "sets":
            by_structure(sets, set_texts, count)
        elif what == "stems":
            for seed in range(first, first + count):
                numbered(seed, lambda s: use_stem(Path(folder), mutated_stem(s)))
        elif what == "lists":
            for seed in range(first, first + count):
                numbered(seed, lambda s: read_report_of(Path(folder), mutated_report(s)))
                numbered(seed, lambda s: read_markers(Path(folder), mutated_markers(s)))
        elif what == "batches":
            for seed in range(first, first + count):
                numbered(seed, lambda s: plan_batch(project, batch_by_structure(s)))
                numbered(seed, lambda s: plan_batch(project, batch_by_bytes(s)))
                numbered(seed, lambda s: use_vary(project, s))
        elif what == "cache":
            for seed in range(first, first + count):
                numbered(seed, lambda s: not use_entry(Path(folder) / "cache", s))
        elif what == "watch":
            watch.LOOK_EVERY_S = 0.0
            chaos = Chaos(Path(folder))
            for seed in range(first, first + count):
                numbered(seed, chaos.step)
        else:
            sys.exit(__doc__)
    took = time.perf_counter() - started
    print(f"{what}: {dict(outcomes)}, slowest {slowest:.2f} s, {took:.0f} s in all")


if __name__ == "__main__":
    main()
