"""Digits: 1,797 handwritten digits of 8 x 8 pixels, bundled with groundup, so that NumPy alone is enough."""

from io import BytesIO
from pathlib import Path

import numpy as np

from groundup.data.check import read_checked
from groundup.data.dataset import Card, Dataset, File, images

BUNDLE = Path(__file__).with_name("digits.npz")  # made by scripts/make_digits.py

CARD = Card(
    name="digits",
    title="handwritten digits, 8 x 8 pixels",
    about=(
        "Handwritten digits, reduced to 8 x 8 pixels: each pixel counts the ink in a 4 x 4 block of a 32 x 32 "
        "bitmap, 0 to 16. These are the 1,797 digits of the UCI test part (13 writers), which scikit-learn "
        "carries; groundup splits them at random once and for all, each digit in the same proportion. So the "
        "same writers are in both parts, and test accuracy says nothing about new writers."
    ),
    splits={"train": 1_437, "test": 360},
    shape="image 1 x 8 x 8",
    classes=tuple("0123456789"),
    licence="CC BY 4.0",
    source="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
    citation=(
        "E. Alpaydin and C. Kaynak (1998). Optical Recognition of Handwritten Digits. UCI Machine Learning "
        "Repository. https://doi.org/10.24432/C50P49"
    ),
    obtained="bundled",
    files=(File("digits.npz", 119_292, "dfb5e5b5010f3dcffbecdfe7fcd30ba2bcc8069d49ed29d1e77079e7129f3b83"),),
)


def is_present() -> bool:
    """Always, unless the installation is damaged."""
    return BUNDLE.is_file()


def fetch() -> Path:
    """Check the bundled file; return the folder that holds it."""
    _read()
    return BUNDLE.parent


def load() -> Dataset:
    """Return the images and labels."""
    with np.load(BytesIO(_read())) as arrays:
        x, y, test = arrays["images"], arrays["labels"], arrays["test"]
    return Dataset(images(x[~test], y[~test], white=16), images(x[test], y[test], white=16), CARD.classes, CARD)


def _read() -> bytes:
    return read_checked(BUNDLE, CARD.files[0], "Install groundup again.")
