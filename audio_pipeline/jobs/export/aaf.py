"""AAF files with embedded audio: a track for each channel of each stem, the cues as markers, start timecode.

Clips are placed to the sample; markers are on picture frames. The same session gives the same bytes: random
identifiers of the library are replaced by hashes of the content, and dates by a fixed one.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from audio_pipeline.audio_io.write.wave import Bits, WaveWriter
from audio_pipeline.errors import encodable
from audio_pipeline.jobs.export.exchange import exchange_module
from audio_pipeline.jobs.export.model import Clip, ExportSession, Track
from audio_pipeline.records import dataclass
from audio_pipeline.version import __version__

_PROGRAM = "render-ending"
_DATE = datetime(1970, 1, 1)
_PRODUCT = uuid.UUID("5f0f5b0e-6a0c-5d0f-9a51-3f6f3a1c2b77")
_BLOCK = 1 << 18
_SIDES = ("L", "R")


@dataclass(frozen=True)
class _Channel:
    """One channel of a clip as a mono file; identifiers are hashes of `digest`, the session's digest."""

    label: str
    clip: Clip
    file: Path
    digest: str


def write_aaf(session: ExportSession, folder: Path, target: Path) -> None:
    """Write the session to `target`; its clips are below `folder`. Muted tracks are left out.

    Raises RenderError when the package pyaaf2 is missing.
    """
    aaf2 = exchange_module("aaf2")
    heard = [track for track in session.tracks if not track.muted]
    with aaf2.open(str(target), "w") as file:
        digest = _digest(session, folder)
        _stamp(file, digest)
        composition = file.create.CompositionMob(encodable(session.name))
        _identify(aaf2, composition, f"{digest} composition")
        composition.usage = "Usage_TopLevel"
        file.content.mobs.append(composition)
        _add_timecode(file, composition, session)
        for track in heard:
            for channel in _channels(track, folder, digest):
                _add_track(aaf2, file, composition, session, channel)
                channel.file.unlink()
        _add_markers(file, composition, session)


def is_own_aaf(path: Path) -> bool:
    """Whether an AAF file was written by this program. Raises RenderError when pyaaf2 is missing."""
    aaf2 = exchange_module("aaf2")
    try:
        with aaf2.open(str(path), "r") as file:
            product = file.header["IdentificationList"].value[0]["ProductName"].value
    except Exception:  # for a damaged or foreign file the library may raise anything
        return False
    return bool(product == _PROGRAM)


def _digest(session: ExportSession, folder: Path) -> str:
    """A digest of the session and of the audio in it."""
    found = hashlib.sha256(repr(session).encode("utf-8", "backslashreplace"))
    for track in session.tracks:
        for clip in track.clips:
            with (folder / clip.file).open("rb") as file:
                found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()


def _uuid(text: str) -> uuid.UUID:
    return uuid.uuid5(_PRODUCT, text)


def _stamp(file: Any, digest: str) -> None:
    """Write this program as the file's origin, instead of the library, with a fixed date and platform."""
    auid = exchange_module("aaf2.auid").AUID
    header = file.header
    identification = header["IdentificationList"].value[0]
    identification["ProductName"].value = _PROGRAM
    identification["CompanyName"].value = _PROGRAM
    identification["ProductVersionString"].value = __version__
    identification["ProductID"].value = auid(str(_PRODUCT))
    identification["Platform"].value = "any"
    identification["Date"].value = _DATE
    identification["GenerationAUID"].value = auid(str(_uuid(f"{digest} generation")))
    header["LastModified"].value = _DATE


def _identify(aaf2: Any, mob: Any, text: str) -> None:
    identifier = aaf2.mobid.MobID.new()
    identifier.material = _uuid(text)
    mob.mob_id = identifier
    mob["CreationTime"].value = _DATE
    mob["LastModified"].value = _DATE


def _channels(track: Track, folder: Path, digest: str) -> Iterator[_Channel]:
    """Yield each channel of a track's clip as a mono file, which the caller removes before the next."""
    (clip,) = track.clips
    for channel in range(clip.channels):
        side = f" {_SIDES[channel]}" if clip.channels > 1 else ""
        path = folder / f"channel-{channel}.wav"
        _write_mono(folder / clip.file, channel, clip, path)
        yield _Channel(f"{track.name}{side}", clip, path, digest)


def _write_mono(source: Path, channel: int, clip: Clip, path: Path) -> None:
    bits: Bits = 16 if clip.bits == 16 else 24
    with soundfile.SoundFile(source) as file, WaveWriter(path, file.samplerate, 1, bits) as wave:
        for block in file.blocks(_BLOCK, dtype="int32", always_2d=True):
            wave.write((block[:, channel : channel + 1] >> (32 - bits)).astype(np.int32))


def _add_track(
    aaf2: Any, file: Any, composition: Any, session: ExportSession, channel: _Channel
) -> None:
    clip, rate_hz = channel.clip, session.sample_rate_hz
    source = file.create.SourceMob(f"{encodable(channel.label)}.PHYS")
    _identify(aaf2, source, f"{channel.digest} source {channel.label}")
    file.content.mobs.append(source)
    source_slot = source.import_audio_essence(str(channel.file), rate_hz)
    start = session.start_frame + session.frame(clip.at_samples)
    _add_timecode(file, source, session, start, clip.length_samples)
    master = file.create.MasterMob(encodable(channel.label))
    _identify(aaf2, master, f"{channel.digest} master {channel.label}")
    file.content.mobs.append(master)
    master_slot = master.create_timeline_slot(edit_rate=rate_hz)
    master_slot.segment = source.create_source_clip(source_slot.slot_id, media_kind="sound")
    master_slot.segment.length = clip.length_samples
    slot = composition.create_sound_slot(edit_rate=rate_hz)
    slot.name = encodable(channel.label)
    placed = master.create_source_clip(master_slot.slot_id, media_kind="sound")
    placed.length = clip.length_samples
    sequence = slot.segment
    if clip.at_samples:
        filler = file.create.Filler("sound", clip.at_samples)
        sequence.components.append(filler)
    sequence.components.append(placed)
    sequence.length = clip.at_samples + clip.length_samples


def _add_timecode(
    file: Any, mob: Any, session: ExportSession, start: int | None = None, samples: int | None = None
) -> None:
    rate = session.rate
    slot = mob.create_timeline_slot(edit_rate=_fps(session))
    slot.name = "Timecode"
    timecode = file.create.Timecode(rate.nominal, drop=rate.drop)
    timecode.start = (session.start_frame if start is None else start) % rate.frames_per_day
    timecode.length = session.frame(session.length_samples if samples is None else samples)
    slot.segment = timecode


def _add_markers(file: Any, composition: Any, session: ExportSession) -> None:
    slot = file.create.EventMobSlot()
    slot["SlotID"].value = max(slot.slot_id for slot in composition.slots) + 1
    slot["SlotName"].value = "Markers"
    slot["EditRate"].value = _fps(session)
    sequence = file.create.Sequence("DescriptiveMetadata")
    for marker in session.markers:
        event = file.create.DescriptiveMarker()
        event.media_kind = "DescriptiveMetadata"
        event["Position"].value = session.frame(marker.at_samples)
        event["Length"].value = 1
        event["Comment"].value = encodable(marker.name)
        sequence.components.append(event)
    slot["Segment"].value = sequence
    composition.slots.append(slot)


def _fps(session: ExportSession) -> str:
    frames = session.rate.frames_per_s
    return f"{frames.numerator}/{frames.denominator}"
