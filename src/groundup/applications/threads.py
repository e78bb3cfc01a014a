"""How many threads a study computes with: one, so that its numbers do not depend on the machine's cores."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread inside, and as before afterwards.

    The matrices of the studies are small: threads would cost more than they bring, and change the rounding.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(threads)
