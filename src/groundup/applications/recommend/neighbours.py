"""Recommenders without gradient descent: what all watch, what is watched together, and a linear model in closed form.

Each is fitted on who has seen what, (U, I), and gives scores for any history, of old users or new ones.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from groundup.applications.recommend.ratings import Matrix


class Popularity:
    """The films with the most ratings, for everyone."""

    def fit(self, seen: Matrix) -> "Popularity":
        self.count = np.asarray(seen.sum(axis=0), np.float32)
        return self

    def scores(self, seen: Matrix) -> np.ndarray:
        return np.repeat(self.count[None], seen.shape[0], axis=0)


@dataclass
class ItemNeighbours:
    """Films like those that someone has seen: two films are alike when the same people saw them.

    The likeness of films i and j is c_ij / (sqrt(c_i c_j) + shrink), with c the numbers of people who saw them: the
    cosine, drawn towards zero where few people say so. A film's score is the sum of its likeness to the films in the
    history, where each film has only its ``k`` nearest (Sarwar et al. 2001, "Item-based collaborative filtering
    recommendation algorithms").
    """

    k: int = 100
    shrink: float = 10.0

    def fit(self, seen: Matrix) -> "ItemNeighbours":
        count = np.asarray(seen.sum(axis=0), np.float32)
        parts = []
        for start in range(0, seen.shape[1], 512):  # in blocks: the whole would be a matrix of films by films
            block = seen[:, start : start + 512].toarray()
            alike = seen.T @ block  # (I, block), how many saw both
            alike /= np.sqrt(count[:, None] * count[None, start : start + 512]) + self.shrink
            own = np.arange(block.shape[1])
            alike[start + own, own] = 0  # no film is its own neighbour
            if self.k < len(alike):
                weakest = np.partition(alike, -self.k, axis=0)[-self.k]
                alike[alike < weakest] = 0
            parts.append(sparse.csc_array(alike))
        self.alike = sparse.hstack(parts, format="csc")
        return self

    def scores(self, seen: Matrix) -> np.ndarray:
        return (seen @ self.alike).toarray()


@dataclass
class LinearItems:
    """A linear model from history to history that may not use a film to explain itself, in closed form (EASE).

    It minimises |X - X B|² + penalty |B|² with zeros on B's diagonal. With P = (X'X + penalty I)^-1 the solution is
    B_ij = -P_ij / P_jj off the diagonal (Steck 2019, "Embarrassingly shallow autoencoders for sparse data").
    There are fewer users than films, so P comes from a matrix of users by users (Woodbury):
    P = (I - X'(X X' + penalty I)^-1 X) / penalty.
    """

    penalty: float = 300.0

    def fit(self, seen: Matrix) -> "LinearItems":
        self.seen = seen
        among_users = (seen @ seen.T).toarray() + self.penalty * np.eye(seen.shape[0])
        self.middle = np.linalg.solve(among_users, seen.toarray()).astype(np.float32)  # (U, I)
        # The diagonal of X' middle, without the matrix itself; penalty P_jj is one minus it.
        self.own = 1 - np.asarray(seen.multiply(self.middle).sum(axis=0))
        return self

    def scores(self, seen: Matrix) -> np.ndarray:
        history = seen.toarray()
        projected = history - (seen @ self.seen.T) @ self.middle  # penalty X P
        return history - projected / self.own  # X B: the identity puts the zeros on the diagonal
