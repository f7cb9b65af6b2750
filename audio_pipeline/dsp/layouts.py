"""Channel layouts: the role, position and loudness weight of every channel.

One table for reading, folding and metering. Roles have the names of the WAVE channel mask (FL, FR, FC, LFE,
BL, …); loudspeakers without a bit in the mask have the names of SMPTE ST 2036-2 in ffmpeg's spelling (WL,
LFE2, TSL, BFC, …). A channel without a known loudspeaker has the role None.
Sources: Microsoft, "Multiple channel audio data and WAVE files" (mask); ITU-R BS.2051-3 (positions, system H:
22.2); ITU-R BS.1770-5, Annex 3 (weights by position).
"""

from __future__ import annotations

from typing import Literal

from audio_pipeline.records import dataclass

Role = str | None
Source = Literal["stated", "assumed", "tracks", "ambisonic"]

MOST_CHANNELS = 24
"""The channel count of 22.2."""

SURROUND = 1.41
"""The weight of a channel at 60° to 120° to the side, less than 30° up or down: BS.1770-5, table 4."""
SIDE_DEG = (60.0, 120.0)
HIGH_DEG = 30.0

MASK_ROLES = (
    *("FL", "FR", "FC", "LFE", "BL", "BR", "FLC", "FRC", "BC"),
    *("SL", "SR", "TC", "TFL", "TFC", "TFR", "TBL", "TBC", "TBR"),
)
"""The role of each bit of the channel mask, from the lowest; higher bits are reserved."""
ANY_LAYOUT = 0x8000_0000
"""SPEAKER_ALL: a mask that states nothing."""

LOW_FREQUENCY = frozenset({"LFE", "LFE2"})
"""Low-frequency effects channels, below 120 Hz: not counted in loudness, and never a voice."""

_POSITIONS: dict[str, tuple[float, float]] = {
    "FL": (30.0, 0.0),
    "FR": (-30.0, 0.0),
    "FC": (0.0, 0.0),
    "BL": (135.0, 0.0),
    "BR": (-135.0, 0.0),
    "FLC": (15.0, 0.0),
    "FRC": (-15.0, 0.0),
    "BC": (180.0, 0.0),
    "SL": (90.0, 0.0),
    "SR": (-90.0, 0.0),
    "WL": (60.0, 0.0),
    "WR": (-60.0, 0.0),
    "SDL": (90.0, 0.0),
    "SDR": (-90.0, 0.0),
    "DL": (30.0, 0.0),
    "DR": (-30.0, 0.0),
    "TC": (0.0, 90.0),
    "TFL": (45.0, 45.0),
    "TFC": (0.0, 45.0),
    "TFR": (-45.0, 45.0),
    "TSL": (90.0, 45.0),
    "TSR": (-90.0, 45.0),
    "TBL": (135.0, 45.0),
    "TBC": (180.0, 45.0),
    "TBR": (-135.0, 45.0),
    "BFC": (0.0, -30.0),
    "BFL": (45.0, -30.0),
    "BFR": (-45.0, -30.0),
}
"""Azimuth (left is positive) and elevation of each loudspeaker, degrees."""

_FILM_NAMES = {
    "FL": "L",
    "FR": "R",
    "FC": "C",
    "SL": "Ls",
    "SR": "Rs",
    "BL": "Lb",
    "BR": "Rb",
    "BC": "Cs",
}
_SHOWN_NAMES = 8
_SURROUND_DEG = 110.0
"""Azimuth of the back loudspeakers in a layout without side loudspeakers (5.1: M±110)."""
_WIDE_FRONT_DEG = 60.0
"""Azimuth of FL and FR in 22.2, which has FLC and FRC at ±30° (BS.2051, system H)."""

