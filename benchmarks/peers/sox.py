"""SoX, as far as it goes: it has no automation and no loudness meter, so places move by fades alone."""

from __future__ import annotations

import shlex
from pathlib import Path

from scene import MINUTE_S, Scene

from peers.ffmpeg_master import Run

NAME = "sox"
NEEDS = ("sox",)
COMPLETE = False
LACKS = (
    "loudness target (its gain was worked out beforehand)",
    "true-peak ceiling",
    "loudness report",
    "treble that moves",
    "breath",
    "room tone",
    "dust",
    "uneven machine",
)

_RATE = 48_000
_GAIN_DB = 4.4


def render(scene: Scene, folder: Path, run: Run) -> None:
    """See `peers`."""
    dialogue, film, room = (folder / f"sox-{part}.wav" for part in ("dialogue", "film", "room"))
    run(["sox", "-m", *_conversation(scene), *_float(dialogue), *_minutes(scene)])
    run(["sox", "-m", *_machine(scene), *_float(film), *_whole(scene)])
    sends = [*_input("-14dB", str(dialogue)), *_input("-18dB", str(film))]
    run(["sox", "-m", *sends, *_float(room), "fir", "room.txt"])
    fall_s, silence_s = scene.dropout_s + scene.fade_s, scene.silence_s
    fade = ["trim", "0", f"{fall_s}", "fade", "q", "0", f"{fall_s}", f"{scene.fade_s}"]
    falling = [_piped(str(part), *fade, "pad", "0", "3") for part in (dialogue, film, room)]
    hiss = _piped(
        *("-n", "-r", str(_RATE), "-c", "2"),
        *("synth", f"{silence_s}", "whitenoise", "lowpass", "-1", "3500", "highpass", "-1", "80"),
        *("vol", "0.0038"),
    )
    inputs = [word for part in [*falling, hiss] for word in _input(f"{_GAIN_DB}dB", part)]
    out = ["-D", "-b", "24", str(folder / "sox.wav")]
    end = [
        "trim",
        "0",
        f"{silence_s}",
        "dither",
        "-p",
        "24",
        "pad",
        "0",
        "3",
        "trim",
        "0",
        str(scene.length_s),
    ]
    run(["sox", "-m", *inputs, *out, *end])
    for part in (dialogue, film, room):
        part.unlink()


def _piped(*words: str) -> str:
    """An input that another SoX makes; `words` are its input and its effects."""
    split = next((n for n, word in enumerate(words) if word in _EFFECTS), len(words))
    return "|" + shlex.join(["sox", *words[:split], "-p", *words[split:]])


_EFFECTS = {"synth", "trim", "fade", "pad", "lowpass", "remix", "vol"}


def _input(gain: str, name: str) -> list[str]:
    linear = 10.0 ** (float(gain.removesuffix("dB")) / 20.0)
    return ["-v", f"{linear:.6f}", name]


def _float(path: Path) -> list[str]:
    return ["-e", "float", "-b", "32", str(path)]


def _minutes(scene: Scene) -> list[str]:
    again = ["repeat", str(len(scene.conversations_s) - 1)] if len(scene.conversations_s) > 1 else []
    return ["trim", "0", f"={MINUTE_S}", *again]


def _whole(scene: Scene) -> list[str]:
    return ["fade", "h", f"{scene.rise_s}"]


def _conversation(scene: Scene) -> list[str]:
    cross_from, cross_to = scene.cross_s
    a_tail = scene.voice_a_s + scene.voice_a_lasts_s
    inputs = []
    voices = (
        ("a", scene.voice_a_s, scene.voice_a_lasts_s, ["1.5", "0", f"{a_tail - cross_from}"]),
        ("b", scene.voice_b_s, scene.voice_b_lasts_s, [f"{cross_to - scene.voice_b_s}", "0", "1.5"]),
    )
    for name, at_s, lasts_s, slip in voices:
        file, first = f"stems/voice_{name}.flac", name == "a"
        moving = [f"{lasts_s}", "0", "0"] if first else ["0", "0", f"{lasts_s}"]
        outer = _piped(file, "fade", "q", *slip, "vol", "0.68", "pad", f"{at_s}", str(MINUTE_S))
        inner = _piped(
            file,
            "fade",
            "q",
            *slip,
            "fade",
            "h",
            *moving,
            "vol",
            "0.42",
            "pad",
            f"{at_s}",
            str(MINUTE_S),
        )
        for part, channels in (
            (outer, (1, 0) if first else (0, 1)),
            (inner, (0, 1) if first else (1, 0)),
        ):
            inputs += _input("0dB", f"{part} remix {' '.join(str(c) for c in channels)}")
        words_s = at_s + lasts_s - scene.words_s
        echoes = zip(scene.returns_s, scene.cutoffs_hz, scene.echo_db, strict=True)
        for k, (delay_s, cutoff_hz, level_db) in enumerate(echoes):
            right = first != bool(k % 2)
            pan = ["1v0.078", "1v0.997"] if right else ["1v0.997", "1v0.078"]
            words = ["trim", f"-{scene.words_s}", "fade", "h", "0.19"]
            dark = ["lowpass", f"{cutoff_hz}", "vol", f"{level_db - 1.5}dB"]
            at = ["pad", f"{words_s + delay_s}", str(MINUTE_S)]
            inputs += _input("0dB", _piped(file, *words, *dark, *at, "remix", *pan))
    return inputs


def _machine(scene: Scene) -> list[str]:
    nothing = ["-n", "-r", str(_RATE), "-c", "2"]
    lasts = f"{scene.silence_s}"
    hum = [word for k in range(1, 6) for word in ("sine", f"{100 * k}")]
    return [
        *_input(
            "-54dB", _piped(*nothing, "synth", lasts, *hum[:2], "synth", lasts, "sine", "mix", "200")
        ),
        *_input(
            "-24.5dB",
            _piped(*nothing, "synth", lasts, "square", "24", "0", "0", "1", "bandpass", "2300", "500h"),
        ),
        *_input(
            "-33.5dB",
            _piped(*nothing, "synth", lasts, "square", "96", "0", "0", "2", "bandpass", "4400", "900h"),
        ),
        *_input(
            "-29.5dB",
            _piped(
                *nothing, "synth", lasts, "pinknoise", "lowpass", "-1", "3000", "highpass", "-1", "90"
            ),
        ),
    ]
