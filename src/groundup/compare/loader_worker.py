"""A process that makes batches, or trains on one, when asked to; see ``turns.py``.

``python -m groundup.compare.loader_worker resnet20 moved 128 2 0`` (batches of 128, two threads, seed 0).
"""

import os
import sys


def main(model: str, kind: str, batch_size: str, threads: str, seed: str) -> None:
    # The thread pools read these when they start: before the first import of torch.
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = threads

    import torch

    torch.set_num_threads(int(threads))

    from groundup.compare.loader_speed import make_step
    from groundup.compare.turns import serve

    serve(make_step(model, kind, int(batch_size), int(seed)))


if __name__ == "__main__":
    main(*sys.argv[1:])
