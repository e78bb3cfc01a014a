"""Small images in three parts, for the studies that need a truth to score against."""

from dataclasses import dataclass

import numpy as np

from groundup import data


@dataclass(frozen=True)
class Parts:
    """The images as rows (N, pixels), ink from 0 to 1, and their true labels, in three parts that share no image."""

    pool: np.ndarray
    pool_labels: np.ndarray
    validation: np.ndarray
    validation_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray


def load(name: str, pool: int, validation: int, test: int | None = None) -> Parts:
    """Divide a data set's training part, the same way in every run; its test part stays the test part.

    Parameters
    ----------
    name : a data set of images, such as ``digits`` or ``mnist``.
    pool, validation : images to draw training rows from, and to validate on, with the same mix of classes.
    test : so many of the test images, by default all.
    """
    images, rng = data.load(name), np.random.default_rng(0)
    used, _ = _some(_flat(images.train.x), images.train.y, pool + validation, rng)
    drawn, checked = _some(used.x, used.y, pool, rng)
    asked, _ = _some(_flat(images.test.x), images.test.y, test or len(images.test.y), rng)
    return Parts(drawn.x, drawn.y, checked.x, checked.y, asked.x, asked.y)


def _some(x: np.ndarray, y: np.ndarray, count: int, rng: np.random.Generator) -> tuple[data.Split, data.Split]:
    if count == len(y):
        return data.Split(x, y), data.Split(x[:0], y[:0])
    return data.split(x, y, count / len(y), rng)


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float64)
