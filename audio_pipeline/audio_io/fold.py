"""Fold of a file's channels to the one or two channels of a stem, by their roles, with a description."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.audio_io.channel_statistics import LOW_HZ, SPEECH_RANGE_DB, ChannelStatistics
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import db_from_gain
from audio_pipeline.dsp.layouts import LOW_FREQUENCY, Layout
from audio_pipeline.errors import StemError
from audio_pipeline.records import dataclass

if TYPE_CHECKING:
    from audio_pipeline.timeline.scene import ChannelChoice

ONE_SIDED_DB = 20.0
"""A channel this far below the other is left out of the mean."""
FAR_BELOW_DB = 20.0
"""Channels this far below the loudest one do not carry the voice."""
UNDER_MUSIC_DB = 40.0
"""A centre with the pauses of speech counts as the voice down to this far below music."""
SILENT_DB = 80.0
"""A channel this far below the loudest one counts as silent."""
NOTHING_DB = 120.0
"""A signal this far below another channel is inaudible and indistinguishable from rounding."""
MIX_LOSS_DB = 6.0
"""A mean that loses more than this in a third octave sounds hollow, like a comb filter."""

_SIDES = {"left": ("FL", "DL"), "right": ("FR", "DR"), "centre": ("FC",)}
_LEFT = ("FL", "DL", "FLC", "WL", "SL", "SDL", "BL", "TFL", "TSL", "TBL", "BFL")
_RIGHT = ("FR", "DR", "FRC", "WR", "SR", "SDR", "BR", "TFR", "TSR", "TBR", "BFR")
_MAIN = ("FL", "FR", "DL", "DR")
_AT_MINUS_6 = ("BC", "TC", "TFC", "TBC", "BFC", None)
_MINUS_3 = 10.0 ** (-3.0 / 20.0)


@dataclass(frozen=True)
class Fold:
    """A fold by `matrix`, `(channels of the file, channels of the stem)`.

    `how` is a sentence about the fold, `warning` a sentence about its drawback, or None.
    """

    matrix: Samples
    how: str
    warning: str | None = None

    def of(self, block: Samples) -> Samples:
        """The folded `block`: `(n, channels of the file)` → `(n, channels of the stem)`."""
        folded: Samples = block @ self.matrix
        return folded

    def level(self, products: Samples) -> float:
        """The RMS of the loudest output channel, from the mean products of the input channels."""
        powers = np.diag(self.matrix.T @ products @ self.matrix)
        return math.sqrt(max(0.0, float(powers.max())))


def pair_of(layout: Layout) -> tuple[int, int] | None:
    """The indices of the two channels that a fold to mono may average, or None."""
    sides = layout.indices("FL", "FR") or layout.indices("DL", "DR")
    if len(sides) == 2:
        return sides[0], sides[1]
    return (0, 1) if len(layout.roles) == 2 else None


def fold_to_mono(
    name: str, found: ChannelStatistics, layout: Layout, choice: ChannelChoice = "auto"
) -> Fold | None:
    """The fold to one channel; None for a mono file.

    `choice` is a channel's number from 1, "left", "right", "centre", "mix" (the mean of all channels except
    the LFE) or "auto". "auto" takes, from a stated layout, the centre if it carries a signal, otherwise left,
    right or, only if both hold the same signal, their mean; from a recorder's tracks and from an assumed
    layout, the track with the voice. An LFE is never used. Raises StemError for a channel that does not
    exist, and if no usable channel carries the voice.
    """
    if choice != "auto":
        fold = _chosen(name, found, layout, choice)
    elif len(layout.roles) == 1:
        _refuse_low_frequency(name, layout, 0)
        return None
    elif layout.source == "ambisonic":
        fold = Fold(_one(layout, 0), "took W, the omnidirectional channel of B-format")
    elif layout.source in ("assumed", "tracks") or pair_of(layout) is None:
        fold = _by_centre(found, layout) if layout.indices("FC") and layout.source == "stated" else None
        fold = fold or _track_with_voice(name, found, layout)
    else:
        fold = _by_centre(found, layout) or _by_sides(name, found, layout)
    if fold is not None and found.below_db(fold.level(found.products)) > SILENT_DB:
        raise _silent(name, fold.how)
    return fold


def fold_to_stereo(layout: Layout) -> Fold | None:
    """The fold to two channels; None for a stereo file.

    Mono is copied to both channels unchanged. More than two channels are folded down as in ITU-R BS.775-3,
    annex 4: centre, surrounds, heights and wides at −3 dB; a back centre at −6 dB; no LFE. Raises ValueError
    for channels without a loudspeaker.
    """
    roles = layout.roles
    if len(roles) == 2:
        return None
    if len(roles) == 1:
        return Fold(np.ones((1, 2)), "copied the mono channel to left and right")
    if layout.source in ("ambisonic", "tracks"):
        raise ValueError(f"{layout.source} channels belong to no loudspeaker")
    how = f"folded {len(roles)} channels down to stereo (ITU-R BS.775, no LFE)"
    return Fold(np.array([_to_sides(role) for role in roles]), how)


def refuse_silent_fold(name: str, fold: Fold, products: Samples) -> None:
    """Raise StemError when the fold of a recording that is not silent is silent."""
    loudest = math.sqrt(max(0.0, float(np.diag(products).max())))
    if fold.level(products) <= loudest * 10.0 ** (-SILENT_DB / 20.0):
        raise _silent(name, fold.how)


def track_in_stereo(name: str, found: ChannelStatistics, layout: Layout) -> Fold:
    """The fold of a recorder's tracks to stereo: the track with the voice, on both sides.

    Raises StemError as `fold_to_mono` does, and for ambisonic audio.
    """
    if layout.source == "ambisonic":
        raise StemError(
            f"{name} is ambisonic ({len(layout.roles)} channels of B-format); it cannot be folded to stereo.",
            hint="Decode it to stereo first.",
        )
    fold = _track_with_voice(name, found, layout)
    return Fold(np.repeat(fold.matrix, 2, axis=1), f"{fold.how}, copied to left and right")


def _to_sides(role: str | None) -> tuple[float, float]:
    if role in LOW_FREQUENCY:
        return 0.0, 0.0
    if role in _AT_MINUS_6:
        return _MINUS_3**2, _MINUS_3**2
    gain = 1.0 if role in _MAIN else _MINUS_3
    return (0.0 if role in _RIGHT else gain), (0.0 if role in _LEFT else gain)


def _chosen(name: str, found: ChannelStatistics, layout: Layout, choice: ChannelChoice) -> Fold | None:
    """The fold that takes the channel named in the preset."""
    count = len(layout.roles)
    if choice == "mix":
        return _mix(found, layout)
    if isinstance(choice, int):
        index: int | None = choice - 1 if 1 <= choice <= count else None
    else:
        places = layout.indices(*_SIDES[choice])
        index = places[0] if places else None
        if count == 1:
            index = 0
    if index is None:
        shown = f"{choice}" if isinstance(choice, int) else f'"{choice}"'
        raise StemError(
            f"{name} has {count} channel{'s' * (count > 1)}; channel = {shown} is not one of them.",
            hint=f'Write a number from 1 to {count}, or channel = "auto".',
        )
    _refuse_low_frequency(name, layout, index)
    if count == 1:
        return None
    return Fold(
        _one(layout, index), f"took {layout.channel_name(index)} of {count}, as set in the preset"
    )


def _mix(found: ChannelStatistics, layout: Layout) -> Fold | None:
    used = [n for n, role in enumerate(layout.roles) if role not in LOW_FREQUENCY]
    if len(layout.roles) == 1 or not used:
        return None
    matrix = np.zeros((len(layout.roles), 1))
    matrix[used] = 1.0 / len(used)
    what = "left and right" if used == [0, 1] else f"{len(used)} channels"
    return Fold(matrix, f"took the mean of {what}, as set in the preset", _cost_of_mix(found, used))


def _cost_of_mix(found: ChannelStatistics, used: list[int]) -> str | None:
    """The drawback of a mean of different channels, as a sentence without its subject; None if it is small."""
    if found.likeness is not None and len(used) == 2:
        loss_db, at_hz = found.likeness.deepest
        if found.likeness.alike:
            return None
        return (
            "is the mean of two different channels, such as two microphones: the third octave"
            f' at {_hz(at_hz)} loses {loss_db:.0f} dB. Choose one, e.g. with channel = "left".'
        )
    levels = found.levels[used]
    sound = [n for n, level in zip(used, levels, strict=True) if found.below_db(level) < ONE_SIDED_DB]
    unlike = any(
        found.products[a, b] < 0.7 * found.levels[a] * found.levels[b] for a in sound for b in sound
    )
    return (
        "is the mean of different channels, such as several microphones; it may sound hollow."
        " Choose one, e.g. with channel = 1."
        * unlike
        or None
    )


def _by_centre(found: ChannelStatistics, layout: Layout) -> Fold | None:
    """The fold that takes the centre; None if it is too quiet or missing.

    It may be 20 dB below the loudest channel except the LFE, or 40 dB if it has the pauses of speech and left
    and right have not.
    """
    centres = layout.indices("FC")
    if not centres:
        return None
    below_db = _below_main(found, layout, found.levels[centres[0]])
    falls, sides = found.activity.range_db, layout.indices("FL", "FR")
    alone = falls[centres[0]] >= SPEECH_RANGE_DB > max((falls[n] for n in sides), default=0.0)
    if below_db > (UNDER_MUSIC_DB if alone else FAR_BELOW_DB):
        return None
    how = f"took the centre of {len(layout.roles)} channels"
    return Fold(_one(layout, centres[0]), how)


def _by_sides(name: str, found: ChannelStatistics, layout: Layout) -> Fold:
    """The fold to left, right or their mean. Raises StemError if both are far below another channel."""
    pair = pair_of(layout)
    assert pair is not None
    left, right = pair
    levels = found.levels
    loudest = max(float(levels[left]), float(levels[right]))
    if (below := _below_main(found, layout, loudest)) > FAR_BELOW_DB:
        main = _loudest(found, layout)
        amount = "silent" if below > SILENT_DB else f"{below:.0f} dB below {layout.channel_name(main)}"
        raise StemError(
            f"{name}: the channels that carry a voice ({_named(layout, 'FL', 'FR', 'FC')}) are {amount}.",
            hint=f"If the voice is on another channel, name it: channel = {main + 1}.",
        )
    matrix = np.zeros((len(layout.roles), 1))
    weights, how = _pair_to_mono(found, layout, pair)
    matrix[[left, right], 0] = weights
    whence = "" if len(layout.roles) == 2 else f" (of {len(layout.roles)} channels)"
    return Fold(matrix, how + whence)


def _pair_to_mono(
    found: ChannelStatistics, layout: Layout, pair: tuple[int, int]
) -> tuple[tuple[float, float], str]:
    """The weights of left and right in the mono sum, and a sentence about them."""
    left, right = (float(found.levels[n]) for n in pair)
    name, quieter = ("left", "right") if left >= right else ("right", "left")
    louder = (1.0, 0.0) if name == "left" else (0.0, 1.0)
    apart_db = -_db(min(left, right), max(left, right))
    if apart_db > ONE_SIDED_DB:
        return louder, f"took the {name} channel; the {quieter} one is {_below(apart_db)}"
    likeness = found.likeness
    if likeness is None or likeness.alike:
        return (0.5, 0.5), "took the mean of left and right"
    if likeness.mirrored:
        return (0.5, -0.5), "inverted right, which mirrors left, and took the mean of both"
    best = _best_track(found, list(pair))
    taken, other = ("left", "right") if best == pair[0] else ("right", "left")
    names = f" ({layout.track_names[best]})" if layout.track_names else ""
    loss_db, at_hz = likeness.deepest
    cost = f"the mean of both would lose {loss_db:.0f} dB at {_hz(at_hz)}"
    how = f"took the {taken} channel{names}; the {other} one differs from it, and {cost}"
    return ((1.0, 0.0) if best == pair[0] else (0.0, 1.0)), how


def _track_with_voice(name: str, found: ChannelStatistics, layout: Layout) -> Fold:
    """The fold that takes the track with the voice. Raises StemError if only an LFE is left."""
    # an assumed LFE counts as an LFE only if its frequencies are as low
    usable = [
        n
        for n, role in enumerate(layout.roles)
        if role not in LOW_FREQUENCY or (layout.source != "stated" and found.activity.rms_hz[n] > LOW_HZ)
    ]
    if not usable:
        raise _silent(name, "left out the LFE")
    best = _best_track(found, usable)
    count = len(layout.roles)
    others = [n for n in range(count) if n != best]
    if all(found.below_db(found.levels[n]) > SILENT_DB for n in others):
        why = "the only one with sound"
    elif found.activity.range_db[best] >= SPEECH_RANGE_DB:
        why = "the loudest that has the pauses of speech"
    else:
        why = "the loudest"
    word = layout.channel_name(best)
    return Fold(_one(layout, best), f"took {word} of {count}, {why}; the others are left out")


def _best_track(found: ChannelStatistics, usable: list[int]) -> int:
    """The loudest track with the pauses of speech, otherwise the loudest track."""
    level, fall = found.activity.level_dbfs, found.activity.range_db
    audible = [n for n in usable if found.below_db(found.levels[n]) <= SILENT_DB] or usable
    speaking = [n for n in audible if fall[n] >= SPEECH_RANGE_DB]
    return max(speaking or audible, key=lambda n: (round(float(level[n]), 1), -n))


def _below_main(found: ChannelStatistics, layout: Layout, level: float) -> float:
    """The distance of `level` below the loudest channel except the LFE, dB."""
    loudest = float(found.levels[_loudest(found, layout)])
    return -_db(level, loudest)


def _loudest(found: ChannelStatistics, layout: Layout) -> int:
    usable = [n for n, role in enumerate(layout.roles) if role not in LOW_FREQUENCY]
    return max(usable or [0], key=lambda n: float(found.levels[n]))


def _one(layout: Layout, index: int) -> Samples:
    matrix = np.zeros((len(layout.roles), 1))
    matrix[index] = 1.0
    return matrix


def _named(layout: Layout, *roles: str) -> str:
    return ", ".join(role for role in roles if role in layout.roles)


def _refuse_low_frequency(name: str, layout: Layout, index: int) -> None:
    if layout.source == "stated" and layout.roles[index] in LOW_FREQUENCY:
        raise StemError(
            f"{name}: channel {index + 1} is the LFE, which carries no voice.",
            hint="Name another channel, or export the voice alone.",
        )


def _silent(name: str, how: str) -> StemError:
    return StemError(
        f"{name} is silent after the fold ({how}).",
        hint="Check which channel holds the sound, and export that one.",
    )


def _hz(frequency_hz: float) -> str:
    return f"{frequency_hz / 1000:.3g} kHz" if frequency_hz >= 1000 else f"{frequency_hz:.0f} Hz"


def _below(db: float) -> str:
    return "silent" if db > NOTHING_DB else f"{db:.0f} dB below it"


def _db(level: float, reference: float) -> float:
    return db_from_gain(level / reference) if reference > 0.0 else 0.0
