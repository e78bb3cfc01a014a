"""What one run sees: a few hundred digits, some of them with a wrong label, and others to measure on."""

from dataclasses import dataclass

import numpy as np

from groundup import data
from groundup.applications import inject

CLASSES = 10
NOISE = 0.2  # share of the training labels that are made wrong, as labels gathered in a hurry are
ROWS = 400  # training images, unless the knob is their number
POOL = 0.6  # share of the training images of the data set from which a run draws; the rest validates


@dataclass(frozen=True)
class Digits:
    """The images (N, 64), ink from 0 to 1, and their true labels, in three parts that share no image."""

    pool: np.ndarray
    pool_labels: np.ndarray
    validation: np.ndarray
    validation_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray


@dataclass(frozen=True)
class Sample:
    """The training rows of one run; ``labels`` are those that the network sees, a part of them wrong."""

    x: np.ndarray
    labels: np.ndarray


def load() -> Digits:
    """Divide the data set's training part, the same way in every run; its test part is used in ``contest.py`` alone."""
    digits = data.load("digits")
    x, y = _flat(digits.train.x), digits.train.y
    pool, rest = data.split(np.arange(len(x)), y, POOL, np.random.default_rng(0))
    return Digits(x[pool.x], y[pool.x], x[rest.x], y[rest.x], _flat(digits.test.x), digits.test.y)


def draw(digits: Digits, seed: int, rows: int = ROWS) -> Sample:
    """Draw training rows from the pool, and make the share ``NOISE`` of their labels wrong."""
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(digits.pool))[:rows]
    noise = inject.symmetric_noise(CLASSES, NOISE)
    labels, _ = inject.noisy_labels(digits.pool_labels[chosen], noise, rng, classes=range(CLASSES))
    return Sample(digits.pool[chosen], labels)


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float64)
