"""Embeddings: vectors for whole numbers. Which token it is, and at which position it stands."""

from __future__ import annotations

from typing import Any

import numpy as np

from groundup.scratch import initializers
from groundup.scratch.checks import check_float, check_shape
from groundup.scratch.layer import Layer
from groundup.scratch.parameter import Parameter

__all__ = ["Embedding", "LearnedPositions", "RotaryEmbedding", "SinusoidalPositions"]

Array = np.ndarray

SMALL_TABLE = 128  # rows up to which the gradient of an embedding is a product with the one-hot matrix


# -- tokens --------------------------------------------------------------------------------------------------


def embedding_forward(indices: Array, weight: Array, padding_idx: int | None = None) -> tuple[Array, Any]:
    """Look up rows of a table: ``y = W[indices]``.

    Derivation of the gradient: with each index written as a one-hot row, the lookup is the linear layer
    ``y = onehot W``; hence ``dW = onehotᵀ dy``: row v of dW is the sum of dy over all places where v stands. The
    indices are whole numbers and have no gradient.

    Parameters
    ----------
    indices : (...), whole numbers from 0 to V - 1.
    weight : (V, D), one row for each word of the vocabulary.
    padding_idx : a row that is looked up but not trained, as it only fills short sequences; or None.

    Returns
    -------
    y : (..., D)
    cache : what :func:`embedding_backward` needs.
    """
    return weight[indices], (indices, len(weight), padding_idx)


def embedding_backward(dy: Array, cache: Any) -> Array:
    """Return ``dweight`` (V, D): for each row the sum of ``dy`` over the places where it was looked up.

    ``dweight[indices] += dy`` would be wrong (a repeated index counts once), and ``np.add.at``, which is right, goes
    through the places one by one. For a small table the one-hot matrix is written out and multiplied, as in the
    derivation. For a large one that would be almost only zeros: there the places are sorted by index, so that equal
    ones stand together, and each group is summed at once.
    """
    indices, V, padding_idx = cache
    flat, rows = indices.reshape(-1), dy.reshape(indices.size, dy.shape[-1])  # (M,), (M, D)
    if V <= SMALL_TABLE:
        onehot = np.zeros((V, flat.size), dy.dtype)
        onehot[flat, np.arange(flat.size)] = 1
        dweight = onehot @ rows
    else:
        order = np.argsort(flat, kind="stable")
        found, starts = np.unique(flat[order], return_index=True)
        dweight = np.zeros((V, dy.shape[-1]), dy.dtype)
        if flat.size:
            dweight[found] = np.add.reduceat(rows[order], starts, axis=0)
    if padding_idx is not None:
        dweight[padding_idx] = 0
    return dweight


