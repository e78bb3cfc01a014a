"""Sentences stay beside their translations, and files that are not the right ones are refused."""

import gzip
import hashlib
from pathlib import Path

import pytest
from tiny_data import Server

from groundup import data
from groundup.data import multi30k
from groundup.data.check import BrokenFile
from groundup.data.dataset import Card, File
from groundup.errors import GroundupError

LINES = {
    "raw/train.de.gz": "Ein Hund.\nZwei Männer\u2028lachen. \nEine\tKatze.\n",  # \u2028 ends a line for some programs
    "raw/train.en.gz": "A dog.\nTwo men laugh.\nA cat.\n",
    "raw/val.de.gz": "Ein Mann.\n",
    "raw/val.en.gz": " A man.\n",
    "raw/test.de.gz": "Schnee.\n\n",
    "raw/test.en.gz": "Snow.\n\n",
}


def tiny_card(**changes) -> Card:
    files = tuple(
        File(name, len(text.encode()), hashlib.sha256(text.encode()).hexdigest()) for name, text in LINES.items()
    )
    fields = {**vars(data.card("multi30k")), "name": "tiny30k", "files": files, **changes}
    return Card(**fields)


def write(folder: Path) -> Path:
    for name, text in LINES.items():
        path = folder / "tiny30k" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(text.encode()))
    return folder / "tiny30k"


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Card:
    card = tiny_card()
    monkeypatch.setattr(multi30k, "CARD", card)
    return card


def test_each_line_keeps_its_translation(tiny: Card, data_folder: Path):
    write(data_folder)
    pairs = data.load("multi30k")
    assert pairs.train.source == ("Ein Hund.", "Zwei Männer\u2028lachen.", "Eine\tKatze.")
    assert pairs.train.target == ("A dog.", "Two men laugh.", "A cat.")
    assert (pairs.validation.source, pairs.validation.target) == (("Ein Mann.",), ("A man.",))
    assert pairs.test.source == ("Schnee.", "")
    assert [len(part) for part in (pairs.train, pairs.validation, pairs.test)] == [3, 1, 2]


def test_files_in_a_folder_are_downloaded_into_a_folder(
    server: Server, data_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    pytest.importorskip("pooch")
    monkeypatch.setattr(multi30k, "CARD", tiny_card(urls=(server.url,)))
    server.answers = {f"/{name}": gzip.compress(text.encode()) for name, text in LINES.items()}
    assert not data.is_present("multi30k")
    assert len(data.load("multi30k").train) == 3
    assert data.is_present("multi30k")
    assert server.asked == [f"/{name}" for name in LINES]
    assert sorted(p.relative_to(data_folder / "tiny30k").as_posix() for p in data_folder.rglob("*.gz")) == sorted(LINES)
    assert not list(data_folder.rglob("*.part"))


def test_a_leftover_in_a_folder_goes_with_the_next_fetch(tiny: Card, data_folder: Path):
    leftover = write(data_folder) / "raw" / ".train.de.gz.0123.part"
    leftover.write_bytes(b"half")
    data.fetch("multi30k")
    assert not leftover.exists()


@pytest.mark.parametrize("name", LINES)
def test_any_file_that_is_not_the_right_one_is_refused(tiny: Card, data_folder: Path, name: str):
    victim = write(data_folder) / name
    victim.write_bytes(gzip.compress(LINES[name].replace("n", "m").encode()))
    with pytest.raises(BrokenFile, match=rf"{victim.name} is broken: its content is another.*groundup data fetch"):
        data.load("multi30k")


def test_files_with_different_numbers_of_lines_are_no_pairs():
    with pytest.raises(GroundupError, match="3 sentences cannot be paired with 2 translations"):
        multi30k.pair_up([b"a\nb\nc\n", b"A\nB\n", b"", b"", b"", b""], tiny_card())


def test_the_real_files(canonical: Path, monkeypatch: pytest.MonkeyPatch):
    if not (canonical / "multi30k").is_dir():
        pytest.skip(f"needs Multi30k in {canonical}/multi30k")
    monkeypatch.setenv("GROUNDUP_MIRROR", str(canonical))
    pairs = data.load("multi30k")
    parts = {"train": pairs.train, "validation": pairs.validation, "test": pairs.test}
    assert {name: len(part) for name, part in parts.items()} == data.card("multi30k").splits
    assert pairs.test.source[0] == "Ein Mann mit einem orangefarbenen Hut, der etwas anstarrt."
    assert pairs.test.target[0] == "A man in an orange hat starring at something."
    for side in ("source", "target"):  # as the card says
        seen = set(getattr(pairs.train, side))
        assert sum(sentence in seen for sentence in getattr(pairs.validation, side)) == 1
        assert not seen & set(getattr(pairs.test, side))
