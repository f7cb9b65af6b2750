"""Every parameter of every sound at its lowest and its highest, each in a process of its own.

    python fuzz/extremes.py [kind ...]

A preset passes when its first tile is made of finite numbers, or when it is refused in words, with 4 GB
of memory and in 60 s of processor time. Prints what does not pass, and counts the rest.
"""

from __future__ import annotations

import multiprocessing
import re
import resource
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 - after the path is set

from audio_pipeline.errors import AudioPipelineError  # noqa: E402
from audio_pipeline.mixing.session import open_session  # noqa: E402
from audio_pipeline.preset.document import load_document  # noqa: E402
from audio_pipeline.preset.model import build_preset  # noqa: E402
from audio_pipeline.preset.project import Project  # noqa: E402
from audio_pipeline.preset.registry import EFFECTS, LAYERS  # noqa: E402
from audio_pipeline.timeline.spans import TILE, Span  # noqa: E402
from audio_pipeline.units import Between  # noqa: E402
from tests.conftest import make_project  # noqa: E402

MOMENTS = ("at", "until", "begins", "cross_from", "cross_to", "ends", "runs_out", "stops", "splices")
NAMES = ("kind", "stem", "impulse_response", "first", "second", "left", "right", "spares", "notes")
RANGE = re.compile(r"in (\S+), (\S+) to (\S+)$")


def extremes(cls: type, key: str) -> list[str]:
    """The lowest and the highest value of a parameter, as a preset writes them."""
    field, schema = cls.model_fields[key], cls.model_json_schema()["properties"][key]
    low, high = [[getattr(m, at) for m in field.metadata if hasattr(m, at)] for at in ("ge", "le")]
    for found in (m for m in field.metadata if isinstance(m, Between)):
        return [f'"{found.shortest}"', f'"{found.longest}"']
    if schema.get("examples") == ["250ms", "8s", "6f"]:
        return ['"0s"', '"6h"']
    units = [m.json_schema for m in field.metadata if hasattr(m, "json_schema")]
    for unit in units:
        if match := RANGE.match(unit.get("description", "")):
            ends = (max([float(match[2]), *low]), min([float(match[3]), *high]))
            return [f'"{end:.12g} {match[1]}"' for end in ends]
        if "off" in str(unit.get("pattern")):
            return ['"off"', '"-140 dB"', '"40 dB"']
    if schema.get("type") in ("integer", "number") and low and high:
        as_kind = int if schema["type"] == "integer" else float
        return [str(as_kind(low[0])), str(as_kind(high[0]))]
    if schema.get("type") == "boolean":
        return ["true", "false"]
    if "enum" in schema:
        return [f'"{value}"' if isinstance(value, str) else str(value) for value in schema["enum"]]
    return []


def one(root: str, text: str, answer: Any) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    warnings.simplefilter("error")
    project = Project(Path(root))
    (project.presets / "x.toml").write_text(text)
    try:
        session = open_session(project, build_preset(load_document(project, "x")), {})
        for _, buses in session.console.tiles(Span(0, TILE), 1, lambda buses: buses):
            assert all(part is None or np.isfinite(part).all() for part in buses.values())
        answer.put("rendered")
    except AudioPipelineError:
        answer.put("refused")
    except BaseException as error:
        answer.put(f"{type(error).__name__}: {error}"[:200])


def main() -> None:
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder))
        here = load_document(project, "short").table
        for shelf, kinds in (("layers", LAYERS), ("effects", EFFECTS)):
            for kind, cls in kinds.items():
                if sys.argv[1:] and kind not in sys.argv[1:]:
                    continue
                name = next((n for n, t in here[shelf].items() if t["kind"] == kind), "new")
                stem = 'stem = "stems/voice_a.flac"\n' if kind == "clip" else ""
                for key in cls.model_fields.keys() - {*MOMENTS, *NAMES}:
                    for value in extremes(cls, key):
                        table = f'[{shelf}.{name}]\nkind = "{kind}"\n{stem}{key} = {value}\n'
                        answer = multiprocessing.Queue()
                        asked = (folder, f'extends = "short"\n{table}', answer)
                        process = multiprocessing.Process(target=one, args=asked)
                        process.start()
                        process.join(300)
                        said = answer.get() if not answer.empty() else f"died: {process.exitcode}"
                        process.kill()
                        outcomes[said if said in ("rendered", "refused") else "FAILED"] += 1
                        if said not in ("rendered", "refused"):
                            print(f"{kind}.{key} = {value}: {said}", flush=True)
    print(dict(outcomes))


if __name__ == "__main__":
    main()
