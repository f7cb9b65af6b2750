"""The names of a layout's channels in fault warnings."""

from __future__ import annotations

from audio_pipeline.dsp.layouts import Layout

_SHORT = {"FL": "L", "FR": "R", "FC": "C", "SL": "Ls", "SR": "Rs", "BC": "Cs"}


def fault_roles(layout: Layout) -> tuple[str, ...]:
    """The name of every channel: "L", "R", "C", "LFE", "Ls", "Rs", "Lb", "Rb"; of others the role or, without
    one, the number. In a layout without sides, the back channels count as surrounds."""
    backs = {"BL": "Lb", "BR": "Rb"} if "SL" in layout.roles else {"BL": "Ls", "BR": "Rs"}
    names = {**_SHORT, **backs}
    return tuple(
        f"track {number}" if role is None else names.get(role, role)
        for number, role in enumerate(layout.roles, 1)
    )