_NAMED: dict[str, str] = {
    "mono": "FC",
    "stereo": "FL FR",
    "2.1": "FL FR LFE",
    "3.0": "FL FR FC",
    "3.0(back)": "FL FR BC",
    "4.0": "FL FR FC BC",
    "quad": "FL FR BL BR",
    "quad(side)": "FL FR SL SR",
    "3.1": "FL FR FC LFE",
    "5.0": "FL FR FC BL BR",
    "5.0(side)": "FL FR FC SL SR",
    "4.1": "FL FR FC LFE BC",
    "5.1": "FL FR FC LFE BL BR",
    "5.1(side)": "FL FR FC LFE SL SR",
    "6.0": "FL FR FC BC SL SR",
    "6.0(front)": "FL FR FLC FRC SL SR",
    "hexagonal": "FL FR FC BL BR BC",
    "6.1": "FL FR FC LFE BC SL SR",
    "6.1(back)": "FL FR FC LFE BL BR BC",
    "6.1(front)": "FL FR LFE FLC FRC SL SR",
    "7.0": "FL FR FC BL BR SL SR",
    "7.0(front)": "FL FR FC FLC FRC SL SR",
    "7.1": "FL FR FC LFE BL BR SL SR",
    "7.1(wide)": "FL FR FC LFE BL BR FLC FRC",
    "7.1(wide-side)": "FL FR FC LFE FLC FRC SL SR",
    "octagonal": "FL FR FC BL BR BC SL SR",
    "3.1.2": "FL FR FC LFE TFL TFR",
    "5.1.2": "FL FR FC LFE BL BR TFL TFR",
    "5.1.2(side)": "FL FR FC LFE SL SR TFL TFR",
    "5.1.4": "FL FR FC LFE BL BR TFL TFR TBL TBR",
    "5.1.4(side)": "FL FR FC LFE SL SR TFL TFR TBL TBR",
    "7.1.2": "FL FR FC LFE BL BR SL SR TFL TFR",
    "7.1.4": "FL FR FC LFE BL BR SL SR TFL TFR TBL TBR",
    "7.1.6": "FL FR FC LFE BL BR SL SR TFL TFR TSL TSR TBL TBR",
    "9.1.4": "FL FR FC LFE BL BR WL WR SL SR TFL TFR TBL TBR",
    "9.1.6": "FL FR FC LFE BL BR WL WR SL SR TFL TFR TSL TSR TBL TBR",
    "hexadecagonal": "FL FR FC BL BR BC SL SR TFL TFC TFR TBL TBC TBR WL WR",
    "downmix": "DL DR",
    "22.2": ("FL FR FC LFE BL BR FLC FRC BC SL SR TC TFL TFC TFR TBL TBC TBR LFE2 TSL TSR BFC BFL BFR"),
}
"""Layouts by name, channels in ffmpeg's order."""
_NAMES = {frozenset(roles.split()): name for name, roles in _NAMED.items()}

_ASSUMED: dict[int, str] = {
    1: "FC",
    2: "FL FR",
    3: "FL FR FC",
    4: "FL FR BL BR",
    5: "FL FR FC SL SR",
    6: "FL FR FC LFE SL SR",
    7: "FL FR FC LFE BC SL SR",
    8: "FL FR FC LFE SL SR BL BR",
    10: "FL FR FC LFE SL SR BL BR TFL TFR",
    12: "FL FR FC LFE SL SR BL BR TFL TFR TBL TBR",
    14: "FL FR FC LFE SL SR BL BR TFL TFR TSL TSR TBL TBR",
    16: "FL FR FC LFE SL SR BL BR WL WR TFL TFR TSL TSR TBL TBR",
    24: "FL FR FC LFE BL BR FLC FRC BC LFE2 SL SR TFL TFR TFC TC TBL TBR TSL TSR TBC BFC BFL BFR",
}
"""The assumed roles for each channel count, when a file states none: the film order (sides before backs), and
for 22.2 the order of SMPTE ST 2036-2."""


@dataclass(frozen=True)
class Layout:
    """The roles of a file's channels, in the file's order.

    `source`: "stated" by the file or its format, "assumed" from the channel count, "tracks" of a recorder,
    which have no loudspeaker, or "ambisonic". `track_names` are the names in a recorder's iXML chunk, or
    empty. `notes` are sentences about assumed or ignored facts; they begin in lower case and have no file name.
    """

    roles: tuple[Role, ...]
    source: Source = "stated"
    track_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str | None:
        """The layout's name ("5.1"), or its roles if it has no name; None if no channel has a role."""
        if self.source == "ambisonic":
            return "ambisonic"
        roles = [role or "unknown" for role in self.roles]
        if not any(self.roles):
            return None
        if len(roles) == 1 and not LOW_FREQUENCY & set(roles):
            return "mono"
        known = _NAMES.get(frozenset(roles)) if len(set(roles)) == len(roles) else None
        return " ".join(roles) if known is None else known.removesuffix("(side)")

    @property
    def weights(self) -> tuple[float, ...]:
        """The loudness weight of each channel's power, BS.1770-5, Annex 3; 1 for a channel without a role."""
        return tuple(_weight(role, self.roles) for role in self.roles)

    def indices(self, *roles: str) -> tuple[int, ...]:
        """The indices of the channels with one of `roles`, in the order of `roles`."""
        return tuple(self.roles.index(role) for role in roles if role in self.roles)

    def channel_name(self, index: int) -> str:
        """The channel's name in messages: "channel 3 (FC)", or "track 4 (Boom)" of a recorder."""
        word = "channel" if self.source == "stated" else "track"
        name = self.track_names[index] if self.track_names else self.roles[index]
        shown = name if self.source != "assumed" or self.track_names else None
        return f"{word} {index + 1} ({shown})" if shown else f"{word} {index + 1}"


