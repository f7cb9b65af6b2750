"""What is mixed: `final`, or a longer film that has its conversation once a minute.

    python benchmarks/scene.py SECONDS FOLDER

makes a project for `render-ending` in FOLDER, and beside it the same for the peers: the stems, the
room's impulse response, and `scene.json`.
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MINUTE_S = 60


@dataclass(frozen=True)
class Scene:
    """Where everything stands, in seconds. Voices begin again in every minute, at the same second."""

    length_s: int
    voice_a_s: float
    voice_a_lasts_s: float
    voice_b_s: float
    voice_b_lasts_s: float
    words_s: float = 1.5
    returns_s: tuple[float, ...] = (1.9, 4.0, 6.4, 9.25, 12.775)
    """How much later than the words each echo stands: gaps of 400 ms that grow by half."""
    cutoffs_hz: tuple[float, ...] = (2500.0, 1750.0, 1225.0, 857.5, 600.25)
    echo_db: tuple[float, ...] = (-8.0, -14.0, -20.0, -26.0, -32.0)
    fade_s: float = 0.25
    rise_s: float = 3.0
    target_lufs: float = -27.0
    ceiling_dbtp: float = -2.0
    spoken_lufs: float = -29.4
    """The loudness of the mix from the first voice to black: `target_lufs` is that of the dialogue alone."""

    @property
    def conversations_s(self) -> tuple[int, ...]:
        """When each minute with a conversation begins."""
        return tuple(range(0, self.length_s, MINUTE_S))

    @property
    def cross_s(self) -> tuple[float, float]:
        """When one voice takes over from the other, in its minute."""
        return self.voice_a_s + self.voice_a_lasts_s - 0.8, self.voice_b_s + 0.8

    @property
    def black_s(self) -> float:
        """When the last conversation is over and only the film rolls on."""
        return self.length_s - 16.0

    @property
    def dropout_s(self) -> float:
        """When all but the hiss is pulled away."""
        return self.length_s - 4.0

    @property
    def silence_s(self) -> float:
        """From when on every sample is zero."""
        return self.length_s - 3.0

    @property
    def preset(self) -> str:
        """The preset's name."""
        return "final" if self.length_s == MINUTE_S else f"final-{self.length_s}s"


def load(folder: Path) -> Scene:
    """The scene that was prepared in `folder`."""
    table = json.loads((folder / "scene.json").read_text())
    return Scene(**{k: tuple(v) if isinstance(v, list) else v for k, v in table.items()})


def preset_text(scene: Scene) -> str:
    """A preset that extends `final` to the scene's length, a conversation in every minute."""
    minutes = [_minute(n, at_s) for n, at_s in enumerate(scene.conversations_s) if n]
    black = f'extends = "final"\n\n[cues]\nblack = "{scene.black_s:g}s"\n'
    return "\n".join([black, *minutes])


def _minute(n: int, at_s: int) -> str:
    a, b = f"voice_a_{n}", f"voice_b_{n}"
    return f"""\
[layers.{a}]
kind = "voice"
stem = "stems/voice_a.flac"
at = "voice_a + {at_s}s"

[layers.{b}]
kind = "voice"
stem = "stems/voice_b.flac"
at = "{a}.tail + 3.4s"

[effects.crossfade_{n}]
kind = "crossfade"
first = "{a}"
second = "{b}"
begins = "{a}.at"
cross_from = "{a}.tail - 800ms"
cross_to = "{b}.at + 800ms"
ends = "{b}.tail"
inner = "R10"

[effects.echo_{n}]
kind = "echo"
left = ["{b}"]
right = ["{a}"]
decay = "-6 dB"
dies = "350ms"
"""


def prepare(length_s: int, folder: Path) -> Scene:
    """Write everything that a render of that length needs. `length_s` is a whole number of minutes."""
    import numpy as np  # noqa: PLC0415 - peers without NumPy read the scene, too
    import soundfile  # noqa: PLC0415 - as NumPy

    if length_s < MINUTE_S or length_s % MINUTE_S:
        raise SystemExit(f"{length_s} s is not a whole number of minutes")
    for shelf in ("presets", "stems"):
        shutil.copytree(ROOT / shelf, folder / shelf, dirs_exist_ok=True)
    lasts = [soundfile.info(folder / "stems" / f"voice_{v}.flac").duration for v in "ab"]
    scene = Scene(length_s, 8.0, lasts[0], 8.0 + lasts[0] + 3.4, lasts[1])
    if scene.preset != "final":
        (folder / "presets" / f"{scene.preset}.toml").write_text(preset_text(scene))
    room = room_response()
    soundfile.write(folder / "room.wav", room, 48_000, "FLOAT")
    np.savetxt(folder / "room.txt", room[:, 0])
    (folder / "scene.json").write_text(json.dumps(asdict(scene)))
    return scene


def room_response():  # type: ignore[no-untyped-def]
    """`(taps, 2)`: one second of room at 48 kHz, energy 1 a channel, left and right unlike."""
    import numpy as np  # noqa: PLC0415 - as above

    t = np.arange(48_000) / 48_000
    noise = np.random.default_rng(1).standard_normal((len(t), 2))
    room = noise * np.exp(-6.91 * t / 0.7)[:, None]
    return room / np.sqrt(np.sum(room**2, axis=0))


if __name__ == "__main__":
    prepare(int(sys.argv[1]), Path(sys.argv[2]))
