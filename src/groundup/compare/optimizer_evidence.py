"""The evidence for an optimizer: fifty steps beside PyTorch's.

In float64, unless said otherwise:

- ``parity``: the weights and every part of the state after each step, with the same random gradients; in blocks so
  small that several are needed.
- ``gradients untouched``: a step only reads them (clipping, which is there to change them, is exempt).
- ``dtype``: float32 weights, float32 state.
- ``state``: a saved and loaded state continues identically.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from groundup.compare.case import OptimizerCase
from groundup.compare.evidence import PARITY_TOLERANCE, Evidence
from groundup.scratch.gradcheck import relative_error
from groundup.scratch.optimizers import Optimizer
from groundup.scratch.parameter import Parameter

Array = np.ndarray
Values = dict[str, Array]

STEPS = 50
SMALL_BLOCK = 13


def examine_optimizer(case: OptimizerCase, seed: int = 0, steps: int = STEPS) -> Evidence:
    """Give both the same weights and the same random gradients; compare weights and state after each step."""
    right, twin = steps_in_torch(case, seed, steps)
    errors = dict.fromkeys(right[0], 0.0)
    for mine, theirs in zip(steps_by_hand(case, seed, steps), right, strict=True):
        for name, value in theirs.items():
            errors[name] = max(errors[name], relative_error(mine[name], value))
    failures = [
        f"{n}: PyTorch disagrees by {e:.1e} in {steps} steps" for n, e in errors.items() if not e <= PARITY_TOLERANCE
    ]

    checks = []
    found = {
        "gradients untouched": gradients_untouched(case, seed),
        "dtype": optimizer_dtype(case),
        "state": optimizer_state(case, seed),
    }
    for name, complaint in found.items():
        failures += [f"{name}: {complaint}"] if complaint else []
        checks += [] if complaint else [name]
    weights = errors.pop("weights")
    return Evidence(case.name, "optimizer", twin, weights, errors, {}, tuple(checks), tuple(failures), case.evidence)


def random_gradients(case: OptimizerCase, seed: int) -> Iterator[list[Array]]:
    """Yield a gradient for each parameter, again and again, of varying size; the very first one is zero."""
    rng = np.random.default_rng([seed, 1])
    for step in itertools.count():
        gradients = [rng.standard_normal(shape) * np.exp(rng.normal()) for shape in case.shapes]
        if step == 0:
            gradients[0] *= 0
        yield gradients


def parameters(case: OptimizerCase, seed: int, dtype: Any = np.float64) -> list[Parameter]:
    rng = np.random.default_rng(seed)
    return [Parameter(rng.standard_normal(shape).astype(dtype)) for shape in case.shapes]


def steps_by_hand(
    case: OptimizerCase, seed: int, steps: int, mutate: Callable[[Any], None] = lambda optimizer: None
) -> Iterator[Values]:
    """Yield the weights, and each part of the state that the case names, after each step of ours.

    ``mutate`` may spoil the optimizer before the first step; see ``optimizer_teeth.py``.
    """
    mine, gradients = parameters(case, seed), random_gradients(case, seed)
    optimizer = case.make(mine)
    for part in optimizer.parts:
        part.block = SMALL_BLOCK
    mutate(optimizer)
    for _ in range(steps):
        optimizer.zero_grad()
        for p, gradient in zip(mine, next(gradients)):
            p.grad += gradient
        optimizer.step()
        weights = np.concatenate([p.data.ravel() for p in mine])
        yield {"weights": weights} | {name: np.array(getattr(optimizer, name)) for name in case.state}


def steps_in_torch(case: OptimizerCase, seed: int, steps: int) -> tuple[list[Values], str]:
    """Return the same for the twin, and the name of its class."""
    done, gradients = [], random_gradients(case, seed)
    with float64_by_default():
        theirs = [torch.nn.Parameter(torch.from_numpy(p.data)) for p in parameters(case, seed)]
        twin = case.twin(theirs)
        for _ in range(steps):
            for q, gradient in zip(theirs, next(gradients)):
                q.grad = torch.from_numpy(gradient)
            twin.step()
            values = {"weights": torch.cat([q.detach().ravel() for q in theirs])}
            for name, theirs_name in case.state.items():
                found = [torch.as_tensor(twin.state[q][theirs_name]) for q in theirs]
                # Numbers, such as the count of steps, PyTorch keeps once for each parameter.
                values[name] = found[0] if found[0].ndim == 0 else torch.cat([value.ravel() for value in found])
            done.append({name: value.numpy().copy() for name, value in values.items()})
    return done, type(twin).__name__


@contextmanager
def float64_by_default() -> Iterator[None]:
    """Let PyTorch's own numbers, such as NAdam's product of momenta, be float64 too: it keeps them as tensors."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def gradients_untouched(case: OptimizerCase, seed: int) -> str:
    if not isinstance(case.component, type):
        return ""
    mine, gradients = parameters(case, seed), random_gradients(case, seed)
    optimizer = case.make(mine)
    for _ in range(2):
        drawn = next(gradients)
        for p, gradient in zip(mine, drawn):
            p.grad[...] = gradient
        optimizer.step()
        if not all(np.array_equal(p.grad, gradient) for p, gradient in zip(mine, drawn)):
            return "a step writes into the gradients"
    return ""


def optimizer_dtype(case: OptimizerCase) -> str:
    mine = parameters(case, 0, np.float32)
    optimizer = case.make(mine)
    for _ in range(2):
        for p in mine:
            p.grad += 1
        optimizer.load_state_dict(optimizer.state_dict())
        optimizer.step()
    arrays = [p.data for p in mine]
    arrays += [v for part in optimizer.parts for v in vars(part).values() if isinstance(v, np.ndarray)]
    wrong = sorted({str(a.dtype) for a in arrays if np.issubdtype(a.dtype, np.floating)} - {"float32"})
    if wrong:
        return f"float32 weights, but part of the state is {', '.join(wrong)}"
    return promoted(optimizer)


def promoted(optimizer: Optimizer) -> str:
    """Say which hyperparameters are NumPy float64: such a number drags float32 arrays up to float64."""
    names = sorted(n for part in optimizer.parts for n, v in vars(part).items() if isinstance(v, np.floating))
    return f"{', '.join(names)} became NumPy numbers" if names else ""


def optimizer_state(case: OptimizerCase, seed: int) -> str:
    """Stop after three steps, carry weights and state into a new optimizer, go on: nothing may differ."""

    def train(interrupt: bool) -> list[Array]:
        mine, gradients = parameters(case, seed), random_gradients(case, seed)
        optimizer = case.make(mine)
        for step in range(8):
            if interrupt and step == 3:
                mine = [Parameter(p.data.copy()) for p in mine]
                saved = optimizer.state_dict()
                optimizer = case.make(mine)
                optimizer.load_state_dict(saved)
            for p, gradient in zip(mine, next(gradients)):
                p.grad[...] = gradient
            optimizer.step()
        return [p.data for p in mine]

    same = all(np.array_equal(a, b) for a, b in zip(train(False), train(True)))
    return "" if same else "a saved and loaded state does not continue the same way"
