"""A batch file: presets, crossed values, languages and names of many mixes.

presets = ["final", "broadcast"]            # names or patterns; "*" is all
name = "{title}_{language}_{dropout.fade}"  # a studio template
reference = "en"                            # every language gets the cues and slots of this one
[set]                                       # for every mix
"grain.level" = "-62 dBFS"
[vary]                                      # all combinations of these values
"dropout.fade" = ["80ms", "250ms"]
[stems.fr]                                  # one table per language
voice_a = "stems/fr_a.wav"
set = { "voice_a.pan" = "base + R5" }       # for this language
[deliver]                                   # for every mix, with render-ending deliver
deliveries = ["netflix-nearfield", "theatrical"]
picture = "film.mov"                        # a preview with this picture, or with "black"
[[exclude]]                                 # mixes to leave out
preset = "broadcast"
"dropout.fade" = "80ms"
[[mix]]                                     # a single mix
preset = "final"
name = "final-quiet"
set = { "master.dialogue" = "-30 LUFS" }
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from math import prod
from pathlib import Path
from typing import Any

from audio_pipeline.errors import PresetError
from audio_pipeline.preset.complaints import shown_value
from audio_pipeline.preset.document import read_toml, value_of
from audio_pipeline.records import dataclass
from audio_pipeline.suggestions import did_you_mean

SUFFIX = ".batch.toml"
MOST_MIXES = 10_000
MOST_KEYS = 100
"""Limit of keys in `set`, and in `vary`; every mix has all of them."""
MOST_EXCLUDED = 1000
"""Limit of exclusions; every mix is compared with each."""
LONGEST_VALUE = 1000
"""Limit of characters in a value: every mix stores its values, and its name contains some."""

Values = Mapping[str, Any]

KEYS = ("presets", "name", "reference", "set", "vary", "stems", "exclude", "mix", "deliver")
DELIVER_KEYS = ("deliveries", "picture")
MIX_KEYS = ("preset", "name", "set", "language")
LANGUAGE_SET = "set"
"""The key of the values of a language; every other key is a voice."""


@dataclass(frozen=True)
class Matrix:
    """Presets with all combinations of values. `origin` is their source, for error messages.

    `stems` holds for each language the file of each voice, `language_sets` the values of each language.
    `exclude` holds value sets: a mix with all values of one of them is left out. `over` holds the
    values of a `[[mix]]`. `sets` holds the values of `--set`, which are part of the names unless `name`
    sets a template. `deliveries` are the deliveries of every mix, `picture` is the film file of
    their previews. `reference` is the language that sets the cues and slots of all others,
    `reference_stems` holds its files.
    """

    origin: str
    presets: tuple[str, ...]
    name: str | None = None
    set: Values = field(default_factory=dict)
    vary: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    stems: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    exclude: tuple[Values, ...] = ()
    reference: str | None = None
    reference_stems: Mapping[str, str] = field(default_factory=dict)
    language_sets: Mapping[str, Values] = field(default_factory=dict)
    over: Values = field(default_factory=dict)
    sets: Values = field(default_factory=dict)
    deliveries: tuple[str, ...] = ()
    picture: str | None = None

    def changes(self, language: str, varied: Values) -> list[tuple[str, Any, str]]:
        """The changes (key, value, origin) of one mix, in the order of application.

        The order: values for all mixes, for its language, for this mix alone, of `--set`, and the
        varied ones.
        """
        tables = [
            (self.origin, self.set),
            (f"{self.origin}: [stems.{language}]", self.language_sets.get(language, {})),
            (self.origin, self.over),
            ("--set", self.sets),
            (self.origin, varied),
        ]
        return [(key, value, origin) for origin, table in tables for key, value in table.items()]

    def count(self) -> int:
        """The number of mixes, including excluded ones."""
        return len(self.presets) * max(1, len(self.stems)) * prod(len(v) for v in self.vary.values())

    def varying(self, vary: Mapping[str, tuple[Any, ...]]) -> Matrix:
        """A copy with more crossed values; values of a key that already varies are replaced."""
        return replace(self, vary={**self.vary, **vary})


def read_batch_file(path: Path, shown: str) -> list[Matrix]:
    """The matrices of a batch file. Raises PresetError for an invalid one."""
    table = read_toml(path, shown, "batch file")
    for key in table:
        if key not in KEYS:
            raise _unknown(shown, key, KEYS)
    stems, sets = _languages(shown, table.get("stems", {}))
    reference = _reference(shown, table.get("reference"), stems)
    deliver = _deliver(shown, table.get("deliver", {}))
    whole = Matrix(
        shown,
        _texts(shown, "presets", table.get("presets", [])),
        _text(shown, "name", table.get("name")),
        _values(shown, "set", table.get("set", {})),
        _axes(shown, table.get("vary", {})),
        stems,
        tuple(_values(shown, "exclude", e) for e in _tables(shown, "exclude", table, MOST_EXCLUDED)),
        reference=reference,
        reference_stems={} if reference is None else stems[reference],
        language_sets=sets,
        deliveries=_deliveries(shown, deliver),
        picture=_text(shown, "deliver.picture", deliver.get("picture")),
    )
    mixes = [_mix(shown, whole, mix) for mix in _tables(shown, "mix", table, MOST_MIXES)]
    if not whole.presets and not mixes:
        raise PresetError(
            f"{shown} names no preset",
            hint='Write presets = ["final"], or presets = ["*"] for all.',
        )
    if not whole.presets and whole.vary:
        raise PresetError(
            f"{shown} varies values but names no preset", hint='Write presets = ["final"].'
        )
    return [*([whole] if whole.presets else []), *mixes]


def parse_vary(texts: Iterable[str]) -> dict[str, tuple[Any, ...]]:
    """The values of `--vary` options, "key=v1,v2"; commas in quotes or brackets belong to a value.

    Raises PresetError for an option without values, and for a repeated key.
    """
    axes: dict[str, tuple[Any, ...]] = {}
    for text in texts:
        key, equals, values = text.partition("=")
        key = key.strip()
        if not equals or not key:
            raise PresetError(
                f"--vary {text!r} is not key=value,value",
                hint="Write it like --vary dropout.fade=80ms,250ms,1s",
            )
        _refuse_more("--vary", len(axes) + 1, MOST_KEYS)
        if key in axes:
            raise PresetError(
                f"--vary {key} is given twice", hint=f"Write all values in one: --vary {key}=VALUE,VALUE"
            )
        axes[key] = tuple(value_of(value) for value in _split(values))
        _check_axis("--vary", key, axes[key])
    return axes


def parse_sets(texts: Iterable[str]) -> dict[str, Any]:
    """The values of `--set` options, "key=value". Raises PresetError for an invalid option."""
    values = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise PresetError(f"--set {text!r} is not key=value", hint="Write --set dropout.fade=80ms")
        values[key.strip()] = value_of(value.strip())
    return values


def refuse_too_many(matrices: Iterable[Matrix]) -> None:
    """Raise PresetError for more than 10 000 mixes, before values are combined."""
    count = sum(matrix.count() for matrix in matrices)
    if count > MOST_MIXES:
        raise PresetError(
            f"that would be {count:,} mixes; a batch has at most {MOST_MIXES:,}".replace(",", " "),
            hint="Cross fewer values, or render in several batches.",
        )


def _mix(shown: str, whole: Matrix, mix: dict[str, Any]) -> Matrix:
    for key in mix:
        if key not in MIX_KEYS:
            raise _unknown(f"{shown}: [[mix]]", key, MIX_KEYS)
    preset, language = mix.get("preset"), _text(shown, "mix.language", mix.get("language"))
    if not isinstance(preset, str) or not preset:
        raise PresetError(f"{shown}: a [[mix]] names no preset", hint='Write preset = "final" in it.')
    if language is not None and language not in whole.stems:
        raise _unknown(f"{shown}: [[mix]]", language, tuple(whole.stems), "language")
    return Matrix(
        shown,
        (preset,),
        _text(shown, "mix.name", mix.get("name")) or whole.name,
        whole.set,
        stems={} if language is None else {language: whole.stems[language]},
        reference=whole.reference,
        reference_stems=whole.reference_stems,
        language_sets=whole.language_sets,
        over=_values(shown, "mix.set", mix.get("set", {})),
        deliveries=whole.deliveries,
        picture=whole.picture,
    )


def _reference(shown: str, value: object, languages: Mapping[str, object]) -> str | None:
    reference = _text(shown, "reference", value)
    if reference is not None and reference not in languages:
        raise _unknown(f"{shown}: reference", reference, languages, "language")
    return reference


def _tables(shown: str, key: str, table: dict[str, Any], most: int) -> list[dict[str, Any]]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise PresetError(
            f"{shown}: {key} is {shown_value(value)}; it must be a list of tables",
            hint=f"Write [[{key}]].",
        )
    _refuse_more(f"{shown}: {key}", len(value), most)
    return value


def _values(shown: str, key: str, value: object) -> dict[str, Any]:
    """The values of a table by key; `dropout.fade` may be written with or without quotes."""
    if not isinstance(value, dict):
        raise PresetError(
            f"{shown}: {key} is {shown_value(value)}; it must be a table", hint=f"Write [{key}]."
        )
    found: dict[str, Any] = {}
    for name, below in value.items():
        if isinstance(below, dict):
            found |= {f"{name}.{n}": v for n, v in _values(shown, key, below).items()}
        else:
            found[name] = below
    _refuse_more(f"{shown}: {key}", len(found), MOST_KEYS)
    for name, found_value in found.items():
        for each in found_value if isinstance(found_value, list) else [found_value]:
            _refuse_long(f"{shown}: {key}.{name}", each)
    return found


def _refuse_more(place: str, count: int, most: int) -> None:
    if count > most:
        raise PresetError(
            f"{place} has {count} entries; at most {most} are allowed", hint="Use several batch files."
        )


def _refuse_long(place: str, value: object) -> None:
    if len(str(value)) > LONGEST_VALUE:
        raise PresetError(
            f"{place} has a value of more than {LONGEST_VALUE} characters", hint="Shorten it."
        )


def _axes(shown: str, value: object) -> dict[str, tuple[Any, ...]]:
    axes = _values(shown, "vary", value)
    for key, values in axes.items():
        if not isinstance(values, list):
            raise PresetError(
                f"{shown}: vary.{key} is {shown_value(values)}; it must be a list of values",
                hint='Write it like "dropout.fade" = ["80ms", "250ms"].',
            )
        _check_axis(f"{shown}: vary", key, tuple(values))
    return {key: tuple(values) for key, values in axes.items()}


def _check_axis(origin: str, key: str, values: tuple[Any, ...]) -> None:
    if not values or any(value == "" for value in values):
        raise PresetError(
            f"{origin}: {key} has no values" if not values else f"{origin}: {key} has an empty value",
            hint="Write values, or remove the key.",
        )
    _refuse_more(f"{origin}: {key}", len(values), MOST_MIXES)
    seen: set[str] = set()
    for value in values:
        _refuse_long(f"{origin}: {key}", value)
        if repr(value) in seen:
            raise PresetError(
                f"{origin}: {key} has the value {shown_value(value)} twice", hint="Remove one of them."
            )
        seen.add(repr(value))


def _languages(shown: str, value: object) -> tuple[dict[str, dict[str, str]], dict[str, Values]]:
    """The files of the voices, and the values, of each language."""
    if not isinstance(value, dict):
        raise PresetError(
            f"{shown}: stems is {shown_value(value)}; it must hold tables", hint="Write [stems.fr]."
        )
    stems: dict[str, dict[str, str]] = {}
    sets: dict[str, Values] = {}
    for language, table in value.items():
        if not isinstance(table, dict) or not table:
            raise PresetError(
                f"{shown}: stems.{language} names no files",
                hint='Write voice_a = "stems/fr_a.wav" under it.',
            )
        stems[language] = {voice: file for voice, file in table.items() if voice != LANGUAGE_SET}
        sets[language] = _values(shown, f"stems.{language}.set", table.get(LANGUAGE_SET, {}))
        for voice, file in stems[language].items():
            if not isinstance(file, str) or not file:
                raise PresetError(
                    f"{shown}: stems.{language}.{voice} is {shown_value(file)}; it must be the path of a file",
                    hint=f'Write {voice or "voice_a"} = "stems/{language}_{voice[-1:] or "a"}.wav".',
                )
    return stems, sets


def _deliver(shown: str, value: object) -> Mapping[str, object]:
    """The table `[deliver]`."""
    if not isinstance(value, dict):
        raise PresetError(
            f"{shown}: deliver is {shown_value(value)}; it must be a table",
            hint='Write [deliver], and under it deliveries = ["netflix-nearfield"].',
        )
    for key in value:
        if key not in DELIVER_KEYS:
            raise _unknown(shown, f"deliver.{key}", [f"deliver.{known}" for known in DELIVER_KEYS])
    return value


def _deliveries(shown: str, table: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_texts(shown, "deliver.deliveries", table.get("deliveries", []))))


def _texts(shown: str, key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
        raise PresetError(
            f"{shown}: {key} is {shown_value(value)}; it must be a list of names",
            hint=f'Write {key} = ["final"].',
        )
    _refuse_more(f"{shown}: {key}", len(value), MOST_MIXES)
    return tuple(value)


def _text(shown: str, key: str, value: object) -> str | None:
    if value is not None and (not isinstance(value, str) or not value):
        raise PresetError(
            f"{shown}: {key} is {shown_value(value)}; it must be text", hint=f'Write {key} = "…".'
        )
    return value


def _unknown(place: str, key: str, allowed: Iterable[str], what: str = "key") -> PresetError:
    names = list(allowed)
    meant = did_you_mean(key, names, "; {}")
    return PresetError(
        f"{place} has no {what} {key!r}{meant}", hint=f"There are: {', '.join(names) or 'none'}."
    )


_PIECE = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'|[\[{]|[\]}]|,|[^,"\'\[\]{}]+|.', re.DOTALL)


def _split(text: str) -> list[str]:
    """`text`, split at commas outside quotes and brackets."""
    if not text.strip():
        return []
    values, depth = [""], 0
    for piece in _PIECE.findall(text):
        depth += (piece in "[{") - (piece in "]}")
        if piece == "," and depth == 0:
            values.append("")
        else:
            values[-1] += piece
    return [value.strip() for value in values]
