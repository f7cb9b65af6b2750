"""Writes the table of the head "kemar" from the measurements that the package slab carries.

It was made once with slab 1.8.2 and is made again by: pip install slab && python docs/kemar_table.py

Data: Gardner & Martin, "HRTF measurements of a KEMAR dummy-head microphone", MIT Media Lab, 1994, free with
no restrictions on use, provided the authors are cited. What the table holds is said in `dsp.head_models`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from audio_pipeline.dsp.head_models import HeadTable, measured, packed_table

TABLE = Path(__file__).parent.parent / "audio_pipeline" / "dsp" / "data" / "kemar.npz"

CREDIT = (
    "Gardner & Martin, HRTF measurements of a KEMAR dummy-head microphone, MIT Media Lab, 1994; "
    "free with no restrictions on use, provided the authors are cited"
)


def table_of_slab() -> HeadTable:
    """The left ear of the manikin, which has the same ear on both sides."""
    from slab import HRTF  # noqa: PLC0415 - installed for this script alone

    kemar = HRTF.kemar()
    place = np.asarray(kemar.sources.vertical_polar)[:, :2]
    azimuth_deg = np.arange(-90.0, 91.0, 5.0)
    ear = []
    for azimuth in azimuth_deg:
        # slab counts azimuth anticlockwise, and its first channel is the left ear
        at = np.flatnonzero((np.abs(place[:, 0] - azimuth % 360) < 0.1) & (np.abs(place[:, 1]) < 0.1))
        ear.append(np.asarray(kemar[int(at[0])].data)[:, 0])
    responses = np.stack(ear)
    return measured(responses, responses, azimuth_deg, round(float(kemar.samplerate)))


if __name__ == "__main__":
    np.savez_compressed(TABLE, credit=np.array(CREDIT), **packed_table(table_of_slab()))
