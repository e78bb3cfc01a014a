"""Recurrent layers: the definition step by step, lengths, truncated back-propagation, extreme inputs, errors."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup import scratch as gu
from groundup.scratch.gradcheck import relative_error
from groundup.scratch.layers.cells import GRU_STEP, LSTM_STEP, RELU, TANH, Weights, cell_backward, cell_forward
from groundup.scratch.layers.recurrent import sequence_backward, sequence_forward

backward: Any = sequence_backward  # Any: what may be None in general is not None here

STEPS = {"tanh": TANH, "relu": RELU, "lstm": LSTM_STEP, "gru": GRU_STEP}
LAYERS = {"rnn": gu.RNN, "lstm": gu.LSTM, "gru": gu.GRU}
TWINS = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}


def drawn_weights(step, I, H, rng):
    G = step.gates * H
    return Weights(*(rng.standard_normal(shape) * 0.3 for shape in ((G, I), (G, H), (G,), (G,))))


def by_definition(step: Any, x: Any, states: Any, weights: Any, dy: Any, dstates: Any) -> Any:
    """T calls of the cell, one after the other; then T backwards, in reverse, summing what the weights receive."""
    T = len(x)
    y, caches = [], []
    for t in range(T):
        states, cache = cell_forward(step, x[t], states, weights)
        y.append(states[0])
        caches.append(cache)
    dx, total = [], [np.zeros_like(w) for w in weights]
    for t in reversed(range(T)):
        dstates = [dstates[0] + dy[t], *dstates[1:]]
        dx_t, dstates, dweights = cell_backward(step, dstates, caches[t])
        dx.insert(0, dx_t)
        total = [a + b for a, b in zip(total, dweights)]
    return np.stack(y), states, np.stack(dx), dstates, total


@pytest.mark.parametrize("name", STEPS)
def test_sequence_is_the_cell_step_by_step(name):
    step, (T, N, I, H), rng = STEPS[name], (7, 3, 2, 5), np.random.default_rng(0)
    weights = drawn_weights(step, I, H, rng)
    x, dy = rng.standard_normal((T, N, I)), rng.standard_normal((T, N, H))
    states, dstates = rng.standard_normal((2, step.states, N, H))
    right = by_definition(step, x, list(states), weights, dy, list(dstates))

    y, after, cache = sequence_forward(step, x, list(states), weights, [N] * T)
    dx, dbefore, dweights = backward(step, dy, list(dstates), cache)
    for mine, definition in zip((y, dx), (right[0], right[2])):
        assert relative_error(mine, definition) < 1e-12
    for mine, definition in zip((after, dbefore, dweights), (right[1], right[3], right[4])):
        assert max(relative_error(a, b) for a, b in zip(mine, definition)) < 1e-12


@pytest.mark.parametrize("name", STEPS)
def test_sequence_kernels_leave_their_arguments_alone(name):
    step, rng = STEPS[name], np.random.default_rng(0)
    weights = drawn_weights(step, 2, 3, rng)
    x, states = rng.standard_normal((4, 3, 2)), list(rng.standard_normal((step.states, 3, 3)))
    before = [np.array(a) for a in (x, *states, *weights)]
    y, after, cache = sequence_forward(step, x, states, weights, [3, 2, 2, 0])
    first = backward(step, y, after, cache)
    again = backward(step, y, after, cache)  # the cache may be used twice
    np.testing.assert_array_equal(first[0], again[0])
    for a, b in zip([x, *states, *weights], before):
        np.testing.assert_array_equal(a, b)


@settings(max_examples=30, deadline=None)
@given(
    name=st.sampled_from(list(LAYERS)),
    lengths=st.lists(st.integers(1, 5), min_size=0, max_size=4),
    layers=st.integers(1, 2),
    bidirectional=st.booleans(),
    batch_first=st.booleans(),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 1000),
)
def test_each_sequence_is_as_if_alone(name, lengths, layers, bidirectional, batch_first, dtype, seed):
    """A padded batch gives for each sequence what that sequence gives by itself, whatever the padding holds."""
    rng = np.random.default_rng(seed)
    options = {"num_layers": layers, "bidirectional": bidirectional, "batch_first": batch_first}
    layer = LAYERS[name](3, 2, **options, rng=rng, dtype=dtype)
    T, N, D = 5, len(lengths), 1 + bidirectional
    x = np.full((T, N, 3), np.nan, dtype)  # padding that must not be read
    for n, length in enumerate(lengths):
        x[:length, n] = rng.standard_normal((length, 3))
    turn = (lambda a: a.swapaxes(0, 1)) if batch_first else (lambda a: a)

    y, *states = layer(turn(x), lengths=np.array(lengths, int))
    y = turn(y)
    assert y.shape == (T, N, 2 * D)
    assert y.dtype == dtype
    assert all(s.shape == (layers * D, N, 2) and s.dtype == dtype for s in states)
    dy = rng.standard_normal(y.shape).astype(dtype)
    dx = turn(layer.backward(turn(dy))[0])
    together = {key: p.grad.copy() for key, p in layer.named_parameters()}
    layer.zero_grad()
    tolerance = 1e-4 if dtype == np.float32 else 1e-11
    for n, length in enumerate(lengths):
        alone, *final = layer(turn(x[:length, n : n + 1]))
        np.testing.assert_allclose(y[:length, n], turn(alone)[:, 0], atol=tolerance)
        assert not y[length:, n].any()
        for a, b in zip(states, final):
            np.testing.assert_allclose(a[:, n], b[:, 0], atol=tolerance)
        dalone = turn(layer.backward(turn(dy[:length, n : n + 1]))[0])
        np.testing.assert_allclose(dx[:length, n], dalone[:, 0], atol=tolerance)
        assert not dx[length:, n].any()
    for key, p in layer.named_parameters():
        np.testing.assert_allclose(together[key], p.grad, atol=10 * tolerance)


@pytest.mark.parametrize("name", LAYERS)
def test_truncated_backpropagation_is_detach(name):
    """Windows of 3 steps: the state is carried on, its gradient is not; as PyTorch's with ``detach``."""
    rng = np.random.default_rng(1)
    layer = LAYERS[name](4, 5, rng=rng, dtype=np.float64)
    twin = TWINS[name](4, 5).double()
    twin.load_state_dict({key: torch.from_numpy(value) for key, value in layer.state_dict().items()})
    x, dy = rng.standard_normal((9, 2, 4)), rng.standard_normal((9, 2, 5))

    states, dx = (), []
    for start in range(0, 9, 3):
        _, *states = layer(x[start : start + 3], *states)
        dx.append(layer.backward(dy[start : start + 3])[0])

    tensor, carried = torch.from_numpy(x).requires_grad_(), None
    for start in range(0, 9, 3):
        out, carried = twin(tensor[start : start + 3], carried)
        carried = tuple(s.detach() for s in carried) if isinstance(carried, tuple) else carried.detach()
        out.backward(torch.from_numpy(dy[start : start + 3]))
    assert relative_error(np.concatenate(dx), np.asarray(tensor.grad)) < 1e-10
    truncated = {key: p.grad.copy() for key, p in layer.named_parameters()}
    for key, p in twin.named_parameters():
        assert relative_error(truncated[key], np.asarray(p.grad)) < 1e-10

    layer.zero_grad()  # and the test can tell: through all nine steps the gradients are others
    layer(x)
    layer.backward(dy)
    assert relative_error(truncated["weight_hh_l0"], dict(layer.named_parameters())["weight_hh_l0"].grad) > 1e-3


