"""Fashion-MNIST and CIFAR-10, on made-up pictures in the form of the real files."""

import gzip
import io
import pickle
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_data import idx

from groundup import data
from groundup.data import cifar10, fashion_mnist
from groundup.data.safe_pickle import ALLOWED, Array, Kind, load_plain
from groundup.errors import GroundupError

RNG = np.random.default_rng(2)
BATCHES = {name: (RNG.integers(0, 256, (7, 3072), dtype=np.uint8), RNG.integers(0, 10, 7).tolist())
           for name in (*cifar10.TRAIN, *cifar10.TEST)}  # fmt: skip
CARD = replace(cifar10.CARD, splits={"train": 35, "test": 7})


def archive(batches: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in batches.items():
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def pickled(pixels: np.ndarray, labels: list[int]) -> bytes:
    return pickle.dumps({b"data": pixels, b"labels": labels, b"batch_label": b"a batch"}, protocol=2)


def written_by_python_2(pixels: np.ndarray, labels: list[int]) -> bytes:
    """The bytes that Python 2 and NumPy 1 wrote: texts of bytes (opcodes U and T), `numpy.core` in the names."""

    def text(content: bytes) -> bytes:
        return b"T" + len(content).to_bytes(4, "little") + content

    def number(n: int) -> bytes:
        return b"J" + n.to_bytes(4, "little", signed=True)

    kind = b"cnumpy\ndtype\n" + b"(" + text(b"u1") + number(0) + number(1) + b"tR"
    kind += b"(" + number(3) + text(b"|") + b"NNN" + number(-1) + number(-1) + number(0) + b"tb"
    array = b"cnumpy.core.multiarray\n_reconstruct\n" + b"(cnumpy\nndarray\n" + number(0) + b"\x85" + text(b"b") + b"tR"
    shape = b"".join(map(number, pixels.shape)) + b"\x86"
    array += b"(" + number(1) + shape + kind + b"I00\n" + text(pixels.tobytes()) + b"tb"
    listed = b"](" + b"".join(map(number, labels)) + b"e"
    return b"\x80\x02}(" + text(b"data") + array + text(b"labels") + listed + b"u."


@pytest.fixture
def home(data_folder: Path) -> Path:
    folder = data_folder / "cifar10"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize("write", [pickled, written_by_python_2])
def test_cifar10_reads_what_the_batches_hold(home: Path, monkeypatch: pytest.MonkeyPatch, write):
    (home / "cifar-10-python.tar.gz").write_bytes(archive({name: write(*batch) for name, batch in BATCHES.items()}))
    monkeypatch.setattr(cifar10, "CARD", CARD)
    data.fetch("cifar10", unverified=True)
    dataset = data.load("cifar10")
    assert dataset.train.x.shape == (35, 3, 32, 32)
    assert dataset.train.x.dtype == np.float32
    assert dataset.train.y.dtype == np.int64
    assert dataset.train.pixels.dtype == np.uint8  # type: ignore[union-attr]
    for row, (pixels, labels) in enumerate(BATCHES[name] for name in cifar10.TRAIN):
        part = slice(7 * row, 7 * row + 7)
        assert dataset.train.y[part].tolist() == labels
        np.testing.assert_array_equal(dataset.train.x[part], pixels.reshape(7, 3, 32, 32) / np.float32(255))
    assert dataset.test.y.tolist() == BATCHES["test_batch"][1]
    assert dataset.train.x is dataset.train.x  # made once


def test_the_pickles_are_those_that_pickle_itself_reads():
    pixels, labels = BATCHES["test_batch"]
    for content in (pickled(pixels, labels), written_by_python_2(pixels, labels)):
        theirs, ours = pickle.loads(content, encoding="bytes"), load_plain(content, "batch")
        np.testing.assert_array_equal(theirs[b"data"], ours[b"data"].numpy())
        assert theirs[b"labels"] == ours[b"labels"]


class Evil:
    def __init__(self, call):
        self.call = call

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_in_a_pickle_is_run(tmp_path: Path, protocol: int):
    import os

    trap = tmp_path / "trap"
    for call in ((os.mkdir, (str(trap),)), (eval, (f"__import__('os').mkdir({str(trap)!r})",)), (np.zeros, (10,))):
        content = pickle.dumps({b"data": Evil(call), b"labels": []}, protocol=protocol)
        with pytest.raises(GroundupError, match="batch does not hold plain data: it asks for"):
            load_plain(content, "batch")
    assert not trap.exists()


def test_a_pickle_cannot_change_what_stands_in_for_a_name():
    """The opcode BUILD sets attributes of whatever it is given, here the default values of a function."""
    defaults = b"(N}X\x0c\x00\x00\x00__defaults__X\x05\x00\x00\x00wrong\x85stb."
    for name, stand_in in ALLOWED.items():
        before = dict(vars(stand_in)), getattr(stand_in, "__defaults__", None)
        load_plain(b"\x80\x02c" + "\n".join(name).encode() + b"\n" + defaults, "batch")
        assert (dict(vars(stand_in)), getattr(stand_in, "__defaults__", None)) == before


def test_cut_pickles_and_other_arrays_are_refused():
    good = pickled(*BATCHES["test_batch"])
    for end in range(0, len(good), 997):
        with pytest.raises(GroundupError, match="does not hold plain data"):
            load_plain(good[:end], "batch")
    for array in (np.zeros((2, 3072)), np.asfortranarray(np.zeros((2, 3072), np.uint8)), np.array([{}, {}])):
        with pytest.raises(GroundupError, match="does not hold plain data"):
            load_plain(pickled(array, [0, 1]), "batch")
    with pytest.raises(ValueError, match="does not fill"):
        Array().__setstate__((1, (2, 2), Kind("u1"), False, b"abc"))


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({}, "has no cifar-10-batches-py/data_batch_1"),
        ({"data_batch_3": pickled(np.zeros((7, 3071), np.uint8), [0] * 7)}, "data_batch_3 is not a batch of CIFAR-10"),
        ({"data_batch_3": pickled(np.zeros((7, 3072), np.uint8), [0] * 6)}, "data_batch_3 is not a batch"),
        ({"data_batch_3": pickled(np.zeros((1, 3072), np.uint8), [10])}, "N numbers from 0 to 9"),
        ({"data_batch_3": pickle.dumps([1, 2], protocol=2)}, "data_batch_3 is not a batch"),
        ({"data_batch_3": b"junk"}, "data_batch_3 does not hold plain data"),
        ({"data_batch_3": pickled(np.zeros((6, 3072), np.uint8), [0] * 6)}, "holds 34 images to train, expected 35"),
    ],
)
def test_another_archive_is_named(home: Path, monkeypatch: pytest.MonkeyPatch, broken: dict[str, bytes], message: str):
    whole = {name: pickled(*batch) for name, batch in BATCHES.items()} if broken else {}
    (home / "cifar-10-python.tar.gz").write_bytes(archive(whole | broken))
    monkeypatch.setattr(cifar10, "CARD", CARD)
    data.fetch("cifar10", unverified=True)
    with pytest.raises(GroundupError, match=message):
        data.load("cifar10")


