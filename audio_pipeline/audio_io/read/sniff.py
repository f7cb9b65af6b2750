"""Detection of the type of a file that is not readable audio, for its error message."""

from __future__ import annotations

from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.errors import StemError

_OTHERS = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"MThd", "a MIDI file"),
    (b"\x7fELF", "a program"),
)
_SOUND = (b"RIFF", b"RIFX", b"RF64", b"FORM", b"riff", b"caff", b".snd", b"OggS", b"fLaC", b"ID3")
_LFS = b"version https://git-lfs"


def why_not_audio(file: RegularFile) -> StemError:
    """The error for a file that neither libsndfile nor ffmpeg recognises as audio."""
    head = file.bytes_at(0, 512)
    again = "Copy or export it again."
    if head.startswith(_LFS):
        return StemError(
            f"{file.name} is a Git LFS pointer, not the audio file itself.", hint="Run `git lfs pull`."
        )
    for magic, kind in _OTHERS:
        if head.startswith(magic):
            return StemError(f"{file.name} is {kind}, not audio.", hint="Name an audio file.")
    if head.startswith(_SOUND):
        return StemError(f"{file.name} cannot be read: its header is damaged or truncated.", hint=again)
    lowered = head.lstrip().lower()
    if lowered.startswith((b"<!doctype html", b"<html")):
        return StemError(
            f"{file.name} is an HTML page, not audio.", hint="The download probably failed; repeat it."
        )
    if _is_text(head):
        return StemError(f"{file.name} is text, not audio.", hint="Name an audio file.")
    return StemError(
        f"{file.name} is not a supported audio file: it has no known header.",
        hint="Export it as WAV or FLAC; samples alone do not say their rate, width and channels.",
    )


def _is_text(head: bytes) -> bool:
    text = head.decode("utf-8", errors="ignore")
    # a character may be truncated at the end of `head`, by at most three bytes
    return len(text.encode()) >= len(head) - 3 and all(c.isprintable() or c in "\t\r\n" for c in text)
