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
