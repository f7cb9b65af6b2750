"""Recognises errors caused by a shortage of memory, threads or file handles."""

from __future__ import annotations

import errno

from audio_pipeline.errors import RenderError

_MEMORY_WORDS = ("failed to map segment", "annot allocate memory", "unable to allocate")
_MEMORY = ("out of memory", "Close other programs, or use fewer --workers or --jobs.")
_THREADS = (
    "the system cannot start more threads",
    "Use fewer --workers or --jobs, or raise the limits of the user (ulimit -u, ulimit -v).",
)
_FILES = ("too many files are open", "Close other programs, or raise the limit (ulimit -n).")
_BY_ERRNO = {errno.ENOMEM: _MEMORY, errno.EMFILE: _FILES, errno.ENFILE: _FILES, errno.EAGAIN: _THREADS}


def shortage(error: BaseException) -> RenderError | None:
    """The RenderError for an error caused by a shortage of memory, threads or file handles; None for others.

    The causes of the error are examined, too: when memory runs out during its import, NumPy raises an error
    with its own message.
    """
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if (words := _words(cause)) is not None:
            return RenderError(words[0], hint=words[1])
        cause = cause.__cause__ or cause.__context__
    return None


def _words(error: BaseException) -> tuple[str, str] | None:
    if isinstance(error, MemoryError):
        return _MEMORY
    if isinstance(error, OSError) and error.errno in _BY_ERRNO:
        return _BY_ERRNO[error.errno]
    if isinstance(error, ImportError | OSError) and any(word in str(error) for word in _MEMORY_WORDS):
        return _MEMORY
    if isinstance(error, RuntimeError) and "can't start new thread" in str(error):
        return _THREADS
    return None
