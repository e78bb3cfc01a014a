"""The evidence for a layer or a loss: every check that its line in ``cases/`` gives for free.

In float64 unless said otherwise, and always against a *random* upstream gradient:

- ``numerical``: every gradient against finite differences.
- ``parity``: the output, every gradient and the state against the PyTorch twin with the same weights.
- ``formula``: where the line gives one, the same against the formula on the tape, differentiated by nobody's hand.
- ``accumulation``: a second backward adds to the gradients of the parameters, the gradient of the input stays.
- ``order``: two forwards, then their backwards in reverse, give what they give one at a time.
- ``inputs untouched``: neither forward nor backward writes into what it was given.
- ``memory layout``: views with strides give the same as contiguous copies.
- ``dtype``: float32 in, float32 out, for outputs and gradients.
- ``state``: a state loaded into a fresh layer makes it the same layer.
- ``evaluation``: nothing is kept, and backward says so.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from groundup.compare.case import LayerCase
from groundup.compare.evidence import NUMERICAL_TOLERANCE, PARITY_TOLERANCE, Evidence
from groundup.scratch import tape
from groundup.scratch.gradcheck import as_tuple, check_gradients, relative_error, repeatable, walk

Array = np.ndarray


@dataclass
class Run:
    """A layer, what went in and what came out of it."""

    layer: Any
    inputs: list[Array]
    outputs: list[Array]
    upstream: list[Array]
    dinputs: list[Array | None]

    @property
    def gradients(self) -> dict[str, Array]:
        """All gradients by name: ``dx`` (or ``dx0``, ``dx1`` ...) of the inputs, then those of the parameters."""
        named = {("dx" if len(self.dinputs) == 1 else f"dx{i}"): d for i, d in enumerate(self.dinputs) if d is not None}
        return named | {name: p.grad for name, p in self.layer.named_parameters()}


def make(case: LayerCase, seed: int, dtype: Any = np.float64) -> tuple[Any, list[Array]]:
    """Build the layer of a case and draw its inputs."""
    rng = np.random.default_rng([seed, *case.name.encode()])
    layer = case.make(rng).astype(dtype)
    inputs = [draw(rng) for draw in case.inputs]
    return layer, [x.astype(dtype) if np.issubdtype(x.dtype, np.floating) else x for x in inputs]


def run(case: LayerCase, seed: int = 0, dtype: Any = np.float64) -> Run:
    """Run a case forward and, from a random upstream gradient, backward."""
    layer, inputs = make(case, seed, dtype)
    outputs = [np.asarray(y) for y in as_tuple(layer.forward(*inputs))]
    upstream = upstream_of(outputs, seed)
    return Run(layer, inputs, outputs, upstream, list(as_tuple(layer.backward(*upstream))))


def upstream_of(outputs: list[Array], seed: int) -> list[Array]:
    rng = np.random.default_rng(seed + 1)
    return [np.asarray(rng.standard_normal(y.shape), y.dtype) for y in outputs]


def examine_layer(case: LayerCase, seed: int = 0) -> Evidence:
    kind = (
        "loss"
        if hasattr(case.component, "reduction") or "Loss" in {c.__name__ for c in case.component.__mro__}
        else "layer"
    )
    result, failures, checks = run(case, seed), [], []

    layer, inputs = make(case, seed)
    numerical = check_gradients(layer, *inputs, tolerance=NUMERICAL_TOLERANCE).errors
    failures += [
        f"{n}: finite differences disagree by {e:.1e}" for n, e in numerical.items() if not e <= NUMERICAL_TOLERANCE
    ]

    forward, gradients = None, {}
    if case.twin is not None:
        forward, gradients = parity(case, result, seed)
        errors = {"forward": forward, **gradients}
        failures += [f"{n}: PyTorch disagrees by {e:.1e}" for n, e in errors.items() if not e <= PARITY_TOLERANCE]

    twin = type(case.twin()).__name__ if case.twin else "none"
    if case.formula is not None:
        errors = formula_errors(case, result, seed)
        wrong = [f"{n}: the formula disagrees by {e:.1e}" for n, e in errors.items() if not e <= PARITY_TOLERANCE]
        failures += wrong
        checks += [] if wrong else ["formula on the tape"]
        if case.twin is None:
            twin, forward, gradients = "formula", errors.pop("forward"), errors

    for name, check in CHECKS.items():
        complaint = check(case, result, seed)
        failures += [f"{name}: {complaint}"] if complaint else []
        checks += [] if complaint else [name]
    return Evidence(case.name, kind, twin, forward, gradients, numerical, tuple(checks), tuple(failures), case.evidence)


def parity(case: LayerCase, mine: Run, seed: int) -> tuple[float, dict[str, float]]:
    """Return the relative errors of the output, and of every gradient and buffer, against the twin."""
    assert case.twin is not None
    twin = case.twin().double()
    layer, _ = make(case, seed)  # a fresh one: forward may have moved the running statistics of `mine`
    state = {case.rename(name): torch.from_numpy(value) for name, value in layer.state_dict().items()}
    twin.load_state_dict(state, strict=True)
    tensors = [torch.from_numpy(np.ascontiguousarray(x)) for x in mine.inputs]
    floats = [t.requires_grad_() for t in tensors if t.is_floating_point()]
    outputs = as_tuple(twin(*tensors))
    torch.autograd.backward(
        list(outputs), [torch.from_numpy(dy).reshape(y.shape) for dy, y in zip(mine.upstream, outputs)]
    )

    forward = max(relative_error(a, b.detach().numpy()) for a, b in zip(mine.outputs, outputs, strict=True))
    right = {}
    asked = [t for t, d in zip(floats, mine.dinputs) if d is not None]
    for i, t in enumerate(asked):
        right["dx" if len(mine.dinputs) == 1 else f"dx{i}"] = t.grad
    named = dict(twin.named_parameters())
    right |= {name: named[case.rename(name)].grad for name, _ in mine.layer.named_parameters()}
    errors = {n: relative_error(g, right[n].numpy()) for n, g in mine.gradients.items()}
    after = twin.state_dict()
    for name, value in mine.layer.named_buffers():
        errors[name] = relative_error(value, after[case.rename(name)].numpy())
    return forward, errors


def formula_errors(case: LayerCase, mine: Run, seed: int) -> dict[str, float]:
    """Return the relative errors of the output and of every gradient against the formula on the tape."""
    assert case.formula is not None
    layer, _ = make(case, seed)  # a fresh one, whose gradients are still zero
    formula = tape.Formula(case.formula, **dict(layer.named_parameters()))
    outputs = as_tuple(formula.forward(*mine.inputs))
    dinputs = as_tuple(formula.backward(*mine.upstream))
    right = Run(formula, mine.inputs, list(outputs), mine.upstream, list(dinputs[: len(mine.dinputs)]))
    errors = {n: relative_error(g, right.gradients[n]) for n, g in mine.gradients.items()}
    return {"forward": max(map(relative_error, mine.outputs, outputs)), **errors}


def accumulation(case: LayerCase, once: Run, seed: int) -> str:
    """Repeat forward and backward: parameter gradients double, input gradients do not."""
    twice = run(case, seed)
    first = [None if d is None else d.copy() for d in twice.dinputs]
    twice.layer.forward(*twice.inputs)
    second = as_tuple(twice.layer.backward(*twice.upstream))
    frozen = not any(isinstance(v, np.random.Generator) for part in walk(twice.layer) for v in vars(part).values())
    stateless = not list(twice.layer.named_buffers())
    for a, b in zip(first, second):
        if frozen and stateless and a is not None and relative_error(b, a) > 1e-12:
            return "a second backward returns another gradient of the input"
    for (name, p), (_, q) in zip(once.layer.named_parameters(), twice.layer.named_parameters()):
        if frozen and relative_error(q.grad, 2 * p.grad) > 1e-12:
            return f"after two backwards the gradient of {name} is not twice that of one: overwritten?"
    return ""


def order(case: LayerCase, single: Run, seed: int) -> str:
    """Forward a, forward b, backward b, backward a: the gradients must be those of a and b one at a time."""
    if list(single.layer.named_buffers()):
        return ""  # running statistics depend on the order of the forwards, and should
    layer, inputs = make(case, seed)
    other = [x[::-1].copy() * 0.5 if np.issubdtype(x.dtype, np.floating) else x[::-1].copy() for x in inputs]

    alone, _ = make(case, seed)
    forward_alone, forward = repeatable(alone), repeatable(layer)
    outputs = [np.asarray(y) for y in as_tuple(forward_alone(*other))]
    upstream = upstream_of(outputs, seed + 7)
    alone.backward(*upstream)

    forward(*inputs)
    forward(*other)
    layer.backward(*upstream)
    dinputs = as_tuple(layer.backward(*single.upstream))
    if any(relative_error(a, b) > 1e-12 for a, b in zip(dinputs, single.dinputs) if a is not None and b is not None):
        return "two forwards before two backwards mix up their caches"
    for (name, p), q, r in zip(layer.named_parameters(), alone.parameters(), single.layer.parameters()):
        if relative_error(p.grad, q.grad + r.grad) > 1e-12:
            return f"two forwards before two backwards give {name} another gradient than one at a time"
    return ""


def inputs_untouched(case: LayerCase, _: Run, seed: int) -> str:
    layer, inputs = make(case, seed)
    weights = layer.state_dict()
    before = [x.copy() for x in inputs]
    outputs = [np.asarray(y) for y in as_tuple(layer.forward(*inputs))]
    kept = [y.copy() for y in outputs]
    upstream = upstream_of(outputs, seed)
    given = [dy.copy() for dy in upstream]
    layer.backward(*upstream)
    if any(not np.array_equal(a, b) for a, b in zip(before, inputs)):
        return "an input was changed in place"
    if any(not np.array_equal(a, b) for a, b in zip(kept, outputs)):
        return "backward changed the output of forward in place"
    if any(not np.array_equal(a, b) for a, b in zip(given, upstream)):
        return "the upstream gradient was changed in place"
    if any(not np.array_equal(weights[name], p.data) for name, p in layer.named_parameters()):
        return "a weight was changed: updating is the optimizer's work"
    return ""


def strided(x: Array) -> Array:
    """Return a view equal to ``x`` whose elements do not lie side by side."""
    if x.ndim == 0:
        return x
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
    wide[..., ::2] = x
    return wide[..., ::2]


def memory_layout(case: LayerCase, contiguous: Run, seed: int) -> str:
    layer, inputs = make(case, seed)
    outputs = as_tuple(layer.forward(*map(strided, inputs)))
    dinputs = as_tuple(layer.backward(*map(strided, contiguous.upstream)))
    got = [*outputs, *(d for d in dinputs if d is not None), *(p.grad for p in layer.parameters())]
    want = [*contiguous.outputs, *(d for d in contiguous.dinputs if d is not None)]
    want += [p.grad for p in contiguous.layer.parameters()]
    wrong = any(relative_error(a, b) > 1e-12 for a, b in zip(got, want, strict=True))
    return "inputs with strides give another result" if wrong else ""


def dtype(case: LayerCase, _: Run, seed: int) -> str:
    single = run(case, seed, np.float32)
    arrays = {f"output {i}": y for i, y in enumerate(single.outputs)} | single.gradients
    wrong = [f"{name} is {a.dtype}" for name, a in arrays.items() if a.dtype != np.float32]
    return f"float32 went in, but {', '.join(wrong)}" if wrong else ""


def state(case: LayerCase, _: Run, seed: int) -> str:
    layer, inputs = make(case, seed)
    other, _inputs = make(case, seed + 1)
    other.load_state_dict(layer.state_dict())
    layer.eval()
    other.eval()
    outputs, again = as_tuple(layer.forward(*inputs)), as_tuple(other.forward(*inputs))
    same = all(np.array_equal(a, b) for a, b in zip(outputs, again))
    return "" if same else "a layer with the same state gives another output"


def evaluation(case: LayerCase, result: Run, seed: int) -> str:
    layer, inputs = make(case, seed)
    layer.eval().forward(*inputs)
    if any(part._caches for part in walk(layer)):
        return "something is remembered in evaluation mode"
    try:
        layer.backward(*result.upstream)
    except RuntimeError as error:
        return "" if "forward" in str(error) else f"backward without forward gives an unclear error: {error}"
    return "backward without forward gives no error"


CHECKS = {
    "accumulation": accumulation,
    "order": order,
    "inputs untouched": inputs_untouched,
    "memory layout": memory_layout,
    "dtype": dtype,
    "state": state,
    "evaluation": evaluation,
}
