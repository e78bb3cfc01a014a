"""What a data set is here: a card that describes it, and arrays split into training and test."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np


@dataclass(frozen=True)
class File:
    """One file of a data set.

    ``size`` (bytes) and ``sha256`` describe the content: a gzip wrapping, if there is one, is taken off first.
    The same pixels compressed by another program make other ``.gz`` bytes, and both are right.
    """

    name: str
    size: int
    sha256: str


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
    """One part of a data set: row ``i`` of ``x`` has the label ``y[i]``.

    Image sets: ``x`` is float32 in [0, 1] of shape (N, C, H, W), ``y`` int64 of shape (N,).
    """

    x: Any
    y: Any

    def __len__(self) -> int:
        return len(self.y)

    def __repr__(self) -> str:  # shapes say more than the corner pixels that NumPy would print
        return f"Split({len(self)} rows, x {np.shape(self.x)}, y {np.shape(self.y)})"


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set as arrays: ``train`` to learn from, ``test`` to be looked at once, at the end."""

    train: Split
    test: Split
    classes: tuple[str, ...]
    card: Card = field(repr=False)


def images(x: np.ndarray, y: np.ndarray, white: int) -> Split:
    """Return a split from grey images (N, H, W) with values 0 to ``white``: as (N, 1, H, W), scaled to [0, 1]."""
    return Split(np.divide(x, white, dtype=np.float32)[:, None], y.astype(np.int64))
