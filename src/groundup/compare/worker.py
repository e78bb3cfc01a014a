"""A process that trains one engine's network when asked to; see ``speed.py`` and ``turns.py``.

``python -m groundup.compare.worker bench/lenet by_hand 2 0 1`` (two threads, seed 0, one process). With more than one
process, this is the first of them, and each has a single thread.
"""

import sys
from collections.abc import Callable
from typing import Any

from groundup.compare.turns import limit_threads, serve


def main(workload: str, engine: str, threads: str, seed: str, workers: str) -> None:
    limit_threads(threads)
    if engine == "in_torch":
        serve(step_in_torch(workload, int(threads), int(seed)))
    else:
        serve(step_by_hand(workload, int(seed), int(workers)))


def find(name: str) -> Any:
    """Return the workload of a name such as ``twin/cnn`` or ``bench/lenet``."""
    from groundup.compare.benchmarks import BENCHMARKS
    from groundup.compare.workloads import WORKLOADS

    kind, _, key = name.partition("/")
    return {"twin": WORKLOADS, "bench": BENCHMARKS}[kind][key]


def step_by_hand(name: str, seed: int, workers: int) -> Callable[[], Any]:
    import numpy as np

    from groundup.scratch import DataParallel, keep_freed_memory

    keep_freed_memory()
    workload, rng = find(name), np.random.default_rng(seed)
    x, y = (a[: workload.batch_size] for a in workload.data(rng))
    model, loss, optimizer = workload.by_hand(rng, np.float32)
    model.skip_input_gradient()
    parallel = DataParallel(model, loss, optimizer, workers)
    return lambda: parallel.step(x, y)


def step_in_torch(name: str, threads: int, seed: int) -> Callable[[], Any]:
    import numpy as np
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    workload, rng = find(name), np.random.default_rng(seed)
    x, y = (torch.from_numpy(a[: workload.batch_size]) for a in workload.data(rng))
    model, loss, make_optimizer = workload.in_torch()
    optimizer = make_optimizer(model.parameters())

    def step() -> None:
        value = loss(model(x), y)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()

    return step


if __name__ == "__main__":
    main(*sys.argv[1:])
