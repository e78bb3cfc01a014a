"""Who rated which film how and when, divided by time or, wrongly, at random."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

Matrix = Any  # a sparse.csr_array, mostly zeros; scipy's stubs do not say what its slices and products are
LIKED = 4.0  # stars: from here on a film counts as liked


@dataclass(frozen=True, eq=False)
class Ratings:
    """N ratings by U users of I films; users and films are numbered from 0.

    Parameters
    ----------
    user, film : (N,) numbers.
    stars : (N,), half to five.
    time : (N,), seconds since 1970.
    titles : I titles, with their years.
    """

    user: np.ndarray
    film: np.ndarray
    stars: np.ndarray
    time: np.ndarray
    titles: tuple[str, ...]

    @property
    def users(self) -> int:
        return int(self.user.max()) + 1

    @property
    def films(self) -> int:
        return len(self.titles)

    def seen(self, rows: np.ndarray) -> Matrix:
        """Return (U, I) with 1 where one of these rows rates that film."""
        ones = np.ones(len(rows), np.float32)
        return sparse.csr_array((ones, (self.user[rows], self.film[rows])), shape=(self.users, self.films))

    def liked(self, rows: np.ndarray) -> Matrix:
        """Return (U, I) with 1 where one of these rows gives at least `LIKED` stars."""
        return self.seen(rows[self.stars[rows] >= LIKED])


def from_frame(frame: pd.DataFrame) -> Ratings:
    """Return the ratings of the data set ``movielens``."""
    user = np.unique(frame["userId"], return_inverse=True)[1]
    ids, first, film = np.unique(frame["movieId"], return_index=True, return_inverse=True)
    rows = frame.iloc[first]
    titles = [
        f"{title} ({year:.0f})" if isinstance(title, str) and year == year else f"film {number}"
        for title, year, number in zip(rows["title"], rows["year"], ids)
    ]
    return Ratings(user, film, frame["rating"].to_numpy(float), frame["timestamp"].to_numpy(), tuple(titles))


@dataclass(frozen=True, eq=False)
class Parts:
    """Row numbers: to train, to choose, and to test; together they are all rows."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    @property
    def before_test(self) -> np.ndarray:
        return np.concatenate([self.train, self.validation])


def by_time(ratings: Ratings, seed: int) -> Parts:
    """Divide each user's ratings: the first 60% train, the next 20% choose, the last 20% test.

    Many ratings of one user bear the same second; among those, chance decides (the file sorts them by film, which
    would be an order that means something).
    """
    return _cut(ratings, ratings.time, seed)


def at_random(ratings: Ratings, seed: int) -> Parts:
    """Divide each user's ratings in the same shares, but at random: what came last may train, what came first test."""
    return _cut(ratings, np.zeros(len(ratings.user)), seed)


def _cut(ratings: Ratings, order: np.ndarray, seed: int) -> Parts:
    chance = np.random.default_rng(seed).random(len(order))
    rows = np.lexsort((chance, order, ratings.user))  # by user, then by order, then by chance
    count = np.bincount(ratings.user, minlength=ratings.users)
    place = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
    share = place / np.repeat(count, count)  # of this user's ratings, how many come before
    return Parts(rows[share < 0.6], rows[(share >= 0.6) & (share < 0.8)], rows[share >= 0.8])
