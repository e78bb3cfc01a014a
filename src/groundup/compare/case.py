"""What one line of ``cases/`` says about a component."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray
Input = Callable[[np.random.Generator], Array]


@dataclass(frozen=True)
class LayerCase:
    """A layer or a loss: how to build it, its inputs, its PyTorch twin.

    Attributes
    ----------
    component : the public class.
    make : builds it; its generator is for the initial weights.
    inputs : one function of a generator for each argument of ``forward``; arrays of floats are differentiated.
    twin : builds the ``torch.nn`` module (or a function of tensors) that must agree, or None.
    evidence : where there is no twin, why not, and what else proves the component.
    label : tells apart several lines of one component.
    rename : our state names to the twin's, where they differ.
    formula : the same on the tape: a function of Values, ``formula(*inputs, **parameters)``, whose output and gradients
        must agree too. Where PyTorch has no twin, it takes the twin's place.
    """

    component: Any
    make: Callable[[np.random.Generator], Any]
    inputs: tuple[Input, ...]
    twin: Callable[[], Any] | None
    evidence: str = ""
    label: str = ""
    rename: Callable[[str], str] = field(default=lambda name: name)
    formula: Callable[..., Any] | None = None

    @property
    def name(self) -> str:
        return f"{self.component.__name__}, {self.label}" if self.label else self.component.__name__


@dataclass(frozen=True)
class OptimizerCase:
    """An optimizer: how to build it over parameters, its twin, and what the twin calls each part of the state.

    ``shapes`` are those of the parameters; ``state`` maps attributes of ours, arrays or numbers, to the twin's names.
    """

    component: Any
    make: Callable[[Any], Any]
    twin: Callable[[Any], Any]
    state: dict[str, str]
    evidence: str = ""
    label: str = ""
    shapes: tuple[tuple[int, ...], ...] = ((5, 7), (3,), (2, 3, 5))
    name = LayerCase.name


@dataclass(frozen=True)
class ScheduleCase:
    """A schedule: how to build it over an optimizer, its twin, and whether its steps need a measured value."""

    component: Any
    make: Callable[[Any], Any]
    twin: Callable[[Any], Any]
    measured: bool = False
    evidence: str = ""
    label: str = ""
    name = LayerCase.name


@dataclass(frozen=True)
class InitializerCase:
    """An initializer: a draw of ours and a draw of PyTorch's, which must have the same distribution."""

    component: Callable[..., Array]
    draw: Callable[[tuple[int, ...], np.random.Generator], Array]
    twin: Callable[[Any], Any]
    evidence: str = ""
    label: str = ""
    name = LayerCase.name


Case = LayerCase | OptimizerCase | ScheduleCase | InitializerCase


def normal(*shape: int) -> Input:
    """Return an input of independent standard normal values."""
    return lambda rng: rng.standard_normal(shape)


def labels(*shape: int, classes: int) -> Input:
    """Return an input of class indices."""
    return lambda rng: rng.integers(0, classes, shape)


def layer(component, make, *inputs, twin, label="", evidence="", **more) -> LayerCase:
    return LayerCase(component, make, inputs, twin, evidence, label, **more)


def each_reduction(component, twin, *inputs, label="", **options) -> list[LayerCase]:
    """One line for a loss is three: the mean, the sum, and one number an example."""
    return [
        layer(
            component,
            lambda rng, reduction=reduction: component(reduction=reduction, **options),
            *inputs,
            twin=lambda reduction=reduction: twin(reduction=reduction, **options),
            label=f"{label}, {reduction}".lstrip(", "),
        )
        for reduction in ("mean", "sum", "none")
    ]
