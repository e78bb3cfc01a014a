"""The network of the image parts, its training, and two ways of asking it that need no label: copies and statistics.

x (N, 1, S, S) -> [3 x 3 convolution -> batch norm -> ReLU -> 2 x 2 max pool] twice -> features (N, F) -> logits (N, K)
"""

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from groundup.applications.shift.corruptions import corrupt, moved

CHANNELS, BATCH, LEARNING_RATE = (16, 32), 64, 1e-2
SEEN_SEVERITIES = (1, 2, 3)  # of the corruptions that a training may show; 4 and 5 are never shown
ASKED = 60  # images whose batch statistics are taken together


def build(side: int, classes: int, seed: int) -> nn.Sequential:
    """Return the network with new weights: ``[0]`` are the features, ``[1]`` is the last layer."""
    first, second = CHANNELS
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        features = nn.Sequential(
            *(nn.Conv2d(1, first, 3, padding=1), nn.BatchNorm2d(first), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(first, second, 3, padding=1), nn.BatchNorm2d(second), nn.ReLU(), nn.MaxPool2d(2)),
            nn.Flatten(),
        )
        return nn.Sequential(features, nn.Linear(second * (side // 4) ** 2, classes)).eval()


def train(
    model: nn.Sequential,
    images: np.ndarray,
    labels: np.ndarray,
    seed: int,
    steps: int,
    learning_rate: float = LEARNING_RATE,
    weight_decay: float = 0.1,
    seen: Sequence[str] = (),
    fixed_statistics: bool = False,
) -> nn.Sequential:
    """Train the network in place for so many steps of AdamW, at a rate that falls to zero; return it.

    Parameters
    ----------
    seen : corruptions that training shows: in each epoch half of the images, each in one of these ways, chosen anew.
    fixed_statistics : whether batch norm keeps the means and variances that it has: those of a handful of new images
        are worth less.
    """
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=weight_decay, fused=True)
    model.train(not fixed_statistics)
    step = 0
    while step < steps:
        inputs, targets = tensor(_partly(images, seen, rng)), torch.as_tensor(labels)
        for rows in torch.as_tensor(rng.permutation(len(labels))).split(BATCH):
            if step == steps:
                break
            optimizer.param_groups[0]["lr"] = learning_rate * (1 - step / steps)
            optimizer.zero_grad()
            F.cross_entropy(model(inputs[rows]), targets[rows]).backward()
            optimizer.step()
            step += 1
    return model.eval()


def _partly(images: np.ndarray, seen: Sequence[str], rng: np.random.Generator) -> np.ndarray:
    """Corrupt half of the images, each in one of the ways that are seen."""
    if not seen:
        return images
    ways = [(name, severity) for name in seen for severity in SEEN_SEVERITIES]
    shown, drawn = images.copy(), rng.integers(2 * len(ways), size=len(images))
    for number, (name, severity) in enumerate(ways):
        shown[drawn == number] = corrupt(images[drawn == number], name, severity, rng)
    return shown


def tensor(images: np.ndarray) -> Tensor:
    """Return images (N, S, S) as the network takes them, (N, 1, S, S) in float32."""
    return torch.as_tensor(images, dtype=torch.float32)[:, None]


@torch.no_grad()
def logits(model: nn.Sequential, images: np.ndarray) -> np.ndarray:
    """Return (N, K) in float64."""
    return model(tensor(images)).double().numpy()


@torch.no_grad()
def features(model: nn.Sequential, images: np.ndarray) -> np.ndarray:
    """Return what the last layer sees, (N, F) in float64."""
    return model[0](tensor(images)).double().numpy()


@torch.no_grad()
def with_batch_statistics(model: nn.Sequential, images: np.ndarray) -> np.ndarray:
    """Return logits (N, K) with batch norm's means and variances taken from the asked images, ``ASKED`` at a time.

    Where the pixels have other values than in training, so have the channels, and this brings them back (Schneider
    et al. 2020, "Improving robustness against common corruptions by covariate shift adaptation"). It needs no label,
    but an answer now depends on the company in which the question comes.
    """
    adapted = deepcopy(model).train()  # a copy: in training mode the statistics that are kept change too
    parts = np.array_split(np.arange(len(images)), max(1, round(len(images) / ASKED)))
    return np.concatenate([adapted(tensor(images[part])).double().numpy() for part in parts])


def over_copies(model: nn.Sequential, images: np.ndarray, size: float) -> np.ndarray:
    """Return log p (N, K), p being the mean over seven copies of each image: as it is, moved four ways, turned two.

    ``size`` is how far, in sides; a turn moves the border as far as a shift moves everything.
    """
    turn = np.rad2deg(2 * size)
    ways = [(0, 0, 0), (0, size, 0), (0, -size, 0), (0, 0, size), (0, 0, -size), (turn, 0, 0), (-turn, 0, 0)]
    copies = np.concatenate([moved(images, *way) for way in ways])
    p = np.exp(log_softmax(logits(model, copies))).reshape(len(ways), len(images), -1)
    return np.log(p.mean(axis=0))


def log_softmax(z: np.ndarray) -> np.ndarray:
    """Return log p of logits (N, K)."""
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))
