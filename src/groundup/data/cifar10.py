"""CIFAR-10: 60,000 small colour photographs of ten kinds of animals and vehicles, downloaded once."""

import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

from groundup.data import download
from groundup.data.dataset import Card, Dataset, File, ImageSplit, images
from groundup.data.safe_pickle import Array, load_plain
from groundup.errors import GroundupError

CARD = Card(
    name="cifar10",
    title="animals and vehicles in colour, 32 x 32 pixels",
    about=(
        "Photographs found on the web, scaled to 32 x 32 pixels, each of one thing of ten kinds, equally many of each. "
        "Beware: some test images have a near copy among the training images (B. Barz and J. Denzler, 2020, Do we "
        "train on test data?), so accuracies are a little too good."
    ),
    splits={"train": 50_000, "test": 10_000},
    shape="image 3 x 32 x 32",
    classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    licence="none is stated; the authors ask to cite the report",
    source="https://www.cs.toronto.edu/~kriz/cifar.html",
    citation=(
        "A. Krizhevsky (2009). Learning multiple layers of features from tiny images. Technical report, University "
        "of Toronto."
    ),
    obtained="download",
    files=(
        File(
            "cifar-10-python.tar.gz",
            170_498_071,
            "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
            packed=True,
        ),
    ),
    urls=("https://www.cs.toronto.edu/~kriz/",),
)

SHAPE = (3, 32, 32)  # of an image: red, green and blue planes
TRAIN = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST = ("test_batch",)


def is_present() -> bool:
    """Whether the archive lies in the data folder (its checksum is not looked at)."""
    return download.is_present(CARD)


def fetch() -> Path:
    """Download the archive if it is missing, check it, return the folder."""
    return download.fetch(CARD)


def load() -> Dataset:
    """Return the images and labels; the first time, download them."""
    return load_archive(CARD)


def load_archive(card: Card) -> Dataset:
    """Load a data set in the form of CIFAR-10's archive for Python: a tar file of pickled batches."""
    (content,) = download.read(card)
    train, test = read_batches(content, TRAIN, card), read_batches(content, TEST, card)
    for name, part in (("train", train), ("test", test)):
        if len(part) != card.splits[name]:
            raise GroundupError(
                f"{card.files[0].name} holds {len(part):,} images to {name}, expected {card.splits[name]:,}."
            )
    return Dataset(train, test, card.classes, card)


def read_batches(archive: bytes, names: tuple[str, ...], card: Card) -> ImageSplit:
    """Return the images and labels of the batches ``names`` in an unpacked archive, one after the other.

    Each batch is a pickle: a dictionary with ``data``, uint8 (N, 3072), an image a row, all of its red, then its
    green, then its blue pixels; and ``labels``, N numbers.

    Raises
    ------
    GroundupError : a batch is missing, or is not of this form.
    """
    pixels, labels = [], []
    with _open(archive, card) as tar:
        for name in names:
            try:
                member = tar.extractfile(f"cifar-10-batches-py/{name}")
            except (KeyError, tarfile.TarError):
                member = None
            if member is None:
                raise GroundupError(f"{card.files[0].name} has no cifar-10-batches-py/{name}: is it another archive?")
            x, y = _batch(load_plain(member.read(), name), name, len(card.classes))
            pixels.append(x)
            labels.append(y)
    return images(np.concatenate(pixels), np.concatenate(labels), white=255)


def _open(archive: bytes, card: Card) -> tarfile.TarFile:
    try:
        return tarfile.open(fileobj=io.BytesIO(archive), mode="r:")
    except tarfile.TarError as error:
        raise GroundupError(f"{card.files[0].name} is not a tar archive: {error}.") from None


def _batch(content: Any, name: str, classes: int) -> tuple[np.ndarray, np.ndarray]:
    data, labels = (content.get(key) if isinstance(content, dict) else None for key in (b"data", b"labels"))
    size = int(np.prod(SHAPE))
    if (
        not isinstance(data, Array)
        or not isinstance(labels, list)
        or data.shape != (len(labels), size)
        or not all(isinstance(label, int) and 0 <= label < classes for label in labels)
    ):
        raise GroundupError(
            f"{name} is not a batch of CIFAR-10: expected b'data', bytes of shape (N, {size}), and b'labels', N "
            f"numbers from 0 to {classes - 1}."
        )
    return data.numpy().reshape(-1, *SHAPE), np.array(labels)
