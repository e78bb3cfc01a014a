"""Activations and dropout."""

from torch import nn

from groundup import scratch as gu
from groundup.compare.case import layer, normal


def wide(*shape):
    """Return an input of standard deviation 4, which reaches beyond thresholds and into the tails."""
    return lambda rng: 4 * rng.standard_normal(shape)


def slopes(size):
    """Return a builder of PReLU whose slopes differ: equal ones could be exchanged unnoticed."""

    def make(rng):
        made = gu.PReLU(size)
        made.weight.data[...] = rng.uniform(0.1, 0.9, size)
        return made

    return make


class SwiGLUOfHalves(nn.Module):
    """PyTorch has no module for SwiGLU: there one writes it out."""

    def forward(self, x):
        a, b = x.chunk(2, dim=-1)
        return nn.functional.silu(a) * b


CASES = [
    layer(gu.ReLU, lambda rng: gu.ReLU(), normal(11, 7), twin=nn.ReLU),
    layer(gu.LeakyReLU, lambda rng: gu.LeakyReLU(), normal(11, 7), twin=nn.LeakyReLU),
    layer(gu.LeakyReLU, lambda rng: gu.LeakyReLU(0.3), normal(11, 7), twin=lambda: nn.LeakyReLU(0.3), label="slope"),
    layer(gu.PReLU, slopes(1), normal(11, 7), twin=nn.PReLU),
    layer(gu.PReLU, slopes(3), normal(2, 3, 5, 7), twin=lambda: nn.PReLU(3), label="a slope per channel"),
    layer(gu.ELU, lambda rng: gu.ELU(), normal(11, 7), twin=nn.ELU),
    layer(gu.ELU, lambda rng: gu.ELU(0.7), normal(11, 7), twin=lambda: nn.ELU(0.7), label="alpha"),
    layer(gu.SELU, lambda rng: gu.SELU(), normal(11, 7), twin=nn.SELU),
    layer(gu.Tanh, lambda rng: gu.Tanh(), normal(11, 7), twin=nn.Tanh),
    layer(gu.Sigmoid, lambda rng: gu.Sigmoid(), normal(11, 7), twin=nn.Sigmoid),
    layer(gu.Softplus, lambda rng: gu.Softplus(), wide(11, 7), twin=nn.Softplus),
    layer(
        gu.Softplus,
        lambda rng: gu.Softplus(2.0, threshold=1.5),
        normal(11, 7),
        twin=lambda: nn.Softplus(2.0, threshold=1.5),
        label="beta, threshold",
    ),
    layer(gu.GELU, lambda rng: gu.GELU(), wide(11, 7), twin=nn.GELU),
    layer(gu.GELU, lambda rng: gu.GELU("tanh"), wide(11, 7), twin=lambda: nn.GELU(approximate="tanh"), label="tanh"),
    layer(gu.SiLU, lambda rng: gu.SiLU(), wide(11, 7), twin=nn.SiLU),
    layer(gu.Mish, lambda rng: gu.Mish(), wide(11, 7), twin=nn.Mish),
    layer(gu.Hardswish, lambda rng: gu.Hardswish(), wide(11, 7), twin=nn.Hardswish),
    layer(gu.SwiGLU, lambda rng: gu.SwiGLU(), normal(2, 3, 10), twin=SwiGLUOfHalves),
    layer(gu.Softmax, lambda rng: gu.Softmax(), normal(2, 3, 5), twin=lambda: nn.Softmax(dim=-1)),
    layer(gu.Softmax, lambda rng: gu.Softmax(1), normal(2, 3, 5), twin=lambda: nn.Softmax(dim=1), label="middle axis"),
    layer(gu.LogSoftmax, lambda rng: gu.LogSoftmax(), normal(2, 3, 5), twin=lambda: nn.LogSoftmax(dim=-1)),
    layer(
        gu.LogSoftmax,
        lambda rng: gu.LogSoftmax(1),
        normal(2, 3, 5),
        twin=lambda: nn.LogSoftmax(dim=1),
        label="middle axis",
    ),
    layer(
        gu.Dropout,
        lambda rng: gu.Dropout(0.3, rng=rng),
        normal(11, 7),
        twin=None,
        evidence="PyTorch draws other random numbers, so outputs cannot be equal. Instead: finite differences with the "
        "mask held fixed, and statistical tests of how many elements are kept and of the mean (tests/scratch)",
    ),
]
