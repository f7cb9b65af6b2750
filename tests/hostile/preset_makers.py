"""Makers of presets that nobody would write: by structure (Hypothesis, from the schema) and by bytes."""

from __future__ import annotations

import random
from functools import cache

from hypothesis import strategies as st

from audio_pipeline.preset.model import Head, Leader, Master, Picture
from audio_pipeline.preset.registry import EFFECTS, LAYERS
from tests.conftest import REPOSITORY

KEYS = {kind: sorted(cls.model_fields) for kind, cls in {**LAYERS, **EFFECTS}.items()}
DEFAULTS = {
    kind: cls.model_construct().model_dump(mode="json") for kind, cls in {**LAYERS, **EFFECTS}.items()
}
"""What each kind's parameters are when nobody says anything: values that are right in themselves."""
SOUNDS = {
    "layers": ["voice_a", "voice_b", "grain", "room", "projector", "breath", "exhale", "new", "x1"],
    "effects": ["crossfade", "echo", "space", "dropout", "new", "grain"],
}
TABLES = {
    "picture": sorted(Picture.model_fields),
    "master": sorted(Master.model_fields),
    "leader": sorted(Leader.model_fields),
    "cues": ["start", "black", "dropout", "silence", "end", "breath", "voice_a", "loop", "Ä", "a.b"],
}
WORDS = [
    *("8s", "250ms", "132f", "6h", "0s", "-1s", "1e9s", "01:00:05:12", "24:00:00:00", "01:00:00;00"),
    *("90+08", "90+99", "black + 6s", "end - 1s", "voice_b.tail", "echo.tail", "new.at", "nothing"),
    *("black - black", "- 8 s", "8 s + 3 f - 1 h", "٣s", "8s + ", "+ 8s", "end", "start", "silence"),
    *("-60 dBFS", "-27 LUFS", "-2 dBTP", "6 dB", "off", "2.5 kHz", "0 Hz", "12%", "101%", "13 /min"),
    *("L100", "C", "R30", "R101", "final", "short", "headphones", "DX", "qsin", "16mm", "29.97df"),
    *("", " ", "~", "~/.bashrc", "..", "../x.flac", "/etc/passwd", "stems/voice_a.flac", "stems", "a/b"),
    *("\0", "\n", "\x1b[31m", "\u202egnp", "\U0001f3ac", "[red]x[/red]", "<b>&", "=1+1", "%s", "{0}"),
]


@cache
def shipped() -> list[bytes]:
    """The presets of this repository, as bytes."""
    return [path.read_bytes() for path in sorted((REPOSITORY / "presets").glob("*.toml"))]


def toml(value: object) -> str:
    """`value` as TOML; a text that begins with "raw:" goes in as it is."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        if value.startswith("raw:"):
            return value[4:]
        inside = "".join(c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in value)
        return f'"{inside}"'
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(k)} = {toml(v)}" for k, v in value.items()) + "}"
    return str(value)


texts = st.one_of(
    st.sampled_from(WORDS),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.builds("{}{}".format, st.sampled_from(WORDS), st.sampled_from(WORDS)),
    st.builds(lambda word, n: word * n, st.sampled_from(WORDS), st.sampled_from([2, 30, 3000])),
)
numbers = st.one_of(
    st.integers(-100, 100),
    st.sampled_from([2**31, 2**63 - 1, 2**63, -(2**63) - 1, 10**400]),
    st.sampled_from(["raw:0x" + "f" * 5000, "raw:" + "9" * 5000, "raw:nan", "raw:-inf", "raw:1e400"]),
    st.floats(allow_nan=False, allow_infinity=False),
)
plain = st.one_of(
    texts, numbers, st.booleans(), st.sampled_from(["raw:1979-05-27", "raw:07:32:00", "raw:{"])
)
values = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(["kind", "on", "a"]), texts), inner, max_size=3),
    ),
    max_leaves=12,
)


@st.composite
def tables(draw: st.DrawFn) -> str:
    """One table of a preset: its head and some keys, known ones mostly, with any values."""
    shelf = draw(st.sampled_from([*SOUNDS, *SOUNDS, *TABLES]))
    if shelf in TABLES:
        head, keys, right = shelf, TABLES[shelf], {}
        lines = []
    else:
        kind = draw(st.sampled_from(sorted(KEYS)))
        head = f"{shelf}.{draw(st.sampled_from(SOUNDS[shelf]))}"
        keys, right = KEYS[kind], DEFAULTS[kind]
        lines = [f'kind = "{kind}"'] if draw(st.booleans()) else []
    names = st.one_of(*[st.sampled_from(keys)] * 4, texts)
    for name in draw(st.lists(names, max_size=4, unique=True)):
        fair = [value] if (value := right.get(name)) is not None else WORDS[:20]
        lines.append(f"{toml(name)} = {toml(draw(st.one_of(st.sampled_from(fair), values)))}")
    return "\n".join([f"[{head}]", *lines])


@st.composite
def presets(draw: st.DrawFn) -> bytes:
    """A whole preset, most of them extending `final`."""
    lines = ['extends = "final"'] if draw(st.integers(0, 9)) else []
    heads = st.one_of(
        *[st.sampled_from(sorted(Head.model_fields))] * 3, st.sampled_from(["extends", "x"])
    )
    for name in draw(st.lists(heads, max_size=2, unique=True)):
        lines.append(f"{name} = {toml(draw(values))}")
    blocks = draw(st.lists(tables(), max_size=4))
    return "\n".join([*lines, *blocks]).encode()


def mutated(seed: int) -> bytes:
    """One of the shipped presets with some bytes changed, cut, doubled or exchanged with another's."""
    rng = random.Random(seed)
    data = bytearray(rng.choice(shipped()))
    if b"extends" not in data or rng.random() < 0.3:
        data = bytearray(b'extends = "final"\n') + bytearray(rng.choice(shipped()))
    for _ in range(rng.choice([1, 1, 1, 2, 4, 16])):
        at, length = rng.randrange(len(data) + 1), rng.choice([1, 1, 2, 5, 40, 400])
        match rng.randrange(7):
            case 0:
                data[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del data[at : at + length]
            case 2:
                data[at:at] = data[at : at + length] * rng.choice([1, 1, 2, 50])
            case 3:
                other = rng.choice(shipped())
                start = rng.randrange(len(other))
                data[at:at] = other[start : start + length]
            case 4:
                data[at:at] = rng.choice(WORDS).encode()
            case 5:
                data[at:at] = rng.choice([b"=", b"[", b"]]", b"{", b'"""', b"'", b".", b"\n[", b"\\u"])
            case 6:
                digits = [i for i, byte in enumerate(data) if 48 <= byte < 58]
                for i in rng.sample(digits, min(3, len(digits))):
                    data[i] = rng.choice(b"0123456789.-+:e")
    return bytes(data)
