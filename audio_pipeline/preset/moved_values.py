"""The times of a preset that follow the picture, and the text of a preset that changes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from audio_pipeline.errors import PresetError
from audio_pipeline.preset.base_values import steps_of
from audio_pipeline.preset.model import Preset
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.moments import Clock, Moment, Schedule

Key = tuple[str, ...]


@dataclass(frozen=True)
class Timed:
    """A time of a preset: its key, its moment as in the preset, and its exact seconds.

    `of_picture`: the time follows the picture; other times follow a sound (the end of a line).
    """

    key: Key
    moment: Moment
    at: Fraction
    of_picture: bool

    @property
    def name(self) -> str:
        """The key without its table: `black`, `projector.at`."""
        return self.key[-1] if self.key[0] == "cues" else ".".join(self.key[1:])


def cues_of(preset: Preset, schedule: Schedule) -> list[Timed]:
    """Every cue, in order of time."""
    cues = [
        Timed(("cues", name), moment, schedule.named(name), _of_picture(preset, schedule, moment))
        for name, moment in preset.cues.items()
    ]
    return sorted(cues, key=lambda cue: cue.at)


def own_times_of(preset: Preset, schedule: Schedule) -> list[Timed]:
    """The times of active layers and effects that do not refer to a cue or a sound."""
    shelves: tuple[tuple[str, Mapping[str, object]], ...] = (
        ("layers", preset.playing()),
        ("effects", preset.working()),
    )
    found = []
    for shelf, sounds in shelves:
        for name, sound in sounds.items():
            for field, moment in _times(sound):
                if not moment.names():
                    key = (shelf, name, field)
                    found.append(Timed(key, moment, schedule.seconds(moment), of_picture=True))
    return found


def _times(sound: object) -> Iterator[tuple[str, Moment]]:
    for name, field in type(sound).model_fields.items():  # type: ignore[attr-defined]
        value = getattr(sound, name)
        if isinstance(value, Moment) and steps_of(field) == "time":
            yield name, value


def _of_picture(preset: Preset, schedule: Schedule, moment: Moment, deep: int = 0) -> bool:
    """Whether the latest of a moment's choices is a time, or a cue that follows the picture."""
    latest = max(moment.choices, key=lambda choice: schedule.seconds(Moment(moment.text, (choice,))))
    for _, atom in latest:
        if "." in atom and atom in schedule.define:
            sound = preset.layers.get(atom.partition(".")[0])
            if not atom.endswith(".at") or sound is None or deep > 50:
                return False
            if not _of_picture(preset, schedule, sound.at, deep + 1):
                return False
        elif atom in preset.cues and (
            deep > 50 or not _of_picture(preset, schedule, preset.cues[atom], deep + 1)
        ):
            return False
    return True


def change_text(by: Fraction, clock: Clock) -> str:
    """A change of the base by exact seconds: "base + 12f", or in milliseconds if not in whole frames."""
    sign = "+" if by >= 0 else "-"
    frames = abs(by) * clock.rate.frames_per_s
    if frames.denominator == 1:
        return f"base {sign} {frames}f"
    return f"base {sign} {float(abs(by)) * 1000:.6f}".rstrip("0").rstrip(".") + "ms"


def preset_text(extends: str, description: str, changes: Mapping[Key, tuple[str, str]]) -> str:
    """The text of a preset; each change is a value in TOML and its comment."""
    lines = [f'extends = "{extends}"', f"description = {_quoted(description)}"]
    tables: dict[str, list[str]] = {}
    for key, (value, comment) in changes.items():
        line = f"{key[-1]} = {value}"
        tables.setdefault(".".join(key[:-1]), []).append(
            f"{line.ljust(36)}# {comment}" if comment else line
        )
    lines += tables.pop("", [])
    for table, values in tables.items():
        lines += ["", f"[{table}]", *values]
    return "\n".join([*lines, ""])


def toml_value(value: object) -> str:
    """A value as TOML: text, number, boolean, list or table. Raises PresetError for any other type."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_quoted(key)} = {toml_value(item)}' for key, item in value.items())}}}"
    raise PresetError(
        f"{str(value)[:60]!r} is not a value of a preset",
        hint="Write a text, a number, true or false, or a list of them.",
    )


def _quoted(text: str) -> str:
    signs = {"\\": "\\\\", '"': '\\"'}
    return '"' + "".join(signs.get(c, c if c.isprintable() else f"\\U{ord(c):08x}") for c in text) + '"'
