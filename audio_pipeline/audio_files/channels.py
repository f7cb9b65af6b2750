"""From as many channels as a file has to the one or two that a stem has, with a word on how.

Channels stand in the order of WAV (SMPTE ST 2036-2, ITU-R BS.2051): L R C LFE, then the surrounds.
"""

from __future__ import annotations

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.decibels import db_from_gain, rms

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

_SIDE = 10.0 ** (-3.0 / 20.0)
_TO_LEFT = {"L": 1.0, "C": _SIDE, "Ls": _SIDE, "Lb": _SIDE, "Cs": _SIDE * _SIDE}
_TO_RIGHT = {"R": 1.0, "C": _SIDE, "Rs": _SIDE, "Rb": _SIDE, "Cs": _SIDE * _SIDE}


def to_mono(samples: Samples) -> tuple[Samples, str | None]:
    """`(n, 1)` of `(n, 1..8)`, and a sentence on how, or None when nothing was done.

    Where there is a centre and it carries something, it is the centre. Otherwise left and right:
    the louder alone when the other is 20 dB below; their mean while it loses no more than 6 dB
    against the louder; else, right inverted when it mirrors left; else the louder alone.
    Surrounds and LFE are never used: no voice is mixed there.
    """
    roles = _roles(samples)
    if len(roles) == 1:
        return samples, None
    levels = [rms(samples[:, i]) for i in range(len(roles))]
    if "C" in roles:
        centre = roles.index("C")
        if _db(levels[centre], max(levels)) > -CENTRE_BELOW_DB:
            return samples[:, [centre]], f"took the centre of {len(roles)} channels"
    mono, how = _pair_to_mono(samples[:, 0], samples[:, 1], levels[0], levels[1])
    whence = "" if len(roles) == 2 else f" of {len(roles)} channels"
    return mono[:, None], how + whence


def to_stereo(samples: Samples) -> tuple[Samples, str | None]:
    """`(n, 2)` of `(n, 1..8)`, and a sentence on how, or None when nothing was done.

    Mono goes to both channels as it is. More than two are folded down as in ITU-R BS.775-3, annex 4:
    centre and surrounds at −3 dB, a back centre at −6 dB, no LFE.
    """
    roles = _roles(samples)
    if len(roles) == 2:
        return samples, None
    if len(roles) == 1:
        return np.repeat(samples, 2, axis=1), "put the one channel on both sides"
    fold = np.array([[_TO_LEFT.get(role, 0.0), _TO_RIGHT.get(role, 0.0)] for role in roles])
    return samples @ fold, f"folded {len(roles)} channels down to stereo (ITU-R BS.775, no LFE)"


def _pair_to_mono(
    left: Samples, right: Samples, left_rms: float, right_rms: float
) -> tuple[Samples, str]:
    louder, name, quieter = (
        (left, "left", "right") if left_rms >= right_rms else (right, "right", "left")
    )
    loudest = max(left_rms, right_rms)
    apart_db = -_db(min(left_rms, right_rms), loudest)
    if apart_db > ONE_SIDED_DB:
        return louder, f"took the {name} channel; the {quieter} one is {_below(apart_db)}"
    mean: Samples = (left + right) / 2.0
    loss_db = -_db(rms(mean), loudest)
    if loss_db <= MOST_LOSS_DB:
        return mean, "took the mean of left and right"
    correlation = float(np.mean(left * right)) / (left_rms * right_rms)
    if correlation <= MIRROR_IMAGE:
        inverted: Samples = (left - right) / 2.0
        return inverted, "inverted right, which mirrors left, and took the mean of both"
    return louder, f"took the {name} channel; the sum of both would lose {loss_db:.1f} dB"


def _below(db: float) -> str:
    return "silent" if db == np.inf else f"{db:.0f} dB below it"


def _db(level: float, reference: float) -> float:
    return db_from_gain(level / reference) if reference > 0.0 else 0.0


def _roles(samples: Samples) -> tuple[str, ...]:
    if samples.ndim != 2 or samples.shape[1] not in ROLES:
        raise ValueError(f"samples {samples.shape} are not (n, 1..8)")
    return ROLES[samples.shape[1]]
