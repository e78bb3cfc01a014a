"""A process that trains one engine's network and reports how long each round took; see ``speed.py``.

``python -m groundup.compare.worker twin/cnn by_hand 2 0`` (two threads, seed 0) prints ``ready``; then each line ``N``
on standard input runs N steps, and their seconds are printed; the line ``memory`` prints the peak resident memory in
bytes.
"""

import os
import sys
from pathlib import Path


def main(workload: str, engine: str, threads: str, seed: str) -> None:
    # The thread pools read these when they start: before the first import of NumPy or torch.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = threads

    import time

    step = {"by_hand": step_by_hand, "in_torch": step_in_torch}[engine](workload, int(threads), int(seed))
    step()
    print("ready", flush=True)
    for line in sys.stdin:
        if line.strip() == "memory":
            print(peak_memory(), flush=True)
            continue
        started = time.perf_counter()
        for _ in range(int(line)):
            step()
        print(time.perf_counter() - started, flush=True)


def peak_memory() -> int:
    """Return the largest resident memory this process has had, in bytes; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux; ru_maxrss would count what the parent held when it forked
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # in bytes on macOS


def find(name: str):
    """Return the workload of a name such as ``twin/cnn`` or ``bench/lenet``."""
    from groundup.compare.benchmarks import BENCHMARKS
    from groundup.compare.workloads import WORKLOADS

    kind, _, key = name.partition("/")
    return {"twin": WORKLOADS, "bench": BENCHMARKS}[kind][key]


def step_by_hand(name: str, threads: int, seed: int):
    import numpy as np

    from groundup.scratch import keep_freed_memory
    from groundup.scratch.gradcheck import as_tuple

    keep_freed_memory()
    workload, rng = find(name), np.random.default_rng(seed)
    x, y = (a[: workload.batch_size] for a in workload.data(rng))
    model, loss, optimizer = workload.by_hand(rng, np.float32)
    model.skip_input_gradient()

    def step() -> None:
        loss(model(x), y)
        optimizer.zero_grad()
        model.backward(*as_tuple(loss.backward()))
        optimizer.step()

    return step


def step_in_torch(name: str, threads: int, seed: int):
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
