"""A layer from nothing but its formula."""

from collections.abc import Callable
from typing import Any

import numpy as np

from groundup.scratch.layer import Layer
from groundup.scratch.parameter import Parameter
from groundup.scratch.tape.value import Value, no_grad

Array = np.ndarray


class Formula(Layer):
    """A layer whose backward nobody wrote: the tape runs its formula, forward and backward.

        swish = Formula(lambda x, beta: x / (1 + tape.exp(-beta * x)), beta=np.ones(1))

    It goes wherever a layer goes: into ``Sequential``, to an optimizer, to ``check_gradients``. And it is the other
    evidence for a kernel pair, where the framework has no twin: the same formula, differentiated by nobody's hand.

    Parameters
    ----------
    formula : takes the inputs (arrays of floats as Values, others as they are) and, by name, the parameters as
        Values; returns a Value, or a tuple of them for a layer with several outputs.
    parameters : initial weights (arrays), or Parameters, which are then shared with their owner.
    """

    def __init__(self, formula: Callable[..., Any], **parameters: Any) -> None:
        taken = sorted(name for name in parameters if hasattr(self, name) or name == "formula")
        if taken:
            raise ValueError(f"a parameter cannot be called {taken[0]!r}: a layer has something else of that name")
        self.formula = formula
        for name, data in parameters.items():
            setattr(self, name, data if isinstance(data, Parameter) else Parameter(data))

    def forward(self, *inputs: Any) -> Any:
        given = [Value(x) if isinstance(x, np.ndarray) and np.issubdtype(x.dtype, np.floating) else x for x in inputs]
        parameters = {name: Value(p) for name, p in vars(self).items() if isinstance(p, Parameter)}
        if not self.training:
            with no_grad():
                return plain(self.formula(*given, **parameters))
        result = self.formula(*given, **parameters)
        self.remember((given, result))
        return plain(result)

    def backward(self, *dy: Array) -> Any:
        given, result = self.recall()
        results = result if isinstance(result, tuple) else (result,)
        # One backward for all outputs, as a graph can be used only once: Σ dy · y has the gradients we want.
        total = sum((y * d).sum() for y, d in zip(results, dy, strict=True))
        assert isinstance(total, Value)
        total.backward()
        values = [x for x in given if isinstance(x, Value)]
        gradients = tuple(np.zeros_like(x.data) if x.grad is None else x.grad for x in values)
        return gradients[0] if len(gradients) == 1 else gradients


def plain(result: Any) -> Any:
    """Return the array in a Value, or the arrays in a tuple of them."""
    return tuple(y.data for y in result) if isinstance(result, tuple) else result.data
