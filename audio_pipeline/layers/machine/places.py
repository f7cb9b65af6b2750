"""The listening position of the machine: loss by frequency, and reflections.

Left is M + S and right M − S, where S is a diffuse share of the same machine: the fold to mono is M at
any width, without comb filtering.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.filters import fast_length, frequencies, minimum_phase
from audio_pipeline.layers.machine.parameters import Place
from audio_pipeline.records import dataclass

if TYPE_CHECKING:
    from numpy.random import Generator

GLASS_LOSS = {
    31.5: 19.0,
    63.0: 16.0,
    125.0: 21.0,
    250.0: 27.0,
    500.0: 33.0,
    1000.0: 37.0,
    1500.0: 31.0,
    2000.0: 40.0,
    4000.0: 46.0,
    8000.0: 52.0,
    16_000.0: 58.0,
}
"""Transmission loss of 8 mm of port glass, dB at each Hz.

Mass law with the coincidence dip at 1.5 kHz; beyond the six figures of the reference (125 Hz to 2
kHz) 6 dB an octave; below the pane's first mode, about 80 Hz, its stiffness makes the loss grow
again [E].
"""

FLANKING_LOSS_DB = 40.0
"""Transmission loss of the wall around the port [E]; it limits the loss through the glass."""

_TAPS_S = 1024 / 48_000


@dataclass(frozen=True)
class _Room:
    """The acoustics of a listening position: its reflections, and the treble loss of the path."""

    nearest_s: float
    farthest_s: float
    reflections: int
    reflected_db: float
    treble_loss_db_at_8k: float


_ROOMS: dict[Place, _Room] = {
    "booth": _Room(0.0021, 0.0140, 14, -7.0, 0.5),
    "port": _Room(0.0035, 0.0240, 10, -9.0, 9.0),
    "in-room": _Room(0.0032, 0.0240, 8, -11.0, 4.0),
}
"""The acoustics of each position [E].

The booth: small and hard, at arm's length. In the room: some rows away, carpet and seats. Through
the port: the length of the house between glass and listener.
"""


def loss_db(place: Place, hz: Samples) -> Samples:
    """The loss from the machine to the listener at each frequency, dB, without reflections.

    Through the port: the powers that pass glass and flanking wall are added.
    """
    treble = _ROOMS[place].treble_loss_db_at_8k * (hz / 8000.0) / np.sqrt(1 + (hz / 8000.0) ** 2)
    loss: Samples = treble * math.sqrt(2.0)
    if place == "port":
        octaves = np.log2(np.maximum(hz, 20.0))
        glass = np.interp(octaves, np.log2(list(GLASS_LOSS)), list(GLASS_LOSS.values()))
        loss = loss - 10 * np.log10(10 ** (-glass / 10) + 10 ** (-FLANKING_LOSS_DB / 10))
    return loss


def impulses(place: Place, sample_rate: int, chance: Generator) -> tuple[Samples, Samples]:
    """Impulse responses from the machine to M and to S, each `(taps,)`, of the same length.

    S is as loud as M for a white spectrum; the caller sets the width when it mixes them.
    """
    taps = int(_TAPS_S * sample_rate)
    hz = frequencies(fast_length(8 * taps) // 2 * 2, sample_rate)
    way = minimum_phase(10.0 ** (-loss_db(place, hz) / 20.0), taps)
    # below 150 Hz a machine behind the listener is one source for both ears
    narrow = (hz / 150.0) ** 2 / (1.0 + (hz / 150.0) ** 2)
    side = minimum_phase(10.0 ** (-loss_db(place, hz) / 20.0) * np.maximum(narrow, 1e-4), taps)
    room = _ROOMS[place]
    size = taps + int(room.farthest_s * sample_rate) + 1
    echoes = _velvet(room, sample_rate, chance, room.reflections) * 10.0 ** (room.reflected_db / 20.0)
    echoes[0] = 1.0
    diffuse = _velvet(room, sample_rate, chance, 4 * room.reflections)
    return _join(way, echoes, size), _join(side, diffuse, size)


def _velvet(room: _Room, sample_rate: int, chance: Generator, pulses: int) -> Samples:
    """`pulses` decaying pulses of ±1 with random spacing of even density; energy 1."""
    share = (np.arange(pulses) + chance.random(pulses)) / pulses
    at = (room.nearest_s + share * (room.farthest_s - room.nearest_s)) * sample_rate
    out = np.zeros(int(room.farthest_s * sample_rate) + 1)
    signs = np.where(chance.random(pulses) < 0.5, -1.0, 1.0)
    np.add.at(out, at.astype(np.int64), signs * np.exp(-1.5 * share))
    energy: Samples = out / math.sqrt(float(np.sum(out**2)))
    return energy


def _join(a: Samples, b: Samples, size: int) -> Samples:
    n = fast_length(len(a) + len(b))
    joined: Samples = np.fft.irfft(np.fft.rfft(a, n) * np.fft.rfft(b, n), n)[:size]
    return joined
