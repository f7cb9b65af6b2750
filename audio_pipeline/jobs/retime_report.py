"""The result of a retiming as one JSON document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from audio_pipeline.audio_io.display_path import printable
from audio_pipeline.audio_io.write.atomic_write import atomic_write
from audio_pipeline.errors import RenderError, encodable_texts
from audio_pipeline.jobs.retime import Move, Retimed
from audio_pipeline.mixing.equal_spans import long_enough
from audio_pipeline.timeline.scene import to_samples

SCHEMA = "Retime.1"


def retime_document(found: Retimed) -> dict[str, Any]:
    """The document: the moves, the new preset, the compared span and the spans with equal samples."""
    shortest = to_samples(found.clock.rate.seconds(1), found.sample_rate_hz)
    rate = found.sample_rate_hz

    def spans(name: str) -> list[dict[str, Any]]:
        return [
            {
                "start_samples": span.start,
                "stop_samples": span.stop,
                "start": found.clock.timecode_of_sample(span.start, rate),
                "stop": found.clock.timecode_of_sample(span.stop, rate),
            }
            for span in long_enough(found.equal[name], shortest)
        ]

    return {
        "schema": SCHEMA,
        "preset": found.preset,
        "new_preset": None if found.file is None else found.file.stem,
        "picture": found.kind,
        "sample_rate_hz": rate,
        "problems": list(found.problems),
        "notes": list(found.notes),
        "moves": [_move(found, move) for move in found.moves],
        "changes": {".".join(key): value for key, value in found.changes.items()},
        "sounds": {name: list(causes) for name, causes in found.sounds.items()},
        "compared_samples": len(found.compared),
        "shortest_samples": shortest,
        "equal_samples": {name: sum(map(len, found.equal[name])) for name in found.equal},
        "equal": {name: spans(name) for name in found.equal},
    }


def _move(found: Retimed, move: Move) -> dict[str, Any]:
    rate = found.sample_rate_hz
    frames = (move.after - move.before) * found.clock.rate.frames_per_s
    return {
        "name": move.name,
        "kind": move.kind,
        "old": found.clock.timecode_of_sample(to_samples(move.before, rate), rate),
        "new": found.clock.timecode_of_sample(to_samples(move.after, rate), rate),
        "old_samples": to_samples(move.before, rate),
        "new_samples": to_samples(move.after, rate),
        "frames": int(frames) if frames.denominator == 1 else round(float(frames), 3),
    }


def write_retime_report(path: Path, document: dict[str, Any]) -> None:
    """Write the document. Raises RenderError when it cannot be written or would replace another file."""
    if path.exists() and f'"schema": "{SCHEMA}"' not in path.read_text(errors="replace")[:4096]:
        raise RenderError(
            f"{printable(path)} already exists and is not a retime report.",
            hint="Name another file: --report FILE.json.",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path, "w") as file:
        file.write(json.dumps(encodable_texts(document), indent=2, ensure_ascii=False) + "\n")
