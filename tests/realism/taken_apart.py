"""A shipped preset taken apart: each sound by itself, direct sound and room apart, for any seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from audio_pipeline.session import Session, open_session
from tests.conftest import REPOSITORY

SEEDS = (1, 2, 3)
VOICES = ("voice_a", "voice_b")


@cache
def opened(preset: str = "final", *sets: str) -> Session:
    """A preset of this repository with its own stems, opened once for each `sets`."""
    project = Project(REPOSITORY)
    return open_session(project, build_preset(load_document(project, preset, sets)), {})


@cache
def ending(seed: int = 1, preset: str = "final") -> Ending:
    """The preset with that seed, taken apart once."""
    return Ending(preset, seed)


@dataclass(frozen=True)
class Ending:
    """One preset with one seed. Sounds are `(n, 2)` from sample 0 of the programme."""

    preset: str
    seed: int

    @cached_property
    def session(self) -> Session:
        """The session of the whole preset."""
        return opened(self.preset, f"seed={self.seed}")

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

    def layer(self, name: str) -> Samples:
        """One layer as it is in the mix: placed, with its echoes and its room, until the dropout."""
        return self._heard(name)

    def dry(self, voice: str) -> Samples:
        """A voice's levelled stem on the timeline, `(n,)`: no place, no distance."""
        return _dry(voice, self.preset, self._seed)

    def spoken(self, voice: str) -> Samples:
        """A voice in its room, without its echoes."""
        return self._heard(voice, "echo.on=false")

    def direct(self, voice: str) -> Samples:
        """A voice's direct sound alone: no echoes, no room."""
        return self._heard(voice, "echo.on=false", "space.on=false")

    def reverberation(self, voice: str) -> Samples:
        """What the room answers to a voice, early and late together, without its echoes."""
        return self.spoken(voice) - self.direct(voice)

    def echoes(self, voice: str) -> Samples:
        """A voice's returning words alone, in their room."""
        return self.layer(voice) - self.spoken(voice)

    def direct_echoes(self, voice: str) -> Samples:
        """A voice's returning words alone, without their room."""
        return self._heard(voice, "space.on=false") - self.direct(voice)

    def all_but(self, *names: str) -> Samples:
        """All layers but those, together."""
        return _sum_of(self, tuple(n for n in self.session.console.layers if n not in names))

    @property
    def _seed(self) -> str:
        return f"seed={self.seed}"

    def _heard(self, layer: str, *sets: str) -> Samples:
        return _heard(layer, self.preset, self._seed, *sets)


@cache
def _heard(layer: str, preset: str, *sets: str) -> Samples:
    session = opened(preset, *sets)
    return session.console.solo(layer).heard(session.scene.programme, workers=2)


@cache
def _dry(voice: str, preset: str, seed: str) -> Samples:
    session = opened(preset, seed)
    return session.console.dry(voice, session.scene.programme)[:, 0]


@cache
def _sum_of(ending: Ending, names: tuple[str, ...]) -> Samples:
    return sum(ending.layer(name) for name in names)
