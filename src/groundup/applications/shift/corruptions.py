"""Six ways in which an image may come out worse than those in the album, each from slight (1) to severe (5).

After Hendrycks and Dietterich (2019), "Benchmarking neural network robustness to common corruptions and perturbations":
the same image with the same label, so whatever accuracy is lost, the corruption took it. Images are (N, S, S) with ink
from 0 to 1 on a background of 0; sizes are shares of the side S, so that small and large images suffer alike.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import ndimage

SEVERITIES = (1, 2, 3, 4, 5)


def noise(images: np.ndarray, deviation: float, rng: np.random.Generator) -> np.ndarray:
    """Add a normal draw to every pixel."""
    return np.clip(images + rng.normal(0, deviation, images.shape), 0, 1)


def blur(images: np.ndarray, width: float, rng: np.random.Generator) -> np.ndarray:
    """Smear each pixel over its neighbours, by a Gaussian with a standard deviation of ``width`` sides."""
    sigma = width * images.shape[1]
    return ndimage.gaussian_filter(images, (0, sigma, sigma), mode="constant")


def contrast(images: np.ndarray, lost: float, rng: np.random.Generator) -> np.ndarray:
    """Draw all pixels towards the mean of their image; ``lost`` is the share of the contrast that goes."""
    mean = images.mean(axis=(1, 2), keepdims=True)
    return mean + (1 - lost) * (images - mean)


def rotation(images: np.ndarray, degrees: float, rng: np.random.Generator) -> np.ndarray:
    """Turn each image about its middle, to the left or to the right."""
    return moved(images, degrees=degrees * rng.choice([-1, 1], len(images)))


def shift(images: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Move each image by ``share`` of its side, in any direction; what leaves the frame is lost."""
    angle = rng.uniform(0, 2 * np.pi, len(images))
    return moved(images, down=share * np.sin(angle), right=share * np.cos(angle))


def occlusion(images: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Cover a square somewhere in each image with grey; its side is ``share`` of the image's."""
    side = images.shape[1]
    size = max(1, round(share * side))
    top, left = rng.integers(side - size + 1, size=(2, len(images), 1))
    inside = [(first <= np.arange(side)) & (np.arange(side) < first + size) for first in (top, left)]  # (N, S) each
    return np.where(inside[0][:, :, None] & inside[1][:, None, :], 0.5, images)


def moved(
    images: np.ndarray,
    degrees: float | np.ndarray = 0.0,
    down: float | np.ndarray = 0.0,
    right: float | np.ndarray = 0.0,
) -> np.ndarray:
    """Turn and move images (N, S, S), each by its own amounts, (N,) or one for all; bilinear, background outside.

    Each pixel of the result asks where it came from: the way back is a rotation about the middle and a move.

    Parameters
    ----------
    degrees : counter-clockwise.
    down, right : shares of the side.
    """
    count, side, _ = images.shape
    angle, down, right = (
        np.broadcast_to(amount, count)[:, None, None] for amount in (np.deg2rad(degrees), down, right)
    )
    middle = (side - 1) / 2
    rows, columns = np.meshgrid(np.arange(side) - middle, np.arange(side) - middle, indexing="ij")
    y, x = rows - down * side, columns - right * side  # (N, S, S)
    source = np.stack(
        [
            np.broadcast_to(np.arange(count)[:, None, None], images.shape),
            np.cos(angle) * y + np.sin(angle) * x + middle,
            np.cos(angle) * x - np.sin(angle) * y + middle,
        ]
    )
    return ndimage.map_coordinates(images, source, order=1, mode="grid-constant", prefilter=False)


class Corruption(NamedTuple):
    """What is done to images, and how strongly at severity 1 to 5."""

    apply: Callable[[np.ndarray, float, np.random.Generator], np.ndarray]
    strengths: tuple[float, float, float, float, float]


# The first three change the values of the pixels, the others their places or what is seen at all.
CORRUPTIONS = {
    "noise": Corruption(noise, (0.08, 0.16, 0.24, 0.32, 0.4)),
    "blur": Corruption(blur, (0.04, 0.055, 0.07, 0.085, 0.1)),
    "contrast": Corruption(contrast, (0.2, 0.35, 0.5, 0.65, 0.8)),
    "rotation": Corruption(rotation, (7, 14, 21, 28, 40)),
    "shift": Corruption(shift, (0.04, 0.08, 0.12, 0.16, 0.2)),
    "occlusion": Corruption(occlusion, (0.125, 0.25, 0.375, 0.5, 0.625)),
}
PIXELS, PLACES = ("noise", "blur", "contrast"), ("rotation", "shift", "occlusion")


def corrupt(images: np.ndarray, name: str, severity: int, rng: np.random.Generator) -> np.ndarray:
    """Return corrupted copies of images (N, S, S); see ``CORRUPTIONS`` for the names."""
    if images.ndim != 3 or images.shape[1] != images.shape[2]:
        raise ValueError(f"got images of shape {images.shape}, expected (N, S, S): square and grey")
    if name not in CORRUPTIONS:
        raise ValueError(f"got the corruption {name!r}, expected one of {', '.join(CORRUPTIONS)}")
    if severity not in SEVERITIES:
        raise ValueError(f"got severity {severity}, expected 1, 2, 3, 4 or 5")
    apply, strengths = CORRUPTIONS[name]
    return apply(images, strengths[severity - 1], rng)
