"""The proof that a model of ours is the model of a reference implementation.

    ours = models.create("resnet18")
    assert_same_model(ours, torchvision.models.resnet18(), models.describe("resnet18").published, images(2, 3, 64, 64))

All weights, biases, norm parameters and running statistics of the reference become random numbers: with the usual
zeros and ones, two that changed places would pass. They are copied through the mapping that pretrained weights
use, which must leave none out. Then, in evaluation and in training mode, with the same random upstream gradient: equal
outputs, equal gradients of every parameter and of the inputs, equal buffers afterwards (the running statistics).
Torch's generator starts each run with the same seed, so dropout draws the same masks if it stands in the same
places. All in float64: what differs, differs by the formula and not by rounding.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from groundup.models.published import Mismatch, Published

TOLERANCE = 1e-8  # of the largest value in a tensor; an eps of 1e-5 for 1e-6 changes outputs by about 5e-6


def images(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def tokens(*shape: int, vocabulary: int, seed: int = 0) -> Tensor:
    return torch.randint(vocabulary, shape, generator=torch.Generator().manual_seed(seed))


def randomise(model: nn.Module, seed: int = 1) -> None:
    """Give every parameter and running statistic a random value, of a size that keeps signals in a healthy range."""
    generator = torch.Generator().manual_seed(seed)

    def normal(tensor: Tensor) -> Tensor:
        return torch.randn(tensor.shape, dtype=torch.float64, generator=generator)

    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if tensor.ndim > 1:
                tensor.copy_(normal(tensor) * (2 / tensor[0].numel()) ** 0.5)
            else:
                tensor.copy_(0.3 * normal(tensor) + (1 if name.endswith("weight") else 0))  # a norm's gain is near 1
        for name, tensor in model.named_buffers():
            if name.endswith("running_mean"):
                tensor.copy_(0.3 * normal(tensor))
            elif name.endswith("running_var"):
                tensor.copy_(0.5 + normal(tensor).abs())


@dataclass
class Run:
    """What one forward and backward pass of a model gave, under the model's own names."""

    outputs: list[Tensor]
    inputs: list[Tensor | None]  # gradients
    parameters: dict[str, Tensor]  # gradients
    buffers: dict[str, Tensor]  # values afterwards


def run(model: nn.Module, call: Callable[..., Any], inputs: tuple[Any, ...], train: bool, seed: int = 2) -> Run:
    """Run forward and, from random upstream gradients for all outputs, backward."""
    model.train(train)
    model.zero_grad()
    inputs = tuple(
        x.detach().clone().requires_grad_() if torch.is_tensor(x) and x.is_floating_point() else x for x in inputs
    )
    torch.manual_seed(seed)
    outputs = list(_tensors(call(model, *inputs)))
    generator = torch.Generator().manual_seed(seed + 1)
    upstream = [torch.randn(y.shape, dtype=y.dtype, generator=generator) for y in outputs]
    torch.autograd.backward(outputs, upstream)
    return Run(
        outputs=[y.detach() for y in outputs],
        inputs=[x.grad for x in inputs if torch.is_tensor(x) and x.is_floating_point()],
        # remove_duplicate: a tied weight under both its names
        parameters={
            name: torch.zeros_like(p) if p.grad is None else p.grad
            for name, p in model.named_parameters(remove_duplicate=False)
        },
        buffers={name: b.detach().clone() for name, b in model.state_dict().items() if name not in _names(model)},
    )


def differences(
    ours: nn.Module,
    reference: nn.Module,
    published: Published,
    *inputs: Any,
    call: Callable[..., Any] = lambda model, *inputs: model(*inputs),
    call_reference: Callable[..., Any] = lambda model, *inputs: model(*inputs),
    modes: Iterable[str] = ("evaluation", "training"),
    tolerance: float = TOLERANCE,
    dtype: torch.dtype = torch.float64,
    mutate: Callable[[nn.Module], object] = lambda ours: None,
) -> list[str]:
    """Return a line for everything in which the two models differ; an empty list is the proof that they are one.

    Parameters
    ----------
    ours, reference : the models, with any weights; both are changed.
    published : the mapping of their names, as on the model's card.
    inputs : what both are called with. Those of floating point get their gradients compared.
    call, call_reference : how a model is called with the inputs, and what of the outcome counts: a tensor, or a
        sequence of tensors (None is left out).
    tolerance : largest difference of two tensors, as a share of the reference tensor's largest value. A tensor whose
        values are zero but for rounding, such as the gradient of a bias before a batch norm, is held against a
        millionth of the largest gradient instead.
    mutate : is given our model when all weights are copied: a test of this test spoils it.
    """
    ours, reference = ours.to(dtype), reference.to(dtype)
    inputs = tuple(x.to(dtype) if torch.is_tensor(x) and x.is_floating_point() else x for x in inputs)
    counts = [sum(p.numel() for p in model.parameters()) for model in (ours, reference)]
    found = [] if counts[0] == counts[1] else [f"parameters: {counts[0]:,}, the reference has {counts[1]:,}"]
    randomise(reference)
    state = {name: tensor.clone() for name, tensor in reference.state_dict().items()}
    try:
        published.load(ours, state)
    except Mismatch as error:
        return found + error.problems
    mutate(ours)
    alive: dict[str, bool] = {}
    for mode in modes:
        own = run(ours, call, inputs, mode == "training")
        other = run(reference, call_reference, inputs, mode == "training")
        # Gradients and running statistics go through the mapping that the weights went through.
        theirs = published.translate(other.parameters | other.buffers, ours.state_dict())
        pairs = [
            *_pairs("output", own.outputs, other.outputs),
            *_pairs("gradient of input", own.inputs, other.inputs),
            *((f"gradient of {n}", g, theirs[n]) for n, g in own.parameters.items() if n in theirs),
            *((f"{n} afterwards", b, theirs[n]) for n, b in own.buffers.items() if n in theirs),
        ]
        if len(own.outputs) != len(other.outputs):
            found.append(f"{mode}: {len(own.outputs)} outputs, the reference gives {len(other.outputs)}")
        floor = 1e-6 * max(float(g.abs().max()) for g in other.parameters.values())
        for name, a, b in pairs:
            if (a is None) != (b is None):
                found.append(f"{mode}: {name} is there for one model only")
            elif a is not None and b is not None:
                found += [f"{mode}: {name} {problem}" for problem in _unequal(a, b, tolerance, floor)]
            if b is not None and not name.endswith("afterwards"):
                alive[name] = alive.get(name, False) or bool(b.any())
    return found + [f"{name} is zero in every mode, which proves nothing" for name in alive if not alive[name]]


