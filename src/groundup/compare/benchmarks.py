"""What `groundup bench` measures: one training step of six kinds of network, by hand and in PyTorch (eager).

The inputs are random: how long a step takes does not depend on what they show. Each builder imports its own engine
only, so that a process which times one never loads the other.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from groundup.compare.workloads import Workload, gpt_by_hand, gpt_in_torch, random_tokens

Array = np.ndarray
Twin = tuple[Any, Any, Callable[[Any], Any]]


def images(*shape: int) -> Callable[[np.random.Generator], tuple[Array, Array]]:
    """Return a source of one batch of random images (N, C, H, W) in [0, 1) and labels 0 to 9."""

    def draw(rng: np.random.Generator) -> tuple[Array, Array]:
        return rng.random(shape, np.float32), rng.integers(0, 10, shape[0])

    return draw


def mlp_by_hand(rng: np.random.Generator, dtype: Any) -> tuple[Any, Any, Any]:
    from groundup.scratch import Adam, CrossEntropy
    from groundup.scratch.models import mlp

    model = mlp([784, 256, 128, 10], rng=rng, dtype=dtype)
    return model, CrossEntropy(), Adam(model.parameters(), lr=1e-3)


def mlp_in_torch() -> Twin:
    from torch import nn, optim

    model = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10)
    )
    return model, nn.CrossEntropyLoss(), lambda parameters: optim.Adam(parameters, lr=1e-3)


def lenet_by_hand(rng: np.random.Generator, dtype: Any) -> tuple[Any, Any, Any]:
    from groundup.scratch import SGD, CrossEntropy
    from groundup.scratch.models import lenet

    model = lenet(rng=rng, dtype=dtype)
    return model, CrossEntropy(), SGD(model.parameters(), lr=0.01)


def lenet_in_torch() -> Twin:
    from torch import nn, optim

    model = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    )
    return model, nn.CrossEntropyLoss(), lambda parameters: optim.SGD(parameters, lr=0.01)


BENCHMARKS = {
    "mlp": Workload("mlp", "784-256-128-10, batch 128, Adam", 128, images(128, 1, 28, 28), mlp_by_hand, mlp_in_torch),
    "lenet": Workload(
        "lenet", "LeNet-5, 28x28 padded, batch 64, SGD", 64, images(64, 1, 28, 28), lenet_by_hand, lenet_in_torch
    ),
    "gpt": Workload(
        "gpt", "4 layers, 4 heads, width 128, T 64, batch 16, AdamW", 16, random_tokens, gpt_by_hand, gpt_in_torch
    ),
}