@pytest.mark.parametrize("name", LAYERS)
def test_windows_with_the_gradient_passed_on_are_the_whole(name):
    """Carrying dh (and dc) from window to window, last first, gives the untruncated gradient."""
    rng = np.random.default_rng(2)
    layer = LAYERS[name](4, 5, rng=rng, dtype=np.float64)
    x, dy = rng.standard_normal((6, 2, 4)), rng.standard_normal((6, 2, 5))
    layer(x)
    layer.backward(dy)
    whole = {key: p.grad.copy() for key, p in layer.named_parameters()}
    layer.zero_grad()
    _, *states = layer(x[:4])
    layer(x[4:], *states)
    _, *dstates = layer.backward(dy[4:])
    layer.backward(dy[:4], *dstates)
    for key, p in layer.named_parameters():
        assert relative_error(p.grad, whole[key]) < 1e-12


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("batch_first", [False, True])
def test_a_table_with_indices_is_an_embedding_in_front(name, batch_first):
    rng = np.random.default_rng(3)
    embedding = gu.Embedding(11, 4, rng=rng, dtype=np.float64)
    options = {"num_layers": 2, "bidirectional": True, "batch_first": batch_first}
    layer = LAYERS[name](4, 5, **options, rng=rng, dtype=np.float64)
    indices = rng.integers(0, 11, (3, 7))
    y, *states = layer(embedding(indices))
    dy = rng.standard_normal(y.shape)
    embedding.backward(layer.backward(dy)[0])
    right = {key: p.grad.copy() for key, p in layer.named_parameters()}
    layer.zero_grad()
    z, *others = layer(embedding.weight.data, indices=indices)
    dtable = layer.backward(dy)[0]
    assert relative_error(z, y) < 1e-12
    assert max(relative_error(a, b) for a, b in zip(others, states)) < 1e-12
    assert relative_error(dtable, embedding.weight.grad) < 1e-12
    assert all(relative_error(p.grad, right[key]) < 1e-12 for key, p in layer.named_parameters())


