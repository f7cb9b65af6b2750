"""Finds the sounds that depend on moved times, by the questions that each asks its scene in `prepare`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from audio_pipeline.memo.tracing import Question, TracingScene, answer
from audio_pipeline.mixing.session import Session
from audio_pipeline.timeline.scene import Scene

UNKNOWN = "anything"
"""The cause for a sound with questions to the scene that cannot be tracked."""


def moved_sounds(before: Session, after: Session) -> Mapping[str, tuple[str, ...]]:
    """The causes of change for each active layer and effect of `after`, like "black" or "end".

    A sound that depends on nothing that moved has no causes.
    """
    sounds: dict[str, Any] = {**after.preset.playing(), **after.preset.working()}
    others: dict[str, Any] = {**before.preset.playing(), **before.preset.working()}
    found: dict[str, tuple[str, ...]] = {}
    for name, sound in sounds.items():
        asked = _questions(after.scene, name, sound)
        if asked is None:
            found[name] = (UNKNOWN,)
            continue
        causes = [cause for q in asked for cause in _causes(q, before.scene, after.scene)]
        if name not in others or others[name] != sound:
            causes.append("its own values")
        found[name] = tuple(dict.fromkeys(causes))
    return found


def _questions(scene: Scene, name: str, sound: Any) -> list[Question] | None:
    tracing = TracingScene(scene, name)
    sound.prepare(cast(Scene, tracing), name)
    return tracing.close()


def _answer(scene: Scene, question: Question) -> Any:
    """The answer of the scene; stems are ignored, because both sessions have the same files."""
    if question[0] in ("stem", "stem of"):
        return None
    try:
        return answer(scene, {}, {}, question)
    except (ValueError, KeyError):
        return "no answer"


def _causes(question: Question, before: Scene, after: Scene) -> list[str]:
    """The moments that change the answer to a question; empty if it is the same."""
    if _answer(before, question) == _answer(after, question):
        return []
    match question:
        case ["at" | "end", text, _]:
            return [str(text)]
        case ["cue", name]:
            return [str(name)]
        case ["span", *moments]:
            moved = [cause for moment in moments for cause in _causes(["at", *moment], before, after)]
            return moved or ["end"]
        case ["programme"]:
            return ["end"]
    return [str(question[0])]
