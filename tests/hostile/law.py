"""The law that every hostile input is held to: it works, or is refused in one line that can be shown."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from audio_pipeline.errors import LONGEST, AudioPipelineError
from audio_pipeline.preset.document import load_document
from audio_pipeline.preset.explain import cue_times, values_of
from audio_pipeline.preset.model import build_preset
from audio_pipeline.preset.project import Project
from audio_pipeline.preset.stems import planned_schedule

CPU_S = 5.0
"""What anything hostile may take of the processor, however busy the machine is."""
HANGS_S = 60.0
"""What waits so long, waits for ever."""


@contextmanager
def time_limit(cpu_s: float = CPU_S, hangs_s: float = HANGS_S) -> Iterator[None]:
    """Raise TimeoutError when the block takes longer, counted in seconds of CPU and by the clock."""

    def give_up(number: int, _: object) -> None:
        cause = f"more than {cpu_s} s of CPU" if number == signal.SIGPROF else f"hangs for {hangs_s} s"
        raise TimeoutError(cause)

    limits = {signal.SIGPROF: (signal.ITIMER_PROF, cpu_s), signal.SIGALRM: (signal.ITIMER_REAL, hangs_s)}
    before = {number: signal.signal(number, give_up) for number in limits}
    for timer, seconds in limits.values():
        signal.setitimer(timer, seconds)
    try:
        yield
    finally:
        for number, (timer, _) in limits.items():
            signal.setitimer(timer, 0)
            signal.signal(number, before[number])


def refusal(action: Callable[[], Any]) -> AudioPipelineError | None:
    """What refuses the action, or None when it works. Anything else that it raises goes on."""
    with time_limit():
        try:
            action()
        except AudioPipelineError as error:
            for sentence in (error.message, error.hint or "x"):
                assert sentence
                assert sentence.isprintable()
                assert len(sentence) <= 10 * LONGEST
            return error
    return None


def plan(project: Project, name: str, sets: tuple[str, ...] = ()) -> None:
    """All that happens to a preset before a stem is decoded, and what `presets NAME` shows of it."""
    preset = build_preset(load_document(project, name, sets))
    cue_times(preset, planned_schedule(project, preset, {}))
    values_of(preset)


def plan_bytes(project: Project, content: bytes) -> AudioPipelineError | None:
    """`plan` of a preset that holds these bytes."""
    path: Path = project.presets / "hostile.toml"
    path.write_bytes(content)
    return refusal(lambda: plan(project, "hostile"))
