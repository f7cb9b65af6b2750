"""The parameters of a projector: the machine, its parts, and the variation between frames.

The defaults are a 35 mm machine; `GAUGES` holds the values of other gauges, as a preset writes them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, model_validator

from audio_pipeline.dsp.curves import CurveName
from audio_pipeline.layers.base import Layer
from audio_pipeline.timeline.moments import parse_duration
from audio_pipeline.units import (
    OFF,
    Between,
    Db,
    Dbfs,
    Duration,
    Hz,
    List,
    Pan,
    Parameters,
    Percent,
    PerSecond,
    Send,
    Time,
)

FilmGauge = Literal["35mm", "16mm", "super8"]
Mains = Literal["50 Hz", "60 Hz"]
Place = Literal["booth", "port", "in-room"]

GAUGES: dict[FilmGauge, dict[str, Any]] = {
    "35mm": {},
    "16mm": {
        "perforations": 1,
        "pull_down": "21%",
        "claw_tones": [
            "210 Hz",
            "470 Hz",
            "860 Hz",
            "1.4 kHz",
            "2.15 kHz",
            "3.3 kHz",
            "5 kHz",
            "7.6 kHz",
            "11 kHz",
        ],
        "claw_ring": "4ms",
        "intermittent": "-7 dB",
        "sprockets": "-15 dB",
        "radiates_from": "110 Hz",
        "motor": "-4 dB",
        "motor_bars": 24,
        "blower": "-7.5 dB",
        "hum": "-11 dB",
        "belt_rate": "8.7/s",
        "jitter": "2.5ms",
        "scatter": "2 dB",
        "colour": "4.5 dB",
        "wow": "0.2%",
        "flutter": "0.15%",
        "reel_core": "0.77/s",
        "reel_full": "0.33/s",
        "reel_length": "11min",
    },
    "super8": {
        "frames_per_s": "18/s",
        "perforations": 1,
        "shutter_blades": 3,
        "pull_down": "21%",
        "claw_tones": [
            "290 Hz",
            "680 Hz",
            "1.1 kHz",
            "1.75 kHz",
            "2.6 kHz",
            "3.9 kHz",
            "5.9 kHz",
            "8.4 kHz",
        ],
        "claw_ring": "4ms",
        "intermittent": "-7 dB",
        "sprockets": "-15 dB",
        "radiates_from": "180 Hz",
        "motor": "-5 dB",
        "motor_poles": 2,
        "motor_bars": 14,
        "blower": "-10 dB",
        "blower_from": "200 Hz",
        "hum": "-10 dB",
        "belt_rate": "11.3/s",
        "jitter": "2.5ms",
        "scatter": "2 dB",
        "colour": "4.5 dB",
        "wow": "0.4%",
        "flutter": "0.3%",
        "reel_core": "0.71/s",
        "reel_full": "0.19/s",
        "reel_length": "10min",
    },
}
"""The defaults of each gauge, where they differ from 35 mm.

