"""Fashion-MNIST: 70,000 photographs of clothes, downloaded once."""

from pathlib import Path

from groundup.data import download
from groundup.data.dataset import Card, Dataset, File
from groundup.data.mnist import load_idx

CARD = Card(
    name="fashion_mnist",
    title="articles of clothing, 28 x 28 pixels",
    about=(
        "Photographs of articles in Zalando's shop, one article a picture, made grey and scaled to 28 x 28 pixels. In "
        "size, number and form it is MNIST, made to take its place where digits have become too easy; shirts, "
        "pullovers and coats are hard to tell apart at this size, for people too."
    ),
    splits={"train": 60_000, "test": 10_000},
    shape="image 1 x 28 x 28",
    classes=(
        "T-shirt",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle boot",
    ),
    licence="MIT",
    source="https://github.com/zalandoresearch/fashion-mnist",
    citation=(
        "H. Xiao, K. Rasul and R. Vollgraf (2017). Fashion-MNIST: a novel image dataset for benchmarking machine "
        "learning algorithms. https://arxiv.org/abs/1708.07747"
    ),
    obtained="download",
    files=(
        File(
            "train-images-idx3-ubyte.gz",
            26_421_880,
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            packed=True,
        ),
        File(
            "train-labels-idx1-ubyte.gz",
            29_515,
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            packed=True,
        ),
        File(
            "t10k-images-idx3-ubyte.gz",
            4_422_102,
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            packed=True,
        ),
        File(
            "t10k-labels-idx1-ubyte.gz",
            5_148,
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            packed=True,
        ),
    ),
    urls=("https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",),
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
