"""The names of files: studio templates filled from a preset, and the limits of file systems."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from audio_pipeline.errors import PresetError
from audio_pipeline.preset.explain import flat, value_at
from audio_pipeline.preset.model import Preset

LONGEST_BYTES = 200
"""Limit of a mix's name: 255, the limit of file systems, less the suffix during writing."""

_FORBIDDEN = '/\\:*?"<>|'
_PORTS = {f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"}
_RESERVED = {"con", "prn", "aux", "nul", "conin$", "conout$"} | _PORTS
_FIELD = re.compile(r"\{([^{}]*)\}")
_EMPTY = "\0"
"""Marks an empty field until the name is complete; names and values cannot contain it."""
_GAP = re.compile(rf"([_. -]?){_EMPTY}+([_. -]?)")
_SECONDS = re.compile(r"\d{1,15}", re.ASCII)

TEMPLATE_KEYS = {
    "preset": "the preset's name",
    "title": "the film's title",
    "version": "the version of the mix",
    "type": "MIX, ME or the buses of the mix; DX, FX, BG or ME on stems",
    "field": "TH for theatrical, HP for headphones, NF for near-field",
    "language": "language of the stems, from the batch or the preset",
    "reel": "the reel of the film",
    "date": "date, e.g. 20261127; from SOURCE_DATE_EPOCH if set",
    "channels": "2.0 as 20",
    "rate": "48k or 96k",
    "bits": "16 or 24",
    "fps": "picture rate without its point: 24, 2398, 2997df",
    "delivery": "the delivery that the mix is checked against",
    "seed": "the seed of all noise",
}


def template_values(preset: Preset, language: str = "") -> Mapping[str, str]:
    """The value of each template key for a preset; the keys of the preset itself are included."""
    buses, delivery = set(preset.master.buses), preset.master.delivery
    field = "TH" if delivery in ("theatrical", "trailer") else "NF"
    own = {
        "preset": preset.name,
        "title": preset.head.title,
        "version": preset.head.version,
        "type": {
            frozenset({"DX", "FX", "BG"}): "MIX",
            frozenset({"FX", "BG"}): "ME",
        }.get(frozenset(buses), "".join(sorted(buses))),
        "field": "HP" if preset.head.listening == "headphones" else field,
        "language": language or preset.head.language,
        "channels": "20",
        "rate": f"{preset.sample_rate_hz // 1000}k",
        "bits": str(preset.master.bits),
        "fps": preset.picture.rate.replace(".", "").replace("23976", "2398"),
        "delivery": delivery,
        "seed": str(preset.head.seed),
    }
    return _TemplateValues(preset, own)


class _TemplateValues(Mapping[str, str]):
    """Every key of a preset, formatted on demand; keys of `own` take precedence."""

    __slots__ = ("_own", "_preset")

    def __init__(self, preset: Preset, own: dict[str, str]) -> None:
        self._preset = preset
        self._own = own

    def __getitem__(self, key: str) -> str:
        if key in self._own:
            return self._own[key]
        return written(value_at(self._preset, key))

    def __iter__(self) -> Iterator[str]:
        return iter(flat(self._preset) | self._own)

    def __len__(self) -> int:
        return len(flat(self._preset) | self._own)


def filled(template: str, values: Mapping[str, str]) -> str:
    """The template with its `{keys}` filled in. As in `--set`, the table of a sound's key may be left out.

    Characters that a file name cannot contain are removed from values; an empty value also removes one
    of the separators next to it. Raises PresetError for an unknown key.
    """

    def value(match: re.Match[str]) -> str:
        key = match[1].strip()
        for full in (key, f"layers.{key}", f"effects.{key}", f"cues.{key}"):
            if full in values:
                return slug(values[full]) or _EMPTY
        raise PresetError(
            f"the name {template!r} has an unused template field {key!r}",
            hint=f"There are: {', '.join(TEMPLATE_KEYS)}, and every key of the preset.",
        )

    name = unicodedata.normalize("NFC", _FIELD.sub(value, template))
    return name if _EMPTY in template else _without_gaps(name)


def _without_gaps(name: str) -> str:
    """`name` without its empty fields; of the separators around one, an underscore or else the first stays."""

    def joint(match: re.Match[str]) -> str:
        left, right = match[1], match[2]
        if match.start() == 0 or match.end() == len(name):
            return ""
        return "_" if "_" in (left, right) else left or right

    while _EMPTY in name:
        name = _GAP.sub(joint, name, count=1)
    return name


def has_field(template: str, key: str) -> bool:
    """Whether a template has `{key}`."""
    return any(match[1].strip() == key for match in _FIELD.finditer(template))


def dated(templates: Sequence[str | None]) -> list[str | None]:
    """The templates with `{date}` filled in: the same date in all, of SOURCE_DATE_EPOCH (UTC) or today.

    Only names contain the date: the samples do not depend on it. Raises PresetError for an invalid
    SOURCE_DATE_EPOCH.
    """
    if not any(template is not None and has_field(template, "date") for template in templates):
        return list(templates)
    digits = day().strftime("%Y%m%d")
    return [
        template and _FIELD.sub(lambda m: digits if m[1].strip() == "date" else m[0], template)
        for template in templates
    ]


def day() -> date:
    """The day of SOURCE_DATE_EPOCH (UTC), or today. Raises PresetError for an invalid number of seconds."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        return datetime.now().astimezone().date()  # the user's time zone
    try:
        if not _SECONDS.fullmatch(epoch):
            raise ValueError("it is not a number")
        return datetime.fromtimestamp(int(epoch), UTC).date()
    except (ValueError, OverflowError, OSError) as error:
        raise PresetError(
            f"SOURCE_DATE_EPOCH is {epoch[:40]!r}, which is not a date",
            hint="Set it to whole seconds since 1970, as date +%s prints them, or unset it.",
        ) from error


def named(preset: Preset, template: str | None) -> Preset:
    """A copy of the preset with the name from the template. Raises PresetError for an invalid file name."""
    if template is None:
        return preset
    name = filled(template, template_values(preset))
    check_name(name)
    return replace(preset, name=name)


def stem_names(preset: Preset, template: str | None, stems: Iterable[str]) -> dict[str, str]:
    """The names of the stems by a template with `{type}`.

    Empty for any other template: the stems then have the name of the mix. Raises PresetError for an
    invalid file name.
    """
    if template is None or not has_field(template, "type"):
        return {}
    values = template_values(preset)
    names = {stem: filled(template, {**values, "type": stem}) for stem in stems}
    for name in names.values():
        check_name(name)
    return names


def slug(text: str) -> str:
    """`text` as a part of a file's name: "-24 LUFS" → "-24LUFS", "Who? Me" → "Who-Me"."""
    text = re.sub(r"(?<=\d)\s+(?=[A-Za-z%])", "", text.strip())
    kept = ("-" if c.isspace() or c == "/" else c for c in text if c.isprintable() or c.isspace())
    return "".join(c for c in kept if c == "-" or c not in _FORBIDDEN)


def check_name(name: str) -> None:
    """Raise PresetError for a name that some file systems refuse or hide."""
    shown = ascii(name) if not name.isprintable() else repr(name)
    bad = sorted({c for c in name if c in _FORBIDDEN or not c.isprintable()})
    if bad:
        listed = " ".join(ascii(c)[1:-1] for c in bad)
        raise _refused(f"{shown} cannot be the name of a file: it has {listed}")
    if not name or name[0] in ". -~" or name[-1] in ". ":
        where = "is empty" if not name else "begins or ends with a character that hides or breaks it"
        raise _refused(f"{shown} cannot be the name of a file: it {where}")
    if name.split(".")[0].rstrip().casefold() in _RESERVED:
        raise _refused(f"{shown} cannot be the name of a file: Windows keeps it for a device")
    if len(name.encode("utf-8", "surrogateescape")) > LONGEST_BYTES:
        raise _refused(f"{shown[:40]}… cannot be the name of a file: it is too long")


def _refused(sentence: str) -> PresetError:
    return PresetError(sentence, hint="Choose another: rename the preset, or call the mix --name NAME.")


def same_file(name: str) -> str:
    """A key that is equal for two names that some file system treats as the same."""
    return unicodedata.normalize("NFC", name).casefold()


def written(value: Any) -> str:
    """A value of a preset as one text."""
    if isinstance(value, bool):
        return str(value).lower()
    return "-".join(map(written, value)) if isinstance(value, list | tuple) else str(value)
