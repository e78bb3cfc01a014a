"""What one run sees: a few hundred digits, some of them with a wrong label, and others to measure on."""

from dataclasses import dataclass

import numpy as np

from groundup.applications import images, inject
from groundup.applications.images import Parts

CLASSES = 10
NOISE = 0.2  # share of the training labels that are made wrong, as labels gathered in a hurry are
ROWS = 400  # training images, unless the knob is their number
POOL, VALIDATION = 860, 570  # images from which a run draws, and others on which it validates


@dataclass(frozen=True)
class Sample:
    """The training rows of one run; ``labels`` are those that the network sees, a part of them wrong."""

    x: np.ndarray
    labels: np.ndarray


def load() -> Parts:
    """Divide the data set's training part; its test part is used in ``contest.py`` alone."""
    return images.load("digits", POOL, VALIDATION)


def draw(digits: Parts, seed: int, rows: int = ROWS) -> Sample:
    """Draw training rows from the pool, and make the share ``NOISE`` of their labels wrong."""
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(digits.pool))[:rows]
    noise = inject.symmetric_noise(CLASSES, NOISE)
    labels, _ = inject.noisy_labels(digits.pool_labels[chosen], noise, rng, classes=range(CLASSES))
    return Sample(digits.pool[chosen], labels)
