"""Augmentation: a batch of images changed at random in ways that leave its labels true, or change them as much.

Every function takes a whole batch x (N, C, H, W), on any device, and returns a new one; no loop runs over the
images. Each image draws its own chances, all from the ``torch.Generator`` that is passed in: the same state of the
generator gives the same batch. Keep the generator on the CPU, and that holds whatever the device of the images.

- :func:`random_crop`, :func:`horizontal_flip`, :func:`cutout` and :func:`random_erasing` look at no other image
  and leave the label as it is. They take bytes as well as floats; bytes are four times quicker to move.
- :func:`mixup` and :func:`cutmix` put two images into one, and return the labels as probabilities (N, classes):
  cross-entropy takes them as they are.
- :func:`normalize` is no chance at all: it belongs to training and evaluation alike.
"""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F


def random_crop(x: Tensor, generator: torch.Generator, padding: int = 4, fill: float = 0.0) -> Tensor:
    """Frame each image with ``padding`` pixels of ``fill`` on every side, and cut its old size out anywhere.

    So each image moves by up to ``padding`` pixels along each axis, every offset equally likely (He et al. 2016,
    "Deep residual learning", section 4.2, with padding 4).

    Parameters
    ----------
    x : (N, C, H, W).
    fill : the value of the frame, in the units of ``x``.
    """
    N, _, H, W = _images(x).shape
    if padding < 0:
        raise ValueError(f"got padding {padding}, expected 0 pixels or more")
    framed = F.pad(x, (padding,) * 4, value=fill)
    # A view of every window of H x W pixels, (N, C, 2P + 1, 2P + 1, H, W), of which each image picks one.
    windows = framed.unfold(2, H, 1).unfold(3, W, 1)
    top, left = torch.randint(2 * padding + 1, (2, N), generator=generator, device=generator.device).to(x.device)
    return windows[torch.arange(N, device=x.device), :, top, left]


def horizontal_flip(x: Tensor, generator: torch.Generator, probability: float = 0.5) -> Tensor:
    """Swap left and right in each image with the given probability.

    For what looks as true in a mirror: cats, not digits.
    """
    chosen = _chances(_images(x), generator) < _share("probability", probability)
    return torch.where(chosen[:, None, None, None], x.flip(-1), x)


def cutout(x: Tensor, generator: torch.Generator, size: int = 8, fill: float = 0.0) -> Tensor:
    """Cover a square of each image with ``fill`` (DeVries and Taylor 2017, "Improved regularization ... Cutout").

    The centre is any pixel, all equally likely, so near the border a part of the square falls outside (section 3.2:
    some images must stay nearly whole).

    Parameters
    ----------
    x : (N, C, H, W).
    size : pixels along each side of the square.
    fill : in the units of ``x``; the paper covers with the mean, which is 0 after :func:`normalize`.
    """
    N, _, H, W = _images(x).shape
    if size < 1:
        raise ValueError(f"got size {size}, expected a square of 1 pixel or more")
    y_centre, x_centre = _pixels(H, N, generator, x.device), _pixels(W, N, generator, x.device)
    top, left = y_centre - size // 2, x_centre - size // 2
    return x.masked_fill(_boxes(H, W, top, top + size, left, left + size), fill)


def random_erasing(
    x: Tensor,
    generator: torch.Generator,
    probability: float = 0.5,
    area: tuple[float, float] = (0.02, 0.4),
    aspect: tuple[float, float] = (0.3, 1 / 0.3),
    fill: float = 0.0,
) -> Tensor:
    """Cover a rectangle of some images with ``fill`` (Zhong et al. 2020, "Random erasing data augmentation").

    A rectangle that would reach over the border is cut to the image's size, where the paper draws anew: so no image
    waits for another.

    Parameters
    ----------
    x : (N, C, H, W).
    probability : that an image is touched.
    area : the least and the largest share of the image that is covered; the draw between them is uniform.
    aspect : the least and the largest ratio of height to width; uniform in its logarithm, so that flat and tall are
        equally likely.
    fill : in the units of ``x``.
    """
    _, _, H, W = _images(x).shape
    if not 0 < area[0] <= area[1] <= 1:
        raise ValueError(f"got area {area}, expected two shares of the image in order, such as (0.02, 0.4)")
    if not 0 < aspect[0] <= aspect[1]:
        raise ValueError(f"got aspect {aspect}, expected two positive ratios in order, such as (0.3, 3.3)")
    chosen = _chances(x, generator) < _share("probability", probability)
    pixels = H * W * _between(*area, _chances(x, generator))
    ratio = torch.exp(_between(math.log(aspect[0]), math.log(aspect[1]), _chances(x, generator)))
    height = (pixels * ratio).sqrt().round().clamp(1, H)
    width = (pixels / ratio).sqrt().round().clamp(1, W)
    top = (_chances(x, generator) * (H - height + 1)).floor()
    left = (_chances(x, generator) * (W - width + 1)).floor()
    height = height * chosen  # a box without height covers nothing
    return x.masked_fill(_boxes(H, W, top, top + height, left, left + width), fill)


def mixup(x: Tensor, y: Tensor, generator: torch.Generator, classes: int, alpha: float = 0.2) -> tuple[Tensor, Tensor]:
    """Blend each image with a partner of the batch, and their labels alike (Zhang et al. 2018, "mixup").

    x' = λ x + (1 - λ) x_partner and y' = λ y + (1 - λ) y_partner, with λ ~ Beta(α, α) (section 2). The paper's own
    program draws one λ for a whole batch; here each image has its own, which on average is the same.

    Parameters
    ----------
    x : (N, C, H, W) floats.
    y : labels (N,), int64, or probabilities (N, classes).
    alpha : above 0; small: most images stay nearly themselves; 1: every blend is equally likely.

    Returns
    -------
    The images, and the labels as probabilities (N, classes), float32.
    """
    if not _images(x).is_floating_point():
        raise TypeError(f"got images of {x.dtype}, expected floats: a blend of bytes would be rounded")
    probabilities, partner = _probabilities(y, classes), _partners(x, generator)
    share = _beta(alpha, x, generator)
    return (
        torch.lerp(x[partner], x, share[:, None, None, None].to(x.dtype)),  # partner + λ (x - partner)
        torch.lerp(probabilities[partner], probabilities, share[:, None]),
    )


