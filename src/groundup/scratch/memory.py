"""Keep freed memory, instead of giving it back to the system after every operation."""

import ctypes
import sys

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
