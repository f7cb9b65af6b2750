"""The cache of conditioned stems: a recording is decoded, resampled and levelled once."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import soundfile

from audio_pipeline.audio_io.condition import Conditioned, Remark, condition, fingerprint
from audio_pipeline.audio_io.display_path import printable
from audio_pipeline.audio_io.read.audio_file import AudioInfo
from audio_pipeline.audio_io.read.decoders import ffmpeg_version, soxr_version
from audio_pipeline.audio_io.stretch import stretch_version
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.dsp.layouts import Layout
from audio_pipeline.errors import StemError
from audio_pipeline.memo.entry_file import Entry
from audio_pipeline.memo.keys import engine_key
from audio_pipeline.memo.store import Cache, digest
from audio_pipeline.metering.gated import GatedMeter
from audio_pipeline.timeline.scene import StemRequest


class StemCache:
    """Conditions stems; `keys` holds the cache key of each conditioned stem."""

    def __init__(self, cache: Cache | None) -> None:
        self._cache = cache
        self.keys: dict[StemRequest, str] = {}

    def conditioned(self, path: Path, request: StemRequest, sample_rate_hz: int) -> Conditioned:
        """The stem at `path`, conditioned as in `request`. Raises StemError for an unreadable file."""
        if self._cache is None:
            return _condition(path, request, sample_rate_hz)
        level = None if request.level_lufs is None else request.level_lufs.hex()
        sha256, rate_hz, by_ffmpeg = fingerprint(
            path, sample_rate_hz=sample_rate_hz, channels=request.channels
        )
        key = digest(
            "stem",
            engine_key(),
            [soundfile.__version__, soundfile.__libsndfile_version__],
            "" if rate_hz == sample_rate_hz else soxr_version(),
            ffmpeg_version() if by_ffmpeg else "",
            sha256,
            str(path),
            request.channels,
            request.channel,
            request.trim,
            level,
            sample_rate_hz,
            *([] if request.longest_samples is None else [request.longest_samples, stretch_version()]),
        )
        self.keys[request] = key
        known = self._cache.get(key)
        if known is not None:
            return _from(known, sample_rate_hz)
        stem = _condition(path, request, sample_rate_hz)
        if stem.sha256 != sha256:
            raise StemError(
                f"{printable(path)} was replaced while it was read.", hint="Wait, then try again."
            )
        said = {"did": stem.did, "warnings": stem.warnings, "notes": stem.notes}
        note = {**said, "sha256": stem.sha256, "source": asdict(stem.source)}
        self._cache.put(key, (stem.samples,), note)
        return stem


def _condition(path: Path, request: StemRequest, sample_rate_hz: int) -> Conditioned:
    return condition(
        path,
        sample_rate_hz=sample_rate_hz,
        channels=request.channels,
        level_lufs=request.level_lufs,
        measure=integrated_lufs,
        channel=request.channel,
        trim=request.trim,
        longest_samples=request.longest_samples,
    )


def _from(entry: Entry, sample_rate_hz: int) -> Conditioned:
    note: dict[str, Any] = entry.note
    samples = entry.parts[0]
    assert samples is not None
    samples.flags.writeable = False
    layout = {name: _tuple(value) for name, value in note["source"]["layout"].items()}
    source = {
        **note["source"],
        "layout": Layout(**layout),
        "warnings": tuple(note["source"]["warnings"]),
        "remarks": tuple((code, sentence) for code, sentence in note["source"]["remarks"]),
    }
    return Conditioned(
        samples,
        sample_rate_hz,
        tuple(note["did"]),
        tuple(Remark(*warning) for warning in note["warnings"]),
        note["sha256"],
        AudioInfo(**source),
        tuple(Remark(*said) for said in note["notes"]),
    )


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def integrated_lufs(samples: Samples, sample_rate_hz: int) -> float | None:
    """The integrated loudness of samples `(n, channels)`, LUFS; None below the gate."""
    meter = GatedMeter(sample_rate_hz, samples.shape[1])
    for start in range(0, len(samples), sample_rate_hz):
        meter.feed(samples[start : start + sample_rate_hz])
    return meter.result().integrated_lufs
