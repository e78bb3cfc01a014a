"""MNIST: 70,000 handwritten digits, downloaded once."""

from pathlib import Path

import numpy as np

from groundup.data import download
from groundup.data.dataset import Card, Dataset, File, images
from groundup.errors import GroundupError

CARD = Card(
    name="mnist",
    title="handwritten digits, 28 x 28 pixels",
    about=(
        "Digits written by US census employees and high-school students, in shades of grey, scaled to fit a "
        "20 x 20 box and centred by mass in 28 x 28 pixels. No writer is in both the training and the test part."
    ),
    splits={"train": 60_000, "test": 10_000},
    shape="image 1 x 28 x 28",
    classes=tuple("0123456789"),
    licence="CC BY-SA 3.0",
    source="http://yann.lecun.com/exdb/mnist/",
    citation=(
        "Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998). Gradient-based learning applied to document "
        "recognition. Proceedings of the IEEE 86(11), 2278-2324. https://doi.org/10.1109/5.726791"
    ),
    obtained="download",
    files=(
        File(
            "train-images-idx3-ubyte.gz",
            47_040_016,
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        File(
            "train-labels-idx1-ubyte.gz",
            60_008,
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        File(
            "t10k-images-idx3-ubyte.gz",
            7_840_016,
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        File(
            "t10k-labels-idx1-ubyte.gz",
            10_008,
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    urls=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
)


def is_present() -> bool:
    """Whether the files lie in the data folder (their checksums are not looked at)."""
    return download.is_present(CARD)


def fetch() -> Path:
    """Download what is missing, check all, return the folder."""
    return download.fetch(CARD)


def load() -> Dataset:
    """Return the images and labels; the first time, download them."""
    return load_idx(CARD)


def load_idx(card: Card) -> Dataset:
    """Load a data set of four IDX files: training images, training labels, test images, test labels."""
    contents = zip(download.read(card), card.files)
    x_train, y_train, x_test, y_test = (parse_idx(content, file.name) for content, file in contents)
    return Dataset(images(x_train, y_train, white=255), images(x_test, y_test, white=255), card.classes, card)


def parse_idx(content: bytes, name: str) -> np.ndarray:
    """Return the array of unsigned bytes that an IDX file holds.

    The format: two zero bytes, the type (8: unsigned byte), the number of dimensions, each dimension as a
    big-endian 32-bit integer, then the values in C order.
    """
    zeros, kind, dimensions = content[:2], content[2:3], content[3:4]
    start = 4 + 4 * int.from_bytes(dimensions)
    shape = tuple(int(n) for n in np.frombuffer(content[4:start].ljust(start - 4, b"\0"), dtype=">u4"))
    if zeros != b"\0\0" or kind != b"\x08" or start == 4 or len(content) - start != np.prod(shape, dtype=np.int64):
        raise GroundupError(f"{name} is not an IDX file of unsigned bytes: it begins with {content[:4].hex(' ')}")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)
