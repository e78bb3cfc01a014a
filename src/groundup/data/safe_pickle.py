"""Read plain data out of a pickle without running what else it may hold.

A pickle is a program for a small machine, and one of its instructions calls any function of any module: whoever wrote
the file can run anything on the reader's computer. A checksum proves that a file is the published one, not that it
means no harm, and a copy that is taken unverified has not even that. So here the machine can reach five names alone,
those that NumPy's arrays and Python 3's bytes are pickled with, and even these lead to the harmless stand-ins below:
they note what they are given and do nothing. Every other name is an error. So nothing foreign is run; that a file made
for it fills the memory, or ends the program, is not prevented.
"""

import io
import math
import pickle
from typing import Any

import numpy as np

from groundup.errors import GroundupError


class Array:
    """What a pickle says of an array of bytes: its shape and its content."""

    def __init__(self) -> None:
        self.shape: tuple[int, ...] = ()
        self.content = b""

    def __setstate__(self, state: Any) -> None:
        _version, shape, kind, column_major, content = state
        if not (isinstance(kind, Kind) and kind.name in ("u1", b"u1") and column_major in (False, 0)):
            raise ValueError("an array that is not of bytes in row order")
        if not isinstance(content, bytes) or len(content) != math.prod(shape):
            raise ValueError("an array whose content does not fill its shape")
        self.shape, self.content = tuple(shape), content

    def numpy(self) -> np.ndarray:
        return np.frombuffer(self.content, dtype=np.uint8).reshape(self.shape)


class Kind:
    """What a pickle says of a dtype: its name."""

    def __init__(self, name: Any, *_: Any) -> None:
        self.name = name

    def __setstate__(self, state: Any) -> None:
        """The rest (byte order, fields) says nothing of single bytes."""


def _reconstruct(*_: Any) -> Array:
    return Array()


def _encode(text: str, encoding: str) -> bytes:
    """Python 3's way to write bytes in the old pickle protocols: as a text of the first 256 characters."""
    if encoding != "latin1":
        raise ValueError(f"bytes written as {encoding}")
    return text.encode("latin1")


ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,  # NumPy 1
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,  # NumPy 2
    ("numpy", "ndarray"): Array,
    ("numpy", "dtype"): Kind,
    ("_codecs", "encode"): _encode,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if (module_name, global_name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module_name}.{global_name}, which no array needs")
        stand_in = ALLOWED[module_name, global_name]
        # Wrapped anew each time: a pickle can also set attributes of what it is given.
        return lambda *given: stand_in(*given)


def load_plain(content: bytes, name: str) -> Any:
    """Return numbers, texts, bytes, lists, dictionaries and :class:`Array` as a pickle holds them.

    Parameters
    ----------
    content : the pickle; texts that Python 2 wrote come as bytes.
    name : the file's, for the error.

    Raises
    ------
    GroundupError : it is no pickle, or asks for anything else.
    """
    try:
        return _Reader(io.BytesIO(content), encoding="bytes").load()
    except Exception as error:  # a broken pickle fails in a hundred ways: in each, it is not what it should be
        raise GroundupError(f"{name} does not hold plain data: {str(error) or type(error).__name__}.") from None
