"""The names of a delivery's folder and of its files."""

from __future__ import annotations

import re

from audio_pipeline.errors import PresetError
from audio_pipeline.preset.model import Preset
from audio_pipeline.preset.names import check_name, filled, template_values
from audio_pipeline.records import dataclass
from audio_pipeline.reporting.folder_rules import FolderRules

FOLDER_TEMPLATE = "{title}_{reel}_{preset}_{version}_{delivery}"
SILENT = "MOS"
"""The name of a silent mono file, which is added to an odd number of discrete files."""

_PLAIN = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_LAST_NUMBER = re.compile(r"(\d+)(\D*)$", re.ASCII)
_SOUNDFIELDS = {"TH": "Theatrical", "NF": "Nearfield", "HP": "Headphones"}


@dataclass(frozen=True)
class DeliveryNames:
    """The names of one delivery of a mix."""

    preset: Preset
    rules: FolderRules
    version: str
    language: str = ""

    def folder(self) -> str:
        """The folder's name. Raises PresetError for an invalid file name."""
        return _checked(filled(FOLDER_TEMPLATE, self._values("", self.language)))

    def part(self, part: str) -> str:
        """The name of a part's file without its suffix; ME is one for all languages.

        Raises PresetError for an invalid file name.
        """
        language = "" if part == "ME" else self.language
        name = _checked(filled(self.rules.names.template, self._values(part, language)))
        if self.rules.names.plain and _PLAIN.fullmatch(name) is None:
            raise PresetError(
                f"{self.rules.delivery} does not accept the file name {name!r}: only A-Z, a-z, 0-9, '_' and '-'"
                " are allowed",
                hint="Set title, version, reel and language without other characters: --set title=TITLE",
            )
        return name

    def parts(self, parts: tuple[str, ...]) -> dict[str, str]:
        """The names of all parts. Raises PresetError when two are equal."""
        names = {part: self.part(part) for part in parts}
        if len(set(names.values())) < len(names):
            raise PresetError(
                f"{self.rules.delivery}: {self.rules.names.template!r} gives two files the same name",
                hint="Add {type} to the template.",
            )
        return names

    def _values(self, part: str, language: str) -> dict[str, str]:
        values = template_values(self.preset, language)
        rate = self.preset.picture.rate
        return {**values} | {
            "version": self.version,
            "type": self.rules.names.word(part),
            "language": language,
            "delivery": self.rules.delivery,
            "soundfield": _soundfield(self.preset, self.rules),
            "count": "2ch",
            "timecode_rate": rate.replace(".", "").removesuffix("df"),
            "project_title": re.sub(r"[\W_]+", "_", self.preset.head.title.casefold()).strip("_"),
        }


def _soundfield(preset: Preset, rules: FolderRules) -> str:
    if preset.head.listening == "headphones":
        return _SOUNDFIELDS["HP"]
    return _SOUNDFIELDS["TH" if rules.delivery in ("theatrical", "trailer") else "NF"]


def next_version(version: str) -> str:
    """The version after this one: "v1" → "v2", "v09" → "v10", "final" → "final-2"."""
    match = _LAST_NUMBER.search(version)
    if match is None:
        return f"{version}-2"
    number = str(int(match[1]) + 1).zfill(len(match[1]))
    return f"{version[: match.start()]}{number}{match[2]}"


def discrete_channels(names: tuple[str, ...]) -> tuple[str, ...]:
    """The channels of discrete mono files: the mix's channels, and a silent one if their number is odd."""
    return names if len(names) % 2 == 0 else (*names, SILENT)


def _checked(name: str) -> str:
    check_name(name)
    return name
