"""Linear layers, and how layers are put together."""

from torch import nn

from groundup import scratch as gu
from groundup.compare.case import layer, normal


class ResidualSum(nn.Module):
    """PyTorch has no module for a residual connection: there one writes the sum."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x):
        return x + self.body(x)


CASES = [
    layer(gu.Linear, lambda rng: gu.Linear(7, 5, rng=rng), normal(11, 7), twin=lambda: nn.Linear(7, 5)),
    layer(
        gu.Linear,
        lambda rng: gu.Linear(7, 5, bias=False, rng=rng),
        normal(2, 3, 7),
        twin=lambda: nn.Linear(7, 5, bias=False),
        label="three axes, no bias",
    ),
    layer(gu.Flatten, lambda rng: gu.Flatten(), normal(2, 3, 5, 7), twin=nn.Flatten),
    layer(
        gu.Sequential,
        lambda rng: gu.Sequential(gu.Linear(7, 5, rng=rng), gu.Tanh(), gu.Linear(5, 3, rng=rng)),
        normal(11, 7),
        twin=lambda: nn.Sequential(nn.Linear(7, 5), nn.Tanh(), nn.Linear(5, 3)),
    ),
    layer(
        gu.Residual,
        lambda rng: gu.Residual(gu.Linear(7, 7, rng=rng)),
        normal(11, 7),
        twin=lambda: ResidualSum(nn.Linear(7, 7)),
    ),
]
