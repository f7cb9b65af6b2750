"""The projector: a film machine that runs, may run out of film and stop, at the listener's position.

Figures: `reference`, "The projector". Its parameters and its machine are in `machine/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from audio_pipeline.layers.machine.parameters import ProjectorParameters
from audio_pipeline.timeline.scene import Scene

if TYPE_CHECKING:
    from audio_pipeline.layers.machine.source import ProjectorSource


class Projector(ProjectorParameters):
    """Film running through a projector."""

    pans_itself: ClassVar[bool] = True

    kind: Literal["projector"] = "projector"

    def prepare(self, scene: Scene, name: str) -> ProjectorSource:
        """Build the machine, and measure four seconds of the running machine to meet `level`.

        Raises PresetError when the machine stops before it has come up to speed or before its film has
        run out, when a splice is after the film's end, or when every part is off.
        """
        from audio_pipeline.layers.machine.source import source_of  # not needed for a cached stem

        return source_of(self, scene, name)
