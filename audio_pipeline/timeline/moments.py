"""Moments as text: "8s", "132f", "01:00:05:12", "90+08", "black + 6s", and lists of such texts.

A `Moment` is the parsed text; its time depends on the picture rate and on cues. `Clock` converts plain
times to exact seconds; `Schedule` also resolves names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from fractions import Fraction
from functools import lru_cache, reduce
from operator import add

from audio_pipeline.records import dataclass
from audio_pipeline.timeline.timecode import (
    Gauge,
    PictureRate,
    frame_at_feet,
    is_feet,
    is_timecode,
)

_PLAIN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|h|f)")
_UNITS = {"ms": Fraction(1, 1000), "s": Fraction(1), "min": Fraction(60), "h": Fraction(3600)}
_SIGN = re.compile(r"((?<![\w.:;])\d{1,6}\+\d\d(?![\w.:]))|([+-])")
"""Feet+frames, whose sign is part of one time, or a sign between two times."""
MINUS = "\N{MINUS SIGN}"
"""The typographic minus, which typeset text has instead of a hyphen."""
_NAME = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?")
MOST_CHOICES = 1000
_EXAMPLES = '"8s", "250ms", "132f", "01:00:05:12", "90+08" or "black + 6s"'


@dataclass(frozen=True)
class Moment:
    """The latest of `choices`; each choice is a sum of (sign, atom); an atom is a time or a name."""

    text: str
    choices: tuple[tuple[tuple[int, str], ...], ...]

    def names(self) -> frozenset[str]:
        """The cues and sounds that the moment refers to."""
        return frozenset(a for c in self.choices for _, a in c if _NAME.fullmatch(a))

    def __str__(self) -> str:
        return self.text


def parse_moment(text: str | list[str]) -> Moment:
    """Parse a moment, or a list of moments, of which the latest counts.

    Spaces around signs are optional: "black+8s". "90+08" is feet+frames, never a sum. A minus may be
    U+2212. Raises ValueError when the text is not a moment.
    """
    parts = [text] if isinstance(text, str) else text
    if not parts or not all(isinstance(part, str) for part in parts):
        raise ValueError(f"{text!r} is not a time; write {_EXAMPLES}, or a list of such texts")
    if len(parts) > MOST_CHOICES:
        raise ValueError(f"a list of {len(parts)} times is longer than {MOST_CHOICES}")
    parts = [part.replace(MINUS, "-") for part in parts]
    shown = parts[0] if len(parts) == 1 else "[" + ", ".join(parts) + "]"
    return Moment(shown.strip(), tuple(_parse_sum(part) for part in parts))


def parse_duration(text: str) -> Moment:
    """Parse a length of time without names: "250ms", "6f", "6f + 20ms".

    Raises ValueError for anything else.
    """
    moment = parse_moment(text)
    atoms = [atom for choice in moment.choices for _, atom in choice]
    if moment.names() or any(is_timecode(atom) for atom in atoms):
        raise ValueError(f'{text!r} is not a length of time like "250ms", "8s" or "6f"')
    # a change of a length may be in frames although the length is in seconds
    in_frames = [atom.endswith("f") for atom in atoms]
    if moment.choices[0][0][0] < 0 or len(set(in_frames)) < len(atoms):
        raise ValueError(f'{text!r} is not one length of time like "250ms", "8s" or "6f"')
    return moment


def _parse_sum(text: str) -> tuple[tuple[int, str], ...]:
    if len(text) > 200:
        raise ValueError(f"{text[:20]!r}… is too long for a time")
    terms: list[tuple[int, str]] = []
    sign, wanted = 1, True
    words = _SIGN.sub(lambda match: match[1] or f" {match[2]} ", text).split()
    for place, word in enumerate(words):
        if word in ("+", "-") and (not wanted or place == 0):
            if wanted and word == "+":
                break
            sign, wanted = (1 if word == "+" else -1), True
        elif wanted and _is_atom(word):
            terms.append((sign, word))
            sign, wanted = 1, False
        elif not wanted and word in _UNITS | {"f": 0} and _is_atom(terms[-1][1] + word):
            terms[-1] = (terms[-1][0], terms[-1][1] + word)  # "8 s": the unit is a token of its own
        elif wanted and re.fullmatch(r"\d+(\.\d+)?", word):
            terms.append((sign, word))  # the "8" of "8 s": checked below
            sign, wanted = 1, False
        else:
            break
    else:
        if terms and not wanted and all(_is_atom(atom) for _, atom in terms):
            return tuple(terms)
    raise ValueError(f"{text!r} is not a time; write {_EXAMPLES}")


def moment_of_choices(choices: Iterable[Iterable[tuple[int, str]]]) -> str | list[str]:
    """The text that `parse_moment` parses to these choices, seconds added up; several choices give a list."""
    texts = [_sum_text(list(choice)) for choice in choices]
    return texts[0] if len(texts) == 1 else texts


def _sum_text(terms: list[tuple[int, str]]) -> str:
    frames, seconds = Fraction(0), Fraction(0)
    others: list[tuple[int, str]] = []
    for sign, atom in terms:
        match = _PLAIN.fullmatch(atom)
        if match is None:
            others.append((sign, atom))
        elif match[2] == "f":
            frames += sign * Fraction(match[1])
        else:
            seconds += sign * Fraction(match[1]) * _UNITS[match[2]]
    unit = "ms" if abs(seconds) < 1 else "s"
    if frames:
        others.append((1 if frames > 0 else -1, f"{_decimal(abs(frames))}f"))
    if seconds:
        others.append((1 if seconds > 0 else -1, f"{_decimal(abs(seconds) / _UNITS[unit])}{unit}"))
    elif not others:
        return "0s"
    others.sort(key=lambda term: term[0] < 0)  # negative terms come last
    first = ("-" if others[0][0] < 0 else "") + others[0][1]
    return " ".join([first, *(f"{'+' if sign > 0 else '-'} {atom}" for sign, atom in others[1:])])


def _decimal(number: Fraction) -> str:
    """`number` as a decimal text; its denominator must divide a power of ten."""
    places = 0
    while (number * 10**places).denominator > 1:
        places += 1
    digits = str((number * 10**places).numerator).zfill(places + 1)
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits


def _is_atom(token: str) -> bool:
    return bool(
        _PLAIN.fullmatch(token) or _NAME.fullmatch(token) or is_timecode(token) or is_feet(token)
    )


def _latest(moment: Moment, seconds: Callable[[str], Fraction]) -> Fraction:
    """The latest of the moment's choices, in seconds; `seconds(atom)` gives the time of each atom."""
    return max(
        reduce(add, (seconds(atom) if sign > 0 else -seconds(atom) for sign, atom in choice))
        for choice in moment.choices
    )


