"""One run of the study's network, made by hand (``groundup.scratch``); in float64, to be held beside PyTorch's.

x (N, 64) -> Linear -> ReLU -> Dropout -> Linear -> logits (N, 10)
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from groundup import scratch
from groundup.applications.over_and_under.sample import CLASSES, Sample
from groundup.scratch.batching import batches

SIDE = 8  # pixels along each side of an image


@dataclass(frozen=True)
class Settings:
    """The knobs, in the position in which they stay while another is turned."""

    hidden: int = 64
    epochs: int = 60
    weight_decay: float = 0.0
    dropout: float = 0.0
    shift: int = 0  # largest shift of a training image, in pixels, in each direction
    learning_rate: float = 3e-3
    batch_size: int = 32


def build(settings: Settings, seed: int) -> scratch.Sequential:
    """Return the network with new weights, which ``seed`` decides."""
    rng = np.random.default_rng(seed)
    layers: list[scratch.Layer] = [
        scratch.Linear(SIDE**2, settings.hidden, rng=rng, dtype=np.float64),
        scratch.ReLU(),
        scratch.Linear(settings.hidden, CLASSES, rng=rng, dtype=np.float64),
    ]
    if settings.dropout:
        layers.insert(2, scratch.Dropout(settings.dropout, rng=rng))
    return scratch.Sequential(*layers)


def train(
    settings: Settings, sample: Sample, seed: int, watch: Callable[[scratch.Sequential], object] | None = None
) -> scratch.Sequential:
    """Train a new network on the sample; ``watch(model)`` is called after each epoch."""
    model = build(settings, seed)
    loss = scratch.CrossEntropy()
    optimizer = scratch.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    rng = np.random.default_rng(seed)
    for _ in range(settings.epochs):
        for x, labels in batches(sample.x, sample.labels, settings.batch_size, rng):
            if settings.shift:
                x = shifted(x, settings.shift, rng)
            optimizer.zero_grad()
            loss(model(x), labels)
            model.backward(loss.backward())
            optimizer.step()
        if watch:
            watch(model)
    return model


def shifted(x: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Move each image (N, 64) by up to ``most`` pixels in both directions; what leaves the frame is lost."""
    padded = np.pad(x.reshape(-1, SIDE, SIDE), ((0, 0), (most, most), (most, most)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (SIDE, SIDE), axis=(1, 2))  # (N, 2m+1, 2m+1, 8, 8)
    down, right = rng.integers(2 * most + 1, size=(2, len(x)))
    return windows[np.arange(len(x)), down, right].reshape(len(x), -1)


def probabilities(model: scratch.Sequential, x: np.ndarray) -> np.ndarray:
    """Return softmax of the logits in evaluation mode, (N, 10)."""
    return np.exp(scratch.log_softmax(scratch.predict(model, x)))


def scores(p: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Return the share of wrong answers, and the cross-entropy in nats, the mean over N."""
    error = float((p.argmax(axis=1) != labels).mean())
    return error, float(-np.log(np.maximum(p[np.arange(len(labels)), labels], 1e-300)).mean())
