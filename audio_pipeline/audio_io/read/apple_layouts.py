"""The `chan` chunk of a CAF and the `CHAN` chunk of an AIFF: Apple's AudioChannelLayout.

Source: Apple, "CoreAudioBaseTypes.h" (tags and labels) and the Core Audio Format specification.
"""

from __future__ import annotations

import struct

from audio_pipeline.dsp.layouts import Layout, ambisonic, assumed, of_mask, stated

_HEAD = struct.Struct(">III")  # the tag, a bitmap, the number of descriptions
_DESCRIPTION = struct.Struct(">I16x")  # the label; flags and coordinates are not needed
_BY_DESCRIPTIONS, _BY_BITMAP = 0, 1 << 16
_AMBISONIC_TAGS = (107, 190, 191)  # B-format; HOA in ACN order, SN3D and N3D

_TAGS = {
    100: "FC",
    101: "FL FR",
    102: "FL FR",
    103: "FL FR",
    106: "FL FR",
    108: "FL FR SL SR",
    109: "FL FR SL SR FC",
    110: "FL FR BL BR FC BC",
    113: "FL FR FC",
    114: "FC FL FR",
    115: "FL FR FC BC",
    116: "FC FL FR BC",
    117: "FL FR FC SL SR",
    118: "FL FR SL SR FC",
    119: "FL FC FR SL SR",
    120: "FC FL FR SL SR",
    121: "FL FR FC LFE SL SR",
    122: "FL FR SL SR FC LFE",
    123: "FL FC FR SL SR LFE",
    124: "FC FL FR SL SR LFE",
    125: "FL FR FC LFE SL SR BC",
    126: "FL FR FC LFE SL SR FLC FRC",
    127: "FC FLC FRC FL FR SL SR LFE",
    128: "FL FR FC LFE SL SR BL BR",
    129: "FL FR SL SR FC LFE FLC FRC",
    131: "FL FR BC",
    132: "FL FR SL SR",
    133: "FL FR LFE",
    134: "FL FR LFE BC",
    135: "FL FR LFE SL SR",
    136: "FL FR FC LFE",
    137: "FL FR FC LFE BC",
    138: "FL FR SL SR LFE",
    139: "FL FR SL SR FC BC",
    140: "FL FR SL SR FC BL BR",
    141: "FC FL FR SL SR BC",
    142: "FC FL FR SL SR BC LFE",
    143: "FC FL FR SL SR BL BR",
    148: "FL FR SL SR FC FLC FRC",
    149: "FC LFE",
    150: "FL FC FR",
    151: "FL FC FR BC",
    152: "FL FC FR LFE",
    153: "FL FR BC LFE",
    154: "FL FC FR BC LFE",
    185: "FL FR BL BR",
    186: "FL FR FC BL BR",
    187: "FL FR FC LFE BL BR",
    188: "FL FR FC LFE BC SL SR",
    189: "FL FR FC LFE BL BR SL SR",
    192: "FL FR FC LFE SL SR BL BR TFL TFR TBL TBR",
    193: "FL FR FC LFE SL SR BL BR WL WR TFL TFR TSL TSR TBL TBR",
    194: "FL FR FC LFE SL SR TSL TSR",
    195: "FL FR FC LFE SL SR TFL TFR TBL TBR",
    196: "FL FR FC LFE SL SR BL BR TSL TSR",
}
"""Layout tags without their channel count (the lower 16 bits)."""

_LABELS = {
    1: "FL",
    2: "FR",
    3: "FC",
    4: "LFE",
    5: "SL",
    6: "SR",
    7: "FLC",
    8: "FRC",
    9: "BC",
    10: "SDL",
    11: "SDR",
    12: "TC",
    13: "TFL",
    14: "TFC",
    15: "TFR",
    16: "TBL",
    17: "TBC",
    18: "TBR",
    33: "BL",
    34: "BR",
    35: "WL",
    36: "WR",
    37: "LFE2",
    38: "FL",
    39: "FR",
    42: "FC",
    49: "TSL",
    51: "TSR",
    52: "TBL",
    53: "TBC",
    54: "TBR",
    55: "SL",
    56: "SR",
    57: "BFL",
    58: "BFR",
    301: "FL",
    302: "FR",
}
_AMBISONIC_LABELS = (range(200, 204), range(2 << 16, 3 << 16))


def of_apple(body: bytes, channels: int) -> Layout | None:
    """The layout that the chunk's body states; None if it states none or is truncated."""
    if len(body) < _HEAD.size:
        return None
    tag, bitmap, count = _HEAD.unpack_from(body)
    if tag == _BY_BITMAP:
        layout = of_mask(bitmap, channels)
        return layout if layout.source == "stated" else None
    if tag == _BY_DESCRIPTIONS:
        return _of_labels(body[_HEAD.size :], min(count, channels), channels)
    if tag >> 16 in _AMBISONIC_TAGS:
        return ambisonic(channels)
    roles = _TAGS.get(tag >> 16)
    return stated(roles) if roles is not None and len(roles.split()) == channels else None


def _of_labels(body: bytes, count: int, channels: int) -> Layout | None:
    if not count or len(body) < count * _DESCRIPTION.size:
        return None
    labels = [_DESCRIPTION.unpack_from(body, _DESCRIPTION.size * n)[0] for n in range(count)]
    if all(any(label in some for some in _AMBISONIC_LABELS) for label in labels):
        return ambisonic(channels)
    roles = [_LABELS.get(label, "?") for label in labels] + ["?"] * (channels - count)
    known = [role for role in roles if role != "?"]
    if not known or len(set(known)) < len(known):
        return assumed(channels)
    return stated(" ".join(roles))
