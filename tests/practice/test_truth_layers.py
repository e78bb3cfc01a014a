"""The solutions from the schedules to pooling, held equal to PyTorch and to groundup.scratch."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torch.optim import lr_scheduler

from groundup import scratch
from groundup.practice.exercise import solution_module
from groundup.scratch import naive
from groundup.scratch.layers import batch_norm, convolution, normalization, pooling
from groundup.scratch.layers.dropout import dropout_backward, dropout_forward

RNG = np.random.default_rng(0)


def tensors(*arrays):
    return [torch.tensor(array, requires_grad=True) for array in arrays]


def same(mine, right):
    right = right.detach().numpy() if hasattr(right, "detach") else right
    np.testing.assert_allclose(mine, right, rtol=1e-10, atol=1e-12)


def test_adamw():
    it = solution_module("adam")
    p, *gradients = RNG.normal(size=(6, 3, 5))
    (twin,) = tensors(p)
    parameter = scratch.Parameter(p.copy())
    mine = it.AdamW(p, lr=0.1, beta1=0.8, beta2=0.95, eps=0.1, decay=0.3)
    right = torch.optim.AdamW([twin], lr=0.1, betas=(0.8, 0.95), eps=0.1, weight_decay=0.3)
    ours = scratch.AdamW([parameter], lr=0.1, betas=(0.8, 0.95), eps=0.1, weight_decay=0.3)
    for gradient in gradients:
        mine.step(gradient)
        twin.grad = torch.tensor(gradient)
        right.step()
        parameter.grad[:] = gradient
        ours.step()
        same(p, twin)
        same(p, parameter.data)


def rates_of_torch(schedule, steps):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.3)
    it, rates = schedule(optimizer), []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        it.step()
    return rates


def rates_of_scratch(schedule, steps):
    optimizer = scratch.SGD([scratch.Parameter(np.zeros(1))], lr=0.3)
    it, rates = schedule(optimizer), []
    for _ in range(steps):
        rates.append(optimizer.lr)
        it.step()
    return rates


def test_schedules():
    it = solution_module("schedules")
    mine = [it.stairs(k, 0.3, 3, 0.7) for k in range(11)]
    same(mine, rates_of_torch(partial(lr_scheduler.StepLR, step_size=3, gamma=0.7), 11))
    same(mine, rates_of_scratch(partial(scratch.StepLR, step_size=3, gamma=0.7), 11))

    mine = [it.cosine(k, 0.3, 7, 0.02) for k in range(8)]
    same(mine, rates_of_torch(partial(lr_scheduler.CosineAnnealingLR, T_max=7, eta_min=0.02), 8))
    same(mine, rates_of_scratch(partial(scratch.CosineAnnealingLR, T_max=7, eta_min=0.02), 8))
    assert it.cosine(9, 0.3, 7, 0.02) == pytest.approx(0.02)

    def warmup_cosine(optimizer):
        line = lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=3)
        wave = lr_scheduler.CosineAnnealingLR(optimizer, T_max=7, eta_min=0.02)
        return lr_scheduler.SequentialLR(optimizer, [line, wave], milestones=[3])

    mine = [it.warmup_cosine(k, 0.3, 3, 10, 0.1, 0.02) for k in range(11)]
    same(mine, rates_of_torch(warmup_cosine, 11))
    ours = partial(scratch.WarmupCosineLR, warmup_steps=3, total_steps=10, start_factor=0.1, eta_min=0.02)
    same(mine, rates_of_scratch(ours, 11))

    def set_by(schedule, steps):
        optimizer = SimpleNamespace(lr=0.3)
        it, rates = schedule(optimizer, lambda k, base: base * 0.8**k), [optimizer.lr]
        for _ in range(steps - 1):
            it.step()
            rates.append(optimizer.lr)
        return rates

    same(set_by(it.Schedule, 5), rates_of_torch(partial(lr_scheduler.LambdaLR, lr_lambda=lambda k: 0.8**k), 5))


class Draws(np.random.Generator):
    """A generator of uniform numbers that are known beforehand."""

    def __init__(self, numbers):
        super().__init__(np.random.PCG64(0))
        self.numbers = numbers

    def random(self, shape, dtype=np.float64):
        assert shape == self.numbers.shape
        return self.numbers.astype(dtype)


def test_dropout():
    it = solution_module("dropout")
    x, dy = RNG.normal(size=(2, 5, 7, 3))
    draws = Draws(RNG.random(x.shape))
    y, mask = it.dropout_forward(x, 0.3, draws)
    ours, ours_mask = dropout_forward(x, 0.3, draws)
    same(y, ours)
    same(it.dropout_backward(dy, mask), dropout_backward(dy, ours_mask))

    ones, theirs = np.ones((200, 300)), F.dropout(torch.ones(200, 300, dtype=torch.float64), 0.3).numpy()
    mine, _ = it.dropout_forward(ones, 0.3, np.random.default_rng(0))
    same(np.unique(mine), np.unique(theirs))  # 0 and 1 / 0.7
    assert (mine > 0).mean() == pytest.approx((theirs > 0).mean(), abs=0.01)
    (tensor,) = tensors(x)
    torch.manual_seed(0)
    F.dropout(tensor, 0.3).backward(torch.tensor(dy))
    torch.manual_seed(0)
    theirs = F.dropout(torch.ones(x.shape, dtype=torch.float64), 0.3)  # the mask that the same seed draws
    same(it.dropout_backward(dy, theirs.numpy()), tensor.grad)

    layer = it.Dropout(0.3, np.random.default_rng(0))
    layer.training = False
    same(layer.forward(x), F.dropout(torch.tensor(x), 0.3, training=False))


def test_batch_norm():
    it = solution_module("batch_norm")
    x, weight, bias, dy = RNG.normal(size=(5, 7)), RNG.normal(size=7), RNG.normal(size=7), RNG.normal(size=(5, 7))
    inputs = tensors(x, weight, bias)
    y = F.batch_norm(inputs[0], None, None, inputs[1], inputs[2], training=True, eps=0.1)
    y.backward(torch.tensor(dy))
    ours, cache = batch_norm.batch_norm_forward(x, weight, bias, 0.1)
    mine = it.batch_norm_forward(x, weight, bias, 0.1)
    same(mine, y)
    same(mine, ours)
    for mine, tensor, ours in zip(
        it.batch_norm_backward(dy, x, weight, 0.1), inputs, batch_norm.batch_norm_backward(dy, cache)
    ):
        same(mine, tensor.grad)
        same(mine, ours)


def test_the_layer_of_batch_norm():
    weight, bias = RNG.normal(size=(2, 7))
    mine = solution_module("batch_norm").BatchNorm(weight, bias, 0.1, 0.3)
    right = torch.nn.BatchNorm1d(7, eps=0.1, momentum=0.3, dtype=torch.float64)
    ours = scratch.BatchNorm1d(7, eps=0.1, momentum=0.3, dtype=np.float64)
    right.weight.data, right.bias.data = torch.tensor(weight), torch.tensor(bias)
    assert ours.weight is not None
    assert ours.bias is not None
    ours.weight.data[:], ours.bias.data[:] = weight, bias
    for rows in (5, 11):
        x, dy = RNG.normal(size=(2, rows, 7))
        (tensor,) = tensors(x)
        y = right(tensor)
        y.backward(torch.tensor(dy))
        for result, theirs in [(mine.forward(x), y), (mine.backward(dy), tensor.grad)]:
            same(result, theirs)
        same(ours.forward(x), y)
        ours.backward(dy)
        same(mine.dweight, right.weight.grad)
        same(mine.dbias, ours.bias.grad)
    for name in ("running_mean", "running_var"):
        same(getattr(mine, name), getattr(right, name))
        same(getattr(mine, name), getattr(ours, name))
    mine.training = False
    x = RNG.normal(size=(3, 7))
    same(mine.forward(x), right.eval()(torch.tensor(x)))


def test_layer_norm():
    it = solution_module("layer_norm")
    (x, dy), (weight, bias) = RNG.normal(size=(2, 5, 3, 7)), RNG.normal(size=(2, 7))
    inputs = tensors(x, weight, bias)
    y = F.layer_norm(inputs[0], (7,), inputs[1], inputs[2], eps=0.1)
    y.backward(torch.tensor(dy))
    ours, cache = normalization.layer_norm_forward(x.reshape(15, 7), weight, bias, 0.1)
    mine = it.layer_norm_forward(x, weight, bias, 0.1)
    same(mine, y)
    same(mine, ours.reshape(x.shape))
    gradients = normalization.layer_norm_backward(dy.reshape(15, 7), cache)
    for mine, tensor, ours in zip(it.layer_norm_backward(dy, x, weight, 0.1), inputs, gradients):
        same(mine, tensor.grad)
        same(mine, ours.reshape(mine.shape))
    layer = it.LayerNorm(weight, bias, 0.1)
    for _ in range(2):
        same(layer.forward(x), y)
        same(layer.backward(dy), inputs[0].grad)
    for mine, tensor in [(layer.dweight, inputs[1]), (layer.dbias, inputs[2])]:
        same(mine / 2, tensor.grad)  # both passes


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1), (3, 2)])
@pytest.mark.parametrize(
    ("name", "forward", "backward"),
    [
        ("convolution_naive", "conv2d", "conv2d_backward"),
        ("convolution_im2col", "conv2d_product", "conv2d_product_backward"),
    ],
)
def test_convolution(name, forward, backward, stride, padding):
    it = solution_module(name)
    x, weight, bias = RNG.normal(size=(2, 3, 7, 5)), RNG.normal(size=(5, 3, 3, 2)), RNG.normal(size=5)
    inputs = tensors(x, weight, bias)
    y = F.conv2d(*inputs, stride=stride, padding=padding)
    dy = RNG.normal(size=tuple(y.shape))
    y.backward(torch.tensor(dy))
    mine = getattr(it, forward)(x, weight, bias, stride, padding)
    pairs = (stride, stride), (padding, padding)
    ours, cache = convolution.conv2d_forward(x, weight, bias, *pairs)
    same(mine, y)
    same(mine, ours)
    same(mine, naive.conv2d(x, weight, bias, *pairs))
    gradients = getattr(it, backward)(dy, x, weight, stride, padding)
    for mine, tensor, ours in zip(gradients, inputs, convolution.conv2d_backward(dy, cache)):
        same(mine, tensor.grad)
        same(mine, ours)
    for mine, ours in zip(gradients, naive.conv2d_backward(dy, x, weight, *pairs)):
        same(mine, ours)


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1), (3, 2)])
def test_im2col_and_col2im(stride, padding):
    it = solution_module("convolution_im2col")
    x = RNG.normal(size=(2, 3, 7, 5))
    settings = dict(kernel_size=(3, 2), stride=stride, padding=padding)
    right = F.unfold(torch.tensor(x), **settings)
    same(it.im2col(x, (3, 2), stride, padding), right)
    columns = RNG.normal(size=tuple(right.shape))
    same(it.col2im(columns, x.shape, (3, 2), stride, padding), F.fold(torch.tensor(columns), (7, 5), **settings))
    assert (
        solution_module("convolution_naive").output_size(7, 3, stride, padding) == (7 + 2 * padding - 3) // stride + 1
    )


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(2, 2, 0), (3, 1, 1), (5, 3, 2)])
@pytest.mark.parametrize("name", ["max", "avg"])
def test_pooling(name, kernel, stride, padding):
    it = solution_module("pooling")
    x = RNG.integers(-3, 4, size=(2, 3, 7, 5)).astype(float)  # many are equal
    (tensor,) = tensors(x)
    y = getattr(F, f"{name}_pool2d")(tensor, kernel, stride, padding)
    dy = RNG.normal(size=tuple(y.shape))
    y.backward(torch.tensor(dy))
    mine = getattr(it, f"{name}_pool2d")(x, kernel, stride, padding)
    pairs = (kernel, kernel), (stride, stride), (padding, padding)
    ours, cache = getattr(pooling, f"{name}_pool2d_forward")(x, *pairs)
    same(mine, y)
    same(mine, ours)
    same(mine, getattr(naive, f"{name}_pool2d")(x, *pairs))
    first = x if name == "max" else x.shape
    dx = getattr(it, f"{name}_pool2d_backward")(dy, first, kernel, stride, padding)
    same(dx, tensor.grad)
    same(dx, getattr(pooling, f"{name}_pool2d_backward")(dy, cache))
