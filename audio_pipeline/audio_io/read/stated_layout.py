"""The channel layout that a file states: the mask of a WAV, the chunks of AIFF and CAF, its codec's order.

Sources: Microsoft, WAVEFORMATEXTENSIBLE; Ambisonic B-format subtypes (R. Dobson, "AMB"); RFC 9639 (FLAC);
Vorbis I, 4.3.9; RFC 7845 and RFC 8486 (Opus); Apple, "CoreAudioTypes" (layout tags and labels).
"""

from __future__ import annotations

import re
import struct

from audio_pipeline.audio_io.read.apple_layouts import of_apple
from audio_pipeline.audio_io.read.containers import chunks_of
from audio_pipeline.audio_io.read.track_names import roles_of_names, track_names
from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.dsp.layouts import Layout, ambisonic, assumed, named, of_mask, stated, tracks

_EXTENSIBLE = 0xFFFE
_AMBISONIC_GUID = bytes.fromhex("2107d3118644c8c1ca000000")
"""The bytes of {0000000x-0721-11D3-8644-C8C1CA000000} after its first field, in file order."""
_BY_CODEC = {
    1: "FC",
    2: "FL FR",
    3: "FL FR FC",
    4: "FL FR BL BR",
    5: "FL FR FC BL BR",
    6: "FL FR FC LFE BL BR",
    7: "FL FR FC LFE BC SL SR",
    8: "FL FR FC LFE BL BR SL SR",
}
"""The layouts that FLAC, Vorbis and Opus define by the channel count, in WAV order."""
_VORBIS_COMMENT = 4
_MOST_COMMENT_BYTES = 1 << 20
_MOST_BLOCKS = 64
_FLAC_MASK = re.compile(rb"WAVEFORMATEXTENSIBLE_CHANNEL_MASK=(0x[0-9A-Fa-f]{1,8}|\d{1,10})", re.I)
_LISTED = re.compile(r"\d+ channels \(([A-Z0-9+]+)\)")


def layout_of(file: RegularFile, channels: int) -> Layout:
    """The layout of a file that libsndfile reads, from its header; channels in the order of the samples."""
    head = file.bytes_at(0, 4)
    if head == b"fLaC":
        mask = _flac_mask(file)
        return _by_codec(channels) if mask is None else of_mask(mask, channels)
    if head == b"OggS":
        return _of_ogg(file, channels)
    found = _of_chunks(file, channels)
    return assumed(channels) if found is None else found


def layout_of_decoded(file: RegularFile, listing: str, channels: int) -> Layout:
    """The layout of a file that ffmpeg decodes: from the file's own chunks, otherwise from `listing`.

    `listing` is ffmpeg's name of the layout: "5.1(side)", "3 channels (FL+FR+LFE)", "ambisonic 1", or
    "6 channels", which states nothing.
    """
    found = _of_chunks(file, channels)
    if found is not None:
        return found
    if listing.startswith("ambisonic"):
        return ambisonic(channels)
    each = _LISTED.fullmatch(listing)
    layout = stated(each[1].replace("+", " ")) if each else named(listing)
    return layout if layout is not None and len(layout.roles) == channels else assumed(channels)


def _of_chunks(file: RegularFile, channels: int) -> Layout | None:
    """The layout stated in the chunks of a WAV, AIFF or CAF; None if they state none."""
    found: Layout | None = None
    names: tuple[str, ...] = ()
    for chunk in chunks_of(file):
        if chunk.name == b"fmt ":
            found = _of_format(file.bytes_at(chunk.body, min(chunk.size, 40)), channels, file)
        elif chunk.name in (b"chan", b"CHAN"):
            found = of_apple(file.bytes_at(chunk.body, min(chunk.size, 4096)), channels)
        elif chunk.name in (b"iXML", b"bext") and not names:
            names = track_names(
                file.bytes_at(chunk.body, min(chunk.size, _MOST_COMMENT_BYTES)), channels
            )
    if not names or (found is not None and found.source == "ambisonic"):
        return found
    return _with_names(found, names, channels)


def _with_names(found: Layout | None, names: tuple[str, ...], channels: int) -> Layout | None:
    """The layout of a file with track names: roles if all are loudspeakers, otherwise a recorder's tracks."""
    if (roles := roles_of_names(names)) is not None:
        return found if found is not None and found.source == "stated" else Layout(roles)
    if channels > 2:
        return tracks(names)
    base = assumed(channels) if found is None else found
    return Layout(base.roles, base.source, names, base.notes)


def _of_format(body: bytes, channels: int, file: RegularFile) -> Layout | None:
    """The layout stated in the `fmt ` chunk of a WAV or W64, or None."""
    end = ">" if file.bytes_at(0, 4) == b"RIFX" else "<"
    if len(body) < 40 or struct.unpack(end + "H", body[:2])[0] != _EXTENSIBLE:
        return None
    if body[28:40] == _AMBISONIC_GUID:
        return ambisonic(channels)
    layout = of_mask(struct.unpack(end + "I", body[20:24])[0], channels)
    return layout if layout.source == "stated" else None


def _by_codec(channels: int) -> Layout:
    return stated(_BY_CODEC[channels]) if channels in _BY_CODEC else assumed(channels)


def _of_ogg(file: RegularFile, channels: int) -> Layout:
    page = file.bytes_at(0, 27 + 255 + 64)
    first = page[27 + page[26] :] if len(page) > 27 else b""
    if first[:8] == b"OpusHead" and len(first) > 18:
        family = first[18]
        if family in (2, 3):
            return ambisonic(channels)
        return _by_codec(channels) if family in (0, 1) else assumed(channels)
    return _by_codec(channels)


def _flac_mask(file: RegularFile) -> int | None:
    """The channel mask in a FLAC file's comments (RFC 9639, 8.6.2); None without a mask."""
    position = 4
    for _ in range(_MOST_BLOCKS):
        header = file.bytes_at(position, 4)
        if len(header) < 4:
            return None
        size = int.from_bytes(header[1:], "big")
        if header[0] & 0x7F == _VORBIS_COMMENT:
            match = _FLAC_MASK.search(file.bytes_at(position + 4, min(size, _MOST_COMMENT_BYTES)))
            return None if match is None else int(match[1], 0)
        if header[0] & 0x80:
            return None
        position += 4 + size
    return None
