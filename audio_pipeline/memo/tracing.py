"""A scene that records the questions of a sound during `prepare` and raises an error for later ones.

The output of a sound depends on its parameters, its name, and the answers of the scene. The tracing
scene records every question; parameters, name, questions and answers together are the cache key of the
output. No sound declares its dependencies; a sound that does not ask about the dropout does not change
with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.head_models import Head
from audio_pipeline.dsp.placement import Placer
from audio_pipeline.memo.keys import ears_key
from audio_pipeline.timeline.moments import Clock, Moment, Schedule
from audio_pipeline.timeline.scene import Listening, Scene, StemRequest
from audio_pipeline.timeline.spans import Span

Question = list[Any]
"""A question as JSON: the member of the scene, then its arguments."""

StemKeys = Mapping[StemRequest, str]
"""The key of the conditioned samples of each stem."""
TreatedKeys = Mapping[str, str]
"""The key of the treated stem at the reference loudness, for each layer whose stem an effect treats."""


class SceneClosedError(RuntimeError):
    """A sound read the scene after `prepare`. Its author must read the scene in `prepare`."""


class TracingScene:
    """A scene that records each question; rate, seed and clock are in every key.

    It has exactly the members of `Scene`, so that every question is recorded. After `close` every
    member raises SceneClosedError.
    """

    def __init__(self, scene: Scene, sound: str) -> None:
        """`sound` is the name of the layer or effect that asks."""
        self._scene = scene
        self._sound = sound
        self._asked: list[Question] = []
        self._closed = False
        self._untracked = False

    def close(self) -> list[Question] | None:
        """Close the scene; returns the recorded questions, or None if one of them cannot be part of a key."""
        self._closed = True
        return None if self._untracked else self._asked

    @property
    def sample_rate(self) -> int:
        return self._asked_for("sample_rate").sample_rate

    @property
    def seed(self) -> int:
        return self._asked_for("seed").seed

    @property
    def clock(self) -> Clock:
        return self._asked_for("clock").clock

    def samples(self, duration: Moment) -> int:
        return self._asked_for("samples").samples(duration)

    def seconds(self, duration: Moment) -> float:
        return self._asked_for("seconds").seconds(duration)

    def at(self, moment: Moment) -> int:
        return self._asked_for("at", ["at", *_moment(moment)]).at(moment)

    def end(self, moment: Moment) -> int:
        return self._asked_for("end", ["end", *_moment(moment)]).end(moment)

    def span(self, at: Moment, until: Moment) -> Span:
        return self._asked_for("span", ["span", _moment(at), _moment(until)]).span(at, until)

    def cue(self, name: str) -> int:
        return self._asked_for("cue", ["cue", name]).cue(name)

    def placer(
        self, law_db: float, *, from_behind: bool = False, nearest_m: float | None = None
    ) -> Placer:
        scene = self._asked_for("placer", ["ears"])
        return scene.placer(law_db, from_behind=from_behind, nearest_m=nearest_m)

    @property
    def programme(self) -> Span:
        return self._asked_for("programme", ["programme"]).programme

    @property
    def speech(self) -> tuple[Span, ...]:
        return self._asked_for("speech", ["speech"]).speech

    @property
    def listening(self) -> Listening:
        return self._asked_for("listening", ["ears"]).listening

    @property
    def head(self) -> Head:
        return self._asked_for("head", ["ears"]).head

    @property
    def stems(self) -> Mapping[StemRequest, Samples]:
        return _TracingStems(self, self._asked_for("stems").stems)

    def stem(self, request: StemRequest, layer: str) -> Samples:
        question = ["stem of", layer, *_asked(request)]
        return self._asked_for("stem", question).stem(request, layer)

    @property
    def treated(self) -> Mapping[str, Samples]:
        self.give_up_tracking("treated")
        return self._scene.treated

    @property
    def schedule(self) -> Schedule:
        self.give_up_tracking("schedule")  # reads of the schedule are not recorded
        return self._scene.schedule

    def stem_asked_for(self, request: StemRequest) -> None:
        """Record that the samples of a stem were read."""
        self._asked_for("stems", ["stem", *_asked(request)])

    def give_up_tracking(self, member: str) -> None:
        """Record that a question to `member` cannot be part of a key."""
        self._asked_for(member)
        self._untracked = True

    def _asked_for(self, member: str, question: Question | None = None) -> Scene:
        """The scene, after the question is recorded; without a question, the member is part of every key."""
        if self._closed:
            raise SceneClosedError(
                f"{self._sound} asks for the scene's {member} while it renders; only prepare may ask"
            )
        if question is not None and question not in self._asked:
            self._asked.append(question)
        return self._scene


class _TracingStems(Mapping[StemRequest, Samples]):
    """The stems of a tracing scene."""

    def __init__(self, scene: TracingScene, stems: Mapping[StemRequest, Samples]) -> None:
        self._scene = scene
        self._stems = stems

    def __getitem__(self, request: StemRequest) -> Samples:
        self._scene.stem_asked_for(request)
        return self._stems[request]

    def __iter__(self) -> Iterator[StemRequest]:
        self._scene.give_up_tracking("stems")
        return iter(self._stems)

    def __len__(self) -> int:
        self._scene.give_up_tracking("stems")
        return len(self._stems)


def answer(scene: Scene, stem_keys: StemKeys, treated_keys: TreatedKeys, question: Question) -> Any:
    """The answer of `scene`, as JSON. Raises ValueError or KeyError if it has no answer."""
    match question:
        case ["at", *moment]:
            return scene.at(_of_question(moment))
        case ["end", *moment]:
            return scene.end(_of_question(moment))
        case ["span", at, until]:
            span = scene.span(_of_question(at), _of_question(until))
            return [span.start, span.stop]
        case ["cue", name]:
            return scene.cue(name)
        case ["programme"]:
            return [scene.programme.start, scene.programme.stop]
        case ["speech"]:
            return [[span.start, span.stop] for span in scene.speech]
        case ["ears"]:
            return ears_key(scene)
        case ["stem", *asked]:
            return stem_keys[_request(asked)]
        case ["stem of", layer, *asked]:
            treated = treated_keys.get(layer)
            return stem_keys[_request(asked)] if treated is None else treated
    raise ValueError(f"unknown question {question!r}")


def without_end(question: Question, answer: Any) -> Any:
    """The part of an answer that matters before `fixed_until` of the sound that asks."""
    match question[0]:
        case "end":
            return None
        case "span":
            return answer[:1]
    return answer


def _moment(moment: Moment) -> Question:
    """The moment as JSON."""
    return [moment.text, [[list(term) for term in choice] for choice in moment.choices]]


def _of_question(asked: list[Any]) -> Moment:
    text, choices = asked
    return Moment(text, tuple(tuple((sign, atom) for sign, atom in choice) for choice in choices))


def _asked(request: StemRequest) -> list[Any]:
    """The request as JSON."""
    level = None if request.level_lufs is None else request.level_lufs.hex()
    own = [request.channel, request.trim, request.longest_samples]
    return [request.path, request.channels, level, *own]


def _request(asked: list[Any]) -> StemRequest:
    path, channels, level, *own = asked
    return StemRequest(path, channels, None if level is None else float.fromhex(level), *own)
