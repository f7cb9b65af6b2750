"""Values that an earlier version accepted: each raises an error that names its replacement."""

from __future__ import annotations

import re
from typing import Any

from audio_pipeline.preset.complaints import complain, dotted, shown_value
from audio_pipeline.preset.document import Document, Key
from audio_pipeline.timeline.moments import MINUS

_LOUDNESS = re.compile(rf" *([-+{MINUS}]?[0-9]+(?:\.[0-9]+)?) *LUFS *")


def refuse_retired_values(document: Document) -> None:
    """Raise PresetError for the loudness of a voice and for the target of a mix anchored on dialogue."""
    table = document.table
    master, layers = table.get("master"), table.get("layers")
    if isinstance(layers, dict):
        _refuse_loudness_of_a_voice(document, layers)
    if isinstance(master, dict) and "target" in master:
        _refuse_target_of_the_dialogue(document, master)


def _refuse_loudness_of_a_voice(document: Document, layers: dict[str, Any]) -> None:
    found = {
        name: loudness
        for name, layer in layers.items()
        if isinstance(layer, dict)
        and layer.get("kind") == "voice"
        and (loudness := _loudness(layer.get("level"))) is not None
    }
    for name, loudness in found.items():
        key = ("layers", name, "level")
        others = [other for of, other in found.items() if of != name]
        against = loudness - max(others) if others else 0.0
        raise complain(
            document,
            key,
            f"is {shown_value(layers[name]['level'])}; a voice's level is in dB against the other voice",
            f"Write {_line(document.origin(key), key, f'{round(against, 6) + 0.0:g} dB')} here; "
            '[master] dialogue = "-27 LUFS" is the loudness of both voices together.',
        )


def _refuse_target_of_the_dialogue(document: Document, master: dict[str, Any]) -> None:
    """Raise PresetError for a target; one from a base is allowed when an alternate anchors on dialogue."""
    key = ("master", "target")
    anchor = master.get("anchor", "dialogue")
    if anchor != "dialogue" or _written(document, key) < _written(document, ("master", "anchor")):
        return
    loudness = _loudness(master["target"])
    value = "-27 LUFS" if loudness is None else f"{loudness:g} LUFS"
    raise complain(
        document,
        key,
        f'is {shown_value(master["target"])}; target goes with anchor = "programme", and the anchor of '
        "this mix is the dialogue",
        f"Write {_line(document.origin(key), ('master', 'dialogue'), value)} instead.",
    )


def _loudness(value: object) -> float | None:
    match = _LOUDNESS.fullmatch(value) if isinstance(value, str) else None
    return None if match is None else float(match[1].replace(MINUS, "-"))


def _written(document: Document, key: Key) -> int:
    """The rank of the origin of `key`: a base comes before a preset that extends it, --set after all files."""
    origin = document.origins.get(key)
    if origin is None:
        return -1
    files: list[str] = []
    above: Document | None = document
    while above is not None:
        files.insert(0, above.origin(()))
        above = above.base
    return files.index(origin) if origin in files else len(files)


def _line(origin: str, key: Key, value: str) -> str:
    """The line or option that sets `key` to `value` in `origin`."""
    if origin.startswith("--"):
        return f'{origin} {dotted(key)}="{value}"'
    return f'[{dotted(key[:-1])}] {key[-1]} = "{value}"'
