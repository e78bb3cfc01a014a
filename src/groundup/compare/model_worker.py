"""A process that trains one of our models, or its reference implementation, when asked to; see ``turns.py``.

``python -m groundup.compare.model_worker resnet18 ours 2 0`` (two threads, seed 0).
"""

import sys

from groundup.compare.turns import limit_threads, serve


def main(name: str, engine: str, threads: str, seed: str) -> None:
    limit_threads(threads)

    import torch

    torch.set_num_threads(int(threads))

    from groundup.compare.model_benchmarks import MODEL_BENCHMARKS
    from groundup.compare.reference_packages import require

    benchmark = MODEL_BENCHMARKS[name]
    if engine == "reference":
        require(benchmark.package)
    serve(benchmark.step(engine, int(seed)))


if __name__ == "__main__":
    main(*sys.argv[1:])
