"""The last breath: one exhale, and none after it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from audio_pipeline.layers.airway import Phase, Timbre
from audio_pipeline.layers.base import Layer
from audio_pipeline.layers.breath import BreathSource
from audio_pipeline.timeline.moments import parse_duration, parse_moment
from audio_pipeline.timeline.scene import Scene
from audio_pipeline.timeline.spans import Span
from audio_pipeline.units import Db, Dbfs, Duration, Hz, Time


class Exhale(Layer):
    """One exhale without an inhale, which does not end but lessens: its last part is a half cosine.

    `level` is its RMS over its whole length. Where there is less room than `length` before `until`,
    it is shorter, never cut.
    """

    kind: Literal["exhale"] = "exhale"
    at: Time = Field(parse_moment("silence + 900ms"), description="when it begins")
    until: Time = Field(parse_moment("end"), description="when it has ended, at the latest")
    level: Dbfs = Field(-54.0, description="its RMS")
    length: Duration = Field(parse_duration("3s"), description="how long it lasts")
    ending: Duration = Field(parse_duration("300ms"), description="how long it takes to vanish")
    formants: Db = Field(6.0, ge=0, le=18, description="how far the resonances of the throat stand out")
    cut: Hz = Field(1800.0, ge=500, le=12_000, description="above this it falls away")

    def prepare(self, scene: Scene, name: str) -> BreathSource:
        """See `Layer.prepare`."""
        span = self.span(scene)
        phase = Phase(span, "out", self.level, ending=scene.samples(self.ending))
        timbre = Timbre(formants_db=self.formants, exhale_hz=self.cut)
        phases = (phase,) if len(span) else ()
        return BreathSource(timbre, scene.sample_rate, scene.seed, name, span, phases)

    def span(self, scene: Scene) -> Span:
        """From `at` for `length`, no later than `until`."""
        room = super().span(scene)
        return Span(room.start, min(room.stop, room.start + scene.samples(self.length)))
