"""Recurrent layers: a cell that reads a sequence, one element after the other.

The cells and their formulas are in ``cells.py``. Here they run over time, in both directions, in several layers, over
sequences of different lengths::

    lstm = LSTM(65, 128, num_layers=2, rng=rng)
    y, h, c = lstm(x)                         # x (T, N, 65), y (T, N, 128), h and c (2, N, 128)
    dx, dh0, dc0 = lstm.backward(dy)          # the gradients of h and c may follow; left out, they are zero

**Truncated back-propagation through time.** A long text is cut into windows of T steps. The final state of one window
is the initial state of the next, but the gradient stops at the border. Here that needs no "detach": a state is an
array of numbers, and only what ``backward`` is given flows back. Simply do not pass on ``dh0`` and ``dc0``::

    h = c = None
    for window, labels in windows_of_the_text:
        y, h, c = lstm(window, h, c)          # the state is carried on ...
        loss(output(y), labels)
        lstm.backward(output.backward(loss.backward()))   # ... its gradient is not
        optimizer.step()
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from groundup.scratch import initializers
from groundup.scratch.checks import check_float, check_shape
from groundup.scratch.layer import Layer
from groundup.scratch.layers.cells import GRU_STEP, LSTM_STEP, Arrays, Step, Weights, rnn_step
from groundup.scratch.layers.embedding import check_indices, embedding_backward
from groundup.scratch.parameter import Parameter

__all__ = ["GRU", "LSTM", "RNN"]

Array = np.ndarray


def sequence_forward(
    step: Step,
    x: Array,
    states: Arrays,
    weights: Weights,
    active: Sequence[int],
    reverse: bool = False,
    indices: Array | None = None,
) -> tuple[Array, Arrays, Any]:
    """Run one cell over a sequence: ``states_t = step(x_t W_ihᵀ + b_ih, h_(t-1) W_hhᵀ + b_hh, states_(t-1))``.

    Derivation of the gradient: unrolled in time, this is a deep network whose layers share their weights. So it is
    gone through from the last step to the first: what reaches h_t is dy_t plus what step t+1 hands back. The
    gradient of a shared weight is the sum over its uses, ``dW_ih = Σ_t da_tᵀ x_t`` and ``dW_hh = Σ_t db_tᵀ h_(t-1)``.

    Parameters
    ----------
    step, weights : the cell.
    x : (T, N, I), the sequences in descending order of their lengths.
    states : (h,) or (h, c), each (N, H): before the first step.
    active : for each of the T steps, how many sequences have not ended yet; these are the first rows.
    reverse : from the last step to the first.
    indices : (T, N), whole numbers; then x is a table (V, I), and the sequences are its rows ``x[indices]``.

    Returns
    -------
    y : (T, N, H), the h after each step; zero where a sequence has ended.
    states : after the last step of each sequence (in reverse: its first).
    cache : what :func:`sequence_backward` needs.

    Notes
    -----
    What makes it fast: only ``h W_hhᵀ`` must wait for the step before. Everything else is taken out of the loop:
    ``x W_ihᵀ`` is one matrix product for all steps, and in backward so are dx, dW_ih and dW_hh, because
    a sum over steps of products is the product of the matrices with all steps stacked. One large product runs several
    times faster than T small ones. The definition, T calls of :func:`groundup.scratch.layers.cells.cell_forward`, gives
    the same.

    A row of a table times a matrix is a row of (table times matrix): ``x[indices] W_ihᵀ = (x W_ihᵀ)[indices]``. So with
    ``indices`` the products run over the V words, not over the T·N places where they stand; with an alphabet of 65
    letters that is next to nothing. The gradient takes the same way back: da is first summed for each word.

    A sequence that has ended is not computed and then masked, it leaves the loop: with the longest sequences first,
    those still active are the first n rows. This serves both directions: in reverse, rows join instead of leaving.
    """
    T, N = x.shape[:2] if indices is None else indices.shape
    rows = x if indices is not None else x.reshape(T * N, x.shape[2])  # (V, I) or (T·N, I)
    a = rows @ weights.ih.T  # (V, G·H) or (T·N, G·H)
    hh = np.ascontiguousarray(weights.hh.T)  # (H, G·H): transposed once, not in each step
    bias_a, bias_b = weights.bias_ih, weights.bias_hh
    if step.adds and bias_a is not None and bias_b is not None:
        bias_a, bias_b = bias_a + bias_b, None
    if indices is None:
        a = a.reshape(T, N, len(weights.ih))
    elif bias_a is not None:
        a += bias_a  # to the V words, instead of the T·N places
        bias_a = None

    y, before = zeros_after_the_end((2, T, N, len(hh)), x.dtype, active)
    caches = []
    for t in range(T)[::-1] if reverse else range(T):
        n = active[t]
        h = states[0][:n]
        before[t, :n] = h
        # Rows and biases are fetched here, not for all steps at once: what belongs to one step is small enough to stay
        # in the processor's cache until the next line needs it.
        a_t = a[t, :n] if indices is None else a[indices[t, :n]]
        b = h @ hh
        if bias_a is not None:
            a_t += bias_a
        if bias_b is not None:
            b += bias_b
        updated, cache = step.forward(a_t, b, [s[:n] for s in states])
        y[t, :n] = updated[0]
        states = [first_rows(s, u) for s, u in zip(states, updated)]
        caches.append(cache)
    return y, states, (rows, indices, before, weights, active, reverse, caches)


def sequence_backward(
    step: Step, dy: Array, dstates: Arrays, cache: Any, input_gradient: bool = True
) -> tuple[Array | None, Arrays, Weights]:
    """Return ``dx`` of x's shape, the gradients of the initial states, and those of the weights.

    See :func:`sequence_forward`; dstates are the gradients of the final states.
    """
    x, indices, before, weights, active, reverse, caches = cache
    (T, N, H), I, G = dy.shape, x.shape[1], len(weights.hh)  # G here all gates together, a multiple of H
    da = zeros_after_the_end((T, N, G), dy.dtype, active)
    db = da
    for t, step_cache in zip(range(T) if reverse else range(T)[::-1], reversed(caches)):
        n = active[t]
        d = [s[:n] for s in dstates]
        da_t, db_t, direct = step.backward([dy[t, :n] + d[0], *d[1:]], step_cache)
        da[t, :n] = da_t
        if db_t is not da_t:
            if db is da:
                db = zeros_after_the_end((T, N, G), dy.dtype, active)
            db[t, :n] = db_t
        dh = db_t @ weights.hh
        if direct[0] is not None:
            dh += direct[0]
        dstates = [first_rows(s, u) for s, u in zip(dstates, [dh, *direct[1:]]) if u is not None]

    dbias_ih = dbias_hh = None
    if weights.bias_ih is not None:
        ones = np.ones(T * N, dy.dtype)  # the sum over the rows, as a product several times faster than sum(axis=0)
        dbias_ih = ones @ da.reshape(T * N, G)
        dbias_hh = dbias_ih if db is da else ones @ db.reshape(T * N, G)
    da, db, before = da.reshape(T * N, G), db.reshape(T * N, G), before.reshape(T * N, H)
    dweight_hh = db.T @ before  # (G·H, H)
    if indices is not None:
        da = embedding_backward(da, (indices, len(x), None))  # (V, G·H)
    dx = da @ weights.ih if input_gradient else None
    if dx is not None and indices is None:
        dx = dx.reshape(T, N, I)
    return dx, dstates, Weights(da.T @ x, dweight_hh, dbias_ih, dbias_hh)


def zeros_after_the_end(shape: tuple[int, ...], dtype: Any, active: Sequence[int]) -> Array:
    """Return an array (..., T, N, features) for the steps to write into; zeros only if some sequences end early."""
    return np.empty(shape, dtype) if all(n == shape[-2] for n in active) else np.zeros(shape, dtype)


def first_rows(old: Array, new: Array) -> Array:
    """Return ``old`` with its first rows replaced by ``new``."""
    return new if len(new) == len(old) else np.concatenate([new, old[len(new) :]])


# -- several layers, both directions -------------------------------------------------------------------------


class Recurrent(Layer):
    """What RNN, LSTM and GRU share.

    Parameters
    ----------
    input_size, hidden_size : I and H.
    num_layers : L; each layer reads the outputs of the one below.
    bias : whether the linear maps have biases.
    batch_first : whether x and y are (N, T, ...) instead of (T, N, ...); the states never are, as in PyTorch.
    dropout : share of the outputs of each layer but the last that are dropped in training.
    bidirectional : whether a second cell reads from the end; its outputs are appended to the features.
    rng : source of the initial weights, uniform in ±1/√H as PyTorch's, and of what is dropped.
    dtype : of the parameters.

    Raises
    ------
    ValueError : a shape does not fit, or a length is not between 1 and T.
    """

    step: Step

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        rng: np.random.Generator,
        dtype: Any = np.float32,
    ) -> None:
        name = type(self).__name__
        if min(input_size, hidden_size, num_layers) < 1:
            raise ValueError(
                f"{name}: sizes must be at least 1, got input {input_size}, hidden {hidden_size}, layers {num_layers}"
            )
        if not 0 <= dropout < 1:
            raise ValueError(f"{name}: dropout is a share of at least 0 and below 1, got {dropout}")
        if dropout and num_layers == 1:
            raise ValueError(f"{name}: dropout acts between layers, but there is only one: put a dropout layer behind")
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, dropout
        self.directions = 2 if bidirectional else 1
        self.input_gradient = True
        if dropout:
            self.rng = rng
        rows, bound = self.step.gates * hidden_size, 1 / np.sqrt(hidden_size)
        for k in range(num_layers):
            columns = input_size if k == 0 else self.directions * hidden_size
            shapes = {"weight_ih": (rows, columns), "weight_hh": (rows, hidden_size)}
            if bias:
                shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
            for suffix in ("", "_reverse")[: self.directions]:
                for kind, shape in shapes.items():
                    value = Parameter(initializers.uniform(shape, -bound, bound, rng, dtype))
                    setattr(self, f"{kind}_l{k}{suffix}", value)

    def _cell(self, k: int, direction: int) -> tuple[Parameter | None, ...]:
        """Return the parameters of one cell, in the order of Weights."""
        suffix = f"_l{k}{'_reverse' if direction else ''}"
        return tuple(getattr(self, kind + suffix, None) for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))

    def _weights(self, k: int, direction: int) -> Weights:
        values: Any = [p.data if p else None for p in self._cell(k, direction)]
        return Weights(*values)

    def _forward(
        self, x: Array, given: Sequence[Array | None], lengths: Array | None, indices: Array | None
    ) -> tuple[Array, ...]:
        """Return y and the final states, from x and the initial states as far as given."""
        self._check(x, given, lengths, indices)
        if indices is not None:
            indices = indices.swapaxes(0, 1) if self.batch_first else indices  # (T, N)
        elif self.batch_first:
            x = x.swapaxes(0, 1)  # (T, N, I)
        T, N = x.shape[:2] if indices is None else indices.shape
        cells, from_table = self.num_layers * self.directions, indices is not None
        states = [np.zeros((cells, N, self.hidden_size), x.dtype) if s is None else s for s in given]
        order, active = None, [N] * T
        if lengths is not None:
            order = np.argsort(-lengths, kind="stable")  # the longest first
            here = np.arange(T)[:, None] < lengths[order]  # (T, N): has the sequence an element at step t?
            active = here.sum(axis=1).tolist()
            if indices is not None:
                indices = indices[:, order]
            else:
                x = np.where(here[:, :, None], x[:, order], 0)  # whatever the padding holds, also NaN, is not used
            states = [s[:, order] for s in states]

        finals, caches = [], []
        for k in range(self.num_layers):
            outputs = []
            for direction in range(self.directions):
                weights = self._weights(k, direction)
                before = [s[k * self.directions + direction] for s in states]
                y, after, cache = sequence_forward(self.step, x, before, weights, active, direction == 1, indices)
                outputs.append(y)
                finals.append(after)
                caches.append(cache)
            x = outputs[0] if self.directions == 1 else np.concatenate(outputs, axis=2)  # (T, N, directions·H)
            mask = None
            if self.dropout and self.training and k < self.num_layers - 1:
                mask = (self.rng.random(x.shape) >= self.dropout).astype(x.dtype) / (1 - self.dropout)
                x = x * mask
            caches.append(mask)
            indices = None  # only the first layer reads a table

        self.remember((order, [s is not None for s in given], from_table, caches))
        y, states = x, [np.stack(state) for state in zip(*finals)]
        if order is not None:
            back = np.argsort(order)
            y, states = y[:, back], [s[:, back] for s in states]
        return y.swapaxes(0, 1) if self.batch_first else y, *states

    def _backward(self, dy: Any, upstream: Sequence[Array | None]) -> tuple[Array | None, ...]:
        """Return the gradients of x and of the initial states; those of final states that are None are zero."""
        order, given, from_table, caches = self.recall()
        dy = dy.swapaxes(0, 1) if self.batch_first else dy
        N, H = dy.shape[1], self.hidden_size
        cells = self.num_layers * self.directions
        dfinal = [np.zeros((cells, N, H), dy.dtype) if d is None else d for d in upstream]
        if order is not None:
            dy, dfinal = dy[:, order], [d[:, order] for d in dfinal]

        dstates = [np.empty_like(d) for d in dfinal]
        for k in reversed(range(self.num_layers)):
            mask = caches.pop()
            if mask is not None:
                dy = dy * mask
            dx: Array | None = None
            for direction in reversed(range(self.directions)):
                cell = k * self.directions + direction
                dx_part, dbefore, dweights = sequence_backward(
                    self.step,
                    dy[:, :, direction * H : (direction + 1) * H],
                    [d[cell] for d in dfinal],
                    caches.pop(),
                    input_gradient=k > 0 or self.input_gradient,
                )
                dx = dx_part if dx is None or dx_part is None else dx + dx_part
                for d, value in zip(dstates, dbefore):
                    d[cell] = value
                for p, d in zip(self._cell(k, direction), dweights):
                    if p:
                        p.grad += d
            dy = dx  # None only after the first layer, the last in this loop

        dx = dy
        if order is not None:
            back = np.argsort(order)
            dx = dx if dx is None or from_table else dx[:, back]
            dstates = [d[:, back] for d in dstates]
        if self.batch_first and dx is not None and not from_table:
            dx = dx.swapaxes(0, 1)
        return dx, *(d if was_given else None for d, was_given in zip(dstates, given))

    def _check(self, x: Array, given: Sequence[Array | None], lengths: Array | None, indices: Array | None) -> None:
        axes = ("N", "T") if self.batch_first else ("T", "N")
        check_float("x", x)
        if indices is not None:
            check_shape("x", x, ("V", self.input_size), "with indices, x is the table of an embedding")
            check_indices("indices", indices, len(x))
            check_shape("indices", indices, axes, f"batch_first is {self.batch_first}")
        else:
            hint = "one vector for each step: embed the tokens first? " if x.ndim == 2 else ""
            check_shape("x", x, (*axes, self.input_size), f"{hint}batch_first is {self.batch_first}")
        T, N = (x if indices is None else indices).shape[:2][:: -1 if self.batch_first else 1]
        for name, state in zip(("h0", "c0"), given):
            if state is not None:
                check_float(name, state)
                expected = (self.num_layers * self.directions, N, self.hidden_size)
                check_shape(name, state, expected, "layers times directions, batch, hidden; also with batch_first")
        if lengths is not None:
            if not isinstance(lengths, np.ndarray) or not np.issubdtype(lengths.dtype, np.integer):
                raise TypeError("lengths must be a NumPy array of whole numbers, one for each sequence")
            check_shape("lengths", lengths, (N,), "one for each sequence of the batch")
            if N and (lengths.min() < 1 or lengths.max() > T):
                wrong = lengths.min() if lengths.min() < 1 else lengths.max()
                raise ValueError(f"lengths: found {wrong}, expected 1 to {T}, the steps of x")

    def skip_input_gradient(self) -> None:
        self.input_gradient = False

    def __repr__(self) -> str:
        more = f", num_layers={self.num_layers}" if self.num_layers > 1 else ""
        more += "" if self.bias else ", bias=False"
        more += ", batch_first=True" if self.batch_first else ""
        more += f", dropout={self.dropout}" if self.dropout else ""
        more += ", bidirectional=True" if self.directions == 2 else ""
        return f"{type(self).__name__}({self.input_size}, {self.hidden_size}{more})"


class OneState(Recurrent):
    """A recurrent layer whose cells remember only h."""

    def forward(
        self, x: Array, h0: Array | None = None, lengths: Array | None = None, indices: Array | None = None
    ) -> tuple[Array, Array]:
        """Return the outputs of the last layer and the final state of every cell.

        Parameters
        ----------
        x : (T, N, I), or (N, T, I) with ``batch_first``.
        h0 : (L·directions, N, H), the state before the first step; zeros if not given.
        lengths : (N,), whole numbers from 1 to T: how many steps of each sequence count; all if not given.
        indices : (T, N), or (N, T) with ``batch_first``; then x is the table of an embedding, (V, I), and what is read
            is ``x[indices]``: the same result and gradient (of the table) as with an Embedding in front, sooner.

        Returns
        -------
        y : (T, N, directions·H), or (N, T, ...); zero beyond the end of a sequence.
        h : (L·directions, N, H), after the last step of each sequence (for the reverse direction: its first).
        """
        y, h = self._forward(x, (h0,), lengths, indices)
        return y, h

    def backward(self, dy: Array, dh: Array | None = None) -> tuple[Array | None, ...]:
        """Return ``dx`` and ``dh0``, from the gradients of y and h (zero if None); dh0 is None if no h0 was given."""
        return self._backward(dy, (dh,))


class RNN(OneState):
    """A plain recurrent network; see :func:`groundup.scratch.layers.cells.tanh_step_forward`.

    Parameters as :class:`Recurrent`, and

    Parameters
    ----------
    nonlinearity : "tanh" or "relu".
    """

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, nonlinearity: str = "tanh", **options: Any
    ) -> None:
        self.step = rnn_step(nonlinearity)
        super().__init__(input_size, hidden_size, num_layers, **options)


class GRU(OneState):
    """Gated recurrent units; see :func:`groundup.scratch.layers.cells.gru_step_forward`; parameters as Recurrent."""

    step = GRU_STEP


class LSTM(Recurrent):
    """Long short-term memory; see :func:`groundup.scratch.layers.cells.lstm_step_forward`; parameters as Recurrent."""

    step = LSTM_STEP

    def forward(
        self,
        x: Array,
        h0: Array | None = None,
        c0: Array | None = None,
        lengths: Array | None = None,
        indices: Array | None = None,
    ) -> tuple[Array, Array, Array]:
        """Return the outputs of the last layer and the final states of every cell; as :meth:`OneState.forward`.

        PyTorch nests the states, ``y, (h, c)``; here they stand side by side: y, h, c.
        """
        y, h, c = self._forward(x, (h0, c0), lengths, indices)
        return y, h, c

    def backward(self, dy: Array, dh: Array | None = None, dc: Array | None = None) -> tuple[Array | None, ...]:
        """Return ``dx``, ``dh0`` and ``dc0``, from the gradients of y, h and c (zero if None).

        The gradient of an initial state that was not given is None.
        """
        return self._backward(dy, (dh, dc))
