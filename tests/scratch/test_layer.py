"""The contract of layers: caches, names, modes, state."""

import numpy as np
import pytest

from groundup.scratch import Conv2d, Flatten, Layer, Linear, Parameter, ReLU, Residual, Sequential
from groundup.scratch.gradcheck import walk


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def network(rng):
    return Sequential(Linear(7, 5, rng=rng), ReLU(), Linear(5, 3, rng=rng))


def test_a_layer_used_twice_undoes_the_latest_forward_first(rng):
    layer = Linear(5, 5, rng=rng).astype(np.float64)
    a, b = rng.standard_normal((2, 11, 5))
    layer(a)
    layer(b)
    layer.backward(np.ones((11, 5)))
    np.testing.assert_allclose(layer.weight.grad, np.ones((11, 5)).T @ b)
    layer.backward(np.ones((11, 5)))
    np.testing.assert_allclose(layer.weight.grad, np.ones((11, 5)).T @ (a + b))


@pytest.mark.parametrize("mode", ["training", "evaluation"])
def test_backward_before_forward_says_what_to_do(rng, mode):
    layer = Linear(7, 5, rng=rng)
    if mode == "evaluation":
        layer.eval()
        layer(np.ones((2, 7), np.float32))
    with pytest.raises(RuntimeError, match="forward" if mode == "training" else r"call train\(\) before forward"):
        layer.backward(np.ones((2, 5), np.float32))


def test_changing_the_mode_reaches_every_layer_and_drops_what_was_remembered(rng):
    model = Sequential(network(rng), Residual(Linear(3, 3, rng=rng)))
    model(np.ones((2, 7), np.float32))
    model.eval()
    # Two Sequentials, the three layers of the inner one, the residual and its body.
    assert [part.training for part in walk(model)] == [False] * 7
    model.train()
    with pytest.raises(RuntimeError):
        model.backward(np.ones((2, 3), np.float32))


def test_names_are_pytorchs(rng):
    assert list(network(rng).state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert list(Residual(Linear(3, 3, rng=rng)).state_dict()) == ["body.weight", "body.bias"]


def test_layers_in_lists_are_found(rng):
    class Stack(Layer):
        def __init__(self):
            self.blocks = [Linear(3, 3, rng=rng), Linear(3, 3, bias=False, rng=rng)]
            self.scales = [Parameter(np.ones(3, np.float32))]

    assert sorted(Stack().state_dict()) == ["blocks.0.bias", "blocks.0.weight", "blocks.1.weight", "scales.0"]


def test_a_shared_parameter_counts_once_but_has_both_names(rng):
    first, second = Linear(5, 5, rng=rng), Linear(5, 5, rng=rng)
    second.weight = first.weight
    model = Sequential(first, second)
    assert len(model.parameters()) == 3
    assert {"0.weight", "1.weight"} <= set(model.state_dict())


def test_state_is_a_copy(rng):
    model = network(rng)
    state = model.state_dict()
    model.parameters()[0].data[...] = 0
    assert np.abs(state["0.weight"]).max() > 0


def test_a_state_that_does_not_fit_changes_nothing(rng):
    model = network(rng)
    before = model.state_dict()
    fitting = network(np.random.default_rng(1)).state_dict()
    for spoil, error, words in (
        (lambda s: s.pop("2.bias"), KeyError, r"missing \['2.bias'\]"),
        (lambda s: s.update(extra=np.ones(3)), KeyError, r"not in the model \['extra'\]"),
        (lambda s: s.update({"2.weight": np.ones((5, 3))}), ValueError, r"2.weight has shape \(5, 3\).*\(3, 5\)"),
    ):
        state = dict(fitting)
        spoil(state)
        with pytest.raises(error, match=words):
            model.load_state_dict(state)
        for name, value in model.state_dict().items():
            np.testing.assert_array_equal(value, before[name])


def test_astype_converts_parameters_and_gradients(rng):
    model = network(rng).astype(np.float64)
    assert {p.data.dtype for p in model.parameters()} == {p.grad.dtype for p in model.parameters()} == {np.dtype(float)}
    assert model(np.ones((2, 7))).dtype == np.float64


def test_zero_grad(rng):
    model = network(rng)
    model.backward(np.ones_like(model(np.ones((2, 7), np.float32))))
    assert any(np.abs(p.grad).max() > 0 for p in model.parameters())
    model.zero_grad()
    assert all(np.abs(p.grad).max() == 0 for p in model.parameters())


def test_skip_input_gradient_reaches_the_first_layer_only(rng):
    model = Sequential(Sequential(Conv2d(1, 2, 3, rng=rng)), ReLU(), Conv2d(2, 1, 3, rng=rng))
    model.skip_input_gradient()
    assert model.backward(np.ones_like(model(np.ones((2, 1, 7, 7), np.float32)))) is None
    assert np.abs(model.parameters()[0].grad).max() > 0


def test_skip_input_gradient_passes_through_layers_that_only_rearrange(rng):
    model = Sequential(Flatten(), Linear(12, 3, rng=rng), ReLU())
    x, dy = np.ones((2, 3, 4), np.float32), np.ones((2, 3), np.float32)
    assert (model(x) > 0).any()
    assert model.backward(dy).shape == (2, 3, 4)
    gradient = model.parameters()[0].grad.copy()
    model.zero_grad()
    model.skip_input_gradient()
    model(x)
    assert model.backward(dy) is None
    np.testing.assert_array_equal(model.parameters()[0].grad, gradient)


def test_residual_refuses_a_body_that_changes_the_shape(rng):
    with pytest.raises(ValueError, match=r"\(2, 7\) and \(2, 5\)"):
        Residual(Linear(7, 5, rng=rng))(np.ones((2, 7), np.float32))


def test_linear_explains_wrong_inputs(rng):
    layer = Linear(784, 10, rng=rng)
    with pytest.raises(ValueError, match=r"\(32, 28, 28\), expected \(..., 784\): flatten the images first"):
        layer(np.ones((32, 28, 28), np.float32))
    with pytest.raises(TypeError, match=r"floats, got uint8: convert with x.astype"):
        layer(np.ones((32, 784), np.uint8))
    with pytest.raises(TypeError, match="NumPy array, got list"):
        layer([[1.0] * 784])  # pyright: ignore[reportArgumentType]


def test_an_empty_batch_passes_through(rng):
    model = network(rng)
    y = model(np.ones((0, 7), np.float32))
    assert y.shape == (0, 3)
    assert model.backward(y).shape == (0, 7)
    assert all(np.isfinite(p.grad).all() for p in model.parameters())
