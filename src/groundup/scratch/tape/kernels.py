"""The kernel pairs of the layers on the tape: the same forward and backward, driven by another hand."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import cache, wraps
from typing import Any

import numpy as np

from groundup.scratch import layers, losses
from groundup.scratch.parameter import Parameter
from groundup.scratch.tape.value import Array, Value, array_of, asks, record


def wrap(forward: Callable[..., Any], backward: Callable[..., Any]) -> Callable[..., Value]:
    """Put a kernel pair on the tape.

        linear = wrap(linear_forward, linear_backward)
        y = linear(x, weight, bias)                     # Values, Parameters or plain arrays

    Parameters
    ----------
    forward : takes arrays and options, returns ``(y, cache)`` with one array y.
    backward : takes ``(dy, cache)``, returns the gradient, or a tuple of them, of the first arguments that can have
        one: arrays of floats, or None in place of a weight that is left out. Labels, indices, masks and options
        have none and are skipped.

    Returns
    -------
    function : with the arguments of ``forward``; it returns a :class:`Value`.
    """
    signature = inspect.signature(forward)

    @wraps(forward)
    def on_tape(*inputs: Any, **options: Any) -> Value:
        call = signature.bind(*inputs, **options)
        given = spread_out(call)
        for name, value in given.items():
            put_in(call, name, plain(value))
        y, kept = forward(*call.args, **call.kwargs)
        if isinstance(y, tuple):
            raise TypeError(f"{forward.__name__} returns {len(y)} arrays; the tape takes kernels that return one")
        names = [name for name, value in given.items() if value is None or differentiable(value)]

        def pull(dy: Array) -> list[Array | None]:
            gradients = backward(dy, kept)
            gradients = gradients if isinstance(gradients, (tuple, list)) else (gradients,)
            found = dict(zip(names, gradients))
            for name, value in given.items():
                if asks(value) and found.get(name) is None:
                    raise TypeError(
                        f"{backward.__name__} gives no gradient for {name!r}: pass its .data, if it is a constant"
                    )
            return [found.get(name) if asks(value) else None for name, value in given.items()]

        pull.__qualname__ = backward.__name__
        return record(y, list(given.values()), pull)

    on_tape.__name__ = on_tape.__qualname__ = forward.__name__.removesuffix("_forward")
    return on_tape


def spread_out(call: inspect.BoundArguments) -> dict[str, Any]:
    """Return every argument under a name of its own: ``*arrays`` becomes ``arrays.0``, ``arrays.1`` ..."""
    kinds = {name: p.kind for name, p in call.signature.parameters.items()}
    given = {}
    for name, value in call.arguments.items():
        if kinds[name] is inspect.Parameter.VAR_POSITIONAL:
            given |= {f"{name}.{i}": item for i, item in enumerate(value)}
        else:
            given[name] = value
    return given


def put_in(call: inspect.BoundArguments, name: str, value: Any) -> None:
    """Replace an argument, the mirror of :func:`spread_out`."""
    name, _, i = name.partition(".")
    old = call.arguments[name]
    call.arguments[name] = (*old[: int(i)], value, *old[int(i) + 1 :]) if i else value


def plain(x: Any) -> Any:
    """Return the array in a Value or Parameter, and anything else as it is."""
    return array_of(x) if isinstance(x, (Value, Parameter)) else x


def differentiable(x: Any) -> bool:
    """Tell whether an argument is of the kind that has a gradient."""
    x = plain(x)
    return isinstance(x, np.ndarray) and np.issubdtype(x.dtype, np.floating)


# -- every pair by its name ----------------------------------------------------------------------------------


@cache
def pairs() -> dict[str, tuple[Callable[..., Any], Callable[..., Any]]]:
    """Return the kernel pairs of all layers and losses: what is called ``name_forward`` and ``name_backward``."""
    found = {}
    for package in (layers, losses):
        for file in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
            functions = vars(importlib.import_module(file.name))
            for full_name, forward in functions.items():
                name = full_name.removesuffix("_forward")
                if name != full_name and f"{name}_backward" in functions:
                    found[name] = (forward, functions[f"{name}_backward"])
    return found


def names() -> Sequence[str]:
    """Return the name of every kernel pair."""
    return sorted(pairs())


@cache
def find(name: str) -> Callable[..., Value]:
    """Return the kernel pair of this name, on the tape."""
    if name.startswith("__") or name not in pairs():
        near = get_close_matches(name, names(), n=3)
        raise AttributeError(
            f"there is no kernel pair {name!r}" + (f"; did you mean {', '.join(near)}?" if near else "")
        )
    return wrap(*pairs()[name])
