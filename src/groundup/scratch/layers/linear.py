"""The linear (fully connected) layer: every output is a weighted sum of every input."""

from __future__ import annotations

from typing import Any

import numpy as np

from groundup.scratch import initializers
from groundup.scratch.checks import check_float, check_shape
from groundup.scratch.layer import Layer
from groundup.scratch.parameter import Parameter

Array = np.ndarray


def linear_forward(x: Array, weight: Array, bias: Array | None) -> tuple[Array, Any]:
    """Multiply by a matrix and add a bias: ``y = x Wᵀ + b``.

    Derivation of the gradient: ``yₙₒ = Σᵢ xₙᵢ Wₒᵢ + bₒ``, so by the chain rule
    ``dxₙᵢ = Σₒ dyₙₒ Wₒᵢ``, ``dWₒᵢ = Σₙ dyₙₒ xₙᵢ`` and ``dbₒ = Σₙ dyₙₒ``: each gradient sums over the index
    that its variable does not have, and a sum over an index is a matrix product.

    Parameters
    ----------
    x : (..., I); leading axes are treated as one batch.
    weight : (O, I), PyTorch's layout.
    bias : (O,) or None.

    Returns
    -------
    y : (..., O)
    cache : what :func:`linear_backward` needs.
    """
    rows = x.reshape(-1, x.shape[-1])  # (N, I): one matrix product for all leading axes
    y = rows @ weight.T  # (N, O)
    if bias is not None:
        y += bias
    return y.reshape(*x.shape[:-1], weight.shape[0]), (rows, weight, bias is not None)


def linear_backward(
    dy: Array, cache: Any, input_gradient: bool = True, out: Array | None = None
) -> tuple[Array | None, Array, Array | None]:
    """Return ``dx`` (..., I), ``dweight`` (O, I) and ``dbias`` (O,); see :func:`linear_forward`.

    With ``out``, memory of shape (O, I), dweight is written there.
    """
    x, weight, has_bias = cache
    rows = dy.reshape(-1, dy.shape[-1])  # (N, O)
    dx = None
    if input_gradient:
        dx = (rows @ weight).reshape(*dy.shape[:-1], weight.shape[1])
    dweight = np.matmul(rows.T, x, out=out)  # (O, I)
    dbias = None
    if has_bias:
        dbias = np.ones(len(rows), rows.dtype) @ rows  # (O,): the sum over N; as a product it is several times faster
    return dx, dweight, dbias


class Linear(Layer):
    """``y = x Wᵀ + b``; see :func:`linear_forward`.

    Parameters
    ----------
    in_features, out_features : I and O.
    bias : whether to add a bias.
    rng : source of the initial weights, uniform in ±1/√I as PyTorch's.
    dtype : of the parameters.

    Raises
    ------
    ValueError : the last axis of the input is not I.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: np.random.Generator,
        dtype: Any = np.float32,
    ) -> None:
        bound = 1 / np.sqrt(in_features) if in_features else 0.0
        self.weight = Parameter(initializers.uniform((out_features, in_features), -bound, bound, rng, dtype))
        self.bias = Parameter(initializers.uniform((out_features,), -bound, bound, rng, dtype)) if bias else None
        self.input_gradient = True

    def forward(self, x: Array) -> Array:
        check_float("x", x)
        hint = "flatten the images first?" if x.ndim > 2 else "does the previous layer have another number of outputs?"
        check_shape("x", x, ("...", self.weight.shape[1]), hint)
        y, cache = linear_forward(x, self.weight.data, self.bias.data if self.bias else None)
        self.remember(cache)
        return y

    def backward(self, dy: Array) -> Array | None:
        dx, dweight, dbias = linear_backward(dy, self.recall(), self.input_gradient, out=self.weight.blank())
        self.weight.add(dweight)
        if self.bias:
            self.bias.grad += dbias
        return dx

    def skip_input_gradient(self) -> None:
        self.input_gradient = False

    def __repr__(self) -> str:
        return f"Linear({self.weight.shape[1]}, {self.weight.shape[0]}{'' if self.bias else ', bias=False'})"
