"""Recurrent cells: one step through time, from the input and the old state to the new state.

Every cell begins with the same two linear maps, one of the input and one of the old hidden state,

    a = x W_ihᵀ + b_ih        b = h W_hhᵀ + b_hh        each (N, G·H), with G gates of H units

and differs only in what it makes of them. That is its *step*, the pair of functions in which the formulas stand.
``recurrent.py`` runs the same steps over whole sequences.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from groundup.scratch import initializers
from groundup.scratch.checks import check_float, check_shape
from groundup.scratch.layer import Layer
from groundup.scratch.parameter import Parameter

__all__ = ["GRUCell", "LSTMCell", "RNNCell"]

Array = np.ndarray
Arrays = Sequence[Array]


class Step(NamedTuple):
    """What makes a cell: how many gates and states it has, and its pair of functions.

    ``forward(a, b, states)`` returns the new states and a cache; ``backward(dstates, cache)`` returns da, db and the
    gradients of the old states, without what reaches the old h through b (None where that is the only way).
    ``adds`` says whether of a and b only the sum matters.
    """

    gates: int
    states: int
    adds: bool
    forward: Callable[[Array, Array, Arrays], tuple[Arrays, Any]]
    backward: Callable[[Arrays, Any], tuple[Array, Array, Sequence[Array | None]]]


# -- the plain recurrent network -----------------------------------------------------------------------------


def tanh_step_forward(a: Array, b: Array, states: Arrays) -> tuple[Arrays, Any]:
    """Mix input and memory, and squash: ``h' = tanh(a + b)``.

    Gradient: with ``h' = tanh(s)``, ``ds = dh' (1 - h'²)``; a and b are summands, so both receive ds. The old h
    appears only in b. Over many steps ds is multiplied by W_hh and by slopes below 1 again and again: it vanishes
    (or explodes), which is why the LSTM and the GRU were invented.

    Parameters
    ----------
    a, b : (N, H)
    states : (h,), not needed beyond b.

    Returns
    -------
    states : (h',) with h' of shape (N, H).
    cache : what :func:`tanh_step_backward` needs.

    Notes
    -----
    Source: Elman 1990, "Finding structure in time".
    """
    h = np.tanh(a + b)
    return (h,), h


def tanh_step_backward(dstates: Arrays, cache: Any) -> tuple[Array, Array, Sequence[Array | None]]:
    """Return ``da``, ``db`` (N, H), and (None,): h has no other way than b."""
    h = cache
    ds = dstates[0] * (1 - h * h)
    return ds, ds, (None,)


def relu_step_forward(a: Array, b: Array, states: Arrays) -> tuple[Arrays, Any]:
    """Mix input and memory, and keep what is positive: ``h' = max(a + b, 0)``; shapes as :func:`tanh_step_forward`.

    Gradient: ``ds = dh' · [h' > 0]``. Where a unit is active its slope is 1 and does not shrink the gradient.
    """
    h = np.maximum(a + b, 0)
    return (h,), h


def relu_step_backward(dstates: Arrays, cache: Any) -> tuple[Array, Array, Sequence[Array | None]]:
    """Return ``da``, ``db`` (N, H), and (None,): h has no other way than b."""
    h = cache
    ds = dstates[0] * (h > 0)
    return ds, ds, (None,)


# -- long short-term memory ----------------------------------------------------------------------------------


def lstm_step_forward(a: Array, b: Array, states: Arrays) -> tuple[Arrays, Any]:
    """Forget a part of the memory c, add to it, show a part of it.

    ::

        s = a + b, cut into four:   i = σ(sᵢ)  input gate      f = σ(s_f)  forget gate
                                    g = tanh(s_g)  new content  o = σ(sₒ)  output gate
        c' = f c + i g
        h' = o tanh(c')

    Derivation of the gradient: h' contains c', so c' receives ``dc' + dh' o (1 - tanh²c')``; call that δ. From
    ``c' = f c + i g``: ``di = δ g``, ``dg = δ i``, ``df = δ c``, ``dc = δ f``; from h': ``do = dh' tanh c'``. Each
    goes on to s by the slope of its nonlinearity, σ' = σ(1 - σ) and tanh' = 1 - tanh². As ``dc = δ f`` involves
    no matrix, an open forget gate hands the gradient back unchanged over many steps.

    Parameters
    ----------
    a, b : (N, 4·H), the gates in PyTorch's order i, f, g, o.
    states : (h, c), each (N, H); h is not needed beyond b.

    Returns
    -------
    states : (h', c')
    cache : what :func:`lstm_step_backward` needs.

    Notes
    -----
    σ(s) = ½ + ½ tanh(½s), so with k = ½ for σ and k = 1 for tanh all gates are ``k tanh(k s) + (1 - k)``: one call
    of tanh instead of exponentials, sums and divisions. (This gives up the relative accuracy of σ near 0,
    where a gate is shut anyway.) On the way the gates are moved to the outermost axis, so that each lies side by side
    in memory.

    Source: Hochreiter and Schmidhuber 1997, "Long short-term memory"; the forget gate: Gers et al. 2000,
    "Learning to forget".
    """
    c = states[1]
    s = a + b
    s *= lstm_slopes(c.shape[1], c.dtype)
    gates = np.tanh(by_gate(s, 4), order="C")  # (4, N, H)
    for sigmoid in (gates[:2], gates[3]):
        sigmoid *= 0.5
        sigmoid += 0.5
    i, f, g, o = gates
    new = f * c
    new += i * g
    tanh_c = np.tanh(new)
    return (o * tanh_c, new), (gates, c, tanh_c)


@lru_cache
def lstm_slopes(H: int, dtype: Any) -> Array:
    """Return k (4·H,) for each unit of the gates i, f, g, o."""
    return np.repeat(np.array([0.5, 0.5, 1, 0.5], dtype), H)


def lstm_step_backward(dstates: Arrays, cache: Any) -> tuple[Array, Array, Sequence[Array | None]]:
    """Return ``da``, ``db`` (N, 4·H), and (None, ``dc`` (N, H)); see :func:`lstm_step_forward`."""
    (i, f, g, o), c, tanh_c = cache
    dh, dc = dstates
    dho = dh * o
    dc = dc + dho * (1 - tanh_c * tanh_c)  # δ: all that reaches c'
    dci, dcf = dc * i, dc * f
    N, H = dh.shape
    ds = np.empty((N, 4, H), dh.dtype)
    np.multiply(dci * g, 1 - i, out=ds[:, 0])
    np.multiply(dcf * c, 1 - f, out=ds[:, 1])
    np.multiply(dci, 1 - g * g, out=ds[:, 2])
    np.multiply(dho * tanh_c, 1 - o, out=ds[:, 3])
    ds = ds.reshape(N, 4 * H)
    return ds, ds, (None, dcf)


# -- gated recurrent unit ------------------------------------------------------------------------------------


def gru_step_forward(a: Array, b: Array, states: Arrays) -> tuple[Arrays, Any]:
    """Move from the old state towards new content, each unit as far as its gate says.

    ::

        r = σ(aᵣ + bᵣ)  reset gate      z = σ(a_z + b_z)  update gate      n = tanh(aₙ + r bₙ)  new content
        h' = (1 - z) n + z h

    Derivation of the gradient: ``dz = dh' (h - n)``, ``dn = dh' (1 - z)``, and h receives ``dh' z`` directly. With
    ``dsₙ = dn (1 - n²)``: aₙ receives dsₙ, bₙ receives ``dsₙ r``, and ``dr = dsₙ bₙ``; r and z go on by σ' = σ(1 - σ).

    Parameters
    ----------
    a, b : (N, 3·H), the gates in PyTorch's order r, z, n.
    states : (h,) with h (N, H).

    Returns
    -------
    states : (h',)
    cache : what :func:`gru_step_backward` needs.

    Notes
    -----
    Source: Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder", section 2.3. There r
    multiplies h before the matrix; PyTorch (and cuDNN) multiply after it, so that all three products with h are one.
    """
    (h,) = states
    ar, az, an = by_gate(a, 3)
    br, bz, bn = by_gate(b, 3)
    r, z = half_tanh(ar + br), half_tanh(az + bz)
    n = np.tanh(an + r * bn)
    return (n + z * (h - n),), (r, z, n, bn, h)


def gru_step_backward(dstates: Arrays, cache: Any) -> tuple[Array, Array, Sequence[Array | None]]:
    """Return ``da``, ``db`` (N, 3·H) and (``dh``,) as far as h is used directly; see :func:`gru_step_forward`."""
    r, z, n, bn, h = cache
    (dh,) = dstates
    N, H = dh.shape
    da, db = np.empty((2, N, 3, H), dh.dtype)
    dn = dh * (1 - z) * (1 - n * n)
    da[:, 0] = dn * bn * r * (1 - r)
    da[:, 1] = dh * (h - n) * z * (1 - z)
    da[:, 2] = dn
    db[:, :2] = da[:, :2]
    db[:, 2] = dn * r
    return da.reshape(N, 3 * H), db.reshape(N, 3 * H), (dh * z,)


def by_gate(s: Array, gates: int) -> Array:
    """View (N, G·H) as (G, N, H)."""
    return s.reshape(len(s), gates, s.shape[1] // gates).swapaxes(0, 1)


def half_tanh(s: Array) -> Array:
    """Return ``σ(s) = ½ + ½ tanh(½s)``; overwrites s."""
    s *= 0.5
    np.tanh(s, out=s)
    s *= 0.5
    s += 0.5
    return s


TANH = Step(1, 1, True, tanh_step_forward, tanh_step_backward)
RELU = Step(1, 1, True, relu_step_forward, relu_step_backward)
LSTM_STEP = Step(4, 2, True, lstm_step_forward, lstm_step_backward)
GRU_STEP = Step(3, 1, False, gru_step_forward, gru_step_backward)


# -- the cells as layers -------------------------------------------------------------------------------------


class Weights(NamedTuple):
    """The weights of one cell, or the gradients of these: (G·H, I), (G·H, H), (G·H,), (G·H,); biases may be None."""

    ih: Array
    hh: Array
    bias_ih: Array | None
    bias_hh: Array | None


def cell_forward(step: Step, x: Array, states: Arrays, weights: Weights) -> tuple[Arrays, Any]:
    """Take one step: ``a = x W_ihᵀ + b_ih``, ``b = h W_hhᵀ + b_hh``, and the new states are ``step(a, b, states)``.

    Gradient: that of a linear layer, twice: ``dx = da W_ih``, ``dW_ih = daᵀ x``, ``db_ih = Σ da`` over the batch, and
    in the same way with db, h and W_hh; the old h also receives what the step uses of it directly.

    Parameters
    ----------
    step : of the RNN, LSTM or GRU.
    x : (N, I)
    states : (h,) or (h, c), each (N, H).

    Returns
    -------
    states : the new ones.
    cache : what :func:`cell_backward` needs.
    """
    a, b = x @ weights.ih.T, states[0] @ weights.hh.T  # (N, G·H) each
    if weights.bias_ih is not None and weights.bias_hh is not None:
        a, b = a + weights.bias_ih, b + weights.bias_hh
    new, cache = step.forward(a, b, states)
    return new, (x, states[0], weights, cache)


def cell_backward(step: Step, dstates: Arrays, cache: Any) -> tuple[Array, Sequence[Array | None], Weights]:
    """Return ``dx`` (N, I), the gradients of the old states, and those of the weights; see :func:`cell_forward`."""
    x, h, weights, step_cache = cache
    da, db, direct = step.backward(dstates, step_cache)
    dh = db @ weights.hh if direct[0] is None else db @ weights.hh + direct[0]
    dbias_ih, dbias_hh = (None, None) if weights.bias_ih is None else (da.sum(axis=0), db.sum(axis=0))
    return da @ weights.ih, (dh, *direct[1:]), Weights(da.T @ x, db.T @ h, dbias_ih, dbias_hh)


class Cell(Layer):
    """What the three cells share: the weights, the checks, and the states that default to zeros.

    Parameters
    ----------
    input_size, hidden_size : I and H.
    bias : whether the two linear maps have biases.
    rng : source of the initial weights, uniform in ±1/√H as PyTorch's.
    dtype : of the parameters.
    """

    step: Step

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, *, rng: np.random.Generator, dtype: Any = np.float32
    ) -> None:
        name = type(self).__name__
        if input_size < 1 or hidden_size < 1:
            raise ValueError(f"{name}: sizes must be at least 1, got input {input_size} and hidden {hidden_size}")
        rows, bound = self.step.gates * hidden_size, 1 / np.sqrt(hidden_size)
        self.weight_ih = Parameter(initializers.uniform((rows, input_size), -bound, bound, rng, dtype))
        self.weight_hh = Parameter(initializers.uniform((rows, hidden_size), -bound, bound, rng, dtype))
        self.bias_ih = Parameter(initializers.uniform((rows,), -bound, bound, rng, dtype)) if bias else None
        self.bias_hh = Parameter(initializers.uniform((rows,), -bound, bound, rng, dtype)) if bias else None

    def _forward(self, x: Array, given: Sequence[Array | None]) -> tuple[Array, ...]:
        I, H = self.weight_ih.shape[1], self.weight_hh.shape[1]
        check_float("x", x)
        check_shape("x", x, ("N", I), "a cell takes one step; for (T, N, I) use the layer without Cell in its name")
        states = []
        for name, state in zip("hc", given):
            if state is None:
                state = np.zeros((len(x), H), x.dtype)
            check_float(name, state)
            check_shape(name, state, (len(x), H), "one row for each example of x")
            states.append(state)
        biases = [p.data if p else None for p in (self.bias_ih, self.bias_hh)]
        weights = Weights(self.weight_ih.data, self.weight_hh.data, *biases)
        new, cache = cell_forward(self.step, x, states, weights)
        self.remember((cache, [state is not None for state in given]))
        return tuple(new)

    def _backward(self, dstates: Sequence[Array]) -> tuple[Array | None, ...]:
        cache, given = self.recall()
        dx, dold, dweights = cell_backward(self.step, dstates, cache)
        for p, d in zip((self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh), dweights):
            if p:
                p.grad += d
        return dx, *(d if was_given else None for d, was_given in zip(dold, given))

    def __repr__(self) -> str:
        bias = "" if self.bias_ih else ", bias=False"
        return f"{type(self).__name__}({self.weight_ih.shape[1]}, {self.weight_hh.shape[1]}{bias})"


class RNNCell(Cell):
    """One step of a plain recurrent network, ``h' = tanh(W_ih x + b_ih + W_hh h + b_hh)`` or the same with ReLU.

    See :func:`tanh_step_forward`, :func:`relu_step_forward`; parameters as :class:`Cell`, and

    Parameters
    ----------
    nonlinearity : "tanh" or "relu".
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        *,
        rng: np.random.Generator,
        dtype: Any = np.float32,
    ) -> None:
        self.step = rnn_step(nonlinearity)
        super().__init__(input_size, hidden_size, bias, rng=rng, dtype=dtype)

    def forward(self, x: Array, h: Array | None = None) -> Array:
        """Return h' (N, H) from x (N, I) and h (N, H), zeros if not given."""
        return self._forward(x, (h,))[0]

    def backward(self, dh: Array) -> tuple[Array | None, ...]:
        """Return ``dx`` and the gradient of the old h, None if that was not given."""
        return self._backward((dh,))


