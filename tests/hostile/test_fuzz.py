"""A small share of the fuzzing that fuzz/by_hand.py does: it works, or is refused in one line."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio_pipeline.preset.project import Project
from tests.conftest import REPOSITORY, make_project
from tests.hostile.batch_makers import (
    batch_by_bytes,
    batch_by_structure,
    plan_batch,
    use_entry,
    use_vary,
)
from tests.hostile.law import plan, plan_bytes, refusal, time_limit
from tests.hostile.list_makers import mutated_markers, mutated_report, read_markers, read_report_of
from tests.hostile.preset_makers import mutated, presets
from tests.hostile.set_makers import sets
from tests.hostile.stem_makers import mutated_stem, use_stem
from tests.hostile.watch_chaos import Chaos

quick = settings(
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ],
)
seeds = st.integers(0, 2**32)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return make_project(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def chaos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chaos]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("audio_pipeline.jobs.watch.LOOK_EVERY_S", 0.0)
        yield Chaos(tmp_path_factory.mktemp("watched"))


@settings(quick, max_examples=150)
@given(content=presets())
def test_any_table_of_any_values_is_a_preset_or_is_refused(film: Project, content: bytes) -> None:
    plan_bytes(film, content)


@settings(quick, max_examples=150)
@given(seed=seeds)
def test_a_preset_with_other_bytes_is_a_preset_or_is_refused(film: Project, seed: int) -> None:
    plan_bytes(film, mutated(seed))


@settings(quick, max_examples=100)
@given(texts=sets)
def test_any_set_is_obeyed_or_refused(film: Project, texts: list[str]) -> None:
    refusal(lambda: plan(film, "short", tuple(texts)))


@settings(quick, max_examples=60)
@given(seed=seeds)
def test_a_stem_with_other_bytes_is_used_or_refused(film: Project, seed: int) -> None:
    use_stem(film.root, mutated_stem(seed))


@settings(quick, max_examples=100)
@given(seed=seeds)
def test_a_report_with_other_values_is_compared_or_refused(film: Project, seed: int) -> None:
    read_report_of(film.root, mutated_report(seed))


@settings(quick, max_examples=100)
@given(seed=seeds)
def test_a_marker_list_with_other_bytes_is_read_or_refused(film: Project, seed: int) -> None:
    read_markers(film.root, mutated_markers(seed))


@settings(quick, max_examples=25)
@given(seed=seeds)
def test_any_batch_file_is_a_plan_or_is_refused(film: Project, seed: int) -> None:
    plan_batch(film, batch_by_structure(seed))
    plan_batch(film, batch_by_bytes(seed))
    use_vary(film, seed)


@settings(quick, max_examples=200)
@given(seed=seeds)
def test_an_entry_of_the_cache_is_what_was_put_there_or_missing(film: Project, seed: int) -> None:
    use_entry(film.root / "cache", seed)


@settings(quick, max_examples=12)
@given(seed=seeds)
def test_a_watched_mix_outlives_what_happens_to_its_files(chaos: Chaos, seed: int) -> None:
    chaos.step(seed)


ONE = 'presets = ["short"]\n'
HEAVY_BATCHES = {
    "many values": lambda n: f"{ONE}[vary]\nseed = {list(range(n // 8))}",
    "many patterns": lambda n: "presets = [" + '"*",' * (n // 4) + "]",
    "many exclusions": lambda n: ONE + '[[exclude]]\npreset="short"\n' * (n // 29),
    "many mixes": lambda n: ONE + '[[mix]]\npreset="short"\n' * (n // 24),
    "many keys": lambda n: f"{ONE}[set]\n" + "".join(f"a{i}=1\n" for i in range(n // 9)),
    "many languages": lambda n: ONE + "".join(f"[stems.a{i}]\nv='x'\n" for i in range(n // 22)),
    "long values": lambda n: f"{ONE}[vary]\ntitle = {['x' * (n // 2), 'y' * (n // 2)]}",
    "a long name": lambda n: f"{ONE}name = '{'{preset}' * (n // 8)}'",
    "deep keys": lambda n: f"{ONE}[set]\n" + ".".join(["a"] * (n // 2)) + "=1",
}


@pytest.mark.parametrize("case", HEAVY_BATCHES)
def test_a_batch_file_as_large_as_may_be_is_refused_within_seconds(film: Project, case: str) -> None:
    assert plan_batch(film, HEAVY_BATCHES[case](990_000).encode()) is not None


def test_the_corpus_of_the_coverage_guided_fuzzer_breaks_nothing(film: Project) -> None:
    with zipfile.ZipFile(REPOSITORY / "fuzz" / "corpus.zip") as corpus:
        assert len(corpus.namelist()) > 100
        for name in corpus.namelist():
            plan_bytes(film, corpus.read(name))


GROWING = {
    "a key of many parts": lambda n: ".".join(["a"] * (n // 2)) + " = 1",
    "many keys of many parts": lambda n: "\n".join(f"a{i}{'.a' * 30} = 1" for i in range(n // 70)),
    "a head of many parts": lambda n: f"[{'.'.join(['a'] * (n // 2))}]",
    "many dots": lambda n: "." * n,
    "many quotes": lambda n: "'\"" * (n // 2),
    "blanks": lambda n: "a" + " " * n,
    "a long number": lambda n: "seed = " + "1" * n,
    "a long hexadecimal number": lambda n: "seed = 0x" + "f" * n,
    "a long fraction": lambda n: "seed = 1." + "1" * n,
    "a long text": lambda n: f'title = "{"x" * n}"',
    "a long level": lambda n: f'[layers.grain]\nlevel = "-{"1" * n} dBFS"',
    "a long list": lambda n: f"title = [{'1,' * (n // 2)}]",
    "deep lists": lambda n: "title = " + "[" * n + "]" * n,
    "deep tables": lambda n: "title = " + "{a=" * (n // 3) + "1" + "}" * (n // 3),
    "many cues": lambda n: "[cues]\n" + "\n".join(f'c{i} = "1s"' for i in range(n // 12)),
    "a chain of cues": lambda n: (
        "[cues]\n"
        + "".join(f'c{i} = "c{i + 1} + 1s"\n' for i in range(min(n // 20, 990)))
        + f'c{min(n // 20, 990)} = "0s"'
    ),
    "cues that double": lambda n: (
        "[cues]\n"
        + "".join(f'c{i} = "c{i + 1} + c{i + 1} - c{i + 1}"\n' for i in range(min(n // 40, 100)))
        + f'c{min(n // 40, 100)} = "1s"'
    ),
    "many layers": lambda n: "".join(f'[layers.x{i}]\nkind = "grain"\n' for i in range(n // 30)),
    "a list of times": lambda n: "[cues]\nblack = [" + '"1s", ' * (n // 6) + "]",
    "a long unknown key": lambda n: "x" * n + " = 1",
    "a long unknown kind": lambda n: f'[layers.x]\nkind = "{"x" * n}"',
    "a long name to extend": lambda n: f'extends = "{"x" * n}"',
    "a long path": lambda n: f'[layers.voice_a]\nstem = "{"x/" * (n // 2)}x.flac"',
    "many comments": lambda n: "#\n" * (n // 2),
    "many quoted escapes": lambda n: 'title = "' + "\\u0041" * (n // 6) + '"',
}


@pytest.mark.parametrize("case", GROWING)
def test_what_a_preset_costs_grows_no_faster_than_its_size(film: Project, case: str) -> None:
    def cost_s(size: int) -> float:
        text = GROWING[case](size)
        head = "" if text.startswith("extends") else 'extends = "short"\n'
        started = time.process_time()
        plan_bytes(film, (head + text).encode())
        return time.process_time() - started

    small, large = cost_s(20_000), cost_s(160_000)
    assert large < 0.1 + 24 * small  # eight times the size; three times over for the noise of a clock


def test_a_preset_as_large_as_may_be_takes_seconds(film: Project) -> None:
    lines = "".join(f'key{n} = "{n}"\n' for n in range(50_000))
    with time_limit():
        assert plan_bytes(film, lines[:999_000].encode()) is not None
