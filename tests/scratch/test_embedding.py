"""Embeddings of tokens and positions: repeated indices, padding, rotations, long texts, errors."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup import scratch as gu
from groundup.scratch.layers.embedding import (
    embedding_backward,
    embedding_forward,
    learned_positions_backward,
    learned_positions_forward,
    position_angles,
    rotary_backward,
    rotary_forward,
    sinusoidal_positions,
)


@settings(max_examples=60, deadline=None)
@given(
    shape=st.lists(st.integers(0, 6), min_size=0, max_size=3).map(tuple),
    V=st.sampled_from([1, 2, 9, 300]),
    D=st.integers(1, 5),
    index_type=st.sampled_from([np.int64, np.int32, np.uint8]),
    dtype=st.sampled_from([np.float32, np.float64]),
    strided=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_backward_is_the_sum_over_places(shape, V, D, index_type, dtype, strided, seed):
    """The definition: one place after the other, also for repeated indices, none at all, and views with strides."""
    rng = np.random.default_rng(seed)
    indices = rng.integers(0, min(V, 256), shape).astype(index_type)
    dy = rng.standard_normal((*shape, 2 * D if strided else D)).astype(dtype)[..., :: 2 if strided else 1]
    weight = rng.standard_normal((V, D)).astype(dtype)
    y, cache = embedding_forward(indices, weight)
    dweight = embedding_backward(dy, cache)
    right = np.zeros((V, D))
    for place in np.ndindex(shape):
        np.testing.assert_array_equal(y[place], weight[indices[place]])
        right[indices[place]] += dy[place]
    assert dweight.dtype == y.dtype == dtype
    np.testing.assert_allclose(dweight, right, atol=1e-4 if dtype == np.float32 else 1e-12)


def test_padding_is_looked_up_but_not_trained():
    rng = np.random.default_rng(0)
    mine = gu.Embedding(5, 3, padding_idx=-2, rng=rng, dtype=np.float64)
    assert not mine.weight.data[3].any()
    twin = torch.nn.Embedding(5, 3, padding_idx=-2).double()
    mine.weight.data[3] = 7.0  # a pretrained table may hold anything there
    twin.load_state_dict({name: torch.from_numpy(value) for name, value in mine.state_dict().items()})
    indices, dy = rng.integers(0, 5, (4, 11)), rng.standard_normal((4, 11, 3))
    assert (indices == 3).any()
    y = mine(indices)
    assert mine.backward(dy) is None
    out = twin(torch.from_numpy(indices))
    out.backward(torch.from_numpy(dy))
    np.testing.assert_array_equal(y, out.detach().numpy())
    np.testing.assert_allclose(mine.weight.grad, np.asarray(twin.weight.grad), rtol=1e-12)
    assert not mine.weight.grad[3].any()


def test_initial_weights_are_standard_normal():
    weight = gu.Embedding(500, 200, rng=np.random.default_rng(0)).weight.data
    assert weight.dtype == np.float32
    assert abs(weight.mean()) < 0.02
    assert abs(weight.std() - 1) < 0.02


def test_sinusoids_by_the_papers_formula():
    table = sinusoidal_positions(5, 6, start=2, dtype=np.float64)
    for t in range(5):
        for i in range(3):
            angle = (t + 2) / 10000 ** (2 * i / 6)
            np.testing.assert_allclose(table[t, 2 * i : 2 * i + 2], [np.sin(angle), np.cos(angle)], rtol=1e-12)


def test_late_positions_are_exact_in_float32():
    """The angle is computed in float64: at position 10⁶ a float32 angle would be off by a twentieth of a radian."""
    single = sinusoidal_positions(1, 64, start=1_000_001, dtype=np.float32)
    double = sinusoidal_positions(1, 64, start=1_000_001, dtype=np.float64)
    assert single.dtype == np.float32
    assert np.abs(single - double).max() < 1e-7


@pytest.mark.parametrize("learned", [False, True])
def test_a_text_in_two_pieces(learned):
    rng = np.random.default_rng(1)
    layer = gu.LearnedPositions(9, 4, rng=rng) if learned else gu.SinusoidalPositions(4)
    x = rng.standard_normal((2, 7, 4)).astype(np.float32)
    np.testing.assert_array_equal(layer(x)[:, 3:], layer(x[:, 3:], start=3))


@settings(max_examples=40, deadline=None)
@given(
    lead=st.lists(st.integers(0, 3), max_size=2).map(tuple),
    T=st.integers(0, 6),
    pairs=st.integers(1, 4),
    start=st.integers(0, 50),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 1000),
)
def test_rotation_keeps_lengths_and_its_backward_turns_back(lead, T, pairs, start, dtype, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((2 * pairs, T, *lead)).astype(dtype).T  # not contiguous
    y, cache = rotary_forward(x, start)
    assert y.shape == x.shape
    assert y.dtype == dtype
    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(np.square(y).sum(-1), np.square(x).sum(-1), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(rotary_backward(y, cache), x, atol=tolerance)


def test_rotated_products_depend_on_the_distance_only():
    rng = np.random.default_rng(2)
    query, key = rng.standard_normal((2, 1, 8))

    def product(t, s):
        return float((rotary_forward(query, t)[0] * rotary_forward(key, s)[0]).sum())

    np.testing.assert_allclose([product(5, 2), product(105, 102), product(3, 0)], product(5, 2), rtol=1e-10)
    assert abs(product(5, 2) - product(5, 3)) > 1e-3


def test_rotation_by_the_papers_matrix():
    """Equation 15 of the paper: a block-diagonal matrix of 2x2 rotations."""
    x = np.random.default_rng(3).standard_normal((4, 6))
    angles = position_angles(0, 4, 6)
    for t in range(4):
        matrix = np.zeros((6, 6))
        for i, angle in enumerate(angles[t]):
            block = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
            matrix[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = block
        np.testing.assert_allclose(rotary_forward(x)[0][t], matrix @ x[t], atol=1e-12)


@pytest.mark.parametrize("shape", [(0, 3, 4), (2, 0, 4), (3, 4)])
def test_learned_positions_of_empty_and_single_inputs(shape):
    rng = np.random.default_rng(4)
    y, cache = learned_positions_forward(np.zeros(shape), rng.standard_normal((5, 4)))
    dx, dweight = learned_positions_backward(np.ones(shape), cache)
    assert y.shape == dx.shape == shape
    right = np.zeros((5, 4))
    right[: shape[-2]] = shape[0] if len(shape) == 3 else 1
    np.testing.assert_array_equal(dweight, right)


RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: gu.Embedding(65, 4, rng=RNG)(np.array([3, 70])), ValueError, r"found 70, but the table has 65 rows"),
        (lambda: gu.Embedding(65, 4, rng=RNG)(np.array([3, -1])), ValueError, r"found -1, but the table has 65 rows"),
        (lambda: gu.Embedding(65, 4, rng=RNG)(np.array([3.0])), TypeError, "whole numbers .* got float64"),
        (lambda: gu.Embedding(65, 4, padding_idx=65, rng=RNG), ValueError, "padding_idx: got 65"),
        (lambda: gu.Embedding(0, 4, rng=RNG), ValueError, "sizes must be at least 1"),
        (lambda: gu.LearnedPositions(3, 0, rng=RNG), ValueError, "sizes must be at least 1"),
        (lambda: gu.LearnedPositions(3, 2, rng=RNG)(np.zeros((4, 2))), ValueError, "positions 0 to 3, but only 3 were"),
        (lambda: gu.SinusoidalPositions(5), ValueError, "come in pairs, got width 5"),
        (
            lambda: gu.SinusoidalPositions(4)(np.zeros((3, 6))),
            ValueError,
            r"got shape \(3, 6\), expected \(..., T, 4\)",
        ),
        (lambda: gu.SinusoidalPositions(4)(np.zeros((3, 4), int)), TypeError, "must hold floats"),
        (lambda: gu.SinusoidalPositions(4)(np.zeros((3, 4)), start=-1), ValueError, "start: got -1"),
        (lambda: gu.RotaryEmbedding(7), ValueError, "come in pairs, got width 7"),
        (lambda: gu.RotaryEmbedding(4, base=0.0), ValueError, "base: got 0.0"),
        (lambda: gu.RotaryEmbedding(4).backward(np.zeros((3, 4))), RuntimeError, "call forward first"),
    ],
)
def test_errors(call, error, says):
    with pytest.raises(error, match=says):
        call()