@lru_cache(maxsize=4096)
def _in_units(number: str, unit: str) -> Fraction:
    """Exact seconds; cached, as the presets of a batch repeat the same times."""
    return Fraction(number) * _UNITS[unit]


ROUNDED_S = Fraction(1, 15_000)
"""How much a picture's first sample, in seconds, may precede the picture: half a sample at 8 kHz, plus the
rounding to microseconds of a report."""


@dataclass(frozen=True)
class Clock:
    """The picture's clock: its rate, the film gauge for feet, and the first frame of the programme.

    `into_frame_s` is the time from the start of that frame to the start of the programme: a recorder starts
    at any sample.
    """

    rate: PictureRate
    gauge: Gauge = "35mm"
    start_frame: int = 0
    into_frame_s: Fraction = Fraction(0)

    def seconds(self, atom: str) -> Fraction:
        """Exact seconds of a plain time; timecode counts from the programme's first frame.

        Raises ValueError for a label that the picture rate lacks.
        """
        if is_timecode(atom):
            return self.rate.seconds(self.rate.frame(atom) - self.start_frame) - self.into_frame_s
        if is_feet(atom):
            return self.rate.seconds(frame_at_feet(atom, self.gauge))
        match = _PLAIN.fullmatch(atom)
        if match is None:
            raise ValueError(f"{atom!r} is not a time")
        if match[2] == "f":
            return Fraction(match[1]) / self.rate.frames_per_s
        return _in_units(match[1], match[2])

    def duration(self, moment: Moment) -> Fraction:
        """Exact seconds of a moment without names."""
        return _latest(moment, self.seconds)

    def timecode(self, seconds: Fraction) -> str:
        """The timecode of the picture frame at exactly `seconds` into the programme."""
        return self.rate.timecode(self.start_frame + self.frame(seconds))

    def timecode_of_sample(self, at: int, sample_rate_hz: int) -> str:
        """The timecode of the picture frame at the programme's sample `at`."""
        return self.rate.timecode(self.start_frame + self.frame_of_sample(at, sample_rate_hz))

    def timecode_of_rounded(self, seconds: float) -> str:
        """The timecode of the picture frame at a report's time: a sample's time in rounded seconds.

        A time up to `ROUNDED_S` before a picture counts as that picture's first sample.
        """
        return self.timecode(Fraction(seconds) + ROUNDED_S)

    def frame(self, seconds: Fraction) -> int:
        """The number of the picture frame, from 0, at exactly `seconds` into the programme."""
        return int((seconds + self.into_frame_s) * self.rate.frames_per_s // 1)

    def frame_of_sample(self, at: int, sample_rate_hz: int) -> int:
        """The number of the picture frame, from 0, at the programme's sample `at`.

        Picture n begins at sample round(n × sample rate ÷ picture rate), up to half a sample before its
        exact time; dividing the sample number would give the previous picture.
        """
        middle_s = Fraction(2 * at + 1, 2) / sample_rate_hz + self.into_frame_s
        pictures = middle_s * self.rate.frames_per_s
        return -int(-pictures // 1) - 1

    def on_frame(self, seconds: Fraction) -> Fraction:
        """The exact start of the picture whose start is nearest to `seconds`; of two, the later."""
        nearest = self.frame(seconds + self.rate.seconds(1) / 2)
        return self.rate.seconds(nearest) - self.into_frame_s


class UnknownNameError(ValueError):
    """A moment refers to the unknown name `name`."""

    def __init__(self, name: str) -> None:
        super().__init__(f"unknown name {name!r}")
        self.name = name


class CircularMomentError(ValueError):
    """Moments that refer to each other; `path` leads from the first name back to itself."""

    def __init__(self, path: tuple[str, ...]) -> None:
        super().__init__(" → ".join(path))
        self.path = path


@dataclass
class Schedule:
    """Converts moments to seconds and resolves their names by `define`, each name once, when it is needed.

    `define[name](schedule)` returns seconds. A name that refers to itself raises `CircularMomentError`, an
    unknown name `UnknownNameError`.
    """

    clock: Clock
    define: Mapping[str, Callable[[Schedule], Fraction]]
    _known: dict[str, Fraction] = field(default_factory=dict)
    _asking: tuple[str, ...] = ()

    def seconds(self, moment: Moment) -> Fraction:
        """Exact seconds from the programme's first sample; may be negative."""
        return _latest(moment, self._atom)

    def named(self, name: str) -> Fraction:
        """Exact seconds of the name, such as "black" or "voice_b.tail"."""
        if name not in self._known:
            if name in self._asking:
                raise CircularMomentError((*self._asking[self._asking.index(name) :], name))
            if name not in self.define:
                raise UnknownNameError(name)
            self._asking = (*self._asking, name)
            try:
                self._known[name] = self.define[name](self)
            finally:
                self._asking = self._asking[:-1]
        return self._known[name]

    def _atom(self, atom: str) -> Fraction:
        return self.named(atom) if _NAME.fullmatch(atom) else self.clock.seconds(atom)
