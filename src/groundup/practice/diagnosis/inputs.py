"""Inputs that someone may have used in the place of the right ones: reversed, with another sign, only a part of them.

Each is a name for the cause, the end of a sentence that begins with "... would be right if", and the inputs that
change. What the solution makes of them is what someone with this mistake has computed.
"""

from collections.abc import Iterator, Mapping
from itertools import permutations
from typing import Any

import numpy as np

Change = tuple[str, str, dict[str, Any]]

PARTS = {
    "only the first": slice(1),
    "only the last": slice(-1, None),
    "all but the first": slice(1, None),
    "all but the last": slice(-1),
}


def mistaken(inputs: Mapping[str, Any]) -> Iterator[Change]:
    """Yield every change of the inputs that is tried."""
    arrays = {
        name: value
        for name, value in inputs.items()
        if isinstance(value, np.ndarray) and np.issubdtype(value.dtype, np.floating)
    }
    numbers = {name: value for name, value in inputs.items() if isinstance(value, float)}
    for name, value in {**arrays, **numbers}.items():
        yield from otherwise_used(name, value)
    for a, b in permutations(arrays, 2):
        if arrays[a].shape == arrays[b].shape and arrays[a].dtype == arrays[b].dtype:
            yield f"{a} in the place of {b}", f"{b} were {a}: is {a} used where {b} is meant?", {b: arrays[a].copy()}
    for name, value in arrays.items():
        for axis in range(value.ndim):
            yield from reversed_or_cut(name, value, axis)


def otherwise_used(name: str, value: Any) -> Iterator[Change]:
    """Something with the wrong sign, used twice, or divided by instead of multiplied with."""
    yield f"{name} with the wrong sign", f"{name} had the other sign: is it subtracted, or added?", {name: -value}
    yield f"{name} doubled", f"{name} were twice as large: is it added twice?", {name: 2 * value}
    yield f"{name} squared", f"{name} were squared: is it multiplied in twice?", {name: value**2}
    if np.all(value != 0):
        yield (
            f"{name} inverted",
            f"{name} were 1/{name}: is it divided by instead of multiplied with, or the other way round?",
            {name: 1 / value},
        )


def reversed_or_cut(name: str, value: np.ndarray, axis: int) -> Iterator[Change]:
    """An axis in reverse order, or a loop over it that ends too early or starts too late."""
    if value.shape[axis] < 2:
        return
    yield (
        f"{name} reversed along axis {axis}",
        f"{name} were reversed along axis {axis}: does it run in the wrong direction?",
        {name: np.flip(value, axis)},
    )
    for which, part in PARTS.items():
        kept = np.zeros_like(value)
        index = (slice(None),) * axis + (part,)
        kept[index] = value[index]
        where = f"{which} along axis {axis} of {name}"
        yield (
            where,
            f"{where} counted: does a loop or a slice end too early or start too late, or is a return inside a loop?",
            {name: kept},
        )
