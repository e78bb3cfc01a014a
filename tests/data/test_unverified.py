"""A file that is not the original: refused, unless asked for; and then never taken for the original."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from tiny_data import Server, Tiny, idx

from groundup import data
from groundup.data import download, mnist
from groundup.data.check import BrokenFile
from groundup.errors import GroundupError

pytest.importorskip("pooch")


@pytest.fixture
def changed(tiny: Tiny) -> tuple[str, bytes]:
    """The first file of the tiny data set with one pixel changed."""
    name, content = next(iter(tiny.contents.items()))
    return name, content[:-1] + bytes([content[-1] ^ 1])


@pytest.fixture
def mirror(tiny: Tiny, changed: tuple[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mirror whose first file is another."""
    home = tiny.write(tmp_path / "mirror")
    (home / changed[0]).write_bytes(gzip.compress(changed[1]))
    monkeypatch.setenv("GROUNDUP_MIRROR", str(tmp_path / "mirror"))
    return home


def test_refused_by_default_with_the_way_to_take_it(tiny: Tiny, mirror: Path, data_folder: Path):
    with pytest.raises(GroundupError, match=r"its content is another .* groundup data fetch tiny --unverified"):
        download.fetch(tiny.card())
    assert list((data_folder / "tiny").iterdir()) == []


def test_taken_when_asked_for_and_said_so(
    tiny: Tiny, mirror: Path, changed: tuple[str, bytes], capfd: pytest.CaptureFixture[str]
):
    card = tiny.card()
    home = download.fetch(card, unverified=True)
    assert f"{changed[0]}: from {mirror}, not the original bytes" in capfd.readouterr().err.replace("\n", "")
    assert download.unverified(card) == (changed[0],)
    assert download.read(card)[0] == changed[1]
    download.fetch(card)  # accepted once is enough, and nothing is fetched again
    assert download.read(card)[0] == changed[1]
    note = json.loads((home / f"{changed[0]}.unverified").read_text())
    assert note["about"] == "not the original bytes"


def test_later_damage_is_still_found(tiny: Tiny, mirror: Path, changed: tuple[str, bytes]):
    card = tiny.card()
    home = download.fetch(card, unverified=True)
    content = bytearray(changed[1])
    content[-2] ^= 1
    (home / changed[0]).write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(BrokenFile, match=f"expected SHA-256 {card.files[0].sha256}"):
        download.read(card)


def test_the_original_put_there_later_is_the_original(tiny: Tiny, mirror: Path, changed: tuple[str, bytes]):
    card = tiny.card()
    home = download.fetch(card, unverified=True)
    (home / changed[0]).write_bytes(gzip.compress(tiny.contents[changed[0]]))
    assert download.read(card)[0] == tiny.contents[changed[0]]
    assert download.unverified(card) == ()


def test_a_file_put_there_by_hand_can_be_taken(tiny: Tiny, changed: tuple[str, bytes], data_folder: Path):
    home = tiny.write(data_folder)
    (home / changed[0]).write_bytes(gzip.compress(changed[1]))
    with pytest.raises(BrokenFile, match="groundup data fetch tiny"):
        download.read(tiny.card())
    download.fetch(tiny.card(), unverified=True)
    assert download.read(tiny.card())[0] == changed[1]


@pytest.mark.parametrize("broken", ["cut", "page", "empty"])
def test_broken_files_are_never_taken(tiny: Tiny, mirror: Path, changed: tuple[str, bytes], broken: str):
    packed = gzip.compress(changed[1])
    content = {"cut": packed[:-5], "page": b"<html>Please sign in</html>", "empty": b""}[broken]
    (mirror / changed[0]).write_bytes(content)
    with pytest.raises(GroundupError, match="broken file"):
        download.fetch(tiny.card(), unverified=True)


def test_the_original_is_taken_as_the_original(tiny: Tiny, server: Server):
    server.serve(tiny.contents)
    card = tiny.card(server.url)
    home = download.fetch(card, unverified=True)
    assert download.unverified(card) == ()
    assert {path.name for path in home.iterdir()} == set(tiny.contents)


def test_every_load_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    """As a reader meets it: through the names, with MNIST's own card."""
    (tmp_path / "mirror" / "mnist").mkdir(parents=True)
    monkeypatch.setenv("GROUNDUP_MIRROR", str(tmp_path / "mirror"))
    for file, array in zip(mnist.CARD.files, (np.zeros((3, 2, 2)), np.zeros(3), np.zeros((2, 2, 2)), np.zeros(2))):
        (tmp_path / "mirror" / "mnist" / file.name).write_bytes(gzip.compress(idx(array.astype(np.uint8))))
    data.fetch("mnist", unverified=True)
    assert len(data.unverified("mnist")) == 4
    for _ in range(2):
        capfd.readouterr()
        assert len(data.load("mnist").train) == 3
        assert "mnist: not the original bytes (train-images-idx3-ubyte.gz, " in capfd.readouterr().err
    assert data.unverified("digits") == ()


def test_a_checksum_may_be_of_the_packed_file(tmp_path: Path):
    """As with Fashion-MNIST, whose public checksums are those of the gzip files."""
    import hashlib

    from groundup.data.check import read_checked

    packed = gzip.compress(b"content", mtime=1)
    file = data.File("f", len(packed), hashlib.sha256(packed).hexdigest(), packed=True)
    (tmp_path / "f").write_bytes(packed)
    assert read_checked(tmp_path / "f", file) == b"content"
    (tmp_path / "f").write_bytes(gzip.compress(b"content", mtime=2))  # other bytes around the same content
    with pytest.raises(BrokenFile, match=rf"expected SHA-256 {file.sha256} of {file.size} bytes, found") as caught:
        read_checked(tmp_path / "f", file)
    assert caught.value.other is not None
