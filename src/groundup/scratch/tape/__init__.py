"""A small autograd: write the formula forward, and the gradients follow.

    from groundup.scratch import tape

    w = tape.Value([2.0, 3.0])
    loss = (w**2).sum()
    loss.backward()
    w.grad                                  # [4, 6]: the derivative of w² is 2w

A :class:`Value` and a :class:`~groundup.scratch.parameter.Parameter` collect gradients; plain arrays and numbers are
constants. Read in this order:

- ``value.py``    the idea on one screen: a value remembers where it came from, ``backward`` goes back that way.
- ``rules.py``    the table: each operation, and the rule that gives the gradient of each input.
- ``kernels.py``  puts the kernel pairs of the layers on the tape: one derivation, two ways to drive it.
- ``functions.py``  the operations that are no operators: ``exp``, ``where``, ``concatenate`` ...
- ``composed.py``  softmax, layer norm, GELU, attention ... written as formulas of these: nothing derived by hand.
- ``networks.py``  an MLP, a CNN and a GPT on the tape, equal to those of ``scratch.models`` to the last digits.
- ``formula.py``  a layer from nothing but its formula: the other evidence for a backward by hand.

Every kernel pair of ``scratch.layers`` and ``scratch.losses`` is here under its name: ``tape.linear`` runs
``linear_forward`` and ``linear_backward``, ``tape.conv2d``, ``tape.cross_entropy`` and all others likewise.
"""

from typing import Any

from groundup.scratch.tape import composed, kernels
from groundup.scratch.tape.formula import Formula
from groundup.scratch.tape.functions import concatenate, exp, log, sqrt, stack, tanh, where
from groundup.scratch.tape.kernels import wrap
from groundup.scratch.tape.value import Value, no_grad

__all__ = [
    "Formula",
    "Value",
    "composed",
    "concatenate",
    "exp",
    "log",
    "no_grad",
    "sqrt",
    "stack",
    "tanh",
    "where",
    "wrap",
]


def __getattr__(name: str) -> Any:
    """Return the kernel pair ``name_forward`` and ``name_backward`` of some layer or loss, on the tape."""
    return kernels.find(name)


def __dir__() -> list[str]:
    return sorted({*__all__, *kernels.names()})
