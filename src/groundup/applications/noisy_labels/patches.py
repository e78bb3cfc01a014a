"""Features of photographs that no label can spoil: random patches (Coates, Lee and Ng 2011; Coates and Ng 2011).

A network with one hidden layer reads digits from their pixels, but hardly photographs. So each image is described
first: how much does the neighbourhood of each place look like each of a few patches that were cut out of the training
images? In each quarter of the image the answers are added up. No label takes part, so wrong labels cannot do harm here,
and what they do afterwards is seen as clearly as on digits.
"""

from dataclasses import replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from groundup.applications.images import Parts

SIZE, PATCHES, STEP = 6, 96, 2  # pixels along a patch, how many, and between the places where images are looked at
SMOOTHING = 0.1  # added to the variances of whitening: directions with next to none are noise


class PatchFeatures:
    """From images (N, 3, H, W) to rows (N, 4 * PATCHES), each column with mean 0 and variance 1 on the training images.

    Parameters
    ----------
    images : those to cut patches from and to take means and variances of: training images, and no others.
    rng : chooses the patches.
    """

    def __init__(self, images: np.ndarray, rng: np.random.Generator) -> None:
        windows = _patches(images[rng.permutation(len(images))[:500]])
        sample = windows.reshape(-1, windows.shape[-1])
        sample = sample[rng.permutation(len(sample))[:20_000]]
        # Whitening: neighbouring pixels are nearly equal, and that says nothing; what is left are edges and colours.
        self.mean = sample.mean(axis=0)
        variances, directions = np.linalg.eigh(np.cov(sample - self.mean, rowvar=False))
        self.whiten = (directions / np.sqrt(variances + SMOOTHING)) @ directions.T
        chosen = (sample[:PATCHES] - self.mean) @ self.whiten
        self.dictionary = chosen / np.linalg.norm(chosen, axis=1, keepdims=True)  # (PATCHES, 3 SIZE²)
        self.centre, self.scale = np.zeros(4 * PATCHES), np.ones(4 * PATCHES)
        rows = self(images)
        self.centre, self.scale = rows.mean(axis=0), rows.std(axis=0) + 1e-8

    def __call__(self, images: np.ndarray) -> np.ndarray:
        return np.concatenate([self._describe(part) for part in np.array_split(images, -(-len(images) // 250))])

    def _describe(self, images: np.ndarray) -> np.ndarray:
        windows = _patches(images)  # (N, R, C, 3 SIZE²)
        likeness = np.maximum((windows - self.mean) @ self.whiten @ self.dictionary.T, 0)  # (N, R, C, PATCHES)
        half = likeness.shape[1] // 2
        quarters = [
            likeness[:, rows, columns].sum(axis=(1, 2))
            for rows in (slice(half), slice(half, None))
            for columns in (slice(half), slice(half, None))
        ]
        return (np.concatenate(quarters, axis=1) - self.centre) / self.scale


def described(parts: Parts, side: int = 32) -> Parts:
    """Return the same images as rows of features instead of pixels; patches, means and variances are the pool's."""

    def images(rows: np.ndarray) -> np.ndarray:
        return rows.reshape(len(rows), 3, side, side)

    features = PatchFeatures(images(parts.pool), np.random.default_rng(0))
    return replace(
        parts,
        pool=features(images(parts.pool)),
        validation=features(images(parts.validation)),
        test=features(images(parts.test)),
    )


def _patches(images: np.ndarray) -> np.ndarray:
    """Return every STEP-th patch, (N, R, C, 3 SIZE²), each with its own mean taken out and its contrast made 1."""
    windows = sliding_window_view(images, (SIZE, SIZE), axis=(2, 3))[:, :, ::STEP, ::STEP]  # (N, 3, R, C, SIZE, SIZE)
    rows = windows.transpose(0, 2, 3, 1, 4, 5).reshape(*_places(windows), -1).astype(np.float32)
    rows = rows - rows.mean(axis=-1, keepdims=True)
    return rows / np.sqrt(rows.var(axis=-1, keepdims=True) + 1e-3)


def _places(windows: np.ndarray) -> tuple[int, int, int]:
    return len(windows), windows.shape[2], windows.shape[3]
