"""The solutions are the truth of the checks, so they are held equal to PyTorch."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from groundup.practice.exercise import solution_module

RNG = np.random.default_rng(0)


def tensors(*arrays):
    return [torch.tensor(array, requires_grad=array.dtype.kind == "f") for array in arrays]


def same(mine, right):
    right = right.detach().numpy() if hasattr(right, "detach") else right
    np.testing.assert_allclose(mine, right, rtol=1e-10, atol=1e-12)


def test_broadcasting():
    it = solution_module("broadcasting")
    for shape in [(5,), (3, 5), (7, 1, 5), (1, 5), (3, 1), (7, 3, 5)]:
        (x,) = tensors(RNG.normal(size=shape))
        dy = RNG.normal(size=(7, 3, 5))
        x.expand(7, 3, 5).backward(torch.tensor(dy))
        same(it.unbroadcast(dy, shape), x.grad)
    same(it.standardise(np.ones((2, 3)), np.zeros(3), np.array([1.0, 2.0])), [[1, 1, 1], [0.5, 0.5, 0.5]])


def test_linear():
    it = solution_module("linear")
    x, weight, bias = RNG.normal(size=(5, 7)), RNG.normal(size=(3, 7)), RNG.normal(size=3)
    dy = RNG.normal(size=(5, 3))
    inputs = tensors(x, weight, bias)
    y = F.linear(*inputs)
    y.backward(torch.tensor(dy))
    same(it.linear_forward(x, weight, bias), y)
    for mine, tensor in zip(it.linear_backward(dy, x, weight), inputs):
        same(mine, tensor.grad)


def test_softmax_and_cross_entropy():
    it = solution_module("softmax_cross_entropy")
    z, labels = 5 * RNG.normal(size=(5, 7)), RNG.integers(7, size=5)
    logits, targets = tensors(z, labels)
    loss = F.cross_entropy(logits, targets)
    loss.backward()
    same(it.softmax(z), logits.softmax(dim=1))
    same(it.cross_entropy(z, labels), loss)
    same(it.cross_entropy_backward(z, labels), logits.grad)


@pytest.mark.parametrize(("name", "function"), [("relu", F.relu), ("gelu", lambda x: F.gelu(x, approximate="tanh"))])
def test_activations(name, function):
    it = solution_module("relu_gelu")
    a, dy = RNG.normal(size=(2, 5, 7))
    (x,) = tensors(a)
    y = function(x)
    y.backward(torch.tensor(dy))
    same(getattr(it, f"{name}_forward")(a), y)
    same(getattr(it, f"{name}_backward")(dy, a), x.grad)


@pytest.mark.parametrize(
    ("name", "function", "more"),
    [("mse", F.mse_loss, ()), ("huber", lambda p, t: F.huber_loss(p, t, delta=0.7), (0.7,))],
)
def test_losses(name, function, more):
    it = solution_module("mse_huber")
    p, t = RNG.normal(size=(2, 5, 7))
    prediction, target = tensors(p, t)
    loss = function(prediction, target)
    loss.backward()
    same(getattr(it, name)(p, t, *more), loss)
    same(getattr(it, f"{name}_backward")(p, t, *more), prediction.grad)


def test_mlp():
    it = solution_module("mlp")
    arrays = [RNG.normal(size=shape) for shape in [(5, 7), (11, 7), (11,), (3, 11), (3,)]]
    target = RNG.normal(size=(5, 3))
    x, w1, b1, w2, b2 = tensors(*arrays)
    y = F.linear(F.relu(F.linear(x, w1, b1)), w2, b2)
    F.mse_loss(y, torch.tensor(target)).backward()
    same(it.mlp_forward(*arrays)[2], y)
    for mine, tensor in zip(it.mlp_backward(*arrays, target), (w1, b1, w2, b2)):
        same(mine, tensor.grad)


def test_gradient_check():
    it = solution_module("gradient_check")
    a = RNG.normal(size=(3, 5))
    np.testing.assert_allclose(it.numerical_gradient(lambda x: np.sin(x).sum(), a), np.cos(a), rtol=1e-7)
    assert it.relative_error(np.array([100.0, 1.0]), np.array([101.0, 1.0])) == pytest.approx(1 / 101)


def test_initialisation():
    it = solution_module("initialisation")
    for shape in [(3, 5), (7, 3, 2, 2)]:
        weight = torch.empty(shape)
        assert it.fans(shape) == torch.nn.init._calculate_fan_in_and_fan_out(weight)
    weight = it.he_normal(np.random.default_rng(0), (200, 300))
    assert weight.std() == pytest.approx((2 / 300) ** 0.5, rel=0.02)
    assert np.abs(it.xavier_uniform(np.random.default_rng(0), (200, 300))).max() == pytest.approx(
        (6 / 500) ** 0.5, rel=0.01
    )


@pytest.mark.parametrize(
    ("name", "settings", "theirs"),
    [
        ("sgd", {"lr": 0.1, "momentum": 0.9, "decay": 0.3}, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.3}),
        ("adam", {"lr": 0.1, "beta1": 0.8, "beta2": 0.95, "eps": 0.1}, {"lr": 0.1, "betas": (0.8, 0.95), "eps": 0.1}),
    ],
)
def test_optimizers(name, settings, theirs):
    kind = {"sgd": "SGD", "adam": "Adam"}[name]
    p, *gradients = RNG.normal(size=(6, 3, 5))
    (twin,) = tensors(p)
    mine = getattr(solution_module(name), kind)(p, **settings)
    right = getattr(torch.optim, kind)([twin], **theirs)
    for gradient in gradients:
        mine.step(gradient)
        twin.grad = torch.tensor(gradient)
        right.step()
        same(p, twin)