class GRUCell(Cell):
    """One step of a gated recurrent unit; see :func:`gru_step_forward`; parameters as :class:`Cell`."""

    step = GRU_STEP

    def forward(self, x: Array, h: Array | None = None) -> Array:
        """Return h' (N, H) from x (N, I) and h (N, H), zeros if not given."""
        return self._forward(x, (h,))[0]

    def backward(self, dh: Array) -> tuple[Array | None, ...]:
        """Return ``dx`` and the gradient of the old h, None if that was not given."""
        return self._backward((dh,))


class LSTMCell(Cell):
    """One step of a long short-term memory; see :func:`lstm_step_forward`; parameters as :class:`Cell`."""

    step = LSTM_STEP

    def forward(self, x: Array, h: Array | None = None, c: Array | None = None) -> tuple[Array, ...]:
        """Return h' and c' (N, H) from x (N, I), h and c (N, H), zeros if not given."""
        return self._forward(x, (h, c))

    def backward(self, dh: Array, dc: Array) -> tuple[Array | None, ...]:
        """Return ``dx`` and the gradients of the old h and c, None for one that was not given."""
        return self._backward((dh, dc))


def rnn_step(nonlinearity: str) -> Step:
    """Return the step of a plain recurrent network by the name of its nonlinearity."""
    steps = {"tanh": TANH, "relu": RELU}
    if nonlinearity not in steps:
        raise ValueError(f"nonlinearity: got {nonlinearity!r}, expected 'tanh' or 'relu'")
    return steps[nonlinearity]
