"""Makers of batch files and `--vary` texts that nobody would write, and of damaged entries of the cache."""

from __future__ import annotations

import os
import random
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from audio_pipeline.errors import AudioPipelineError
from audio_pipeline.jobs.batch.plan import matrices_of, plan
from audio_pipeline.memo.store import Cache
from audio_pipeline.preset.batch_file import parse_sets, parse_vary
from audio_pipeline.preset.project import Project
from tests.hostile.law import refusal, time_limit
from tests.hostile.preset_makers import WORDS, toml

GOOD = """
presets = ["short", "head*"]
name = "{title}_{preset}_{language}_{dropout.fade}_{version}"
[set]
"grain.level" = "-62 dBFS"
[vary]
"dropout.fade" = ["80ms", "250ms"]
version = ["a", "b"]
[stems.fr]
voice_a = "stems/voice_b.flac"
[stems.de]
voice_b = "stems/voice_a.flac"
set = { "dropout.fade" = "base + 10ms" }
[[exclude]]
preset = "short"
"dropout.fade" = "80ms"
[[mix]]
preset = "final"
name = "final-quiet"
set = { "master.dialogue" = "-30 LUFS" }
"""
FAIR = {
    "dropout.fade": ["80ms", "250ms", "1s", "6f"],
    "grain.level": ["-62 dBFS", "-40 dBFS"],
    "title": ["A", "B c", *WORDS[-10:]],
    "version": ["1", "2"],
    "seed": [1, 2, 3],
    "cues.black": ["9s", "voice_b.tail + 6s"],
    "layers.breath.on": [True, False],
    "master.dialogue": ["-24 LUFS", "-30 LUFS"],
}
"""Keys with values that are right in themselves."""
PRESETS = [
    "short",
    "final",
    "hard-cut",
    "h*",
    "*",
    "[a-",
    "nothing",
    "short.toml",
    "/etc/passwd",
    "../short",
]


def _value(rng: random.Random) -> object:
    return rng.choice(
        [
            *(
                rng.choice(WORDS),
                rng.choice(WORDS),
                "80ms",
                "-60 dBFS",
                7,
                1.5,
                True,
                [],
                {},
                "x" * 2000,
            ),
            *(
                ["80ms", "1s"],
                ["a", "a"],
                [1, 1.0, True],
                [[1], [1]],
                {"a": {"b": 1}},
                [{}],
                ["raw:nan"] * 2,
            ),
            *(10**18, "raw:1979-05-27", [f"{n}ms" for n in range(rng.choice([3, 200, 20_000]))]),
        ]
    )


def _line(rng: random.Random, table: str) -> str:
    """A key and its value, mostly as that table wants them."""
    if rng.random() < 0.1:
        return f"{toml(rng.choice([*FAIR, *WORDS]))} = {toml(_value(rng))}"
    key = rng.choice(list(FAIR))
    value: object = rng.choice(FAIR[key])
    match table:
        case "vary":
            value = rng.sample(FAIR[key], rng.randrange(1, len(FAIR[key]) + 1))
        case "stems.fr" | "stems.de":
            key = rng.choice(["voice_a", "voice_b", "voice_a", "voice_b", "breath", "nobody"])
            value = rng.choice(
                ["stems/voice_a.flac", "stems/voice_b.flac", "../x.flac", "stems", *WORDS]
            )
            if rng.random() < 0.2:
                own = rng.choice(list(FAIR))
                key, value = "set", rng.choice([{own: rng.choice(FAIR[own])}, {}, 3, value])
        case "[mix]":
            key, value = rng.choice(
                [("language", "fr"), ("name", rng.choice(WORDS)), ("set", {key: value}), ("set", {})]
            )
    return f"{toml(key)} = {toml(value)}"


def batch_by_structure(seed: int) -> bytes:
    """A batch file with the tables that there are, and keys and values in them, mostly right ones."""
    rng = random.Random(seed)
    lines = [
        f"presets = {toml(rng.choices(PRESETS, [9, 2, 2, 1, 1, 1, 1, 1, 1, 1], k=rng.choice([1, 1, 2])))}"
    ]
    if rng.random() < 0.6:
        keys = ["preset", "language", "seed", "title", "dropout.fade", "version", "nothing"]
        template = "_".join(f"{{{key}}}" for key in rng.sample(keys, 3))
        lines.append(f"name = {toml(rng.choice([template, template, '{', '{}', *WORDS[-14:]]))}")
    for table in rng.sample(
        ["set", "vary", "stems.fr", "stems.de", "[exclude]", "[mix]"], rng.choice([1, 2, 3])
    ):
        own = {_line(rng, table).partition(" = ")[::2] for _ in range(rng.choice([1, 1, 2]))}
        lines += [f"[{table}]", *(['preset = "short"'] if table == "[mix]" else [])]
        lines += [f"{key} = {value}" for key, value in sorted(dict(own).items())]
    return "\n".join(lines).encode()


