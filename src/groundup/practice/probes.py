"""Look over the shoulder of a script while it trains: the gradient, weights and learning rate of every step."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import numpy as np

from groundup.scratch import Layer, Optimizer, accuracy


@dataclass(frozen=True, eq=False)
class Step:
    """What an optimizer of ``groundup.scratch`` had in hand when it was asked for a step."""

    gradient: np.ndarray  # (P,), of all parameters
    weights: np.ndarray  # (P,), before the step
    lr: float
    batch: np.ndarray  # what the witness saw last; empty without one


class Witness(Layer):
    """The first layer of a network that is watched: it passes on what comes, and keeps what it saw in training."""

    def __init__(self) -> None:
        self.seen: list[np.ndarray] = []

    def forward(self, x: np.ndarray) -> np.ndarray:
        if self.training:
            self.seen.append(x.copy())
        return x

    def backward(self, dy: np.ndarray) -> np.ndarray:
        return dy


@contextmanager
def recorded_steps(witness: Witness | None = None, hold: bool = False) -> Iterator[list[Step]]:
    """Record each step of the optimizers of ``groundup.scratch``; with ``hold`` the weights stay where they are."""
    steps: list[Step] = []
    real = Optimizer.step

    def step(self: Optimizer) -> None:
        batch = witness.seen[-1] if witness and witness.seen else np.empty(0)
        steps.append(Step(self.grad.copy(), self.data.copy(), self.lr, batch))
        if not hold:
            real(self)

    with patch.object(Optimizer, "step", step):
        yield steps


@contextmanager
def counted_steps() -> Iterator[list[int]]:
    """Count the steps of all optimizers, of ``groundup.scratch`` and of PyTorch, in a list of one number."""
    count = [0]
    real = Optimizer.step

    def step(self: Optimizer) -> None:
        count[0] += 1
        real(self)

    def hook(*_: Any) -> None:
        count[0] += 1

    with ExitStack() as stack:
        stack.enter_context(patch.object(Optimizer, "step", step))
        if "torch" in sys.modules:
            from torch.optim.optimizer import register_optimizer_step_pre_hook

            stack.callback(register_optimizer_step_pre_hook(hook).remove)
        yield count


def set_weights(model: Layer, weights: np.ndarray) -> None:
    """Put a flat array of weights, such as :attr:`Step.weights`, into a model."""
    start = 0
    for p in model.parameters():
        p.data[...] = weights[start : start + p.size].reshape(p.shape)
        start += p.size


def labels_of(x: np.ndarray, y: np.ndarray, batch: np.ndarray) -> np.ndarray:
    """Return the labels of the rows of a batch, looked up in the data; -1 for a row that is not there."""
    labels = {row.tobytes(): int(label) for row, label in zip(x, y)}
    return np.array([labels.get(row.tobytes(), -1) for row in batch])


def some_digits(healthy: Any, seed: int) -> tuple[Any, Any]:
    """Return a few of the digits that a script learns from, three batches: enough to watch it."""
    (x, y), _ = healthy.load(seed)
    return x[: 3 * healthy.BATCH], y[: 3 * healthy.BATCH]


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Return the cosine of the angle between two arrays: 1 for one direction; 0 if one of them is zero everywhere."""
    a, b = a.ravel().astype(np.float64), b.ravel().astype(np.float64)
    length = float(np.sqrt(a @ a) * np.sqrt(b @ b))
    return float(a @ b) / length if length else 0.0


def validation_accuracy(module: Any, healthy: Any, seed: int) -> float:
    """Train a network with the script's ``train``; data and network are the healthy script's. Return its accuracy."""
    (x, y), validation = healthy.load(seed)
    rng = np.random.default_rng(seed)
    model = healthy.network(rng)
    module.train(model, x, y, rng)
    return accuracy(model, *validation)
