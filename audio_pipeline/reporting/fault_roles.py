"""What a report calls the channels of a layout when one is at fault."""

from __future__ import annotations

from audio_pipeline.dsp.layouts import Layout

_SHORT = {"FL": "L", "FR": "R", "FC": "C", "SL": "Ls", "SR": "Rs", "BC": "Cs"}


def fault_roles(layout: Layout) -> tuple[str, ...]:
    """A name of every channel: "L", "R", "C", "LFE", "Ls", "Rs", "Lb", "Rb"; others by their role, and by
    their number where they have none. The backs of a layout without sides are its surrounds."""
    backs = {"BL": "Lb", "BR": "Rb"} if "SL" in layout.roles else {"BL": "Ls", "BR": "Rs"}
    names = {**_SHORT, **backs}
    return tuple(
        f"track {number}" if role is None else names.get(role, role)
        for number, role in enumerate(layout.roles, 1)
    )