def test_no_archive_at_all(home: Path):
    (home / "cifar-10-python.tar.gz").write_bytes(gzip.compress(b"no tar" * 1000))
    data.fetch("cifar10", unverified=True)
    with pytest.raises(GroundupError, match=r"cifar-10-python\.tar\.gz is not a tar archive"):
        data.load("cifar10")


def test_fashion_mnist_reads_idx_files(data_folder: Path, monkeypatch: pytest.MonkeyPatch):
    folder = data_folder / "fashion_mnist"
    folder.mkdir(parents=True)
    arrays = [RNG.integers(0, 10, shape, dtype=np.uint8) for shape in ((5, 28, 28), (5,), (3, 28, 28), (3,))]
    for file, array in zip(fashion_mnist.CARD.files, arrays):
        (folder / file.name).write_bytes(gzip.compress(idx(array)))
    with pytest.raises(GroundupError, match="its content is another"):
        data.load("fashion_mnist")
    data.fetch("fashion_mnist", unverified=True)
    dataset = data.load("fashion_mnist")
    np.testing.assert_array_equal(dataset.train.x[:, 0], arrays[0] / np.float32(255))
    np.testing.assert_array_equal(dataset.test.y, arrays[3])
    assert dataset.classes[9] == "ankle boot"


def test_images_and_labels_of_two_data_sets_are_not_mixed(data_folder: Path):
    folder = data_folder / "fashion_mnist"
    folder.mkdir(parents=True)
    arrays = [np.zeros(shape, np.uint8) for shape in ((5, 28, 28), (4,), (3, 28, 28), (3,))]
    for file, array in zip(fashion_mnist.CARD.files, arrays):
        (folder / file.name).write_bytes(gzip.compress(idx(array)))
    data.fetch("fashion_mnist", unverified=True)
    with pytest.raises(GroundupError, match="5 images and 4 labels"):
        data.load("fashion_mnist")
