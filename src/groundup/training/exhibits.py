"""What there is to look at in a trained classifier of images: its worst mistakes, its stages, where it attends.

Each function takes plain tensors and returns numbers or matplotlib figures; `image_page` puts them on a page.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from groundup import plots
from groundup.training import looking


@dataclass(frozen=True)
class Mistake:
    """An example that was taken for something else; ``loss`` in nats, ``confidence`` the guess's probability."""

    row: int  # in its split
    truth: str
    guess: str
    confidence: float
    loss: float


def worst_mistakes(logits: Tensor, labels: Tensor, classes: Sequence[str], count: int = 24) -> list[Mistake]:
    """Return the wrong guesses with the highest loss: those that held the truth for the least likely."""
    losses = F.cross_entropy(logits.double(), labels, reduction="none")
    confidence, guess = logits.double().softmax(dim=1).max(dim=1)
    wrong = (guess != labels).nonzero()[:, 0]
    worst = wrong[losses[wrong].argsort(descending=True, stable=True)[:count]]
    return [
        Mistake(
            int(row), classes[int(labels[row])], classes[int(guess[row])], float(confidence[row]), float(losses[row])
        )
        for row in worst
    ]


def frequent_confusions(confusion: Sequence[Sequence[int]], classes: Sequence[str], count: int = 8) -> list[list[Any]]:
    """Return the pairs of classes that were confused most often: [truth, guess, how often, share of the truth]."""
    pairs = [
        [classes[i], classes[j], n, n / sum(row)]
        for i, row in enumerate(confusion)
        for j, n in enumerate(row)
        if n and i != j
    ]
    return sorted(pairs, key=lambda pair: -pair[2])[:count]


def mistakes_figure(images: Tensor, mistakes: Sequence[Mistake]) -> Figure:
    """Show mistakes: images (M, C, H, W) in [0, 1], each with its truth, the guess and how sure that was."""
    captions = [f"{m.truth}\n→ {m.guess}, {m.confidence:.0%}" for m in mistakes]
    return plots.gallery(images.numpy(), captions, columns=6, limits=(0, 1))


def feature_map_figures(model: nn.Module, x: Tensor, shown: int = 12) -> list[tuple[str, Figure, str]]:
    """Show what the stages of ``model`` make of one image x (1, C, H, W): (layer, figure, caption) for each.

    Of each layer the ``shown`` maps that answer most strongly, each in its own shades from its smallest to its
    largest value.
    """
    figures = []
    for name, maps in looking.feature_maps(model, x).items():
        maps = maps[0]  # (maps, H, W)
        strength = maps.std(dim=(1, 2))
        chosen = strength.argsort(descending=True, stable=True)[:shown].sort().values
        figure = plots.gallery(maps[chosen].numpy(), columns=6)
        figure.set_layout_engine("constrained", w_pad=0.04, h_pad=0.04)
        size = " × ".join(map(str, maps.shape[1:]))
        figures.append((name, figure, f"{len(chosen)} of {len(maps)} maps of {size} pixels."))
    return figures


def attention_figure(model: nn.Module, x: Tensor) -> tuple[Figure, list[str]] | None:
    """Show where a Transformer looks in images x (N, C, H, W): rows of the image, each layer's attention, all layers.

    The attention of the class token, if there is one before the patches, otherwise the mean over all patches; mean
    over the heads. The last picture of a row is the attention followed through all layers (:func:`looking.rollout`).
    A picture is the image, dimmed where little attention goes. None for a model without such attention.

    Returns
    -------
    The figure and the captions of its columns.
    """
    maps = [weights for weights in looking.attention(model, x).values() if weights.shape[-1] == weights.shape[-2]]
    if not maps or _grid(maps[0].shape[-1]) is None:
        return None
    step = max(1, math.ceil(len(maps) / 4))  # at most four layers, the last among them
    numbers = sorted(range(len(maps) - 1, -1, -step))
    pictures = [maps[number].mean(dim=1) for number in numbers] + [looking.rollout(maps)]
    x = _shades(x.cpu())
    rows = []
    for n in range(len(x)):
        rows.append(x[n])
        rows.extend(x[n] * _heat(picture[n], x.shape[-2:]) for picture in pictures)
    captions = ["image", *(f"layer {number + 1}" for number in numbers), "all layers"]
    images = torch.stack(rows)
    under = [""] * (len(images) - len(captions)) + captions
    return plots.gallery(images.numpy(), under, columns=len(captions), limits=(0, 1)), captions


def _grid(tokens: int) -> tuple[int, int] | None:
    """Return (extra tokens before the patches, patches along a side); None if the tokens are no square of patches."""
    for extra in (1, 0):
        side = math.isqrt(tokens - extra)
        if side > 1 and side * side == tokens - extra:
            return extra, side
    return None


def _heat(weights: Tensor, size: tuple[int, int] | torch.Size) -> Tensor:
    """Turn attention (T, T) into brightness (1, H, W): 1 where most of it goes, a tenth where none does."""
    extra, side = _grid(len(weights)) or (0, 0)
    given = weights[0, extra:] if extra else weights.mean(dim=0)
    heat = (given / given.max()).reshape(1, 1, side, side)
    return 0.1 + 0.9 * F.interpolate(heat, tuple(size), mode="nearest")[0]


def _shades(x: Tensor) -> Tensor:
    """Bring images to [0, 1], each between its own smallest and largest value: inputs may be normalized."""
    low, high = x.amin(dim=(1, 2, 3), keepdim=True), x.amax(dim=(1, 2, 3), keepdim=True)
    return (x - low) / (high - low).clamp(min=1e-12)
