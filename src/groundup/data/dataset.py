"""What a data set is here: a card that describes it, and arrays split into training and test."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from groundup.errors import GroundupError


@dataclass(frozen=True)
class File:
    """One file of a data set.

    ``size`` (bytes) and ``sha256`` describe the content: a gzip wrapping, if there is one, is taken off first.
    The same pixels compressed by another program make other ``.gz`` bytes, and both are right. With ``packed`` they
    describe the file as it comes, wrapping and all: for files of which no other checksum is published.
    """

    name: str
    size: int
    sha256: str
    packed: bool = False


@dataclass(frozen=True)
class Card:
    """The description of a data set, written once: listing, loading and checking all read it.

    Parameters
    ----------
    name : the name it is loaded by.
    title, about : what it is, in a line and in a paragraph that also says what to beware of.
    splits : rows of each part (of a text, characters), such as ``{"train": 60000, "test": 10000}``.
    shape : what one row is, in words.
    classes : the class names; label ``y`` is an index into them. Texts have none.
    licence, source, citation : the terms of use, the page it comes from, how to cite it.
    obtained : ``"bundled"`` with groundup, inside another Python ``"package"``, or by ``"download"``.
    files : its files with their checksums.
    urls : for downloads, the public homes (URLs that end in a slash), tried in this order.
    package : for ``"package"``, the Python package that carries it.
    """

    name: str
    title: str
    about: str
    splits: Mapping[str, int]
    shape: str
    classes: tuple[str, ...]
    licence: str
    source: str
    citation: str
    obtained: Literal["bundled", "package", "download"]
    files: tuple[File, ...]
    urls: tuple[str, ...] = ()
    package: str = ""

    @property
    def rows(self) -> int:
        """Number of examples, all parts together."""
        return sum(self.splits.values())


@dataclass(frozen=True, eq=False)  # arrays have no single truth value, so == between splits would raise
class Split:
    """One part of a data set: row ``i`` of ``x`` has the label ``y[i]``."""

    x: Any
    y: Any

    def __len__(self) -> int:
        return len(self.y)

    def __repr__(self) -> str:  # shapes say more than the corner pixels that NumPy would print
        return f"Split({len(self)} rows, x {np.shape(self.x)}, y {np.shape(self.y)})"


@dataclass(frozen=True, eq=False)
class ImageSplit:
    """One part of a set of images, which stay the bytes they are in the file: a quarter of their size as floats.

    Attributes
    ----------
    pixels : uint8 (N, C, H, W), 0 to ``white``; for who makes batches and scales them one by one.
    y : labels, int64 (N,).
    white : the brightest value, 255 as a rule.
    """

    pixels: np.ndarray
    y: np.ndarray
    white: int

    @cached_property
    def x(self) -> np.ndarray:
        """All images scaled to [0, 1], float32 (N, C, H, W); made when first asked for, and then kept."""
        return np.divide(self.pixels, self.white, dtype=np.float32)

    def __len__(self) -> int:
        return len(self.y)

    def __repr__(self) -> str:
        return f"ImageSplit({len(self)} rows, pixels {self.pixels.shape}, y {self.y.shape})"


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set as arrays: ``train`` to learn from, ``test`` to be looked at once, at the end."""

    train: Split | ImageSplit
    test: Split | ImageSplit
    classes: tuple[str, ...]
    card: Card = field(repr=False)


def images(x: np.ndarray, y: np.ndarray, white: int) -> ImageSplit:
    """Return a split from images with values 0 to ``white``: grey (N, H, W), which become (N, 1, H, W), or colour.

    Raises
    ------
    GroundupError : images and labels are not of the same number.
    """
    if len(x) != len(y):
        raise GroundupError(f"got {len(x):,} images and {len(y):,} labels: they are not of the same data set")
    pixels = x[:, None] if x.ndim == 3 else x
    return ImageSplit(pixels.astype(np.uint8, copy=False), y.astype(np.int64), white)
