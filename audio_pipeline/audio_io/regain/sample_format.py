"""The sample format of a WAV: read from its `fmt ` chunk, or chosen for a source that is not WAV."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from audio_pipeline.audio_io.read.audio_file import AudioInfo
from audio_pipeline.audio_io.read.structure import Chunk
from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.dsp.arrays import Samples
from audio_pipeline.records import dataclass
from audio_pipeline.timeline.spans import Span

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
_SPEAKERS = {1: 0x4, 2: 0x3, 3: 0x7, 4: 0x33, 5: 0x37, 6: 0x3F, 7: 0x70F, 8: 0x63F}


@dataclass(frozen=True)
class SampleFormat:
    """A sample format: bits, integer or float, channels and sample rate."""

    channels: int
    sample_rate_hz: int
    bits: int
    is_float: bool

    @property
    def frame_bytes(self) -> int:
        """The number of bytes of one sample of all channels."""
        return self.channels * (self.bits // 8)

    @staticmethod
    def of_wave(file: RegularFile, chunks: Sequence[Chunk]) -> SampleFormat | None:
        """The format of a WAV's samples; None for other codecs, or without a `fmt ` chunk."""
        found = next((part for part in chunks if part.name == b"fmt "), None)
        if found is None or found.size < 16:
            return None
        body = file.bytes_at(found.body, min(found.size, 40))
        tag, channels, rate, _, block, _bits = struct.unpack("<HHIIHH", body[:16])
        if tag == _EXTENSIBLE and len(body) >= 26:
            tag = struct.unpack("<H", body[24:26])[0]
        wanted = (8, 16, 24, 32) if tag == _PCM else (32, 64) if tag == _FLOAT else ()
        if not channels or block % channels or 8 * (block // channels) not in wanted:
            return None
        return SampleFormat(channels, rate, 8 * (block // channels), tag == _FLOAT)

    @staticmethod
    def of_info(info: AudioInfo) -> SampleFormat:
        """The format for audio from another container: 16 bits stay 16, anything else becomes 24."""
        bits = 16 if info.subtype.endswith("_16") else 24  # PCM_16, ALAC_16, FLAC_16
        return SampleFormat(info.channels, info.sample_rate_hz, bits, is_float=False)

    def fmt(self) -> bytes:
        """The body of a `fmt ` chunk: extensible for more than two channels."""
        tag = _FLOAT if self.is_float else _PCM
        frame = self.frame_bytes
        rates = (self.channels, self.sample_rate_hz, self.sample_rate_hz * frame, frame, self.bits)
        if self.channels <= 2:
            return struct.pack("<HHIIHH", tag, *rates)
        mask = _SPEAKERS.get(self.channels, 0)
        head = struct.pack("<HHIIHH", _EXTENSIBLE, *rates)
        return head + struct.pack("<HHIH", 22, self.bits, mask, tag) + _GUID_TAIL

    def encoded(
        self,
        block: Samples,
        gain: float,
        span: Span,
        quantise: Callable[[Samples, int, Span], NDArray[np.int32]],
    ) -> bytes:
        """`(n, channels)` samples with a gain, as bytes of this format; `span` is their position.

        With a gain of 1 the samples are bit-identical to the source.
        """
        if self.is_float:
            return (block * gain).astype(f"<f{self.bits // 8}").tobytes()
        if gain == 1.0:
            steps = np.rint(block * 2.0 ** (self.bits - 1)).astype(np.int64)
        else:
            steps = quantise(block * gain, self.bits, span).astype(np.int64)
        return self._packed(steps)

    def _packed(self, steps: NDArray[np.int64]) -> bytes:
        if self.bits == 8:  # unsigned in RIFF
            return (steps + 128).astype(np.uint8).tobytes()
        if self.bits == 24:
            wide = np.ascontiguousarray(steps.astype("<i4"))
            return wide.view(np.uint8).reshape(*wide.shape, 4)[..., :3].tobytes()
        return steps.astype(f"<i{self.bits // 8}").tobytes()