def assert_same_model(ours: nn.Module, reference: nn.Module, published: Published, *inputs: Any, **options: Any):
    """Fail, naming all that differs, unless both models compute the same; parameters as for :func:`differences`."""
    found = differences(ours, reference, published, *inputs, **options)
    assert not found, "\n".join([f"{len(found)} differences from the reference", *found[:40]])


def assert_the_proof_has_teeth(
    make: Callable[[], nn.Module],
    make_reference: Callable[[], nn.Module],
    published: Published,
    *inputs: Any,
    mutations: Mapping[str, Callable[[nn.Module], object]] | None = None,
    **options: Any,
):
    """Spoil our model in one way after the other; each must be noticed. Three ways are tried on every model.

    Two weights that change places, one number of each weight that is off by a thousandth of its size, and a mapping
    without one of its weights.
    """
    own: dict[str, Callable[[nn.Module], object]] = {"two weights changed places": swap_two_weights, "off": nudge}
    for what, mutate in {**own, **(mutations or {})}.items():
        found = differences(make(), make_reference(), published, *inputs, mutate=mutate, **options)
        assert found, f"not noticed: {what}"
    ours, reference = make(), make_reference()
    name, _ = next(iter(ours.named_parameters()))
    forgetful = replace(published, rename={**published.rename, f"^{published.key(name)}$": "nowhere"})
    found = differences(ours, reference, forgetful, *inputs, **options)
    assert f"{name}: there is no nowhere" in found
    assert any(line.startswith(f"nothing here takes {published.key(name)}") for line in found)


def swap_two_weights(model: nn.Module) -> None:
    """Exchange the last two parameters of the same shape that differ in value."""
    parameters = list(model.parameters())
    for i, one in reversed(list(enumerate(parameters))):
        for other in reversed(parameters[:i]):
            if one.shape == other.shape and not torch.equal(one, other):
                with torch.no_grad():
                    kept = one.clone()
                    one.copy_(other)
                    other.copy_(kept)
                return
    raise AssertionError("no two parameters of this model have one shape")


def nudge(model: nn.Module) -> None:
    """Make the largest number of the first parameter a thousandth larger."""
    with torch.no_grad():
        flat = next(iter(model.parameters())).view(-1)
        flat[flat.abs().argmax()] *= 1.001


def set_in_every(kind: type[nn.Module], **values: Any) -> Callable[[nn.Module], None]:
    """Return a mutation: give attributes of every module of a kind another value, as ``eps=1e-6`` to batch norms."""

    def mutate(model: nn.Module) -> None:
        modules = [module for module in model.modules() if isinstance(module, kind)]
        assert modules, f"the model has no {kind.__name__}"
        for module in modules:
            for name, value in values.items():
                assert hasattr(module, name)
                setattr(module, name, value)

    return mutate


def _names(model: nn.Module) -> set[str]:
    return {name for name, _ in model.named_parameters(remove_duplicate=False)}


def _tensors(outcome: Any) -> Iterable[Tensor]:
    if torch.is_tensor(outcome):
        yield outcome
    elif outcome is not None:
        for item in outcome:
            yield from _tensors(item)


def _pairs(what: str, ours: list, theirs: list) -> Iterable[tuple[str, Any, Any]]:
    for number, (a, b) in enumerate(zip(ours, theirs)):
        yield f"{what} {number}" if len(ours) > 1 else what, a, b


def _unequal(a: Tensor, b: Tensor, tolerance: float, floor: float) -> Iterable[str]:
    if a.shape != b.shape:
        yield f"has shape {tuple(a.shape)}, the reference {tuple(b.shape)}"
        return
    scale = max(float(b.abs().max()), floor)
    error = float((a - b).abs().max()) / scale
    if not error <= tolerance:  # NaN is not
        yield f"differs by {error:.1e} of the largest value, {scale:.1e}"