Rates and wow: `film_sound.md`, "The projector"; on a 16 mm machine the motor is loudest and the
cooling second (same page); levels and tones are an engineer's estimate.
"""


class MachineParameters(Parameters):
    """The parameters of the machine. Levels of parts are relative to the complete machine."""

    gauge: FilmGauge = Field(
        "35mm", description="film gauge; it sets the defaults of the other parameters"
    )
    frames_per_s: PerSecond = Field(24.0, ge=1, le=120, description="frames a second at full speed")
    perforations: int = Field(4, ge=1, le=8, description="perforations per frame")
    pull_down: Percent = Field(
        25.0, description="share of a frame in which the film moves, from click to click"
    )
    mains: Mains = Field("50 Hz", description="mains frequency: hum and motor speed")
    wear: Percent = Field(
        50.0,
        description="how worn it is: 50 % is as set here, less is more even, more is less even, in "
        "time, level, colour, wow and flutter alike",
    )

    intermittent: Send = Field(
        -6.5, description="level of the intermittent (claw or Geneva): two clicks a frame"
    )
    stop_click: Db = Field(1.5, description="level of the stop click relative to the start click")
    claw_tones: List[Hz] = Field(
        (165.0, 330.0, 640.0, 1150.0, 1820.0, 2700.0, 4100.0, 6300.0, 9800.0),
        min_length=1,
        max_length=32,
        description="resonances of a click",
    )
    claw_ring: Annotated[Duration, Between("0.1ms", "50ms")] = Field(
        parse_duration("3.5ms"),
        description="decay time of a click at 1 kHz; shorter above, longer below",
    )
    claw_tilt: Db = Field(0.0, description="slope of the resonances per octave")
    sprockets: Send = Field(
        -10.0, description="level of the sprocket: film on the teeth, once a perforation"
    )
    slap: Annotated[Duration, Between("0.1ms", "50ms")] = Field(
        parse_duration("2.5ms"), description="length of a sprocket event"
    )
    splice: Db = Field(9.0, description="level of a splice relative to the click of its frame")

    radiates_from: Hz = Field(80.0, description="high-pass cutoff of the machine body")
    hum: Send = Field(-10.0, description="level of the mains hum of motor and lamp")
    motor: Send = Field(-7.0, description="level of the motor: rotation and rotor whine")
    motor_poles: Literal[2, 4] = Field(4, description="poles of the motor: 2 turn twice as fast as 4")
    motor_slip: Percent = Field(5.0, le=50, description="slip of the motor")
    hunting: Percent = Field(0.15, le=5, description="variation of the motor speed")
    motor_bars: int = Field(28, ge=1, le=200, description="bars of the rotor; they set its whine")
    blower: Send = Field(-6.5, description="level of the cooling air of the lamp")
    blower_from: Hz = Field(90.0, description="high-pass cutoff of the cooling air")
    blower_to: Hz = Field(6000.0, description="low-pass cutoff of the cooling air")
    blades: Send = Field(-24.0, description="level of the blower tone")
    blade_count: int = Field(18, ge=1, le=100, description="blades on the blower's wheel")
    shutter: Percent = Field(7.0, description="modulation of the air noise by the shutter")
    shutter_blades: int = Field(2, ge=1, le=5, description="shutter cuts per frame")
    belt: Send = Field(-20.0, description="level of the belt joint on its pulley")
    belt_rate: PerSecond = Field(5.3, ge=0.1, le=100, description="rate of the belt")
    reels: Send = Field(-20.0, description="level of the film on the take-up reel")
    reel_core: PerSecond = Field(1.14, ge=0.01, le=20, description="rate of an empty reel")
    reel_full: PerSecond = Field(0.41, ge=0.01, le=20, description="rate of a full reel")
    reel_length: Annotated[Duration, Between("1s", "6h")] = Field(
        parse_duration("22min"), description="running time of a reel"
    )
    played: Percent = Field(95.0, description="share of the reel that has run at the start")
    rustle_from: Hz = Field(700.0, description="high-pass cutoff of the film noise")
    rustle_to: Hz = Field(9000.0, description="low-pass cutoff of the film noise")

    bare: Db = Field(-12.0, description="level of the claw without film, relative to with film")
    unloaded: Db = Field(
        -3.0,
        le=12,
        description="level of hum, motor, blower and belt without film, relative to with film",
    )
    flap: Send = Field(-9.0, description="level of the loose film end on the reel")
    flap_rate: PerSecond = Field(1.5, ge=0.1, le=50, description="rate of the flapping")
    flap_scatter: Db = Field(3.0, description="variation in flap level (RMS)")

    wow: Percent = Field(0.08, le=5, description="wow: slow variation of the film speed, below 5 Hz")
    flutter: Percent = Field(
        0.06, le=5, description="flutter: fast variation by sprocket, frame and perforation"
    )
    jitter: Annotated[Duration, Between("0s", "10ms")] = Field(
        parse_duration("1.2ms"), description="variation in click time (RMS)"
    )
    scatter: Db = Field(2.4, description="variation in click level (RMS)")
    colour: Db = Field(5.0, description="variation in the level of each tone of a click (RMS)")
    switch: Send = Field(
        OFF, description="click of the motor's switch, its loudest 5 ms relative to the running machine"
    )

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_gauge(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("gauge") in get_args(FilmGauge):
            return {**GAUGES[given["gauge"]], **given}
        return given


class ProjectorParameters(MachineParameters, Layer):
    """A machine in its scene: its level, position, start and end."""

    level: Dbfs = Field(
        -46.0, description="RMS level of the running machine at the listener, over both ears"
    )
    place: Place = Field(
        "in-room",
        description="where it is heard from: beside it in the booth, through the port glass, or "
        "with the machine standing among the seats",
    )
    pan: Pan = Field(0.12, description="pan of the machine, behind the listener")
    width: Percent = Field(
        20.0, description="difference between the ears: their correlation is 100 % minus this"
    )
    rise: Duration = Field(parse_duration("3s"), description="length of the fade-in")
    rise_curve: CurveName = Field("hsin", description="curve of the fade-in")
    start_up: Duration = Field(
        parse_duration("0s"), description="start-up time of the motor; 0 s: it is running"
    )
    splices: List[Time] = Field(
        (), max_length=1000, description="times at which a splice passes the gate"
    )
    runs_out: Time | None = Field(
        None, description="time at which the film end leaves the feed sprocket"
    )
    thins: Duration = Field(
        parse_duration("900ms"), description="time of the film end from feed sprocket to take-up"
    )
    stops: Time | None = Field(None, description="time at which the motor is switched off")
    coast: Duration = Field(
        parse_duration("2.5s"), description="run-down time after the motor is switched off"
    )