@pytest.mark.parametrize("name", LAYERS)
def test_saturated_gates_are_finite(name):
    rng = np.random.default_rng(4)
    layer = LAYERS[name](3, 5, rng=rng)
    x = np.array([1e4, -1e4, 1e4], np.float32) * np.ones((6, 2, 1), np.float32)
    y, *_ = layer(x)
    dx = layer.backward(np.ones_like(y))[0]
    assert np.isfinite(y).all()
    assert np.isfinite(dx).all()
    assert all(np.isfinite(p.grad).all() for p in layer.parameters())


def test_an_open_forget_gate_keeps_the_memory():
    """With f = 1 and i = 0 the cell state, and its gradient, pass 200 steps unchanged."""
    layer = gu.LSTM(2, 3, rng=np.random.default_rng(5), dtype=np.float64)
    for p in layer.parameters():
        p.data[...] = 0
    dict(layer.named_parameters())["bias_ih_l0"].data[:6] = [-1e3] * 3 + [1e3] * 3
    c0 = np.random.default_rng(6).standard_normal((1, 4, 3))
    y, _, c = layer(np.zeros((200, 4, 2)), np.zeros((1, 4, 3)), c0)
    np.testing.assert_array_equal(c, c0)
    _, _, dc0 = layer.backward(np.zeros_like(y), None, np.ones_like(c))
    np.testing.assert_array_equal(dc0, np.ones_like(c0))


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("shape", [(0, 3, 2), (3, 0, 2)])
def test_empty(name, shape):
    layer = LAYERS[name](2, 5, rng=np.random.default_rng(0))
    y, *_ = layer(np.zeros(shape, np.float32))
    assert y.shape == (*shape[:2], 5)
    assert np.shape(layer.backward(y)[0]) == shape
    assert not any(p.grad.any() for p in layer.parameters())


def test_dropout_acts_between_layers_in_training_only():
    rng = np.random.default_rng(7)
    layer = gu.GRU(3, 50, num_layers=2, dropout=0.5, rng=rng)
    x = rng.standard_normal((4, 2, 3)).astype(np.float32)
    (a, first), (b, again) = layer(x), layer(x)
    assert not np.allclose(a, b)
    np.testing.assert_array_equal(first[0], again[0])  # the layer below is not touched
    layer.eval()
    plain = gu.GRU(3, 50, num_layers=2, rng=rng)
    plain.load_state_dict(layer.state_dict())
    np.testing.assert_array_equal(layer(x)[0], layer(x)[0])
    np.testing.assert_array_equal(layer(x)[0], plain(x)[0])


