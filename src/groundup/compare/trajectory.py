"""Twins: the network by hand and its PyTorch twin, from the same weights, on the same batches, step by step.

One right gradient is not yet a right training: mistakes can hide in the optimizer, in what is kept between steps, in
the order of things. So both are trained in float64, and after each step every loss, gradient and weight is compared.
Two sums in different order differ in the sixteenth digit; training amplifies that slowly. A real mistake shows at once.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch

from groundup.compare.workloads import WORKLOADS, Workload
from groundup.errors import unknown_name
from groundup.scratch.batching import batches
from groundup.scratch.gradcheck import as_tuple, relative_error

Array = np.ndarray

TOLERANCE = 1e-9


@dataclass(frozen=True)
class Step:
    """One training step of both: losses (nats), and the largest relative difference of any parameter after it."""

    step: int
    loss_by_hand: float
    loss_in_torch: float
    gap: float
    widest: str


@dataclass(frozen=True)
class Divergence:
    """Where the twins first differ by more than the tolerance: the step, the quantity, and by how much."""

    step: int
    quantity: str
    error: float

    def __str__(self) -> str:
        return f"first divergence: {self.quantity}, in step {self.step}, relative difference {self.error:.1e}"


@dataclass(frozen=True)
class Trajectory:
    workload: str
    tolerance: float
    steps: list[Step] = field(default_factory=list)
    divergence: Divergence | None = None

    @property
    def agreed(self) -> bool:
        return self.divergence is None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"agreed": self.agreed}


def find(name: str) -> Workload:
    """Return a workload by name, or raise the error that suggests the nearest."""
    if name not in WORKLOADS:
        raise unknown_name("twin network", name, WORKLOADS)
    return WORKLOADS[name]


def train_twins(
    workload: Workload,
    steps: int = 200,
    seed: int = 0,
    tolerance: float = TOLERANCE,
    report: Callable[[Step], None] = lambda step: None,
) -> Trajectory:
    """Train both for ``steps`` steps in float64; stop at the first divergence.

    Parameters
    ----------
    workload : which network.
    steps, seed : how long, and where the weights and the order of the batches come from.
    tolerance : largest relative difference of a loss, gradient or weight.
    report : called after each step.
    """
    rng = np.random.default_rng(seed)
    x, labels = workload.data(rng)
    x = x.astype(np.float64) if np.issubdtype(x.dtype, np.floating) else x
    model, loss, optimizer = workload.by_hand(rng, np.float64)
    twin, twin_loss, make_optimizer = workload.in_torch()
    twin.double().load_state_dict({name: torch.from_numpy(w) for name, w in model.state_dict().items()})
    twin_optimizer = make_optimizer(twin.parameters())

    done: list[Step] = []
    stream = endless(x, labels, workload.batch_size, rng)
    for step in range(1, steps + 1):
        xb, yb = next(stream)
        value = float(loss(*as_tuple(model(xb)), yb))
        optimizer.zero_grad()
        model.backward(*as_tuple(loss.backward()))

        twin_value = twin_loss(twin(torch.from_numpy(xb)), torch.from_numpy(yb))
        twin_optimizer.zero_grad()
        twin_value.backward()

        parameters, twins = dict(model.named_parameters()), dict(twin.named_parameters())
        differences = {"the loss": relative_error(np.asarray(value), np.asarray(twin_value.item()))}
        for name, p in reversed(parameters.items()):  # backward starts at the last layer: so does the search
            differences[f"the gradient of {name}"] = relative_error(p.grad, numpy(twins[name].grad))
        optimizer.step()
        twin_optimizer.step()
        gaps = {name: relative_error(p.data, numpy(twins[name])) for name, p in parameters.items()}
        differences |= {f"the weight {name} after the update": gap for name, gap in gaps.items()}
        differences |= {
            f"the running statistic {name}": relative_error(value, numpy(dict(twin.named_buffers())[name]))
            for name, value in model.named_buffers()
        }

        widest = max(gaps, key=lambda name: gaps[name])
        done.append(Step(step, value, twin_value.item(), gaps[widest], widest))
        report(done[-1])
        for quantity, error in differences.items():
            if not error <= tolerance:
                return Trajectory(workload.name, tolerance, done, Divergence(step, quantity, error))
    return Trajectory(workload.name, tolerance, done)


def endless(x: Array, labels: Array, size: int, rng: np.random.Generator) -> Iterator[tuple[Array, Array]]:
    """Yield full batches for ever, each pass in a new order."""
    while True:
        yield from batches(x, labels, size, rng, drop_last=True)


def numpy(tensor: Any) -> Array:
    return tensor.detach().numpy()
