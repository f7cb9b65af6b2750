"""The file formats that ffmpeg reads, detected by their first bytes.

They determine ffmpeg's demuxer, so that no file is read as a playlist that names other files.
"""

from __future__ import annotations

from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.records import dataclass


@dataclass(frozen=True)
class Container:
    """A file format: its magic bytes and their offset, ffmpeg's demuxer, whether it states its true length."""

    title: str
    offset: int
    magic: bytes
    demuxer: str
    states_length: bool

    @property
    def splits_channels(self) -> bool:
        """Whether the format is used with a mono track per channel: films and recordings, not languages."""
        return self.demuxer in _OF_MONO_TRACKS


_QUICKTIME, _MPEG_4, _MATROSKA = "QuickTime", "MPEG-4", "Matroska"
_CONTAINERS = (
    Container(_QUICKTIME, 4, b"ftypqt  ", "mov", True),
    Container(_MPEG_4, 4, b"ftyp", "mov", True),
    Container(_MPEG_4, 4, b"styp", "mov", True),
    Container(_QUICKTIME, 4, b"moov", "mov", True),
    Container(_QUICKTIME, 4, b"mdat", "mov", True),
    Container(_QUICKTIME, 4, b"wide", "mov", True),
    Container(_QUICKTIME, 4, b"free", "mov", True),
    Container(_QUICKTIME, 4, b"skip", "mov", True),
    Container(_QUICKTIME, 4, b"pnot", "mov", True),
    Container(_MATROSKA, 0, b"\x1a\x45\xdf\xa3", "matroska", True),
    Container("AVI", 8, b"AVI ", "avi", True),
    Container("MXF", 0, b"\x06\x0e\x2b\x34", "mxf", True),
    Container("GXF", 0, b"\0\0\0\0\1\xbc", "gxf", False),
    Container("NUT", 0, b"nut/multimedia container", "nut", False),
    Container("ASF", 0, b"\x30\x26\xb2\x75", "asf", False),
    Container("RealMedia", 0, b".RMF", "rm", False),
    Container("RealAudio", 0, b".ra\xfd", "rm", False),
    Container("FLV", 0, b"FLV\x01", "flv", False),
    Container("MPEG", 0, b"\x00\x00\x01\xba", "mpeg", False),
    Container("AAC", 0, b"ADIF", "aac", False),
    Container("AAC", 0, b"\xff\xf1", "aac", False),
    Container("AAC", 0, b"\xff\xf9", "aac", False),
    Container("AAC", 0, b"\xff\xf0", "aac", False),
    Container("AAC", 0, b"\xff\xf8", "aac", False),
    Container("AAC", 0, b"\x56\xe0", "loas", False),
    Container("AC-3", 0, b"\x0b\x77", "ac3", False),
    Container("DTS", 0, b"\x7f\xfe\x80\x01", "dts", False),
    Container("DTS", 0, b"\xfe\x7f\x01\x80", "dts", False),
    Container("DTS", 0, b"\x1f\xff\xe8\x00", "dts", False),
    Container("DTS", 0, b"\xff\x1f\x00\xe8", "dts", False),
    Container("DTS-HD", 0, b"DTSHDHDR", "dtshd", False),
    Container("TrueHD", 4, b"\xf8\x72\x6f\xba", "truehd", False),
    Container("MLP", 4, b"\xf8\x72\x6f\xbb", "mlp", False),
    Container("IEC 61937", 0, b"\x72\xf8\x1f\x4e", "spdif", False),
    Container("AMR", 0, b"#!AMR", "amr", False),
    Container("WavPack", 0, b"wvpk", "wv", True),
    Container("Monkey's Audio", 0, b"MAC ", "ape", True),
    Container("True Audio", 0, b"TTA", "tta", True),
    Container("Musepack", 0, b"MP+", "mpc", False),
    Container("Musepack", 0, b"MPCK", "mpc8", True),
    Container("TAK", 0, b"tBaK", "tak", True),
    Container("Shorten", 0, b"ajkg", "shn", False),
    Container("DSF", 0, b"DSD ", "dsf", True),
    Container("DSDIFF", 0, b"FRM8", "iff", False),
    Container("VOC", 0, b"Creative Voice File", "voc", False),
    Container("OMA", 0, b"EA3", "oma", False),
    Container("OMA", 0, b"ea3", "oma", False),
    Container("Ogg", 0, b"OggS", "ogg", False),
    Container("FLAC", 0, b"fLaC", "flac", False),
    Container("AIFF", 8, b"AIFF", "aiff", False),
    Container("AIFF-C", 8, b"AIFC", "aiff", False),
    Container("IFF", 8, b"8SVX", "iff", False),
    Container("AU", 0, b".snd", "au", False),
    Container("CAF", 0, b"caff", "caf", False),
    Container("W64", 0, b"riff\x2e\x91", "w64", False),
    Container("QCP", 8, b"QLCM", "qcp", False),
    Container("xWMA", 8, b"XWMA", "xwma", False),
    Container("WAV", 8, b"WAVE", "wav", False),
)
_MP3 = Container("MP3", 0, b"ID3", "mp3", False)
_E_AC_3 = Container("E-AC-3", 0, b"\x0b\x77", "eac3", False)
_TRANSPORT_STREAM = Container("MPEG-TS", 0, b"\x47", "mpegts", False)
_OF_MONO_TRACKS = ("mov", "mxf", "gxf", "avi")
_TS_PACKETS = ((0, 188), (4, 192))
"""The offset of the first sync byte and the packet size: of a broadcast, and of a camera's M2TS."""


def container_of(file: RegularFile) -> Container | None:
    """The container of a file for ffmpeg, by its first bytes; None if unknown."""
    head = file.bytes_at(0, 32)
    for first, size in _TS_PACKETS:
        if all(file.bytes_at(first + n * size, 1) == b"\x47" for n in range(3)):
            return _TRANSPORT_STREAM
    if head[:2] == b"\x0b\x77" and len(head) > 5 and head[5] >> 3 > 10:
        return _E_AC_3  # ETSI TS 102 366: bsid is over 10
    known = next((c for c in (*_CONTAINERS, _MP3) if head[c.offset :].startswith(c.magic)), None)
    return _MP3 if known is None and head[:1] == b"\xff" and head[1:2] >= b"\xe0" else known
