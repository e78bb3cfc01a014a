"""Theory all the way down: the study's network in PyTorch, from the same weights on the same batches, is the same."""

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from groundup.applications.images import Parts
from groundup.applications.over_and_under.network import Settings, build, probabilities, train
from groundup.applications.over_and_under.sample import CLASSES, Sample, draw
from groundup.scratch.batching import batches


def train_in_torch(settings: Settings, sample: Sample, seed: int) -> nn.Sequential:
    """Train PyTorch's network as ``network.train`` trains ours; the first weights and the batches are the same."""
    model = nn.Sequential(nn.Linear(sample.x.shape[1], settings.hidden), nn.ReLU(), nn.Linear(settings.hidden, CLASSES))
    weights = build(settings, seed).state_dict()  # under the same names
    model.double().load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    rng = np.random.default_rng(seed)
    for _ in range(settings.epochs):
        for x, labels in batches(sample.x, sample.labels, settings.batch_size, rng):
            optimizer.zero_grad()
            F.cross_entropy(model(torch.as_tensor(x)), torch.as_tensor(labels)).backward()
            optimizer.step()
    return model


def measure(digits: Parts, settings: Settings, seed: int) -> dict[str, Any]:
    """Train both, and compare every weight and every probability on validation.

    ``weights`` is the largest difference of any weight, relative to the largest weight of its array;
    ``probabilities`` the largest difference of any probability.
    """
    sample = draw(digits, seed)
    ours, theirs = train(settings, sample, seed), train_in_torch(settings, sample, seed)
    state = {name: value.numpy() for name, value in theirs.state_dict().items()}
    gaps = [np.abs(value - state[name]).max() / np.abs(value).max() for name, value in ours.state_dict().items()]
    with torch.no_grad():
        p = theirs(torch.as_tensor(digits.validation)).softmax(dim=1).numpy()
    return {
        "steps": settings.epochs * -(-len(sample.x) // settings.batch_size),
        "weights": float(max(gaps)),
        "probabilities": float(np.abs(probabilities(ours, digits.validation) - p).max()),
    }
