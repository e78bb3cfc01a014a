"""The two collections in one form, and how they are divided: the test part first, and no copies apart."""

from dataclasses import dataclass

import numpy as np

from groundup import data
from groundup.applications.preprocessing import Rows
from groundup.applications.reviews import copies
from groundup.applications.reviews.cleaning import clean

UNHAPPY, HAPPY = 1, 0


@dataclass(frozen=True)
class Corpus:
    """Reviews with their labels; the arrays are (N,).

    Parameters
    ----------
    name : of the data set.
    raw, texts : as they come, and cleaned.
    labels : 1 for an unhappy reviewer, the event to be found.
    group : the number of each review's group; copies are of one group.
    test : True for the test part.
    left_out : True for copies of test reviews that stand outside the test part: nobody may learn from them.
    """

    name: str
    raw: np.ndarray
    texts: np.ndarray
    labels: np.ndarray
    group: np.ndarray
    test: np.ndarray
    left_out: np.ndarray

    def divide(self, seed: int, validation: float = 0.2) -> Rows:
        """Return the rows to train, to validate and to test; the test rows are the same with every seed."""
        pool = np.flatnonzero(~self.test & ~self.left_out)
        training, held_out = copies.split_groups(self.group[pool], validation, np.random.default_rng(seed))
        return Rows(pool[training], pool[held_out], np.flatnonzero(self.test))


def make(name: str, raw: list[str], labels: np.ndarray, test: np.ndarray | None = None) -> Corpus:
    """Return a corpus; without a given test part a fifth of the groups, always the same, becomes the test part."""
    texts = np.array([clean(text) for text in raw], dtype=object)
    group = copies.groups(texts)
    if test is None:
        test = np.zeros(len(texts), dtype=bool)
        test[copies.split_groups(group, 0.2, np.random.default_rng(0))[1]] = True
    left_out = ~test & np.isin(group, group[test])
    return Corpus(name, np.array(raw, dtype=object), texts, labels, group, test, left_out)


def food() -> Corpus:
    """Reviews of food; unhappy is whoever gave fewer than five stars."""
    frame = data.load("fine_foods")
    labels = (frame["score"] == "other").to_numpy().astype(int)
    return make("fine_foods", frame["review"].to_list(), labels, (frame["part"] == "test").to_numpy())


def films() -> Corpus:
    """Sentences about films; unhappy is the review that the sentence is from."""
    reviews = data.load("movie-reviews")
    return make("movie-reviews", list(reviews.texts), reviews.labels)