def batch_by_bytes(seed: int) -> bytes:
    """The good batch file with bytes changed, cut, doubled, or words put in."""
    rng = random.Random(seed)
    data = bytearray(GOOD.encode())
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        at, length = rng.randrange(len(data) + 1), rng.choice([1, 1, 2, 5, 40])
        match rng.randrange(4):
            case 0:
                data[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del data[at : at + length]
            case 2:
                data[at:at] = data[at : at + length] * rng.choice([1, 1, 2, 50])
            case 3:
                data[at:at] = rng.choice([b"=", b"[", b"]]", b'"', b"{", rng.choice(WORDS).encode()])
    return bytes(data)


def plan_batch(project: Project, content: bytes) -> AudioPipelineError | None:
    """All that happens to a batch file of these bytes before anything is rendered."""
    path = project.presets / "hostile.batch.toml"
    path.write_bytes(content)
    return refusal(lambda: plan(project, matrices_of(project, [str(path)], False), project.root / "out"))


def use_vary(project: Project, seed: int) -> AudioPipelineError | None:
    """Plan mixes of `short` with options that nobody would write."""
    rng = random.Random(seed)
    texts = []
    for key in rng.sample(list(FAIR), rng.choice([1, 1, 2, 3])):
        fair = ",".join(map(str, rng.sample(FAIR[key], rng.choice([1, 2]))))
        odd = rng.choice(
            [rng.choice(WORDS), toml(_value(rng)), '"a,b",c', "[1,2", "{a,", ",,", "[" * 9000]
        )
        value = fair if rng.random() < 0.7 else odd
        texts.append(f"{key}={value}" if rng.random() < 0.95 else rng.choice([value, "=" * 5000]))

    def planned() -> None:
        parse_sets(texts)
        matrices = [m.varying(parse_vary(texts)) for m in matrices_of(project, ["short"], False)]
        plan(project, matrices, project.root / "out")

    return refusal(planned)


@cache
def _entry() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        kept = Cache(Path(folder))
        kept.put("k", _parts(), _NOTE)
        return (Path(folder) / "k.kept").read_bytes()


_NOTE = {"did": ["a", 1.5], "warnings": []}


def _parts() -> tuple[np.ndarray | None, ...]:
    x = np.random.default_rng(1).standard_normal((700, 2))
    return x, None, x[:1], x[:0]


def use_entry(folder: Path, seed: int) -> bool:
    """Put something damaged into the place of a cache's entry. It is what was put there, or missing; and
    something new can be put, unless the place is taken by what is not the cache's. Whether it was found."""
    rng = random.Random(seed)
    kept, path = Cache(folder), folder / "k.kept"
    folder.mkdir(exist_ok=True)
    data = bytearray(_entry())
    kind = rng.randrange(12)
    for _ in range(rng.choice([1, 1, 2, 8])):
        at = rng.randrange(rng.choice([24, 120, len(data)]))
        match kind:
            case 0 | 1 | 2:
                data[at % len(data)] ^= 1 << rng.randrange(8)
            case 3:
                data = data[: rng.randrange(len(data) + 1)] or bytearray(b"x")
            case 4:
                data[at:at] = rng.randbytes(rng.choice([1, 8, 4096]))
            case 5:
                data[8:24] = rng.randbytes(16)
            case 6:
                data[at : at + 1] = rng.choice([b"9" * 30, b"-", b"[", b"{", b'"', b"null", b"1e999"])
    path.write_bytes(data)
    if kind >= 7:
        path.unlink()
        match kind:
            case 7:
                path.mkdir()
            case 8:
                os.mkfifo(path)
            case 9:
                path.symlink_to(rng.choice(["k.kept", "/dev/zero", "/etc/passwd", "nothing", "."]))
            case 10:
                with path.open("wb") as file:
                    file.write(_entry()[:24])
                    file.truncate(rng.choice([1 << 33, 1 << 40]))
            case 11:
                path.write_bytes(_entry())
                path.chmod(0)
    is_own = _has_mark(path)
    with time_limit():
        found = kept.get("k")
        kept.put("k", _parts(), _NOTE)
        again = kept.get("k")
        kept.tidy()
    for entry in (found, again):
        if entry is not None:
            assert entry.note == _NOTE
            for part, wanted in zip(entry.parts, _parts(), strict=True):
                assert (part is None) == (wanted is None)
                assert part is None or part.tobytes() == wanted.tobytes()
    assert (again is not None) == is_own
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
    return found is not None


def _has_mark(path: Path) -> bool:
    """Whether `path` is a file that begins as an entry does, or has lost what it began with."""
    if path.is_symlink() or not path.is_file() or not os.access(path, os.R_OK):
        return False
    with path.open("rb") as file:
        return file.read(8) in (b"RENDKEPT", bytes(8), b"")
