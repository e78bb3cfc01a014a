"""The operations that are no operators and no methods."""

from typing import Any

import numpy as np

from groundup.scratch.tape.kernels import wrap
from groundup.scratch.tape.value import Array, Value, apply, array_of


def exp(x: Any) -> Value:
    return apply("exp", x)


def log(x: Any) -> Value:
    """Natural logarithm."""
    return apply("log", x)


def sqrt(x: Any) -> Value:
    return apply("sqrt", x)


def tanh(x: Any) -> Value:
    return apply("tanh", x)


def where(mask: Any, a: Any, b: Any) -> Value:
    """Take from ``a`` where the mask holds and from ``b`` elsewhere; the mask is an array of booleans, a constant."""
    if isinstance(mask, Value) or np.asarray(mask).dtype != bool:
        raise TypeError("where: the mask must be an array of booleans, such as x.data > 0")
    return apply("where", a, b, mask=mask)


def concatenate_forward(*arrays: Array, axis: int = 0) -> tuple[Array, Any]:
    """Put arrays one after the other along an axis; the gradient is cut at the same places."""
    return np.concatenate(arrays, axis), ([a.shape[axis] for a in arrays], axis)


def concatenate_backward(dy: Array, cache: Any) -> tuple[Array, ...]:
    """Return the piece of ``dy`` that belongs to each of the arrays."""
    lengths, axis = cache
    return tuple(np.split(dy, np.cumsum(lengths)[:-1], axis))


_concatenate = wrap(concatenate_forward, concatenate_backward)


def concatenate(values: Any, axis: int = 0) -> Value:
    """Put values (Values, Parameters or arrays) one after the other along an axis that they have."""
    return _concatenate(*values, axis=axis)


def stack(values: Any, axis: int = 0) -> Value:
    """Put values of equal shape side by side along a new axis, such as the outputs of all time steps."""
    shapes = [np.shape(np.expand_dims(array_of(value), axis)) for value in values]
    return concatenate([apply("reshape", value, shape=shape) for value, shape in zip(values, shapes)], axis)