def cutmix(x: Tensor, y: Tensor, generator: torch.Generator, classes: int, alpha: float = 1.0) -> tuple[Tensor, Tensor]:
    """Paste a rectangle of a partner into each image, and mix the labels by area (Yun et al. 2019, "CutMix").

    The rectangle has the image's proportions and the area 1 - λ with λ ~ Beta(α, α); its centre is any pixel. What
    reaches over the border is cut off (section 3.1 and the paper's program), and the labels are then weighted by the
    pixels that were really replaced: a label's weight is the share of the image that shows it.

    Parameters and results as in :func:`mixup`; images may be bytes too.
    """
    N, _, H, W = _images(x).shape
    probabilities, partner = _probabilities(y, classes), _partners(x, generator)
    side = (1 - _beta(alpha, x, generator)).sqrt()  # of the rectangle, as a share of the image's
    height, width = (H * side).long(), (W * side).long()
    top = _pixels(H, N, generator, x.device) - height // 2
    left = _pixels(W, N, generator, x.device) - width // 2
    box = _boxes(H, W, top, top + height, left, left + width)
    kept = 1 - box.float().mean(dim=(1, 2, 3))[:, None]  # (N, 1)
    return torch.where(box, x[partner], x), kept * probabilities + (1 - kept) * probabilities[partner]


def channel_statistics(x: np.ndarray, white: float = 1.0) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of each channel over all images x (N, C, H, W), as two tensors (C,).

    Take them from the training examples alone: the mean of all examples would already know something of the test.
    The images are summed a thousand at a time in float64, so that neither memory nor accuracy depends on N.

    Parameters
    ----------
    white : the value of a pixel that shall count as 1, such as 255 for bytes.
    """
    total, squares, count = 0.0, 0.0, 0
    for start in range(0, len(x), 1000):
        part = x[start : start + 1000].astype(np.float64) / white
        total += part.sum(axis=(0, 2, 3))
        squares += (part**2).sum(axis=(0, 2, 3))
        count += part[:, 0].size
    if not count:
        raise ValueError("got no images to take the mean of")
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - mean**2, 0))
    std = np.where(std > 0, std, 1)  # a channel that is everywhere the same becomes 0, not a division by zero
    return torch.tensor(mean, dtype=torch.float32), torch.tensor(std, dtype=torch.float32)


def normalize(x: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Return (x - mean) / std for images (N, C, H, W) and statistics (C,): each channel with mean 0, deviation 1."""
    if mean.shape != std.shape or mean.shape != x.shape[1:2]:
        raise ValueError(
            f"got statistics of shapes {tuple(mean.shape)} and {tuple(std.shape)} for images of shape "
            f"{tuple(x.shape)}: expected one mean and one deviation a channel"
        )
    return (x - mean[:, None, None].to(x)) / std[:, None, None].to(x)


def _images(x: Tensor) -> Tensor:
    if x.ndim != 4:
        raise ValueError(f"got a batch of shape {tuple(x.shape)}, expected images (N, C, H, W)")
    return x


def _share(name: str, value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f"got {name} {value}, expected a number from 0 to 1")
    return value


def _chances(x: Tensor, generator: torch.Generator) -> Tensor:
    """One number for each image, uniform in [0, 1), on the device of the images."""
    return torch.rand(len(x), generator=generator, device=generator.device).to(x.device)


def _pixels(side: int, count: int, generator: torch.Generator, device: torch.device) -> Tensor:
    return torch.randint(side, (count,), generator=generator, device=generator.device).to(device)


def _partners(x: Tensor, generator: torch.Generator) -> Tensor:
    """Everyone is the partner of someone: a random order of the batch."""
    return torch.randperm(len(x), generator=generator, device=generator.device).to(x.device)


def _between(low: float, high: float, chance: Tensor) -> Tensor:
    return low + (high - low) * chance


def _beta(alpha: float, x: Tensor, generator: torch.Generator) -> Tensor:
    """One draw from Beta(α, α) for each image, float32. Torch's own takes no generator; NumPy's is seeded by ours."""
    if not alpha > 0:
        raise ValueError(f"got alpha {alpha}, expected a number above 0: the smaller, the less is mixed")
    seed = torch.randint(2**62, (), generator=generator, device=generator.device).item()
    draws = np.random.default_rng(int(seed)).beta(alpha, alpha, len(x))
    return torch.from_numpy(draws).to(x.device, torch.float32)


def _probabilities(y: Tensor, classes: int) -> Tensor:
    """Labels (N,) as (N, classes) with a single 1 a row; probabilities stay as they are."""
    return F.one_hot(y, classes).float() if y.ndim == 1 else y


def _boxes(H: int, W: int, top: Tensor, bottom: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """One rectangle for each image as a mask (N, 1, H, W); borders (N,), the last row and column not included."""
    rows, columns = torch.arange(H, device=top.device), torch.arange(W, device=top.device)
    inside_rows = (rows >= top[:, None]) & (rows < bottom[:, None])  # (N, H)
    inside_columns = (columns >= left[:, None]) & (columns < right[:, None])  # (N, W)
    return (inside_rows[:, :, None] & inside_columns[:, None, :])[:, None]
