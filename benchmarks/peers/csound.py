"""Csound makes the mix and, on two more channels, the dialogue; ffmpeg meters and masters it."""

from __future__ import annotations

from pathlib import Path

from scene import Scene

from peers.ffmpeg_master import FFMPEG, Run, deliver

NAME = "csound"
NEEDS = ("csound", "ffmpeg")
COMPLETE = True
LACKS = ("breath", "room tone", "dust", "levels of sections")

_ORCHESTRA = """\
sr = 48000
ksmps = 64
nchnls = 4
0dbfs = 1
gaDxL init 0
gaDxR init 0
gaFxL init 0
gaFxR init 0
gaHissL init 0
gaHissR init 0

instr Voice ; p4 file, p5 side (-1 is left), p6 length, p7 way inward, s, p8 fader from, p9 its time
  SFile = p4 == 1 ? "stems/voice_a.flac" : "stems/voice_b.flac"
  aIn diskin2 SFile, 1
  iFirst = p5 < 0 ? 1 : 0
  aTime line 0, 1, 1
  aFromOuter = iFirst == 1 ? aTime : p6 - aTime
  aNear = 0.5 - 0.5 * cos($M_PI * limit(aFromOuter / p7, 0, 1))
  aFader = limit((aTime - p8) / p9, 0, 1) * $M_PI / 2
  aCross = iFirst == 1 ? cos(aFader) : sin(aFader)
  aSlip = sin(limit(aFromOuter / 1.5, 0, 1) * $M_PI / 2)
  aDark tone aIn, 1800
  aOut = (aDark + aNear * (aIn - aDark)) * aSlip * aCross * (0.5 + 0.5 * aNear)
  aAngle = $M_PI / 4 * (1 + p5 * (1 - aNear))
  gaDxL += aOut * cos(aAngle)
  gaDxR += aOut * sin(aAngle)
endin

instr Echo ; p4 file, p5 where the words begin, p6 cutoff, p7 dB, p8 side
  SFile = p4 == 1 ? "stems/voice_a.flac" : "stems/voice_b.flac"
  aIn diskin2 SFile, 1, p5
  aRise linseg 0, 0.19, 1, p3 - 0.19, 1
  aDark tone aIn * aRise, p6
  aDark tone aDark, p6
  iGain = ampdb(p7)
  iAngle = $M_PI / 4 * (1 + 0.9 * p8)
  gaDxL += aDark * iGain * cos(iAngle)
  gaDxR += aDark * iGain * sin(iAngle)
endin

instr Projector ; p4 fade at the beginning
  aHum poscil 0.0042, 100, giHum
  aNoise rand 1, 0.3, 1
  aFrame mpulse 1, 1 / 24
  aTooth mpulse 1, 1 / 96
  kLoud randh 0.15, 24
  aClick mode aFrame * (1 + kLoud), 2300, 25
  aClack mode aFrame * (1 + kLoud), 5100, 40
  aSlap mode aTooth, 4400, 30
  aPuff tone aFrame, 80
  aFan pinkish aNoise
  aFan tone aFan, 3000
  aFan atone aFan, 90
  aOut = aHum + 2 * (aClick + aClack) / 90 + 0.5 * aSlap / 90 + aPuff * aNoise * 2 + 0.008 * aFan
  aRise linseg 0, p4, 1, 1, 1
  gaFxL += aOut * aRise * 0.9
  gaFxR += aOut * aRise * 1.08
endin

instr Hiss
  aL rand 0.0037, 0.1, 1
  aR rand 0.0037, 0.7, 1
  aL tone aL, 3500
  aR tone aR, 3500
  gaHissL atone aL, 80
  gaHissR atone aR, 80
endin

instr Mix ; p4 dropout, p5 its time
  aFade linseg 1, p4, 1, p5, 0, 1, 0
  aFade = sqrt(aFade)
  aRoomL pconvolve gaDxL * 0.2 + gaFxL * 0.126, "room.wav", 2048, 1
  aRoomR pconvolve gaDxR * 0.2 + gaFxR * 0.126, "room.wav", 2048, 2
  aL = (gaDxL + gaFxL + aRoomL) * aFade + gaHissL
  aR = (gaDxR + gaFxR + aRoomR) * aFade + gaHissR
  outch 1, aL, 2, aR, 3, gaDxL * aFade, 4, gaDxR * aFade
  clear gaDxL, gaDxR, gaFxL, gaFxR
endin
"""


def render(scene: Scene, folder: Path, run: Run) -> None:
    """See `peers`."""
    program = folder / "csound.csd"
    premaster = folder / "csound-premaster.wav"
    program.write_text(_program(scene))
    run(["csound", "-d", "-m0", "-W", "-f", "-o", str(premaster), str(program)])
    graph = (
        "[0:a]asplit[x][y];[x]pan=stereo|c0=c0|c1=c1,ebur128@programme=peak=true:framelog=verbose[p];"
        "[y]pan=stereo|c0=c2|c1=c3,ebur128@dialogue=framelog=verbose[d]"
    )
    meter = [*FFMPEG, "-i", str(premaster), "-filter_complex", graph]
    log = run([*meter, "-map", "[p]", "-f", "null", "-", "-map", "[d]", "-f", "null", "-"])
    deliver(scene, premaster, log, folder / "csound.wav", run, "pan=stereo|c0=c0|c1=c1,")


def _program(scene: Scene) -> str:
    score = [
        f'i "Projector" 0 {scene.silence_s:g} {scene.rise_s:g}',
        f'i "Hiss" 0 {scene.silence_s:g}',
        f'i "Mix" 0 {scene.length_s:g} {scene.dropout_s:g} {scene.fade_s:g}',
    ]
    for minute_s in scene.conversations_s:
        score += _conversation(scene, minute_s)
    return (
        "<CsoundSynthesizer>\n<CsInstruments>\n"
        f"giHum ftgen 0, 0, 16384, 10, 1, 0.5, 0.33, 0.25, 0.2\n{_ORCHESTRA}"
        "</CsInstruments>\n<CsScore>\n" + "\n".join(score) + "\ne\n</CsScore>\n</CsoundSynthesizer>\n"
    )


def _conversation(scene: Scene, minute_s: int) -> list[str]:
    cross_from, cross_to = scene.cross_s
    crossing = cross_to - cross_from
    voices = (
        (1, -1, scene.voice_a_s, scene.voice_a_lasts_s, cross_to - scene.voice_a_s),
        (
            2,
            1,
            scene.voice_b_s,
            scene.voice_b_lasts_s,
            scene.voice_b_s + scene.voice_b_lasts_s - cross_from,
        ),
    )
    score = []
    for file, side, at_s, lasts_s, way_s in voices:
        score.append(
            f'i "Voice" {minute_s + at_s} {lasts_s} {file} {side} {lasts_s} {way_s} '
            f"{cross_from - at_s} {crossing}"
        )
        words_s = lasts_s - scene.words_s
        echoes = zip(scene.returns_s, scene.cutoffs_hz, scene.echo_db, strict=True)
        for k, (delay_s, cutoff_hz, level_db) in enumerate(echoes):
            score.append(
                f'i "Echo" {minute_s + at_s + words_s + delay_s} {scene.words_s} {file} {words_s} '
                f"{cutoff_hz} {level_db} {-side * (-1) ** k}"
            )
    return score
