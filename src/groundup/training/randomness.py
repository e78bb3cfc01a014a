"""Where the randomness of a run comes from, so that a run which is resumed draws what it would have drawn.

What an epoch or a step draws (the order of the examples, augmentation) comes from a generator of its own, made from
the seed and the number of the epoch or step: nothing of it needs to be saved. Layers such as dropout draw from torch's
global generator; its state, and those of NumPy and Python, are part of a checkpoint.
"""

import os
import random
from typing import Any

import numpy as np
import torch

# Purposes: the order of an epoch's examples; what is random within a step's batch; what a process draws for itself.
ORDER, BATCH, PROCESS = 1, 2, 3


def generator(seed: int, *path: int) -> torch.Generator:
    """Return the generator of one purpose, such as ``generator(seed, ORDER, epoch)``: other numbers, other draws."""
    mixed = np.random.SeedSequence(seed, spawn_key=path).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(mixed >> np.uint64(1)))  # torch takes 63 bits


def seed_everything(seed: int) -> None:
    """Seed torch's, NumPy's and Python's global generators."""
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 (libraries draw from it)
    random.seed(seed)


def seed_process(seed: int, rank: int) -> None:
    """Let each process draw its own zeros for dropout; the first keeps the draws of a process that is alone."""
    if rank:
        seed_everything(generator(seed, PROCESS, rank).initial_seed())


def random_states() -> dict[str, Any]:
    """Return the states of all global generators, as tensors and plain values."""
    kind, keys, position, has_gauss, gauss = np.random.get_state()  # noqa: NPY002
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": [
            kind,
            torch.from_numpy(np.asarray(keys).astype(np.int64)),
            int(position),
            int(has_gauss),
            float(gauss),
        ],
        "python": list(random.getstate()),
    }


def restore_random_states(states: dict[str, Any]) -> None:
    """Put all global generators back into the states that :func:`random_states` returned."""
    torch.set_rng_state(states["torch"])
    if states["cuda"]:
        torch.cuda.set_rng_state_all(states["cuda"])
    kind, keys, *rest = states["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002
    version, internal, gauss = states["python"]
    random.setstate((version, tuple(internal), gauss))


def forbid_chance(forbid: bool = True) -> None:
    """Let torch refuse, or replace, operations whose result may differ from run to run; only GPUs have such."""
    if forbid:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS asks for it
    torch.use_deterministic_algorithms(forbid)
