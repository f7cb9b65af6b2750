"""A shipped preset taken apart: each sound by itself, direct sound and room apart, for any seed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.mixing.session import Session, open_session
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Heard = NDArray[np.float32]

SEEDS = (1, 2, 3)
VOICES = ("voice_a", "voice_b")


class Ending:
    """One preset of this repository with its own stems and one seed.

    Sounds are `(n, 2)` from sample 0 of the programme. They are made once and kept in single precision:
    a minute of each layer is 23 MB.
    """

    def __init__(self, preset: str = "final", seed: int = 1) -> None:
        self.preset = preset
        self.seed = seed
        self._sessions: dict[tuple[str, ...], Session] = {}
        self._heard: dict[tuple[str, ...], Heard] = {}

    @property
    def session(self) -> Session:
        """The session of the whole preset."""
        return self._opened()

    @property
    def rate(self) -> int:
        """Sample rate, Hz."""
        return self.session.scene.sample_rate

    def cue(self, name: str) -> int:
        """The sample of a cue or of a sound's moment."""
        return self.session.scene.cue(name)

    def span(self, start: str, stop: str) -> slice:
        """The samples between two cues."""
        return slice(self.cue(start), self.cue(stop))

    def layer(self, name: str) -> Heard:
        """One layer as it is in the mix: placed, with its echoes and its room, until the dropout."""
        return self._solo(name)

    def dry(self, voice: str) -> Heard:
        """A voice's levelled stem on the timeline, `(n,)`: no place, no distance."""
        key = ("dry", voice)
        if key not in self._heard:
            whole = self.session.scene.programme
            self._heard[key] = self.session.console.dry(voice, whole)[:, 0].astype(np.float32)
        return self._heard[key]

    def spoken(self, voice: str) -> Heard:
        """A voice in its room, without its echoes."""
        return self._solo(voice, "echo.on=false")

    def direct(self, voice: str) -> Heard:
        """A voice's direct sound alone: no echoes, no room."""
        return self._solo(voice, "echo.on=false", "space.on=false")

    def reverberation(self, voice: str) -> Heard:
        """What the room answers to a voice, early and late together, without its echoes."""
        return self.spoken(voice) - self.direct(voice)

    def echoes(self, voice: str) -> Heard:
        """A voice's returning words alone, in their room."""
        return self.layer(voice) - self.spoken(voice)

    def direct_echoes(self, voice: str) -> Heard:
        """A voice's returning words alone, without their room."""
        return self._solo(voice, "space.on=false") - self.direct(voice)

    def all_but(self, *names: str) -> Heard:
        """All layers but those, together."""
        return sum(self.layer(name) for name in self.session.console.layers if name not in names)

    def _opened(self, *sets: str) -> Session:
        if sets not in self._sessions:
            project = Project(REPOSITORY)
            document = load_document(project, self.preset, (f"seed={self.seed}", *sets))
            self._sessions[sets] = open_session(project, build_preset(document), {})
        return self._sessions[sets]

    def _solo(self, layer: str, *sets: str) -> Heard:
        key = (layer, *sets)
        if key not in self._heard:
            session = self._opened(*sets)
            heard = session.console.solo(layer).render(session.scene.programme, workers=2)
            self._heard[key] = heard.astype(np.float32)
        return self._heard[key]


@cache
def ending(preset: str = "final") -> Ending:
    """The preset with seed 1, made once for all tests."""
    return Ending(preset)
