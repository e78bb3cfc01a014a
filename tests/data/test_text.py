"""Texts: their parts, their characters as numbers, and the three that there are."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_data import Tiny

from groundup import data
from groundup.data import names, shakespeare_sample
from groundup.data.check import BrokenFile
from groundup.data.text import Text
from groundup.errors import UsageError


def text(train: str, test: str = "") -> Text:
    return Text(train, test, Tiny().card())


class TestText:
    @settings(deadline=None)
    @given(st.text(), st.text())
    def test_numbers_and_back(self, train: str, test: str):
        whole = text(train, test)
        numbers = whole.encode(train + test)
        assert numbers.shape == (len(train + test),)
        assert numbers.dtype == np.int64
        assert whole.decode(numbers) == train + test
        assert [whole.vocabulary[i] for i in numbers] == list(train + test)

    def test_vocabulary_is_sorted_and_of_both_parts(self):
        assert text("banana\n", "Nabe").vocabulary == "\nNaben"
        assert text("banana").encode("nab").tolist() == [2, 0, 1]

    @pytest.mark.parametrize("unknown", ["z", "!", "c", "ä", "\N{BUG}"])
    def test_an_unknown_character_is_named(self, unknown: str):
        with pytest.raises(UsageError, match=f"tiny has no character {unknown!r}.* 3 characters 'abn'"):
            text("banana").encode("ban" + unknown)

    def test_repr_shows_no_book(self):
        assert repr(text("banana", "ba")) == "Text(6 + 2 characters, 3 different ones)"


class TestSample:
    def test_is_there_without_network(self):
        sample = data.load("shakespeare_sample")
        assert data.is_present("shakespeare_sample")
        assert {"train": len(sample.train), "test": len(sample.test)} == sample.card.splits
        assert sample.train.startswith("First Citizen:\nBefore we proceed any further, hear me speak.\n")
        assert sample.test.endswith("Are you mankind?\n")
        assert set(sample.test) <= set(sample.train)
        assert data.fetch("shakespeare_sample") == shakespeare_sample.BUNDLE.parent

    def test_a_damaged_bundle_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        damaged = tmp_path / "shakespeare_sample.txt"
        damaged.write_bytes(shakespeare_sample.BUNDLE.read_bytes().replace(b"Marcius", b"Martius", 1))
        monkeypatch.setattr(shakespeare_sample, "BUNDLE", damaged)
        with pytest.raises(BrokenFile, match=r"shakespeare_sample\.txt is broken.*Install groundup again"):
            data.load("shakespeare_sample")

    def test_the_script_makes_the_same_bytes_again(
        self, canonical: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("GROUNDUP_MIRROR", str(canonical))
        script = Path(__file__).parents[2] / "scripts" / "make_text_sample.py"
        subprocess.run([sys.executable, script, tmp_path / "again.txt"], check=True, capture_output=True)
        assert (tmp_path / "again.txt").read_bytes() == shakespeare_sample.BUNDLE.read_bytes()


def test_tinyshakespeare(canonical: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GROUNDUP_MIRROR", str(canonical))
    whole = data.load("tinyshakespeare")
    assert {"train": len(whole.train), "test": len(whole.test)} == whole.card.splits
    assert len(whole.vocabulary) == 65
    assert len(whole.train) == int(0.9 * whole.card.rows)
    sample = data.load("shakespeare_sample")
    assert whole.train.startswith(sample.train + sample.test)


class TestNames:
    def test_each_name_once(self):
        listed = [f"name{i % 700}" for i in range(1000)]
        divided = names.divide(listed, names.CARD)
        assert sorted(divided.train + divided.test) == sorted(set(listed))
        assert 40 < len(divided.test) < 100
        again = names.divide(listed[::-1], names.CARD)
        assert (again.train, again.test) == (divided.train, divided.test)
        order = [int(name.removeprefix("name")) for name in divided.train]
        assert abs(np.corrcoef(order[:-1], order[1:])[0, 1]) < 0.2  # neighbours have nothing to do with each other

    def test_as_text(self):
        both = names.Names(("ada", "bo"), ("eva",), names.CARD).as_text()
        assert (both.train, both.test) == ("\nada\nbo\n", "\neva\n")

    def test_real(self, canonical: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("GROUNDUP_MIRROR", str(canonical))
        real = data.load("names")
        assert {"train": len(real.train), "test": len(real.test)} == real.card.splits
        every = real.train + real.test
        assert len(set(every)) == len(every)
        assert {len(name) for name in every} == set(range(2, 16))
        assert real.as_text().vocabulary == "\nabcdefghijklmnopqrstuvwxyz"
        assert "emma" in every