def test_skipped_input_gradient():
    layer = gu.LSTM(3, 5, num_layers=2, bidirectional=True, rng=np.random.default_rng(0))
    x = np.ones((4, 2, 3), np.float32)
    layer.backward(layer(x)[0])
    right = [p.grad.copy() for p in layer.parameters()]
    layer.zero_grad()
    layer.skip_input_gradient()
    assert layer.backward(layer(x)[0])[0] is None
    for p, g in zip(layer.parameters(), right):
        np.testing.assert_array_equal(p.grad, g)


def test_parameters_in_pytorchs_order():
    layer = gu.LSTM(3, 5, num_layers=2, bidirectional=True, rng=np.random.default_rng(0))
    twin = torch.nn.LSTM(3, 5, num_layers=2, bidirectional=True)
    mine = [(name, value.shape) for name, value in layer.state_dict().items()]
    assert mine == [(name, tuple(value.shape)) for name, value in twin.state_dict().items()]


X = np.zeros((4, 3, 2), np.float32)  # T, N, I


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (
            lambda layer: layer(X[..., :1]),
            ValueError,
            r"got shape \(4, 3, 1\), expected \(T, N, 2\): batch_first is False",
        ),
        (lambda layer: layer(X[0]), ValueError, "embed the tokens first"),
        (lambda layer: layer(X.astype(int)), TypeError, "must hold floats"),
        (lambda layer: layer(X, X[:1]), ValueError, r"h0: got shape \(1, 3, 2\), expected \(1, 3, 5\)"),
        (lambda layer: layer(X, lengths=np.array([1, 5, 2])), ValueError, "lengths: found 5, expected 1 to 4"),
        (lambda layer: layer(X, lengths=np.array([1, 0, 2])), ValueError, "lengths: found 0, expected 1 to 4"),
        (lambda layer: layer(X, lengths=np.array([1.0, 2, 3])), TypeError, "whole numbers"),
        (lambda layer: layer(X, lengths=np.array([1, 2])), ValueError, "one for each sequence"),
        (lambda layer: layer(X[0], indices=np.array([[3]])), ValueError, "found 3, but the table has 3 rows"),
        (lambda layer: layer(X, indices=np.array([[0]])), ValueError, "x is the table of an embedding"),
        (lambda layer: layer.backward(X), RuntimeError, "call forward first"),
    ],
)
@pytest.mark.parametrize("kind", LAYERS.values())
def test_errors(kind, call, error, says):
    with pytest.raises(error, match=says):
        call(kind(2, 5, rng=np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda **more: gu.RNN(2, 5, nonlinearity="sigmoid", **more), "got 'sigmoid', expected 'tanh' or 'relu'"),
        (lambda **more: gu.LSTM(0, 5, **more), "sizes must be at least 1"),
        (lambda **more: gu.GRU(2, 5, dropout=0.5, **more), "there is only one"),
        (lambda **more: gu.GRU(2, 5, num_layers=2, dropout=1.0, **more), "below 1, got 1.0"),
        (lambda **more: gu.LSTMCell(2, 0, **more), "sizes must be at least 1"),
    ],
)
def test_bad_arguments(make, says):
    with pytest.raises(ValueError, match=says):
        make(rng=np.random.default_rng(0))


def test_cell_errors_and_default_states():
    cell: Any = gu.LSTMCell(2, 5, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="a cell takes one step"):
        cell(X)
    with pytest.raises(ValueError, match=r"c: got shape \(3, 4\), expected \(4, 5\)"):
        cell(X[:, 0], np.zeros((4, 5), np.float32), np.zeros((3, 4), np.float32))
    h, c = cell(X[:, 0])
    dx, dh, dc = cell.backward(h, c)
    assert dx.shape == (4, 2)
    assert dh is dc is None
