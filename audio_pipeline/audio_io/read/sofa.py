"""A personal head from an AES69 SOFA file of head-related impulse responses.

A SOFA file is HDF5, which h5py reads. Only the responses in the frontal half of the horizontal plane are
loaded. Source: AES69-2022, "Spatial acoustic data file format".
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from audio_pipeline.audio_io.read.usable import RATES_HZ
from audio_pipeline.audio_io.regular_file import RegularFile, regular_file
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.head_models import Head, measured
from audio_pipeline.errors import RenderError, StemError

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEP_DEG = 5.0
"""Step of the searched directions."""
WIDEST_GAP_DEG = 15.0
"""Largest allowed gap between two adjacent directions."""
MOST_TAPS, FEWEST_TAPS = 16_384, 32
MOST_VALUES = 1 << 26
"""Maximum count of numbers in the responses: 512 MB; the largest measured sets have a third of it."""
MOST_DIRECTIONS = 1 << 18

_NEAR_DEG = STEP_DEG / 2 + 0.1
_HINT = "Use a file of the convention SimpleFreeFieldHRIR: one pair of responses for each direction."


def read_head(path: Path) -> Head:
    """The head measured in the SOFA file `path`.

    Raises StemError for a file that is not SOFA or lacks directions; RenderError when h5py is not installed.
    """
    if find_spec("h5py") is None:
        raise RenderError(
            f"{path} is a SOFA file; it needs the package h5py, which is not installed",
            hint="""Install it with: pip install 'render-ending[sofa]', or write head = "kemar".""",
        )
    with regular_file(path) as file, _opened(file) as sofa:
        try:
            head = _head(file, sofa)
        except (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError) as error:
            raise _unusable(file.name, f"cannot be read: {error}") from error
        file.refuse_change()
    return head


@contextmanager
def _opened(file: RegularFile) -> Iterator[Any]:
    import h5py  # only a mix with a personal head needs it

    # by the open file, so that the checked file is the one that is read, whatever bytes its name has
    with os.fdopen(os.dup(file.descriptor), "rb") as raw:
        try:
            sofa = h5py.File(raw, "r")
        except (OSError, ValueError, RuntimeError) as error:
            raise _unusable(file.name, "is not a SOFA file") from error
        with sofa:
            yield sofa


def _head(file: RegularFile, sofa: Any) -> Head:
    if _text(sofa.attrs.get("Conventions")) != "SOFA":
        raise _unusable(file.name, "is not a SOFA file")
    if (kind := _text(sofa.attrs.get("DataType"))) != "FIR":
        raise _unusable(file.name, f"holds {kind or 'unnamed'} data, not impulse responses (FIR)")
    responses = _variable(file, sofa, "Data.IR", MOST_VALUES)
    if responses.ndim != 3 or responses.shape[1] != 2:
        raise _unusable(file.name, f"has responses of the shape {responses.shape}, not of two ears")
    count, _, taps = responses.shape
    if not FEWEST_TAPS <= taps <= MOST_TAPS:
        allowed = f"{FEWEST_TAPS} to {MOST_TAPS} are allowed"
        raise _unusable(file.name, f"has responses of {taps} samples; {allowed}")
    rate_hz = _sample_rate_hz(file, sofa)
    azimuth_deg, rows = _front(file, _directions(file, sofa, "SourcePosition", count))
    heard = np.stack([np.asarray(responses[row], np.float64) for row in rows])
    if not (np.isfinite(heard).all() and heard.any(axis=2).all()):
        raise _unusable(file.name, "has a response that is silent or not a number")
    if "Data.Delay" in sofa:
        delays = np.broadcast_to(_numbers(file, sofa, "Data.Delay", 2 * MOST_DIRECTIONS), (count, 2))
        heard = _delayed(heard, delays[rows])
    left, right = _ears(file, sofa)
    # the right ear's own side is the right, so its directions are in reverse order
    table = measured(heard[:, left], heard[::-1, right], azimuth_deg, rate_hz)
    return table.head(file.sha256_hex())


def _sample_rate_hz(file: RegularFile, sofa: Any) -> int:
    rate_hz = float(_numbers(file, sofa, "Data.SamplingRate", MOST_DIRECTIONS).flat[0])
    if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1] or rate_hz != round(rate_hz):
        low, high = (rate / 1000 for rate in RATES_HZ)
        raise _unusable(
            file.name, f"has a sample rate of {rate_hz:g} Hz; {low:g} to {high:g} kHz are allowed"
        )
    return round(rate_hz)


def _ears(file: RegularFile, sofa: Any) -> tuple[int, int]:
    """The indices of the receivers at the left and the right ear."""
    side = _directions(file, sofa, "ReceiverPosition", 2)[:, 1]
    if side[0] == side[1]:
        raise _unusable(file.name, "does not say which ear is the left one (ReceiverPosition)")
    return (0, 1) if side[0] > side[1] else (1, 0)


def _front(file: RegularFile, directions: Samples) -> tuple[Samples, list[int]]:
    """The available azimuths, −90 (right) to +90 (left), and the row of the nearest response for each."""
    wanted = np.arange(-90.0, 90.0 + STEP_DEG / 2, STEP_DEG)
    radians = np.radians(wanted)
    likeness = np.stack([np.cos(radians), np.sin(radians)], axis=1) @ directions[:, :2].T
    nearest = likeness.argmax(axis=1)
    there = likeness.max(axis=1) >= np.cos(np.radians(_NEAR_DEG))
    there &= there[::-1]
    azimuth_deg = wanted[there]
    gap_deg = np.diff(azimuth_deg, prepend=-90.0 - STEP_DEG, append=90.0 + STEP_DEG).max()
    if gap_deg > WIDEST_GAP_DEG or not (there[0] and there[len(wanted) // 2]):
        raise _unusable(
            file.name,
            f"lacks directions: it must have 0°, ±90° and what is between, {WIDEST_GAP_DEG:g}° apart at most",
        )
    return azimuth_deg, nearest[there].tolist()


def _directions(file: RegularFile, sofa: Any, name: str, count: int) -> Samples:
    """Unit vectors `(count, 3)`: forward, left, up."""
    values = _numbers(file, sofa, name, 3 * MOST_DIRECTIONS)
    place = values.reshape(-1, 3) if values.ndim != 3 else values[:, :, 0]
    if place.shape != (count, 3):
        raise _unusable(file.name, f"has {name} of the shape {values.shape} for {count} responses")
    if _text(sofa[name].attrs.get("Type")) == "spherical":
        azimuth, elevation = np.radians(place[:, 0]), np.radians(place[:, 1])
        level = np.cos(elevation)
        return np.stack([level * np.cos(azimuth), level * np.sin(azimuth), np.sin(elevation)], axis=1)
    distance = np.linalg.norm(place, axis=1, keepdims=True)
    away: Samples = place / np.where(distance > 0.0, distance, 1.0)
    return away


def _delayed(responses: Samples, delays: Samples) -> Samples:
    """The responses `(m, 2, taps)` delayed by `delays` `(m, 2)`, in samples, less their minimum."""
    later = delays - delays.min()
    most = int(np.ceil(later.max()))
    if most > MOST_TAPS:
        raise ValueError(f"delays that differ by {most} samples")
    if not most:
        return responses
    taps = responses.shape[2] + most
    size = 2 * taps
    turned = np.exp(-2j * np.pi * np.fft.rfftfreq(size) * later[:, :, None])
    moved: Samples = np.fft.irfft(np.fft.rfft(responses, size) * turned, size)[:, :, :taps]
    return moved


def _numbers(file: RegularFile, sofa: Any, name: str, most: int) -> NDArray[np.float64]:
    values = np.asarray(_variable(file, sofa, name, most)[()], np.float64)
    if not values.size or not np.isfinite(values).all():
        raise _unusable(file.name, f"has {name} without numbers")
    return values


def _variable(file: RegularFile, sofa: Any, name: str, most: int) -> Any:
    """A variable stored in the file itself; HDF5 links to other files are refused, not followed."""
    import h5py

    if not isinstance(sofa.get(name, getlink=True), h5py.HardLink):
        raise _unusable(file.name, f"has no {name}")
    variable = sofa[name]
    if not isinstance(variable, h5py.Dataset) or variable.dtype.kind not in "fiu":
        raise _unusable(file.name, f"has no numbers in {name}")
    if variable.external is not None or variable.is_virtual:
        raise _unusable(file.name, f"keeps {name} in another file")
    if variable.size > most:
        raise _unusable(file.name, f"has {variable.size} numbers in {name}; {most} are allowed")
    return variable


def _text(value: object) -> str:
    value = np.asarray(value).flat[0] if isinstance(value, np.ndarray) and value.size else value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")


def _unusable(name: str, cause: str) -> StemError:
    return StemError(f"{name} {cause}.", hint=_HINT)
