"""What `groundup bench` measures: one training step of six kinds of network, by hand and in PyTorch (eager).

The inputs are random: how long a step takes does not depend on what they show. Each builder imports its own engine
only, so that a process which times one never loads the other.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from groundup.compare.workloads import Workload, gpt_by_hand, gpt_in_torch, random_tokens

Array = np.ndarray
Twin = tuple[Any, Any, Callable[[Any], Any]]


def images(*shape: int) -> Callable[[np.random.Generator], tuple[Array, Array]]:
    """Return a source of one batch of random images (N, C, H, W) in [0, 1) and labels 0 to 9."""

    def draw(rng: np.random.Generator) -> tuple[Array, Array]:
        return rng.random(shape, np.float32), rng.integers(0, 10, shape[0])

    return draw


def mlp_by_hand(rng: np.random.Generator, dtype: Any) -> tuple[Any, Any, Any]:
    from groundup.scratch import Adam, CrossEntropy
    from groundup.scratch.models import mlp

    model = mlp([784, 256, 128, 10], rng=rng, dtype=dtype)
    return model, CrossEntropy(), Adam(model.parameters(), lr=1e-3)


def mlp_in_torch() -> Twin:
    from torch import nn, optim

    model = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10)
    )
    return model, nn.CrossEntropyLoss(), lambda parameters: optim.Adam(parameters, lr=1e-3)


def lenet_by_hand(rng: np.random.Generator, dtype: Any) -> tuple[Any, Any, Any]:
    from groundup.scratch import SGD, CrossEntropy
    from groundup.scratch.models import lenet

    model = lenet(rng=rng, dtype=dtype)
    return model, CrossEntropy(), SGD(model.parameters(), lr=0.01)


def lenet_in_torch() -> Twin:
    from torch import nn, optim

    model = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    )
    return model, nn.CrossEntropyLoss(), lambda parameters: optim.SGD(parameters, lr=0.01)


def resnet_by_hand(rng: np.random.Generator, dtype: Any) -> tuple[Any, Any, Any]:
    from groundup.scratch import SGD, CrossEntropy
    from groundup.scratch.models import ResNet

    model = ResNet(widths=(16, 32, 64), blocks=1, rng=rng, dtype=dtype)
    return model, CrossEntropy(), SGD(model.parameters(), lr=0.1, momentum=0.9)


def resnet_in_torch() -> Twin:
    from torch import nn, optim

    class Block(nn.Module):
        def __init__(self, inputs: int, outputs: int, stride: int) -> None:
            super().__init__()
            self.body = nn.Sequential(
                nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
                nn.BatchNorm2d(outputs),
                nn.ReLU(),
                nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
                nn.BatchNorm2d(outputs),
            )
            self.shortcut = nn.Identity()
            if stride != 1 or inputs != outputs:
                self.shortcut = nn.Sequential(
                    nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
                )
            self.relu = nn.ReLU()

        def forward(self, x):
            return self.relu(self.body(x) + self.shortcut(x))

    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, 1, 1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        Block(16, 16, 1),
        Block(16, 32, 2),
        Block(32, 64, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, 10),
    )
    return model, nn.CrossEntropyLoss(), lambda parameters: optim.SGD(parameters, lr=0.1, momentum=0.9)


def characters(rng: np.random.Generator) -> tuple[Array, Array]:
    """Return one batch of random characters (64, 32) of a vocabulary of 65, and those that follow."""
    tokens = rng.integers(0, 65, (64, 33))
    return tokens[:, :-1], tokens[:, 1:]


def lstm_by_hand(rng: np.random.Generator, dtype: Any) -> tuple[Any, Any, Any]:
    from groundup.scratch import Adam, CrossEntropy
    from groundup.scratch.losses.per_token import PerToken
    from groundup.scratch.models import CharRNN

    model = CharRNN(vocabulary=65, cell="lstm", hidden=128, width=128, rng=rng, dtype=dtype)
    return model, PerToken(CrossEntropy()), Adam(model.parameters(), lr=1e-3)


def lstm_in_torch() -> Twin:
    from torch import nn, optim

    from groundup.compare.char_rnn_twin import TorchCharRNN

    cross_entropy = nn.CrossEntropyLoss()

    def loss(outputs: Any, labels: Any) -> Any:
        return cross_entropy(outputs[0].flatten(0, 1), labels.flatten())

    return TorchCharRNN(65, "lstm", 128, width=128), loss, lambda parameters: optim.Adam(parameters, lr=1e-3)


def pixels(rng: np.random.Generator) -> tuple[Array, Array]:
    """Return one batch of random images (128, 784), twice: what goes in is what should come out."""
    x = rng.random((128, 784), np.float32)
    return x, x


def vae_by_hand(rng: np.random.Generator, dtype: Any) -> tuple[Any, Any, Any]:
    from groundup.scratch import Adam
    from groundup.scratch.models import ELBO, VAE

    model = VAE(784, 400, 20, rng=rng, dtype=dtype)
    return model, ELBO(), Adam(model.parameters(), lr=1e-3)


def vae_in_torch() -> Twin:
    import torch
    from torch import nn, optim
    from torch.nn import functional as F

    class TorchVAE(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Sequential(nn.Linear(784, 400), nn.ReLU())
            self.mean, self.log_variance = nn.Linear(400, 20), nn.Linear(400, 20)
            self.decoder = nn.Sequential(nn.Linear(20, 400), nn.ReLU(), nn.Linear(400, 784))

        def forward(self, x):
            hidden = self.encoder(x)
            mean, log_variance = self.mean(hidden), self.log_variance(hidden)
            z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
            return self.decoder(z), mean, log_variance

    def loss(outputs: Any, x: Any) -> Any:
        logits, mean, log_variance = outputs
        bce = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        kl = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
        return (bce + kl) / len(x)

    return TorchVAE(), loss, lambda parameters: optim.Adam(parameters, lr=1e-3)


BENCHMARKS = {
    workload.name: workload
    for workload in (
        Workload("mlp", "784-256-128-10, batch 128, Adam", 128, images(128, 1, 28, 28), mlp_by_hand, mlp_in_torch),
        Workload(
            "lenet", "LeNet-5, 28x28 padded, batch 64, SGD", 64, images(64, 1, 28, 28), lenet_by_hand, lenet_in_torch
        ),
        Workload(
            "resnet",
            "three stages of a basic block, 16/32/64 channels, 32x32x3, batch 64, SGD with momentum",
            64,
            images(64, 3, 32, 32),
            resnet_by_hand,
            resnet_in_torch,
        ),
        Workload(
            "lstm",
            "one layer, 128 hidden, T 32, batch 64, vocabulary 65, Adam",
            64,
            characters,
            lstm_by_hand,
            lstm_in_torch,
        ),
        Workload(
            "gpt",
            "4 layers, 4 heads, width 128, T 64, batch 16, vocabulary 65, AdamW",
            16,
            random_tokens,
            gpt_by_hand,
            gpt_in_torch,
        ),
        Workload("vae", "784-400-20, batch 128, Adam", 128, pixels, vae_by_hand, vae_in_torch),
    )
}
