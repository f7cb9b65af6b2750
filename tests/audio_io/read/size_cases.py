"""Sound files whose sizes were left open or written wrong, each with all of its samples and no more."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

import numpy as np
import soundfile

from tests.audio_io.wave_makers import RATE, chunk, fmt

FRAMES = 12_000
CHANNELS = 2


def _sound() -> np.ndarray:
    noise = np.random.default_rng(19).uniform(-0.2, 0.2, (FRAMES, CHANNELS))
    return np.round(noise * 2**15) / 2**15


SOUND = _sound()


def pcm24(samples: np.ndarray) -> bytes:
    whole = np.round(samples * 2**23).astype("<i4")
    return whole[..., None].view(np.uint8).reshape(*whole.shape, 4)[..., :3].tobytes()


DATA = pcm24(SOUND)
FORM = chunk(b"fmt ", fmt(channels=CHANNELS, bits=24))
LATER = (
    chunk(b"LIST", b"INFOISFT\6\0\0\0sound\0")
    + chunk(b"bext", bytes(602))
    + chunk(b"cue ", struct.pack("<III4sIII", 1, 1, 100, b"data", 0, 0, 100))
    + chunk(b"iXML", b"<BWFXML></BWFXML>")
)
OPEN = (0, 0xFFFF_FFFF, 0x7FFF_F000, 0x7FFF_FF00, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFDB, 0x7FFF_FFDB)


@dataclass(frozen=True)
class SizeCase:
    """A file, the format and the words that one of its warnings must have ("": it has none)."""

    name: str
    content: bytes
    words: str
    kind: str = "WAV"


def riff(*chunks: bytes, size: int | None = None, magic: bytes = b"RIFF") -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return magic + struct.pack("<I", (len(body) if size is None else size) & 0xFFFF_FFFF) + body


def ds64(data: int, riff_size: int = 0) -> bytes:
    return chunk(b"ds64", struct.pack("<QQQI", riff_size, data, FRAMES, 0))


def large(*chunks: bytes, magic: bytes = b"RF64", size: int = 0xFFFF_FFFF) -> bytes:
    return riff(*chunks, size=size, magic=magic)


def bare(name: bytes, body: bytes) -> bytes:
    """A chunk of odd size without the byte of padding."""
    return name + struct.pack("<I", len(body)) + body


def _open_sizes() -> list[SizeCase]:
    said, cases = r"does not state its length", []
    for size in OPEN:
        for name, later in (("", b""), (" and chunks behind", LATER)):
            wav = riff(FORM, chunk(b"data", DATA, size), later, size=size + 36)
            cases.append(SizeCase(f"open {size:x}{name}", wav, said))
            rf64 = large(ds64(0), FORM, chunk(b"data", DATA, size), later)
            cases.append(SizeCase(f"rf64 open {size:x}{name}", rf64, said, "RF64"))
            true = large(
                ds64(len(DATA), len(DATA) + 80), FORM, chunk(b"data", DATA, size), later, size=size
            )
            nonsense = "" if size == 0xFFFF_FFFF else rf"states {size} bytes"
            cases.append(SizeCase(f"rf64 nonsense {size:x}{name}", true, nonsense, "RF64"))
    return cases


def _wrong_sizes() -> list[SizeCase]:
    cases = []
    for by in (-7, -2, -1, 1, 2, 3, 6, 8, 12, 36, 44, 100, 512, 1000):
        for name, later in (("", b""), (" and chunks behind", LATER)):
            if by == -7 and not later:
                continue  # a frame and a byte: they could be anything
            size = len(DATA) + by
            wav = riff(FORM, chunk(b"data", DATA, size), later, size=len(DATA) + 36 + by)
            cases.append(SizeCase(f"{by:+d}{name}", wav, rf"states {size} bytes"))
    half = len(DATA) // 2
    crashed = riff(FORM, chunk(b"data", DATA, half), size=half + 36)
    ended = riff(FORM, chunk(b"data", DATA, half), LATER, size=half + 36)
    counted = riff(FORM, chunk(b"data", DATA + LATER))
    far = riff(FORM, chunk(b"data", DATA, 1 << 30))
    return [
        *cases,
        SizeCase("a recorder that crashed", crashed, rf"states {half} bytes"),
        SizeCase("a recorder that crashed, and chunks", ended, rf"states {half} bytes"),
        SizeCase("the size counts the chunks behind", counted, r"these are read"),
        SizeCase("a gigabyte too many, of a whole file", far, r"states 1073741824 bytes"),
        SizeCase(
            "rf64 without ds64", large(FORM, chunk(b"data", DATA, 0xFFFF_FFFF)), "does not", "RF64"
        ),
    ]


def _odd_chunks() -> list[SizeCase]:
    cases = []
    odd = {b"bext": bytes(603), b"iXML": b"<BWFXML></BWFXML>", b"junk": bytes(27), b"odd ": b"123"}
    for name, body in odd.items():
        for magic in (b"RIFF", b"RF64", b"BW64"):
            for padded in (True, False):
                before = chunk(name, body) if padded else bare(name, body)
                kind = {b"RIFF": "WAV"}.get(magic, magic.decode())
                first = b"" if kind == "WAV" else ds64(len(DATA), len(DATA) + 80)
                size = len(DATA) if kind == "WAV" else 0xFFFF_FFFF
                content = riff(first, FORM, before, chunk(b"data", DATA, size), LATER, magic=magic)
                word = "" if padded else "byte of padding"
                title = f"{kind} odd {name.decode().strip()}{'' if padded else ', not padded'}"
                cases.append(SizeCase(title, content, word, kind))
    wrong = riff(FORM, chunk(b"junk", bytes(100), 90), chunk(b"data", DATA))
    beyond = riff(FORM, chunk(b"junk", bytes(100), 0x7FFF_FFFF), chunk(b"data", DATA))
    return [
        *cases,
        SizeCase("a chunk of a wrong size", wrong, "wrong size before its data"),
        SizeCase("a chunk that claims 2 GB", beyond, "wrong size before its data"),
    ]


def _behind_the_end() -> list[SizeCase]:
    whole = riff(FORM, chunk(b"data", DATA))
    chunks = riff(FORM, chunk(b"data", DATA), LATER)
    unknown = chunk(b"data", DATA, 0)
    garbage = np.random.default_rng(1).bytes(30_001)
    return [
        SizeCase("zeros behind", whole + bytes(4096), "4096 bytes after its last chunk"),
        SizeCase("bytes that are no sound behind", whole + garbage, "30001 bytes after its last chunk"),
        SizeCase("such bytes behind chunks", chunks + garbage, "30001 bytes after its last chunk"),
        SizeCase("a tag of a player behind", whole + b"TAG" + bytes(125), "128 bytes after its last chunk"),
        SizeCase("another file joined on", whole + whole, "bytes after its last chunk"),
        SizeCase("open, a tag behind", riff(FORM, unknown) + b"TAG" + bytes(125), "does not"),
        SizeCase("open, chunks and zeros behind", riff(FORM, unknown, LATER) + bytes(4096), "does not"),
        SizeCase("the last chunk not padded", riff(FORM, chunk(b"data", DATA), bare(b"bext", bytes(603))), ""),
    ]  # fmt: skip


def encoded(kind: str) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, SOUND, RATE, format=kind, subtype="PCM_24")
    return out.getvalue()


def _other_containers() -> list[SizeCase]:
    cases = []
    open_, wrong = "does not state its length", "these are read"

    def case(name: str, kind: str, content: bytes, at: int, form: str, size: int, words: str) -> None:
        field = struct.pack(form, size)
        cases.append(SizeCase(name, content[:at] + field + content[at + len(field) :], words, kind))

    w64 = encoded("W64")
    at = w64.index(b"data\xf3\xac") + 16
    for size, words in ((0, open_), (24, open_), (2**64 - 1, open_), (0xFFFF_FFFF, open_)):
        case(f"w64 {size:x}", "W64", w64, at, "<Q", size, words)
    for by in (-24, 44):
        case(f"w64 {by:+d}", "W64", w64, at, "<Q", len(DATA) + 24 + by, wrong)
    form_at = w64.index(b"fmt \xf3\xac") + 16
    form_size = struct.unpack_from("<Q", w64, form_at)[0]
    uncounted = w64[:form_at] + struct.pack("<Q", form_size - 24) + w64[form_at + 8 :]
    case("w64 uncounted", "W64", uncounted, at, "<Q", len(DATA), "do not count the headers")

    aiff = encoded("AIFF")
    at, behind = aiff.index(b"SSND") + 4, b"ANNO" + struct.pack(">I", 4) + b"note"
    for size in (0, 8, 0x7FFF_FFFF, 0xFFFF_FFFF, 0x7FFF_F008):
        case(f"aiff {size:x}", "AIFF", aiff, at, ">I", size, open_)
        case(f"aiff {size:x} and a chunk", "AIFF", aiff + behind, at, ">I", size, open_)
    case("aiff +44", "AIFF", aiff, at, ">I", len(DATA) + 52, wrong)
    case("aiff +1 MB and a chunk", "AIFF", aiff + behind, at, ">I", len(DATA) + 8 + 10**6, wrong)

    au = encoded("AU")
    for size in (0, 0x7FFF_FFFF, 0xFFFF_FFFF):
        case(f"au {size:x}", "AU", au, 8, ">I", size, open_)
    case("au +44", "AU", au, 8, ">I", len(DATA) + 44, wrong)

    caf = encoded("CAF")
    at = caf.index(b"data") + 4
    for size in (-1, 0, 0xFFFF_FFFF, 2**63 - 1):
        case(f"caf {size}", "CAF", caf, at, ">q", size, open_)
    case("caf +44", "CAF", caf, at, ">q", len(DATA) + 48, wrong)
    return cases


CASES = [
    *_open_sizes(),
    *_wrong_sizes(),
    *_odd_chunks(),
    *_behind_the_end(),
    *_other_containers(),
]
