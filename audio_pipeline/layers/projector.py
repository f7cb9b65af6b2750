"""The projector: a film machine that runs, and may run out and stop, heard from where the listener is.

Figures: `reference`, "The projector". Here is what a preset says of one; the machine that it becomes is
in `machine/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from audio_pipeline.dsp.curves import CurveName
from audio_pipeline.layers.base import Layer
from audio_pipeline.layers.machine.parameters import MachineParameters, Place
from audio_pipeline.timeline.moments import parse_duration
from audio_pipeline.timeline.scene import Scene
from audio_pipeline.units import Dbfs, Duration, List, Pan, Percent, Time

if TYPE_CHECKING:
    from audio_pipeline.layers.machine.source import ProjectorSource


class Projector(MachineParameters, Layer):
    """Film running through a projector."""

    pans_itself: ClassVar[bool] = True

    kind: Literal["projector"] = "projector"
    level: Dbfs = Field(
        -46.0, description="how loud the running machine is where it is heard, RMS over both ears"
    )
    place: Place = Field(
        "in-room",
        description="where it is heard from: beside it in the booth, through the port glass, or "
        "with the machine standing among the seats",
    )
    pan: Pan = Field(0.12, description="where the machine stands, behind the listener")
    width: Percent = Field(
        20.0, description="the share by which the ears differ: their correlation is 100 % less this"
    )
    rise: Duration = Field(parse_duration("3s"), description="it comes up from nothing this long")
    rise_curve: CurveName = Field("hsin", description="how it comes up")
    start_up: Duration = Field(
        parse_duration("0s"), description="the motor gathers speed this long; 0 s: it runs already"
    )
    splices: List[Time] = Field((), max_length=1000, description="when a splice ticks through the gate")
    runs_out: Time | None = Field(None, description="when the film's end leaves the feed sprocket")
    thins: Duration = Field(
        parse_duration("900ms"), description="how long the end takes through gate and sprockets"
    )
    stops: Time | None = Field(None, description="when the motor is switched off")
    coast: Duration = Field(
        parse_duration("2.5s"), description="how long it turns on, slower and lower, once it is off"
    )

    def prepare(self, scene: Scene, name: str) -> ProjectorSource:
        """Builds the machine and measures four seconds of it, running, so that `level` is met.

        Raises PresetError when the machine stops before it has come up to speed or before its film has
        run out, when a splice comes after the film's end, or when every part is off.
        """
        from audio_pipeline.layers.machine.source import source_of  # one that is recalled does without

        return source_of(self, scene, name)
