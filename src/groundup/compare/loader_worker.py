"""A process that makes batches, or trains on one, when asked to; see ``turns.py``.

``python -m groundup.compare.loader_worker resnet20 moved 128 2 0`` (batches of 128, two threads, seed 0).
"""

import sys

from groundup.compare.turns import limit_threads, serve


def main(model: str, kind: str, batch_size: str, threads: str, seed: str) -> None:
    limit_threads(threads)

    import torch

    torch.set_num_threads(int(threads))

    from groundup.compare.loader_speed import make_step

    serve(make_step(model, kind, int(batch_size), int(seed)))


if __name__ == "__main__":
    main(*sys.argv[1:])
