"""The BLAS kernel and dispatch level of NumPy, pinned before NumPy is imported and read back afterwards.

The rounding of a sum depends on the order of its terms, and the order on the width of the processor's
vectors. OpenBLAS chooses a kernel, and NumPy a dispatch level, by the processor: the same mix then differs
in the last bit between machines. Every x86-64 processor with AVX2 can run the kernel and the level pinned
here, so all of them give the same bits. NumPy reads its environment once, at import; later settings have no
effect.
"""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping
from functools import lru_cache
from importlib import import_module
from typing import Any, NamedTuple

PINNED_KERNEL = "Haswell"
"""The OpenBLAS kernel for AVX2 and FMA; "Zen" and later kernels without AVX-512 are the same code."""
PINNED_LEVEL = "x86-64-v3"
"""The level of the x86-64 psABI with AVX2 and FMA, without AVX-512."""

_NUMPY_LEVEL = "X86_V3"  # the name in NumPy 2.4
_SETTINGS = {
    "OPENBLAS_CORETYPE": PINNED_KERNEL,
    "OPENBLAS_NUM_THREADS": "1",  # our threads work on tiles; BLAS threads would change the rounding
    "NPY_ENABLE_CPU_FEATURES": _NUMPY_LEVEL,  # and no higher level
}
_CONTRADICTS = "NPY_DISABLE_CPU_FEATURES"  # importing NumPy fails when both are set
_KERNEL_SYMBOLS = (
    "scipy_openblas_get_corename64_",
    "scipy_openblas_get_corename",
    "openblas_get_corename",
)
_AVX2_OF_WINDOWS = 40  # PF_AVX2_INSTRUCTIONS_AVAILABLE, winnt.h


class Arithmetic(NamedTuple):
    """The BLAS kernel and the dispatch level that NumPy uses.

    `kernel` is "unknown" for a BLAS that does not report it; a level other than the pinned one is given as
    NumPy's feature groups ("X86_V3+X86_V4").
    """

    kernel: str
    level: str

    @property
    def pinned(self) -> bool:
        """Whether every x86-64 machine with AVX2 computes the same bits."""
        return self.kernel == PINNED_KERNEL and self.level == PINNED_LEVEL

    def __str__(self) -> str:
        suffix = "" if self.pinned else ", unpinned"
        return f"{self.kernel}, {self.level}{suffix}"


def pin(environment: MutableMapping[str, str] = os.environ) -> bool:
    """Set the pinned kernel and level in `environment`; call it before NumPy is imported.

    Returns True, or False without setting them on a processor without AVX2, where the pinned kernel crashes.
    `arithmetic` returns the kernel and level in use.
    """
    if not has_avx2():
        return False
    environment.pop(_CONTRADICTS, None)
    environment.update(_SETTINGS)
    return True


def has_avx2() -> bool:
    """Whether the operating system reports an x86-64 processor with AVX2."""
    if sys.platform == "win32":
        import ctypes

        machine = os.environ.get("PROCESSOR_ARCHITECTURE", "")
        kernel32: Any = ctypes.windll.kernel32  # type: ignore[attr-defined, unused-ignore]
        return machine == "AMD64" and bool(kernel32.IsProcessorFeaturePresent(_AVX2_OF_WINDOWS))
    if os.uname().machine != "x86_64":
        return False
    if sys.platform == "darwin":
        import subprocess

        asked = ["/usr/sbin/sysctl", "-n", "hw.optional.avx2_0"]
        said = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
        return said.stdout.strip() == "1"
    try:
        with open("/proc/cpuinfo", "rb", buffering=0) as file:  # noqa: PTH123 - a third of the time
            return b" avx2 " in file.read(8192)  # the first processor's entry is shorter than that
    except OSError:
        return False


@lru_cache(maxsize=1)
def arithmetic() -> Arithmetic:
    """The kernel and the level in use, read from NumPy; imports NumPy."""
    core: Any = import_module("numpy._core._multiarray_umath")
    features: dict[str, bool] = getattr(core, "__cpu_features__", {})
    dispatched: list[str] = getattr(core, "__cpu_dispatch__", [])
    usable = "+".join(name for name in dispatched if features.get(name)) or "baseline"
    return Arithmetic(_kernel(core.__file__), PINNED_LEVEL if usable == _NUMPY_LEVEL else usable)


def _kernel(library: str | None) -> str:
    """The kernel's name as OpenBLAS reports it; `library` is a library linked with OpenBLAS."""
    import ctypes

    try:
        linked = ctypes.CDLL(library)
    except OSError:
        return "unknown"
    for symbol in _KERNEL_SYMBOLS:
        if hasattr(linked, symbol):
            named = getattr(linked, symbol)
            named.restype = ctypes.c_char_p
            return str(named().decode())
    return "unknown"
