"""Names of a recorder's tracks, and the roles of names that are loudspeakers.

Sources: the iXML specification 2.10 (TRACK_LIST); the description of `bext` as written by Sound Devices, Aaton
and Zoom (sTRK1=Boom).
"""

from __future__ import annotations

import html
import re

_TRACK = re.compile(r"<TRACK>(.*?)</TRACK>", re.DOTALL | re.IGNORECASE)
_FIELD = r"<{0}>\s*([^<]*?)\s*</{0}>"
_INTERLEAVE = re.compile(_FIELD.format("INTERLEAVE_INDEX"), re.IGNORECASE)
_CHANNEL = re.compile(_FIELD.format("CHANNEL_INDEX"), re.IGNORECASE)
_NAME = re.compile(_FIELD.format("NAME"), re.IGNORECASE)
_DESCRIBED = re.compile(r"^[a-zA-Z]?TRK(\d{1,2})=([^\r\n\0]*)", re.MULTILINE)
_LONGEST = 60

_ROLES = {
    "FL": ("l", "left", "fl", "lf", "front left"),
    "FR": ("r", "right", "fr", "rf", "front right"),
    "FC": ("c", "center", "centre", "fc", "mono", "m"),
    "LFE": ("lfe", "lfe1", "sub"),
    "LFE2": ("lfe2",),
    "SL": ("ls", "sl", "lss", "left surround", "left side"),
    "SR": ("rs", "sr", "rss", "right surround", "right side"),
    "BL": ("lb", "bl", "lsr", "lrs", "lr", "rls", "left rear", "left back"),
    "BR": ("rb", "br", "rsr", "rrs", "rr", "right rear", "right back"),
    "BC": ("cs", "bc", "s"),
    "FLC": ("lc", "flc"),
    "FRC": ("rc", "frc"),
    "WL": ("lw", "wl"),
    "WR": ("rw", "wr"),
    "TC": ("tc", "ts"),
    "TFL": ("ltf", "tfl", "vhl"),
    "TFC": ("ctf", "tfc"),
    "TFR": ("rtf", "tfr", "vhr"),
    "TSL": ("ltm", "lts", "tsl"),
    "TSR": ("rtm", "rts", "tsr"),
    "TBL": ("ltr", "ltb", "tbl"),
    "TBC": ("ctr", "tbc"),
    "TBR": ("rtr", "rtb", "tbr"),
}
_ROLE_OF = {word: role for role, words in _ROLES.items() for word in words}


def track_names(body: bytes, channels: int) -> tuple[str, ...]:
    """The track names in the body of an iXML or `bext` chunk, by channel; empty if it has none.

    A channel without a name gets its number as its name.
    """
    text = body.decode("utf-8", "replace")
    names: dict[int, str] = {}
    for track in _TRACK.findall(text):
        place = _INTERLEAVE.search(track) or _CHANNEL.search(track)
        name = _NAME.search(track)
        if place and name and place[1].isdecimal():
            names.setdefault(int(place[1]), html.unescape(name[1]))
    if not names:
        names = {int(number): name.strip() for number, name in _DESCRIBED.findall(text)}
    if not any(names.get(number) for number in range(1, channels + 1)):
        return ()
    return tuple(_shown(names.get(n, "")) or f"{n}" for n in range(1, channels + 1))


def roles_of_names(names: tuple[str, ...]) -> tuple[str, ...] | None:
    """The roles, if every name is a different loudspeaker ("L", "Ls", "Mix.LFE"); otherwise None."""
    roles = [_ROLE_OF.get(re.split(r"[._\-]", name.strip())[-1].strip().lower()) for name in names]
    found = tuple(role for role in roles if role is not None)
    return found if len(set(found)) == len(names) else None


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() else " " for c in name).strip()[:_LONGEST]
