"""Rows on disk, read in shuffled batches: what stays in memory does not grow with the number of rows."""

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np


class RecordFile:
    """A file of equal records: ``numbers`` (I,) float32, ``codes`` (C,) int32, ``label`` float32.

    Reading single rows at random from a disk is slow, and reading them in order is no shuffle: these rows lie in order
    of time, so a batch of neighbours is half a day. So blocks of neighbours are read in random order, ``window``
    blocks are held at a time, and the rows of the window are shuffled. In memory are one window and one batch.
    """

    def __init__(self, path: Path, numbers: int, codes: int):
        self.path = path
        self.record = np.dtype(
            [("numbers", np.float32, (numbers,)), ("codes", np.int32, (codes,)), ("label", np.float32)]
        )
        self.path.touch()

    def __len__(self) -> int:
        return self.path.stat().st_size // self.record.itemsize

    def append(self, numbers: np.ndarray, codes: np.ndarray, labels: np.ndarray) -> None:
        """Write rows behind those that are there: numbers (N, I), codes (N, C), labels (N,)."""
        rows = np.empty(len(labels), self.record)
        rows["numbers"], rows["codes"], rows["label"] = numbers, codes, labels
        with self.path.open("ab") as file:
            file.write(rows.data)

    def batches(
        self, size: int, rng: np.random.Generator | None = None, block: int = 256, window: int = 64, rows: int = 0
    ) -> Iterator[np.ndarray]:
        """Yield every row once, in arrays of at most ``size`` records.

        Parameters
        ----------
        size : of a batch.
        rng : of the shuffle; without it the rows come in the order of the file.
        block, window : rows that are read at once, and blocks that are held at once.
        rows : read this many rows of the file only; by default all.
        """
        rows = rows or len(self)
        starts = np.arange(0, rows, block)
        if rng is not None:
            rng.shuffle(starts)
        held = np.empty(min(block * window, rows), self.record)
        with self.path.open("rb") as file:
            for first in range(0, len(starts), window):
                filled = 0
                for start in starts[first : first + window]:
                    length = min(block, rows - start)
                    file.seek(int(start) * self.record.itemsize)
                    file.readinto(held[filled : filled + length].data)
                    filled += length
                order = np.arange(filled) if rng is None else rng.permutation(filled)
                for place in range(0, filled, size):
                    yield held[order[place : place + size]]


def peak_memory(work: Callable[[], Any]) -> int:
    """Carry out ``work`` and return the most bytes that NumPy and Python held for it at one time."""
    running = tracemalloc.is_tracing()
    if not running:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if not running:
            tracemalloc.stop()
