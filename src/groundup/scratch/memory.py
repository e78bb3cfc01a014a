"""Two settings of the machine below NumPy: what happens to freed memory, and how many threads multiply matrices."""

import ctypes
import sys
from contextlib import suppress

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # from glibc's malloc.h


def keep_freed_memory(limit: int = 1 << 30) -> bool:
    """Ask the C library to reuse large blocks; returns whether it could be asked (glibc: Linux).

    By default glibc takes every array above 128 KiB from the kernel and returns it when it is freed. NumPy makes
    such an array for each intermediate result, and the kernel must fill every page of it with zeros, first use
    by first use: at the sizes of a convolution that costs more than the arithmetic. With the two thresholds
    raised, freed blocks stay in the process, and the next array of that size finds its pages ready.

    Parameters
    ----------
    limit : bytes; blocks up to this size are kept.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library, such as musl
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, min(limit, 1 << 30)) and mallopt(M_TRIM_THRESHOLD, min(limit, 1 << 30)))


def set_blas_threads(count: int) -> int | None:
    """Let NumPy's matrix products use ``count`` threads; return how many it was before, None if it can't be set.

    NumPy has no function for it, but the OpenBLAS that comes with it has, under a name that depends on how it was
    built. Where there is none, the environment variable OPENBLAS_NUM_THREADS does it, before NumPy is imported.
    """
    try:
        library = ctypes.CDLL(sys.modules["numpy._core._multiarray_umath"].__file__)
    except (KeyError, OSError):
        return None
    for prefix in ("scipy_", ""):
        for suffix in ("64_", ""):
            with suppress(AttributeError):
                before = getattr(library, f"{prefix}openblas_get_num_threads{suffix}")()
                getattr(library, f"{prefix}openblas_set_num_threads{suffix}")(count)
                return before
    return None
