"""Limits of ffmpeg for untrusted files: memory, CPU time, demuxers, codecs, protocols.

The limits are set by `ulimit` in a shell that then executes ffmpeg: this is safe with other threads, and
ffmpeg never runs without them. macOS cannot limit address space; a system
without a POSIX shell (Windows) has neither limit.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from typing import Any

from audio_pipeline.audio_io.regular_file import RegularFile
from audio_pipeline.errors import StemError

ADDRESS_SPACE_BYTES = 640 << 20
"""Address space of ffmpeg, libraries included: it starts in 300 MB, and a film's index takes 100 MB more."""
PROBE_CPU_S = 3
"""CPU seconds to probe a file; a film of 8 GB takes a tenth of a second."""
_DECODE_CPU_S = 3
_DECODE_CPU_S_PER_MB = 20
"""The slowest codec, HE-AAC of 24 kbit/s, takes 2 s per MB of file."""

_MOST_ALLOCATED = 256 << 20  # bytes of one allocation of ffmpeg
_STACK_KB = 2048
_LIMITING = (
    # the threads of a recent ffmpeg, one per track, would fill the address space with stacks and arenas
    "MALLOC_ARENA_MAX=1; export MALLOC_ARENA_MAX; (ulimit -s {stack}) 2>/dev/null && ulimit -s {stack};"
    " (ulimit -v {kilobytes}) 2>/dev/null && ulimit -v {kilobytes};"
    ' (ulimit -t {cpu_s}) 2>/dev/null && ulimit -t {cpu_s}; exec "$@"'
)
_CODECS = (
    "aac,aac_fixed,aac_latm,ac3,ac3_fixed,eac3,alac,als,amrnb,amrwb,libopencore_amrnb,"
    "libopencore_amrwb,ape,dca,flac,gsm,gsm_ms,libgsm,libgsm_ms,mlp,truehd,mp1,"
    "mp1float,mp2,mp2float,mp3,mp3float,mace3,mace6,nellymoser,opus,libopus,qdm2,qdmc,"
    "s302m,speex,libspeex,tta,vorbis,libvorbis,wavpack,wmalossless,wmapro,wmav1,wmav2,"
    "wmavoice,adpcm_g722,g722,g726,g726le,adpcm_ima_qt,adpcm_ima_wav,adpcm_ms,adpcm_swf,"
    "adpcm_yamaha,pcm_alaw,pcm_bluray,pcm_dvd,pcm_f16le,pcm_f24le,pcm_f32be,pcm_f32le,"
    "pcm_f64be,pcm_f64le,pcm_mulaw,pcm_s16be,pcm_s16be_planar,pcm_s16le,pcm_s16le_planar,"
    "pcm_s24be,pcm_s24le,pcm_s24le_planar,pcm_s32be,pcm_s32le,pcm_s32le_planar,pcm_s64be,"
    "pcm_s64le,pcm_s8,pcm_s8_planar,pcm_u16be,pcm_u16le,pcm_u24be,pcm_u24le,pcm_u32be,"
    "pcm_u32le,pcm_u8,8svx_exp,8svx_fib,adpcm_sbpro_2,adpcm_sbpro_3,adpcm_sbpro_4,atrac1,"
    "atrac3,atrac3al,atrac3plus,atrac3plusal,atrac9,cook,dolby_e,dsd_lsbf,"
    "dsd_lsbf_planar,dsd_msbf,dsd_msbf_planar,dst,evrc,g723_1,g729,ilbc,mp3adu,"
    "mp3adufloat,mp3on4,mp3on4float,mpc7,mpc8,qcelp,real_144,real_288,ralf,shorten,"
    "sipr,tak,truespeech,twinvq,xma1,xma2"
)
"""The audio decoders for the supported containers; no picture decoder is opened."""
_PICTURE_CODECS = (
    "av1,libdav1d,libaom-av1,cfhd,cinepak,dnxhd,dvvideo,ffv1,ffvhuff,h263,h264,hap,hevc,huffyuv,jpeg2000,"
    "libopenjpeg,mjpeg,mpeg1video,mpeg2video,mpeg4,msmpeg4v2,msmpeg4v3,png,prores,qtrle,rawvideo,svq3,"
    "theora,utvideo,v210,v308,v408,v410,vc1,vc3,vp8,libvpx,vp9,libvpx-vp9,wmv2,wmv3"
)
"""The picture decoders for films, only for a preview."""


def decode_cpu_s(size_bytes: int) -> int:
    """The limit of CPU seconds for decoding a file of `size_bytes`."""
    return _DECODE_CPU_S + _DECODE_CPU_S_PER_MB * size_bytes // 1_000_000


def input_limits(demuxer: str) -> list[str]:
    """ffmpeg's options before `-i`: one demuxer, a list of codecs, only local files, one thread."""
    return [
        *("-max_alloc", f"{_MOST_ALLOCATED}"),
        *("-threads", "1"),
        *("-protocol_whitelist", "file"),
        *("-format_whitelist", demuxer),
        *("-codec_whitelist", _CODECS),
        *("-f", demuxer),
    ]


def picture_limits(demuxer: str) -> list[str]:
    """ffmpeg's options before `-i` of a film: as `input_limits`, with the decoders of pictures."""
    return [*input_limits(demuxer), "-codec_whitelist", f"{_CODECS},{_PICTURE_CODECS}"]


def start_limited(
    command: list[str], file: RegularFile, cpu_s: int, *, stderr: int
) -> subprocess.Popen[bytes]:
    """`command` as a process with the limits of this module; its stdout is a pipe, it inherits `file`."""
    return subprocess.Popen(  # noqa: S603 - a list of arguments; the shell's words are our own
        [*limiter(cpu_s), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        pass_fds=(file.descriptor,),
    )


def refuse_limit(file: RegularFile, process: subprocess.Popen[Any], cpu_s: int) -> None:
    """Raise StemError when the ended `process` was stopped at its limit of CPU time."""
    stopping = {-int(getattr(signal, name)) for name in ("SIGKILL", "SIGXCPU") if hasattr(signal, name)}
    if process.returncode in stopping:
        raise StemError(
            f"{file.name} cannot be decoded: ffmpeg was stopped after {cpu_s} s of CPU time, the limit for a"
            f" file of {file.size / 1000:.0f} kB.",
            hint="Export the sound as WAV or FLAC.",
        )


def limiter(cpu_s: int, address_space_bytes: int = ADDRESS_SPACE_BYTES) -> list[str]:
    """The arguments before a command that limit it; empty on a system without a POSIX shell."""
    shell = shutil.which("sh") if os.name == "posix" else None
    if shell is None:
        return []
    script = _LIMITING.format(stack=_STACK_KB, kilobytes=address_space_bytes // 1024, cpu_s=cpu_s)
    return [shell, "-c", script, "sh"]
