"""Embeddings of tokens and positions."""

from functools import partial
from typing import Any

import torch
from torch import nn

from groundup import scratch as gu
from groundup.compare.case import labels, layer, normal


class AddSinusoids(nn.Module):
    """PyTorch has no module for these; written from the paper's formula, with one logarithm and one exponential."""

    def __init__(self, start: int = 0) -> None:
        super().__init__()
        self.start = start

    def forward(self, x):
        T, D = x.shape[-2:]
        rate = torch.exp(torch.arange(0, D, 2, dtype=x.dtype) * (-torch.log(torch.tensor(1e4, dtype=x.dtype)) / D))
        angles = torch.outer(self.start + torch.arange(T, dtype=x.dtype), rate)
        return x + torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


class AddPositions(nn.Embedding):
    """In PyTorch one embeds the numbers 0 to T - 1 and writes the sum."""

    start = 0

    def forward(self, x):
        return x + super().forward(self.start + torch.arange(x.shape[-2]))


class AddLaterPositions(AddPositions):
    """The same, from position 2."""

    start = 2


class ComplexRotation(nn.Module):
    """Rotary embedding as a complex product: a pair of features is a number, turned by ``e^(iθ)``."""

    def __init__(self, base: float = 1e4, start: int = 0) -> None:
        super().__init__()
        self.base, self.start = base, start

    def forward(self, x):
        T, D = x.shape[-2:]
        rate = self.base ** (-torch.arange(0, D, 2, dtype=x.dtype) / D)
        angles = torch.outer(self.start + torch.arange(T, dtype=x.dtype), rate)
        pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], D // 2, 2).contiguous())
        return torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)).flatten(-2)


def continued(made: Any, start: int) -> Any:
    """Let a layer read its input as the continuation of a text, from position ``start``."""
    made.forward = partial(made.forward, start=start)
    return made


CASES = [
    layer(
        gu.Embedding, lambda rng: gu.Embedding(11, 7, rng=rng), labels(29, classes=11), twin=lambda: nn.Embedding(11, 7)
    ),
    layer(
        gu.Embedding,
        lambda rng: gu.Embedding(131, 3, rng=rng),
        labels(7, 53, classes=131),
        twin=lambda: nn.Embedding(131, 3),
        label="large table",
    ),
    layer(
        gu.Embedding,
        lambda rng: gu.Embedding(5, 7, padding_idx=2, rng=rng),
        lambda rng: rng.choice([0, 1, 3, 4], (3, 13)),  # not 2: its gradient is left out on purpose (see the tests)
        twin=lambda: nn.Embedding(5, 7, padding_idx=2),
        label="padding",
    ),
    layer(gu.SinusoidalPositions, lambda rng: gu.SinusoidalPositions(6), normal(3, 5, 6), twin=AddSinusoids),
    layer(
        gu.SinusoidalPositions,
        lambda rng: continued(gu.SinusoidalPositions(4), start=3),
        normal(5, 4),
        twin=lambda: AddSinusoids(start=3),
        label="continued",
    ),
    layer(
        gu.LearnedPositions,
        lambda rng: gu.LearnedPositions(7, 3, rng=rng),
        normal(2, 5, 3),
        twin=lambda: AddPositions(7, 3),
    ),
    layer(
        gu.LearnedPositions,
        lambda rng: continued(gu.LearnedPositions(7, 5, rng=rng), start=2),
        normal(2, 3, 5),
        twin=lambda: AddLaterPositions(7, 5),
        label="continued",
    ),
    layer(gu.RotaryEmbedding, lambda rng: gu.RotaryEmbedding(6), normal(2, 3, 5, 6), twin=ComplexRotation),
    layer(
        gu.RotaryEmbedding,
        lambda rng: continued(gu.RotaryEmbedding(14, base=50.0), start=3),
        normal(5, 14),
        twin=lambda: ComplexRotation(50.0, start=3),
        label="another base, continued",
    ),
]
