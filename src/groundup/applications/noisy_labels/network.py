"""One network, and the ways of training it that are told about wrong labels, or are not.

x (N, I) -> Linear -> ReLU -> Linear -> logits (N, K)
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

HIDDEN, EPOCHS, BATCH, LEARNING_RATE = 128, 60, 64, 3e-3
Loss = Callable[[Tensor, Tensor], Tensor]  # logits (N, K), labels (N,) -> the loss of each example, (N,)


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return -log p_y, (N,) in nats: the less likely the label seems, the louder the gradient, wrong labels loudest."""
    return F.cross_entropy(logits, labels, reduction="none")


def generalised_cross_entropy(logits: Tensor, labels: Tensor, q: float = 0.7) -> Tensor:
    """Return (1 - p_y^q) / q, (N,): Zhang and Sabuncu 2018, "Generalized cross entropy loss", equation 6.

    Its gradient is that of cross-entropy times p_y^q. So a label that the network finds unlikely speaks softly. For
    q → 0 this is cross-entropy; for q = 1 it is half the mean absolute error, which is robust but hardly learns.
    """
    p = logits.softmax(dim=1).gather(1, labels[:, None])[:, 0].clamp_min(1e-7)
    return (1 - p**q) / q


@dataclass
class Trained:
    """A trained network, and what was measured after each epoch."""

    model: nn.Module
    history: dict[str, list[float]] = field(default_factory=dict)

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        """Return (N, K)."""
        with torch.no_grad():
            return self.model(_tensor(x)).softmax(dim=1).numpy()

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return classes (N,)."""
        return self.probabilities(x).argmax(axis=1)


def train(
    x: np.ndarray,
    labels: np.ndarray,
    validation: tuple[np.ndarray, np.ndarray],
    weight_decay: float,
    seed: int,
    loss: Loss = cross_entropy,
    watch: Callable[[nn.Module], dict[str, float]] | None = None,
) -> tuple[Trained, Trained]:
    """Train, and return the network after the last epoch, and as it was when it did best on ``validation``.

    The validation labels are as noisy as the others: nobody has a clean part. ``watch`` is called after each epoch;
    what it returns goes into ``history``.
    """
    torch.manual_seed(seed)
    model = _network(x.shape[1])
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=weight_decay, fused=True)
    inputs, targets = _tensor(x), torch.as_tensor(labels)
    history: dict[str, list[float]] = {}
    best, best_model = -1.0, _network(x.shape[1])
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(inputs)).split(BATCH):
            optimizer.zero_grad()
            loss(model(inputs[rows]), targets[rows]).mean().backward()
            optimizer.step()
        accuracy = float((Trained(model).predict(validation[0]) == validation[1]).mean())
        for name, value in ({"validation": accuracy} | (watch(model) if watch else {})).items():
            history.setdefault(name, []).append(value)
        if accuracy > best:
            best = accuracy
            best_model.load_state_dict(model.state_dict())
    return Trained(model, history), Trained(best_model, history)


def co_teach(
    x: np.ndarray,
    labels: np.ndarray,
    validation: tuple[np.ndarray, np.ndarray],
    weight_decay: float,
    seed: int,
    rate: float,
) -> Trained:
    """Two networks choose for each other: each learns from the examples of a batch that the other finds easiest.

    A network fits right labels before wrong ones, so a small loss speaks for a right label. Chosen by the network
    itself, its mistakes would confirm themselves; the other one errs in other places. The share that is left out rises
    to ``rate``, the share of wrong labels, in the first ten epochs (Han et al. 2018, "Co-teaching", algorithm 1).

    Returns
    -------
    The first network, as it was when it did best on ``validation``.
    """
    torch.manual_seed(seed)
    pair = [_network(x.shape[1]) for _ in range(2)]
    optimizers = [
        torch.optim.AdamW(m.parameters(), lr=LEARNING_RATE, weight_decay=weight_decay, fused=True) for m in pair
    ]
    inputs, targets = _tensor(x), torch.as_tensor(labels)
    best, best_model = -1.0, _network(x.shape[1])
    for epoch in range(EPOCHS):
        kept = 1 - rate * min(1, epoch / 10)
        for rows in torch.randperm(len(inputs)).split(BATCH):
            losses = [cross_entropy(model(inputs[rows]), targets[rows]) for model in pair]
            count = max(1, round(kept * len(rows)))
            easy = [values.detach().argsort()[:count] for values in losses]
            for mine, theirs, optimizer in zip(losses, reversed(easy), optimizers):
                optimizer.zero_grad()
                mine[theirs].mean().backward()
                optimizer.step()
        accuracy = float((Trained(pair[0]).predict(validation[0]) == validation[1]).mean())
        if accuracy > best:
            best = accuracy
            best_model.load_state_dict(pair[0].state_dict())
    return Trained(best_model)


def _network(inputs: int, classes: int = 10) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, classes))


def _tensor(x: np.ndarray) -> Tensor:
    return torch.as_tensor(x, dtype=torch.float32)