def position_deg(role: str, roles: tuple[Role, ...]) -> tuple[float, float] | None:
    """Azimuth and elevation of a loudspeaker in a layout of `roles`, degrees, left positive; None for an LFE.

    Raises ValueError for an unknown role.
    """
    if role in LOW_FREQUENCY:
        return None
    if role not in _POSITIONS:
        raise ValueError(f"{role!r} is not a channel role")
    azimuth, elevation = _POSITIONS[role]
    side = 1.0 if azimuth >= 0.0 else -1.0
    if role in ("BL", "BR") and not {"SL", "SR", "SDL", "SDR"} & set(roles):
        azimuth = side * _SURROUND_DEG
    if role in ("FL", "FR") and {"FLC", "FRC", "LFE2"} <= set(roles):
        azimuth = side * _WIDE_FRONT_DEG
    return azimuth, elevation


def stated(roles: str) -> Layout:
    """The layout of channels with the given roles, such as "FL FR FC"; "?" is a channel without a role."""
    return Layout(tuple(None if role == "?" else role for role in roles.split()))


def named(name: str) -> Layout | None:
    """The layout with that name ("5.1(side)"), channels in ffmpeg's order; None for an unknown name."""
    return stated(_NAMED[name]) if name in _NAMED else None


def film_names(channels: int) -> tuple[str, ...]:
    """The film names of the assumed channels: "L", "R", "C", "LFE", "Ls", "Rs"; a single channel is "C"."""
    return tuple(
        "?" if role is None else _FILM_NAMES.get(role, role) for role in assumed(channels).roles
    )


def tracks(names: tuple[str, ...]) -> Layout:
    """The layout of a recorder's tracks with these names; the tracks have no loudspeaker."""
    shown = ", ".join(names[:_SHOWN_NAMES]) + (", …" if len(names) > _SHOWN_NAMES else "")
    note = f"holds the tracks of a recorder ({shown}) without loudspeaker positions; all weigh the same"
    return Layout((None,) * len(names), "tracks", names, (note,))


def ambisonic(channels: int) -> Layout:
    """The layout of an ambisonic sound field; the first channel is W, the omnidirectional one."""
    return Layout((None,) * channels, "ambisonic", notes=("is ambisonic (B-format)",))


def assumed(channels: int) -> Layout:
    """The assumed layout of `channels` channels, for a file that states none.

    One and two channels are mono and stereo without a note. A count without a standard layout gets no
    roles. Raises ValueError for less than one channel.
    """
    if channels < 1:
        raise ValueError(f"a programme has at least one channel, not {channels}")
    if channels not in _ASSUMED:
        roles: tuple[Role, ...] = (None,) * channels
        note = (
            f"states no channel layout, and {channels} channels have no standard one; all weigh the same"
        )
        return Layout(roles, "assumed", notes=(note,))
    roles = tuple(_ASSUMED[channels].split())
    layout = Layout(roles, "stated" if channels <= 2 else "assumed")
    if channels <= 2:
        return layout
    taken = f"{layout.name} ({_ASSUMED[channels]})"
    note = f"states no channel layout; its {channels} channels are assumed to be {taken}"
    return Layout(roles, "assumed", notes=(note,))


def of_mask(mask: int, channels: int) -> Layout:
    """The layout of a WAVE channel mask.

    A mask of 0 and SPEAKER_ALL state nothing. With more bits than channels the highest bits are ignored; with
    fewer, the last channels have no loudspeaker (both as Microsoft defines). A reserved bit is a channel
    without a known loudspeaker.
    """
    if mask & ~ANY_LAYOUT == 0:
        return assumed(channels)
    bits = [bit for bit in range(31) if mask >> bit & 1]
    roles: list[Role] = [MASK_ROLES[bit] if bit < len(MASK_ROLES) else None for bit in bits][:channels]
    notes = []
    counts = f"has a channel mask (0x{mask:X}) of {len(bits)} loudspeakers for {channels} channels"
    if len(bits) > channels:
        notes.append(f"{counts}; the highest bits are ignored")
    elif len(bits) < channels:
        notes.append(
            f"{counts}; the last channels have no position and are weighted like front channels"
        )
    if None in roles:
        notes.append(
            f"has reserved bits in its channel mask (0x{mask:X}); their channels have no position"
            " and are weighted like front channels"
        )
    roles += [None] * (channels - len(roles))
    return Layout(tuple(roles), notes=tuple(notes))


def _weight(role: Role, roles: tuple[Role, ...]) -> float:
    position = None if role is None else position_deg(role, roles)
    if position is None:
        return 1.0 if role is None else 0.0
    azimuth, elevation = position
    beside = SIDE_DEG[0] <= abs(azimuth) <= SIDE_DEG[1] and abs(elevation) < HIGH_DEG
    return SURROUND if beside else 1.0
