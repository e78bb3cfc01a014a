"""A process that trains one of our models, or its reference implementation, when asked to; see ``turns.py``.

``python -m groundup.compare.model_worker resnet18 ours 2 0`` (two threads, seed 0).
"""

import os
import sys


def main(name: str, engine: str, threads: str, seed: str) -> None:
    # The thread pools read these when they start: before the first import of torch.
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = threads

    import torch

    torch.set_num_threads(int(threads))

    from groundup.compare.model_benchmarks import MODEL_BENCHMARKS
    from groundup.compare.reference_packages import require
    from groundup.compare.turns import serve

    benchmark = MODEL_BENCHMARKS[name]
    if engine == "reference":
        require(benchmark.package)
    serve(benchmark.step(engine, int(seed)))


if __name__ == "__main__":
    main(*sys.argv[1:])
