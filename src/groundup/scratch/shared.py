"""Memory that several processes share: arrays that lie in it, and messages that are passed through it."""

from __future__ import annotations

import pickle
from itertools import accumulate
from typing import Any

import numpy as np

Array = np.ndarray
Message = list[memoryview]

LINE = 64  # bytes in a line of the processor's cache: where two processes write to the same one, both become slow


def padded(size: int) -> int:
    """Return a number of bytes, rounded up to whole cache lines."""
    return -(-size // LINE) * LINE


class SharedArrays:
    """Hands out arrays in a block of shared memory, one after the other.

    Every process that asks for the same arrays in the same order gets the same memory.
    """

    def __init__(self, memory: Any) -> None:
        self.memory, self.used = memory, 0

    def like(self, array: Array) -> Array:
        """Return the next piece as an array of that shape and dtype; what it holds is what was last written there."""
        piece = np.frombuffer(self.memory, array.dtype, array.size, self.used)
        self.used += padded(array.nbytes)
        return piece.reshape(array.shape)


# -- messages ------------------------------------------------------------------------------------------------------
#
# A pickle can leave the contents of arrays out (protocol 5, "out-of-band buffers"). A message is then the pickle and,
# after it, the contents; the reader's arrays are views of the shared memory, the box, in which they lie. So an array is
# copied once, where a pipe would copy it again and again: into the pickle, into the pipe, and out of both.


def serialize(value: Any) -> Message:
    """Return an object as a message: its pickle, and the contents of the arrays in it (views, nothing is copied)."""
    contents: list[pickle.PickleBuffer] = []
    text = pickle.dumps(value, protocol=5, buffer_callback=contents.append)
    return [memoryview(text), *(array.raw() for array in contents)]


def offsets(sizes: list[int]) -> list[int]:
    """Return where each piece of a message begins, and where the message ends; before them is room for their sizes."""
    return list(accumulate(map(padded, sizes), initial=padded(8 * (1 + len(sizes)))))


def message_size(message: Message) -> int:
    """Return how many bytes a message takes in a box."""
    return offsets([len(piece) for piece in message])[-1]


def write(box: memoryview, message: Message) -> None:
    """Copy a message into shared memory."""
    sizes = [len(piece) for piece in message]
    header = np.array([len(sizes), *sizes], np.int64)
    box[: header.nbytes] = header.view(np.uint8).data
    for start, piece in zip(offsets(sizes), message):
        box[start : start + len(piece)] = piece


def read(box: memoryview) -> Any:
    """Return the object that lies in the box; its arrays are views of the box, good until the next message."""
    header = np.frombuffer(box, np.int64)
    sizes = header[1 : 1 + header[0]].tolist()
    text, *contents = [box[start : start + size] for start, size in zip(offsets(sizes), sizes)]
    return pickle.loads(text, buffers=contents)
