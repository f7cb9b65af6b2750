"""What happens to the files of a mix that is watched: they vanish, become nonsense, pipes or links."""

from __future__ import annotations

import itertools
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from audio_pipeline.cli.cache import users_cache
from audio_pipeline.errors import AudioPipelineError
from audio_pipeline.jobs import watch
from audio_pipeline.preset.project import find_project
from tests.command import TINY, tiny_project
from tests.hostile.law import refusal, time_limit
from tests.hostile.preset_makers import mutated
from tests.hostile.stem_makers import mutated_stem

Action = Callable[[Path, random.Random], object]


def _gone(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _link(path: Path, rng: random.Random) -> None:
    path.symlink_to(rng.choice([path.name, "nothing", "/etc/passwd", "/dev/zero", ".", "../presets"]))


NONSENSE: dict[str, Action] = {
    "gone": lambda path, rng: None,
    "a pipe": lambda path, rng: os.mkfifo(path),
    "a folder": lambda path, rng: path.mkdir(),
    "a link": _link,
    "empty": lambda path, rng: path.touch(),
    "noise": lambda path, rng: path.write_bytes(rng.randbytes(3000)),
    "half": lambda path, rng: path.write_text(TINY[: rng.randrange(len(TINY))]),
    "another preset": lambda path, rng: path.write_bytes(mutated(rng.randrange(2**32))),
    "a stem": lambda path, rng: path.write_bytes(mutated_stem(rng.randrange(2**32))),
    "a giant": lambda path, rng: path.open("wb").truncate(1 << 40),
    "no permission": lambda path, rng: (path.write_text(TINY), path.chmod(0)),
}
PLACES = [
    *("presets/tiny.toml", "presets/tiny.toml", "presets/other.toml", "stems/voice_a.flac", "stems"),
    *("stems/voice_b.flac", "renders", "renders/tiny.wav", "renders/tiny.report.json", "presets"),
    *("renders/tiny.report.html", "renders/tiny.wav.part", "renders/tiny.report.json.part"),
]


class Chaos:
    """A project `tiny` that is watched, in this process; `step` makes nonsense of some of its files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._times = itertools.count(1_000_000_000)
        self._good = tiny_project(folder / "good")
        self.film = folder.resolve() / "film"
        self._mend()
        self._project = find_project(self.film)
        self._changes: Iterator[None] = watch.Watched(self._project, "tiny", ()).changes()

    def _mend(self) -> None:
        _gone(self.film)
        shutil.copytree(self._good, self.film)
        self._stir()

    def _stir(self) -> None:
        """Something of the mix is another than it was, whatever else has happened."""
        mark = self.film / "presets" / "mark.toml"
        if mark.parent.is_dir():
            mark.touch()
            at = next(self._times)
            os.utime(mark, (at, at))

    def _render(self) -> AudioPipelineError | None:
        with time_limit():
            next(self._changes)
        return refusal(lambda: watch.rendered_page(self._project, "tiny", (), None, 1, users_cache()))

    def step(self, seed: int) -> AudioPipelineError | None:
        """Nonsense, which is rendered or refused; then all is good again, and is rendered."""
        rng = random.Random(seed)
        for _ in range(rng.choice([1, 1, 2, 3])):
            path = self.film / rng.choice(PLACES)
            if path.parent.is_dir() and path.parent.resolve().is_relative_to(self.film):
                _gone(path)
                rng.choice(list(NONSENSE.values()))(path, rng)
        self._stir()
        refused = self._render()
        self._mend()
        assert self._render() is None
        return refused
