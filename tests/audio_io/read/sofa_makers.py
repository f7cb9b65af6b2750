"""SOFA files for tests: the ears of a sphere, as a measurement of them would be written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from audio_pipeline.dsp.filters import frequencies
from audio_pipeline.dsp.head_models import Head, sphere

DIRECTIONS_DEG = [(azimuth, elevation) for elevation in (-30, 0, 30) for azimuth in range(0, 360, 5)]
RATE_HZ = 44_100


def ears_of(head: Head, directions_deg: list[tuple[int, int]], taps: int = 128) -> np.ndarray:
    """`(m, 2, taps)`: what the left and the right ear hear; azimuth counts to the left."""
    f = frequencies(2048, RATE_HZ)
    level = head.magnitude_at(f)
    responses = np.empty((len(directions_deg), 2, taps))
    for both, (azimuth_deg, elevation_deg) in zip(responses, directions_deg, strict=True):
        left = np.cos(np.radians(elevation_deg)) * np.sin(np.radians(azimuth_deg))
        for ear, side in zip(both, (left, -left), strict=True):
            at = int(np.argmin(np.abs(head.azimuth_deg - np.degrees(np.arcsin(side)))))
            turned = np.exp(-2j * np.pi * f * (1e-3 - head.interaural_s[at] / 2.0))
            ear[:] = np.fft.irfft(level[at] * turned)[:taps]
    return responses


def write_sofa(
    path: Path,
    directions_deg: list[tuple[int, int]] = DIRECTIONS_DEG,
    head: Head | None = None,
    **changes: Any,
) -> Path:
    """A file of the convention SimpleFreeFieldHRIR; a change of a variable or attribute by its name with _
    for each dot, None leaves it out."""
    import h5py  # noqa: PLC0415 - an extra

    place = np.array([(azimuth, elevation, 1.4) for azimuth, elevation in directions_deg], float)
    variables = {
        "Data.IR": ears_of(head or sphere(), directions_deg),
        "Data.SamplingRate": np.array([float(RATE_HZ)]),
        "Data.Delay": np.zeros((1, 2)),
        "SourcePosition": place.reshape(-1, 3),
        "ReceiverPosition": np.array([[[0.0], [0.09], [0.0]], [[0.0], [-0.09], [0.0]]]),
    }
    attributes = {"Conventions": "SOFA", "SOFAConventions": "SimpleFreeFieldHRIR", "DataType": "FIR"}
    types = {"SourcePosition": "spherical", "ReceiverPosition": "cartesian"}
    with h5py.File(path, "w") as sofa:
        for name, text in attributes.items():
            if (text := changes.get(name, text)) is not None:
                sofa.attrs[name] = np.bytes_(text) if name == "DataType" else text
        for name, values in variables.items():
            values = changes.get(name.replace(".", "_"), values)
            if values is not None:
                sofa[name] = values
                if name in types:
                    sofa[name].attrs["Type"] = changes.get(f"{name}_Type", types[name])
    return path
