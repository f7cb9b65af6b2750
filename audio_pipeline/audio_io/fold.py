"""From as many channels as a file has to the one or two that a stem has, with a word on how.

Channels stand in the order of WAV (SMPTE ST 2036-2, ITU-R BS.2051): L R C LFE, then the surrounds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import db_from_gain

ROLES: dict[int, tuple[str, ...]] = {
    1: ("C",),
    2: ("L", "R"),
    3: ("L", "R", "C"),
    4: ("L", "R", "Ls", "Rs"),
    5: ("L", "R", "C", "Ls", "Rs"),
    6: ("L", "R", "C", "LFE", "Ls", "Rs"),
    7: ("L", "R", "C", "LFE", "Cs", "Ls", "Rs"),
    8: ("L", "R", "C", "LFE", "Lb", "Rb", "Ls", "Rs"),
}
"""What each channel is taken for, by how many there are."""

ONE_SIDED_DB = 20.0
"""One channel this far below the other carries nothing worth a sum."""
MOST_LOSS_DB = 6.0
"""A sum may lose so much against the louder channel: unlike signals lose 3, opposite ones everything."""
MIRROR_IMAGE = -0.9
"""Channels that correlate less than this are one signal with its wires crossed."""
CENTRE_BELOW_DB = 20.0
"""The centre carries the voice unless it is this far below the loudest channel."""

NOTHING_DB = 120.0
"""What is so far below another channel is not heard, nor told from the rounding of sums."""

_SIDE = 10.0 ** (-3.0 / 20.0)
_TO_LEFT = {"L": 1.0, "C": _SIDE, "Ls": _SIDE, "Lb": _SIDE, "Cs": _SIDE * _SIDE}
_TO_RIGHT = {"R": 1.0, "C": _SIDE, "Rs": _SIDE, "Rb": _SIDE, "Cs": _SIDE * _SIDE}


@dataclass(frozen=True)
class Fold:
    """`matrix` is `(channels of the file, channels of the stem)`; `how` is a sentence on it."""

    matrix: Samples
    how: str

    def of(self, block: Samples) -> Samples:
        """`block` `(n, channels)`, folded."""
        folded: Samples = block @ self.matrix
        return folded


def fold_to_mono(products: Samples) -> Fold | None:
    """How channels become one, from the mean product of each with each; None for one channel.

    Where there is a centre and it carries something, it is the centre. Otherwise left and right:
    the louder alone when the other is 20 dB below; their mean while it loses no more than 6 dB
    against the louder; else, right inverted when it mirrors left; else the louder alone.
    Surrounds and LFE are never used: no voice is mixed there. Raises ValueError for other than
    `(n, n)` of 1 to 8 channels.
    """
    roles = _roles(len(products))
    if products.shape != (len(roles), len(roles)):
        raise ValueError(f"products {products.shape} are not (n, n)")
    if len(roles) == 1:
        return None
    levels = np.sqrt(np.maximum(np.diag(products), 0.0))
    if "C" in roles:
        centre = roles.index("C")
        if _db(levels[centre], max(levels)) > -CENTRE_BELOW_DB:
            return _weighted(roles, f"took the centre of {len(roles)} channels", C=1.0)
    left, right, how = _pair_to_mono(levels[0], levels[1], float(products[0, 1]))
    whence = "" if len(roles) == 2 else f" of {len(roles)} channels"
    return _weighted(roles, how + whence, L=left, R=right)


def fold_to_stereo(channels: int) -> Fold | None:
    """How `channels` become two; None for two.

    Mono goes to both channels as it is. More than two are folded down as in ITU-R BS.775-3, annex 4:
    centre and surrounds at −3 dB, a back centre at −6 dB, no LFE. Raises ValueError for other than 1
    to 8 channels.
    """
    roles = _roles(channels)
    if len(roles) == 2:
        return None
    if len(roles) == 1:
        return Fold(np.ones((1, 2)), "put the one channel on both sides")
    fold = np.array([[_TO_LEFT.get(role, 0.0), _TO_RIGHT.get(role, 0.0)] for role in roles])
    return Fold(fold, f"folded {len(roles)} channels down to stereo (ITU-R BS.775, no LFE)")


def _weighted(roles: tuple[str, ...], how: str, **weights: float) -> Fold:
    return Fold(np.array([[weights.get(role, 0.0)] for role in roles]), how)


def _pair_to_mono(left_rms: float, right_rms: float, product: float) -> tuple[float, float, str]:
    """What left and right count for in their sum, and how that is called."""
    name, quieter = ("left", "right") if left_rms >= right_rms else ("right", "left")
    louder = (1.0, 0.0) if name == "left" else (0.0, 1.0)
    loudest = max(left_rms, right_rms)
    apart_db = -_db(min(left_rms, right_rms), loudest)
    if apart_db > ONE_SIDED_DB:
        return *louder, f"took the {name} channel; the {quieter} one is {_below(apart_db)}"
    mean_power = max(0.0, left_rms**2 + 2.0 * product + right_rms**2) / 4.0
    loss_db = -_db(math.sqrt(mean_power), loudest)
    if loss_db <= MOST_LOSS_DB:
        return 0.5, 0.5, "took the mean of left and right"
    if product / (left_rms * right_rms) <= MIRROR_IMAGE:
        return 0.5, -0.5, "inverted right, which mirrors left, and took the mean of both"
    return *louder, f"took the {name} channel; the sum of both would lose {loss_db:.1f} dB"


def _below(db: float) -> str:
    return "silent" if db > NOTHING_DB else f"{db:.0f} dB below it"


def _db(level: float, reference: float) -> float:
    return db_from_gain(level / reference) if reference > 0.0 else 0.0


def _roles(channels: int) -> tuple[str, ...]:
    if channels not in ROLES:
        raise ValueError(f"{channels} channels are not 1 to 8")
    return ROLES[channels]
