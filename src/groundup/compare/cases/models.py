"""What models have of their own, beyond layers put one after the other."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from groundup.compare.case import layer, normal
from groundup.compare.cases.losses import uniform
from groundup.scratch.models import ELBO, VAE, BasicBlock, GaussianKL, Reparameterize

NOISE = 5  # seed of the noise that both sides draw


class BasicBlockTwin(nn.Module):
    """The block of ResNet-18 and 34, written with PyTorch's layers."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.downsample = None
        if stride != 1 or in_channels != out_channels:
            projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.downsample = nn.Sequential(projection, nn.BatchNorm2d(out_channels))

    def forward(self, x):
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        return (y + (self.downsample(x) if self.downsample else x)).relu()


class ReparameterizeTwin(nn.Module):
    """The mean plus the standard deviation times noise: the same noise as ours."""

    def forward(self, mean, log_variance):
        noise = np.random.default_rng(NOISE).standard_normal(mean.shape, np.float32)
        return mean + (0.5 * log_variance).exp() * torch.from_numpy(noise)


class GaussianKLTwin(nn.Module):
    """The divergence as PyTorch's distributions know it."""

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction

    def forward(self, mean, log_variance):
        q = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
        losses = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0)).sum(1)
        return losses if self.reduction == "none" else getattr(losses, self.reduction)()


class ELBOTwin(GaussianKLTwin):
    def forward(self, logits, mean, log_variance, target):
        surprise = F.binary_cross_entropy_with_logits(logits, target, reduction="sum")
        return (surprise / len(logits) if self.reduction == "mean" else surprise) + super().forward(mean, log_variance)


class VAETwin(nn.Module):
    def __init__(self, features: int, hidden: int, latent: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(features, hidden), nn.ReLU())
        self.mean, self.log_variance = nn.Linear(hidden, latent), nn.Linear(hidden, latent)
        self.draw = ReparameterizeTwin()
        self.decoder = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, features))

    def forward(self, x):
        hidden = self.encoder(x)
        mean, log_variance = self.mean(hidden), self.log_variance(hidden)
        return self.decoder(self.draw(mean, log_variance)), mean, log_variance


def small_vae(rng: np.random.Generator) -> VAE:
    vae = VAE(7, 5, 3, rng=rng)
    vae.draw.rng = np.random.default_rng(NOISE)
    return vae


COMPOSED = "PyTorch has no module: the twin is the formula composed of its functions, its gradient autograd's"

CASES = [
    layer(
        BasicBlock,
        lambda rng: BasicBlock(3, 3, rng=rng),
        normal(2, 3, 5, 7),
        twin=lambda: BasicBlockTwin(3, 3),
        evidence=COMPOSED,
    ),
    layer(
        BasicBlock,
        lambda rng: BasicBlock(3, 5, stride=2, rng=rng),
        normal(2, 3, 7, 5),
        twin=lambda: BasicBlockTwin(3, 5, stride=2),
        label="projection",
        evidence=COMPOSED,
    ),
    layer(
        Reparameterize,
        lambda rng: Reparameterize(rng=np.random.default_rng(NOISE)),
        normal(11, 7),
        normal(11, 7),
        twin=ReparameterizeTwin,
        evidence=COMPOSED,
    ),
    *(
        layer(
            GaussianKL,
            lambda rng, reduction=reduction: GaussianKL(reduction),
            normal(11, 7),
            normal(11, 7),
            twin=lambda reduction=reduction: GaussianKLTwin(reduction),
            label=reduction,
        )
        for reduction in GaussianKL.reductions
    ),
    *(
        layer(
            ELBO,
            lambda rng, reduction=reduction: ELBO(reduction),
            normal(11, 7),
            normal(11, 3),
            normal(11, 3),
            uniform(11, 7),
            twin=lambda reduction=reduction: ELBOTwin(reduction),
            label=reduction,
            evidence=COMPOSED,
        )
        for reduction in ELBO.reductions
    ),
    layer(
        VAE,
        small_vae,
        normal(11, 7),
        twin=lambda: VAETwin(7, 5, 3),
        evidence=COMPOSED,
    ),
]
