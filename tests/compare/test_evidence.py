"""The checks themselves must be able to fail: feed them layers with one mistake each."""

import numpy as np
import pytest
from torch import nn

from groundup import scratch as gu
from groundup.compare.case import OptimizerCase, layer, normal
from groundup.compare.layer_evidence import examine_layer
from groundup.compare.optimizer_evidence import examine_optimizer
from groundup.scratch.parameter import Parameter


class Right(gu.Layer):
    """y = w · x, elementwise."""

    def __init__(self, rng):
        self.weight = Parameter(rng.standard_normal(7))

    def forward(self, x):
        self.remember(x)
        return x * self.weight.data

    def backward(self, dy):
        x = self.recall()
        self.weight.grad += (dy * x).sum(axis=0)
        return dy * self.weight.data


class WrongGradient(Right):
    def backward(self, dy):
        return 1.001 * super().backward(dy)


class Overwrites(Right):
    def backward(self, dy):
        self.weight.grad[...] = 0
        return super().backward(dy)


class OneCache(Right):
    def remember(self, cache):
        if self.training:
            self._caches[:] = [cache]

    def recall(self):
        if not self._caches:
            raise RuntimeError("no forward")
        return self._caches[0]


class ChangesInput(Right):
    def forward(self, x):
        y = super().forward(x.copy())
        x *= 2
        return y


class ChangesUpstream(Right):
    def backward(self, dy):
        dx = super().backward(dy)
        dy *= 2
        return dx


class Widens(Right):
    def forward(self, x):
        return super().forward(x) * np.float64(1)


class NeedsContiguous(Right):
    def forward(self, x):
        strides = np.cumprod([x.itemsize, *x.shape[:0:-1]])[::-1]
        return super().forward(np.lib.stride_tricks.as_strided(x, strides=strides).copy())


class KeepsInEvaluation(Right):
    def remember(self, cache):
        self._caches.append(cache)


class UpdatesWeights(Right):
    def backward(self, dy):
        dx = super().backward(dy)
        self.weight.data -= 0.1 * self.weight.grad
        return dx


class HiddenState(Right):
    def __init__(self, rng):
        super().__init__(rng)
        self.secret = rng.standard_normal()

    def forward(self, x):
        return super().forward(x) + self.secret


def examine(component):
    return examine_layer(layer(component, component, normal(11, 7), twin=None, evidence="a test"))


def test_right_layer_passes():
    assert examine(Right).failures == ()


@pytest.mark.parametrize(
    ("component", "complaint"),
    [
        (WrongGradient, "finite differences"),
        (Overwrites, "accumulation"),
        (OneCache, "order"),
        (ChangesInput, "inputs untouched"),
        (ChangesUpstream, "inputs untouched"),
        (Widens, "dtype"),
        (NeedsContiguous, "memory layout"),
        (KeepsInEvaluation, "evaluation"),
        (UpdatesWeights, "inputs untouched"),
        (HiddenState, "state"),
    ],
)
def test_each_check_can_fail(component, complaint):
    assert any(complaint in failure for failure in examine(component).failures)


def test_parity_can_fail():
    case = layer(gu.Tanh, lambda rng: gu.Tanh(), normal(11, 7), twin=nn.Sigmoid)
    assert any(failure.startswith("forward: PyTorch disagrees") for failure in examine_layer(case).failures)


def test_a_twin_with_other_parameters_is_refused():
    case = layer(
        gu.Linear, lambda rng: gu.Linear(7, 5, bias=False, rng=rng), normal(11, 7), twin=lambda: nn.Linear(7, 5)
    )
    with pytest.raises(RuntimeError, match="Missing key"):
        examine_layer(case)


def test_optimizer_evidence_can_fail():
    from torch import optim

    case = OptimizerCase(gu.SGD, lambda p: gu.SGD(p, lr=0.1), lambda p: optim.SGD(p, lr=0.1001), {})
    assert any("weights" in failure for failure in examine_optimizer(case).failures)
