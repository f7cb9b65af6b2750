"""Coverage-guided fuzzing of presets, with atheris from PyPI in a virtual environment of its own.

    unzip -q fuzz/corpus.zip -d corpus
    python fuzz/guided.py -max_total_time=600 -max_len=3000 -dict=fuzz/preset.dict corpus
    rm fuzz/corpus.zip && zip -qjX fuzz/corpus.zip corpus/*

A preset works, or is an AudioPipelineError of one printable line; anything else is a crash, and so is
what takes longer than five seconds.
"""

import sys
import tempfile
from pathlib import Path

import atheris

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "hostile")]

with atheris.instrument_imports(include=["audio_pipeline", "tomllib"]):
    from law import plan_bytes

    from tests.conftest import make_project

FOLDER = tempfile.TemporaryDirectory()
PROJECT = make_project(Path(FOLDER.name))


def one(content: bytes) -> None:
    plan_bytes(PROJECT, content)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
