"""ffmpeg: one filter graph makes the mix and meters it, a second pass brings it to its loudness.

What lasts a minute is made once and repeated; what is periodic is made for ten seconds and repeated.
"""

from __future__ import annotations

from pathlib import Path

from scene import MINUTE_S, Scene

from peers.ffmpeg_master import FFMPEG, Run, deliver

NAME = "ffmpeg"
NEEDS = ("ffmpeg",)
COMPLETE = True
LACKS = (
    "breath",
    "room tone",
    "dust",
    "uneven machine (clicks repeat after 10 s)",
    "levels of sections",
)

_RATE = 48_000
_HUM = "+".join(f"{0.5 / k:.4f}*sin({628.3185 * k:.3f}*t)" for k in range(1, 6))
_CLICKS = (
    "exp(-700*mod(t\\,1/24))*(sin(14451*t)+random(0)-0.5)"
    "+0.3*exp(-1500*mod(t\\,1/96))*(sin(27646*t)+random(1)-0.5)"
)


def render(scene: Scene, folder: Path, run: Run) -> None:
    """See `peers`."""
    premaster = folder / "ffmpeg-premaster.wav"
    log = run(
        [
            *FFMPEG,
            *("-i", "stems/voice_a.flac", "-i", "stems/voice_b.flac", "-i", "room.wav"),
            *("-filter_complex", ";".join(_graph(scene))),
            *("-map", "[mix]", "-c:a", "pcm_f32le", str(premaster)),
            *("-map", "[heard]", "-f", "null", "-"),
        ]
    )
    deliver(scene, premaster, log, folder / "ffmpeg.wav", run)


def _graph(scene: Scene) -> list[str]:
    times = len(scene.conversations_s)
    again = f"aloop=loop={times - 1}:size={MINUTE_S * _RATE}," if times > 1 else ""
    fall = f"afade=t=out:st={scene.dropout_s:g}:d={scene.fade_s:g}:curve=squ"
    end = f"atrim=end={scene.silence_s:g},apad=whole_dur={scene.length_s:g}"
    rest = scene.silence_s
    return [
        *_voice(scene, "0", "a", scene.voice_a_s, scene.voice_a_lasts_s),
        *_voice(scene, "1", "b", scene.voice_b_s, scene.voice_b_lasts_s),
        f"[voices_a][voices_b][echoes_a][echoes_b]amix=4:normalize=0,"
        f"apad=whole_dur={MINUTE_S},atrim=end={MINUTE_S},{again}{fall},asplit=3[dx][dx_meter][dx_send]",
        "[dx_meter]ebur128@dialogue=framelog=verbose[heard]",
        f"aevalsrc=exprs='0.0042*({_HUM})+0.03*({_CLICKS})':s={_RATE}:d=10,"
        f"aloop=loop=-1:size={10 * _RATE},atrim=end={rest:g}[machine]",
        f"anoisesrc=c=pink:r={_RATE}:a=0.025:seed=1:d={rest:g},lowpass=f=3000,highpass=f=90[fan]",
        f"[machine][fan]amix=2:normalize=0,afade=d={scene.rise_s:g}:curve=hsin,{fall},"
        "pan=stereo|c0=0.9*c0|c1=1.08*c0,asplit=2[fx][fx_send]",
        f"anoisesrc=r={_RATE}:a=0.0037:seed=2:d={rest:g}[hiss_l]",
        f"anoisesrc=r={_RATE}:a=0.0037:seed=3:d={rest:g}[hiss_r]",
        "[hiss_l][hiss_r]join=inputs=2:channel_layout=stereo,lowpass=f=3500:p=1,highpass=f=80[hiss]",
        "[dx_send]volume=-14dB[dx_far]",
        "[fx_send]volume=-18dB[fx_far]",
        "[dx_far][fx_far]amix=2:normalize=0[send]",
        f"[send][2:a]afir=gtype=none:irfmt=input,{fall}[room]",
        f"[dx][fx][room][hiss]amix=4:normalize=0,{end},ebur128@programme=peak=true:framelog=verbose[mix]",
    ]


def _voice(scene: Scene, source: str, name: str, at_s: float, lasts_s: float) -> list[str]:
    """One voice on its way, and its returns. Gains and places move every 5 ms."""
    first = name == "a"
    cross_from, cross_to = scene.cross_s
    inner_s = cross_to if first else cross_from
    outer_s = at_s if first else at_s + lasts_s
    near = f"(0.5-0.5*cos(PI*clip((t-{outer_s:g})/{inner_s - outer_s:g}\\,0\\,1)))"
    angle = f"(PI/4*{near})" if first else f"(PI/2-PI/4*{near})"
    fader = f"clip((t-{cross_from:g})/{cross_to - cross_from:g}\\,0\\,1)*PI/2"
    fader = f"cos({fader})" if first else f"sin({fader})"
    slip = (
        f"afade=d=1.5:curve=qsin:st={at_s:g}"
        if first
        else f"afade=t=out:d=1.5:curve=qsin:st={outer_s - 1.5:g}"
    )
    wet = f"volume='1-{near}':eval=frame"
    words_s = at_s + lasts_s - scene.words_s
    echoes = list(zip(scene.returns_s, scene.cutoffs_hz, scene.echo_db, strict=True))
    out = [
        f"[{source}:a]aformat=dblp,adelay={round(at_s * _RATE)}S,asetnsamples=240,asplit=3"
        f"[bright_{name}][far_{name}][words_{name}]",
        f"[far_{name}]lowpass=f=1800:p=1,{wet}[dark_{name}]",
        f"[bright_{name}]volume='{near}':eval=frame[near_{name}]",
        f"[near_{name}][dark_{name}]amix=2:normalize=0,asetnsamples=240,{slip},"
        f"volume='{fader}*(0.5+0.5*{near})':eval=frame,asplit=2[left_{name}][right_{name}]",
        f"[left_{name}]volume='cos({angle})':eval=frame[l_{name}]",
        f"[right_{name}]volume='sin({angle})':eval=frame[r_{name}]",
        f"[l_{name}][r_{name}]join=inputs=2:channel_layout=stereo[voices_{name}]",
        f"[words_{name}]atrim=start={words_s:g}:end={at_s + lasts_s:g},asetpts=PTS-STARTPTS,"
        f"afade=d=0.19,asplit={len(echoes)}{''.join(f'[w_{name}{k}]' for k in range(len(echoes)))}",
    ]
    for k, (delay_s, cutoff_hz, level_db) in enumerate(echoes):
        right = first != bool(k % 2)
        weak, strong = 0.078, 0.997
        left_gain, right_gain = (weak, strong) if right else (strong, weak)
        out.append(
            f"[w_{name}{k}]lowpass=f={cutoff_hz:g},volume={level_db:g}dB,"
            f"adelay={round((words_s + delay_s) * _RATE)}S,"
            f"pan=stereo|c0={left_gain}*c0|c1={right_gain}*c0[e_{name}{k}]"
        )
    inputs = "".join(f"[e_{name}{k}]" for k in range(len(echoes)))
    return [*out, f"{inputs}amix={len(echoes)}:normalize=0[echoes_{name}]"]