class Embedding(Layer):
    """A table with one trained vector for each token; see :func:`embedding_forward`.

    Parameters
    ----------
    num_embeddings, embedding_dim : V and D.
    padding_idx : the token that fills short sequences: its vector starts at zero and stays; negative counts from the
        end.
    rng : source of the initial weights, standard normal as PyTorch's.
    dtype : of the parameters.

    Raises
    ------
    TypeError : the indices are not whole numbers.
    ValueError : an index is outside of the table.

    Notes
    -----
    Source: Bengio et al. 2003, "A neural probabilistic language model", section 2.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        rng: np.random.Generator,
        dtype: Any = np.float32,
    ) -> None:
        V = num_embeddings
        if V < 1 or embedding_dim < 1:
            raise ValueError(f"Embedding: sizes must be at least 1, got a table of {V} rows of {embedding_dim}")
        if padding_idx is not None and not -V <= padding_idx < V:
            raise ValueError(f"padding_idx: got {padding_idx}, but the table has {V} rows (0 to {V - 1})")
        self.padding_idx = None if padding_idx is None else padding_idx % V
        self.weight = Parameter(initializers.normal((V, embedding_dim), 0.0, 1.0, rng, dtype))
        if self.padding_idx is not None:
            self.weight.data[self.padding_idx] = 0

    def forward(self, indices: Array) -> Array:
        indices = np.asarray(indices)
        check_indices("indices", indices, len(self.weight.data))
        y, cache = embedding_forward(indices, self.weight.data, self.padding_idx)
        self.remember(cache)
        return y

    def backward(self, dy: Array) -> None:
        """Add to the gradient of the weight; the indices have none."""
        self.weight.grad += embedding_backward(dy, self.recall())

    def __repr__(self) -> str:
        V, D = self.weight.shape
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"Embedding({V}, {D}{padding})"


def check_indices(name: str, indices: Array, size: int) -> None:
    """Raise TypeError or ValueError unless ``indices`` are whole numbers from 0 to ``size - 1``."""
    if not np.issubdtype(indices.dtype, np.integer):
        raise TypeError(f"{name} must hold whole numbers (which row of the table), got {indices.dtype}")
    if indices.size and (indices.min() < 0 or indices.max() >= size):
        wrong = indices.min() if indices.min() < 0 else indices.max()
        raise ValueError(
            f"{name}: found {wrong}, but the table has {size} rows (0 to {size - 1}): "
            "was the text encoded with another vocabulary?"
        )


# -- positions -----------------------------------------------------------------------------------------------


def position_angles(start: int, T: int, D: int, base: float = 10_000.0) -> Array:
    """Return ``angle[t, i] = (start + t) / base^(2i/D)``, of shape (T, D/2), in float64 and radians.

    The first pair of features turns by one radian a position, like a second hand; the last so slowly that it hardly
    moves over a long text. Together they tell every position, as the hands of a clock tell the time.
    """
    return np.arange(start, start + T)[:, None] * base ** (-np.arange(0, D, 2) / D)


def sinusoidal_positions(T: int, D: int, start: int = 0, dtype: Any = np.float32) -> Array:
    """Return the fixed table of positions (T, D) of the Transformer, D even.

    ``P[t, 2i] = sin(t / 10000^(2i/D))`` and ``P[t, 2i+1] = cos(t / 10000^(2i/D))``. Because sine and cosine of
    t + k are a rotation of those of t, a linear layer can learn to look k positions back.
    Source: Vaswani et al. 2017, "Attention is all you need", section 3.5.
    """
    angles = position_angles(start, T, D)
    table = np.empty((T, D), dtype)
    table[:, 0::2], table[:, 1::2] = np.sin(angles), np.cos(angles)
    return table


class SinusoidalPositions(Layer):
    """Add the fixed table of positions, ``y = x + P``; see :func:`sinusoidal_positions`. Gradient: ``dx = dy``.

    Parameters
    ----------
    embedding_dim : D, even.
    """

    def __init__(self, embedding_dim: int) -> None:
        check_even("SinusoidalPositions", embedding_dim)
        self.embedding_dim = embedding_dim

    def forward(self, x: Array, start: int = 0) -> Array:
        """Return ``x + P`` for x (..., T, D); ``start`` is the position of the first row (in generation, not 0)."""
        check_positions(x, self.embedding_dim, start)
        self.remember(None)
        return x + sinusoidal_positions(x.shape[-2], self.embedding_dim, start, x.dtype)

    def backward(self, dy: Array) -> Array:
        self.recall()
        return dy.copy()

    def __repr__(self) -> str:
        return f"SinusoidalPositions({self.embedding_dim})"


def learned_positions_forward(x: Array, weight: Array, start: int = 0) -> tuple[Array, Any]:
    """Add a trained vector for each position: ``y[..., t, :] = x[..., t, :] + W[start + t]``.

    Gradient: a sum hands dy to both summands, ``dx = dy``; and as each row of W was added to every example of the
    batch, its gradient is the sum of dy over the batch.

    Parameters
    ----------
    x : (..., T, D)
    weight : (L, D) with L the longest sequence, at least start + T.
    start : the position of the first row of x.

    Returns
    -------
    y : (..., T, D)
    cache : what :func:`learned_positions_backward` needs.

    Notes
    -----
    Source: Gehring et al. 2017, "Convolutional sequence to sequence learning", section 3.1.
    """
    T = x.shape[-2]
    return x + weight[start : start + T], (start, len(weight))


def learned_positions_backward(dy: Array, cache: Any) -> tuple[Array, Array]:
    """Return ``dx`` (..., T, D) and ``dweight`` (L, D); see :func:`learned_positions_forward`."""
    start, L = cache
    T, D = dy.shape[-2:]
    dweight = np.zeros((L, D), dy.dtype)
    dweight[start : start + T] = dy.reshape(-1, T, D).sum(axis=0) if dy.size else 0
    return dy.copy(), dweight


class LearnedPositions(Layer):
    """Add a trained vector for each position; see :func:`learned_positions_forward`.

    Parameters
    ----------
    num_positions, embedding_dim : L, the longest sequence, and D.
    rng : source of the initial weights, standard normal as PyTorch's Embedding.
    dtype : of the parameters.

    Raises
    ------
    ValueError : a sequence is longer than L.
    """

    def __init__(
        self, num_positions: int, embedding_dim: int, *, rng: np.random.Generator, dtype: Any = np.float32
    ) -> None:
        if num_positions < 1 or embedding_dim < 1:
            raise ValueError(
                f"LearnedPositions: sizes must be at least 1, got {num_positions} positions of {embedding_dim}"
            )
        self.weight = Parameter(initializers.normal((num_positions, embedding_dim), 0.0, 1.0, rng, dtype))

    def forward(self, x: Array, start: int = 0) -> Array:
        """Return ``x + W[start : start + T]`` for x (..., T, D); ``start`` is the position of the first row."""
        L, D = self.weight.shape
        check_positions(x, D, start)
        if start + x.shape[-2] > L:
            raise ValueError(
                f"x: positions {start} to {start + x.shape[-2] - 1}, but only {L} were learned (0 to {L - 1}): "
                "cut the sequence, or build the layer for longer ones"
            )
        y, cache = learned_positions_forward(x, self.weight.data, start)
        self.remember(cache)
        return y

    def backward(self, dy: Array) -> Array:
        dx, dweight = learned_positions_backward(dy, self.recall())
        self.weight.grad += dweight
        return dx

    def __repr__(self) -> str:
        return f"LearnedPositions({self.weight.shape[0]}, {self.weight.shape[1]})"


def rotary_forward(x: Array, start: int = 0, base: float = 10_000.0) -> tuple[Array, Any]:
    """Turn each pair of features by an angle that grows with the position.

    ``(y₂ᵢ, y₂ᵢ₊₁) = (x₂ᵢ cos θ - x₂ᵢ₊₁ sin θ, x₂ᵢ sin θ + x₂ᵢ₊₁ cos θ)`` with ``θ = t / base^(2i/D)`` at position t.
    Applied to queries and keys of attention: a scalar product does not change when both vectors turn alike, so that
    of query t and key s depends on t - s only, on how far apart they are.

    Derivation of the gradient: y is an orthogonal matrix times x, and the gradient is multiplied by its transpose,
    which turns back: the same formula with -θ.

    Parameters
    ----------
    x : (..., T, D), D even.
    start : the position of the first row of x.
    base : ratio of the fastest and (nearly) the slowest turning.

    Returns
    -------
    y : (..., T, D)
    cache : what :func:`rotary_backward` needs.

    Notes
    -----
    Pairs are neighbours, as in the paper; some implementations pair feature i with i + D/2, which is the same up to
    the order of the features. Source: Su et al. 2021, "RoFormer", section 3.2.2, equation 34.
    """
    T, D = x.shape[-2:]
    angles = position_angles(start, T, D, base)
    cos, sin = np.cos(angles).astype(x.dtype), np.sin(angles).astype(x.dtype)  # (T, D/2)
    even, odd = x[..., 0::2], x[..., 1::2]
    y = np.empty(x.shape, x.dtype)
    y[..., 0::2] = even * cos - odd * sin
    y[..., 1::2] = even * sin + odd * cos
    return y, (cos, sin)


def rotary_backward(dy: Array, cache: Any) -> Array:
    """Return ``dx`` (..., T, D): ``dy`` turned back; see :func:`rotary_forward`."""
    cos, sin = cache
    even, odd = dy[..., 0::2], dy[..., 1::2]
    dx = np.empty(dy.shape, dy.dtype)
    dx[..., 0::2] = even * cos + odd * sin
    dx[..., 1::2] = odd * cos - even * sin
    return dx


class RotaryEmbedding(Layer):
    """Positions as rotations of queries and keys; see :func:`rotary_forward`.

    Parameters
    ----------
    dim : D, even: in attention the width of one head.
    base : of the angles.
    """

    def __init__(self, dim: int, base: float = 10_000.0) -> None:
        check_even("RotaryEmbedding", dim)
        if not base > 0:
            raise ValueError(f"base: got {base}, expected a positive number")
        self.dim, self.base = dim, base

    def forward(self, x: Array, start: int = 0) -> Array:
        """Return x (..., T, D), turned; ``start`` is the position of the first row (with a cache of keys, not 0)."""
        check_positions(x, self.dim, start)
        y, cache = rotary_forward(x, start, self.base)
        self.remember(cache)
        return y

    def backward(self, dy: Array) -> Array:
        return rotary_backward(dy, self.recall())

    def __repr__(self) -> str:
        return f"RotaryEmbedding({self.dim}, base={self.base:g})"


def check_even(name: str, D: int) -> None:
    """Raise ValueError unless D is even and positive."""
    if D < 2 or D % 2:
        raise ValueError(f"{name}: features come in pairs, got width {D}: choose an even one")


def check_positions(x: Array, D: int, start: int) -> None:
    """Raise an error unless x is (..., T, D) of floats and ``start`` a position."""
    check_float("x", x)
    check_shape("x", x, ("...", "T", D), "embed the tokens first, and use the width of the embedding")
    if start < 0:
        raise ValueError(f"start: got {start}, but positions count from 0")
