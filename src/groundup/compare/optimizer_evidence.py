"""The evidence for an optimizer: fifty steps beside PyTorch's."""

import numpy as np
import torch

from groundup.compare.case import OptimizerCase
from groundup.compare.evidence import PARITY_TOLERANCE, Evidence
from groundup.scratch.gradcheck import relative_error
from groundup.scratch.parameter import Parameter

Array = np.ndarray


def examine_optimizer(case: OptimizerCase, seed: int = 0, steps: int = 50) -> Evidence:
    """Give both the same weights and the same random gradients for 50 steps; compare weights and state after each."""
    rng = np.random.default_rng(seed)
    shapes = [(5, 7), (3,), (2, 3, 5)]
    mine = [Parameter(rng.standard_normal(shape)) for shape in shapes]
    optimizer = case.make(mine)
    if case.twin is None:
        return Evidence(case.name, "optimizer", "none", note=case.evidence)
    theirs = [torch.nn.Parameter(torch.from_numpy(p.data.copy())) for p in mine]
    twin = case.twin(theirs)
    errors: dict[str, float] = {"weights": 0.0} | dict.fromkeys(case.state, 0.0)
    for _ in range(steps):
        optimizer.zero_grad()
        for p, q in zip(mine, theirs):
            gradient = rng.standard_normal(p.shape) * np.exp(rng.normal())
            p.grad += gradient
            q.grad = torch.from_numpy(gradient)
        optimizer.step()
        twin.step()
        right = {"weights": torch.cat([q.detach().ravel() for q in theirs])}
        for name, theirs_name in case.state.items():
            right[name] = torch.cat([twin.state[q][theirs_name].ravel() for q in theirs])
        for name, value in right.items():
            got = optimizer.data if name == "weights" else getattr(optimizer, name)
            errors[name] = max(errors[name], relative_error(got, value.numpy()))
    failures = [
        f"{n}: PyTorch disagrees by {e:.1e} in 50 steps" for n, e in errors.items() if not e <= PARITY_TOLERANCE
    ]

    checks = []
    for name, complaint in (("dtype", optimizer_dtype(case)), ("state", optimizer_state(case, seed))):
        failures += [f"{name}: {complaint}"] if complaint else []
        checks += [] if complaint else [name]
    weights = errors.pop("weights")
    return Evidence(
        case.name, "optimizer", type(twin).__name__, weights, errors, {}, tuple(checks), tuple(failures), case.evidence
    )


def optimizer_dtype(case: OptimizerCase) -> str:
    parameters = [Parameter(np.ones((5, 3), np.float32)), Parameter(np.ones(7, np.float32))]
    optimizer = case.make(parameters)
    optimizer.grad += 1
    optimizer.load_state_dict(optimizer.state_dict())
    optimizer.step()
    arrays = [p.data for p in parameters] + [v for v in vars(optimizer).values() if isinstance(v, np.ndarray)]
    wrong = sorted({str(a.dtype) for a in arrays if np.issubdtype(a.dtype, np.floating)} - {"float32"})
    return f"float32 weights, but part of the state is {', '.join(wrong)}" if wrong else ""


def optimizer_state(case: OptimizerCase, seed: int) -> str:
    """Stop after three steps, carry weights and state into a new optimizer, go on: nothing may differ."""

    def train(interrupt: bool) -> Array:
        rng = np.random.default_rng(seed)
        p = Parameter(rng.standard_normal((5, 7)))
        optimizer = case.make([p])
        for step in range(6):
            if interrupt and step == 3:
                p = Parameter(p.data.copy())
                saved = optimizer.state_dict()
                optimizer = case.make([p])
                optimizer.load_state_dict(saved)
            optimizer.grad[...] = rng.standard_normal(35)
            optimizer.step()
        return p.data

    return (
        "" if np.array_equal(train(False), train(True)) else "a saved and loaded state does not continue the same way"
    )
