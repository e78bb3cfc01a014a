"""Processes that work on one batch together: they wait for each other, and exchange a few numbers.

What MPI or NCCL do for a cluster of machines, in its smallest form, for processes that share memory: a barrier
(each waits for all) and an all-reduce (each gets the sum of what all have). With it
:mod:`groundup.scratch.data_parallel` trains.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

Array = np.ndarray

# How long a process that waits keeps asking before it goes to sleep, in seconds. To be woken takes many times as long
# as to see that there is nothing more to wait for; but whoever asks keeps a core busy.
SPIN = 2e-4


class Group:
    """Some processes with ranks 0 to size - 1, the same object in each of them.

    Parameters
    ----------
    context : of :mod:`multiprocessing`.
    size : number of processes.
    width : the most numbers that are exchanged at once.
    """

    def __init__(self, context: Any, size: int, width: int) -> None:
        # One semaphore for each ordered pair: nobody can take a message that was meant for another, or come twice.
        self._semaphores = [[context.Semaphore(0) for _ in range(size)] for _ in range(size)]  # [from][to]
        self._memory = context.RawArray("d", 2 * size * width)
        self.size, self.width = size, width
        self.rank = -1

    def join(self, rank: int, check: Callable[[], None]) -> None:
        """Become the member of that rank; while it waits, ``check`` is called now and then, to raise if all is lost."""
        self.rank, self._check = rank, check
        others = [i for i in range(self.size) if i != rank]
        self._post = [self._semaphores[rank][i].release for i in others]
        self._take = [self._semaphores[i][rank].acquire for i in others]
        self._boards = np.frombuffer(self._memory, np.float64).reshape(2, self.size, self.width)
        self._turn = 0
        self._spin = SPIN if cores() >= self.size else 0.0

    def barrier(self) -> None:
        """Wait until every member is here. What any of them wrote before, all can read after."""
        for post in self._post:
            post()
        for take in self._take:
            self._wait(take)

    def _wait(self, take: Callable[..., bool]) -> None:
        if self._spin:
            deadline = time.perf_counter() + self._spin
            while time.perf_counter() < deadline:
                for _ in range(50):
                    if take(False):
                        return
        while not take(True, 0.2):  # asleep; awake five times a second to see whether the others are still alive
            self._check()

    def all_reduce(self, values: Array) -> Array:
        """Return the sum of every member's ``values``, to each of them, the same to the last bit."""
        # Two boards in turns: while some still read one, the fastest may already write to the other. Before it can
        # return to the first, all must have met again, hence have read it.
        board = self._boards[self._turn]  # (size, width)
        self._turn = 1 - self._turn
        board[self.rank, : values.size] = values.ravel()
        self.barrier()
        return board[:, : values.size].sum(axis=0).astype(values.dtype).reshape(values.shape)


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# -- for layers whose result depends on the whole batch ------------------------------------------------------------

_group: Group | None = None
_share = 1.0


@contextmanager
def one_batch(group: Group, share: float) -> Iterator[None]:
    """While this lasts, what layers see is that ``share`` (0 to 1) of a batch of which the group has the rest."""
    global _group, _share
    _group, _share = group, share
    try:
        yield
    finally:
        _group, _share = None, 1.0


def batch_mean(local: Array) -> Array:
    """Return the mean over the whole batch of what ``local`` is the mean of over the examples at hand.

    A process alone has the whole batch: it gets back what it gave. In a group the means of all are added up, each times
    its share of the batch.
    """
    if _group is None or _share == 1:
        return local
    return _group.all_reduce(local * _share)


def batch_count(local: int) -> int:
    """Return how many there are of something in the whole batch, given how many are in the examples at hand."""
    return round(local / _share)
