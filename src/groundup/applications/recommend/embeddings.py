"""Recommenders by embeddings, in PyTorch: users and films are vectors, and what fits points the same way.

They differ in the question they are trained on: how many stars will it be; which of two films was seen; which of all
films was seen. The last one also comes without user vectors: a user is the films of the history.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from groundup.applications.recommend.ratings import Matrix


class Vectors(nn.Module):
    """One vector and one bias for each user and each film: score = b_film + b_user + user · film."""

    def __init__(self, users: int, films: int, width: int):
        super().__init__()
        self.user, self.film = nn.Embedding(users, width), nn.Embedding(films, width)
        self.user_bias, self.film_bias = nn.Embedding(users, 1), nn.Embedding(films, 1)
        for table in (self.user, self.film):
            nn.init.normal_(table.weight, std=0.1)
        for table in (self.user_bias, self.film_bias):
            nn.init.zeros_(table.weight)

    def forward(self, user: torch.Tensor, film: torch.Tensor) -> torch.Tensor:  # (N,), (N,) -> (N,)
        match = (self.user(user) * self.film(film)).sum(1)
        return match + (self.user_bias(user) + self.film_bias(film)).squeeze(1)

    def all_films(self, user: torch.Tensor) -> torch.Tensor:  # (N,) -> (N, I)
        return self.user(user) @ self.film.weight.T + self.film_bias.weight.T


@dataclass
class _Embeddings:
    """What all of them share: sizes, the optimizer (AdamW), epochs, and a seed for weights and batches."""

    width: int = 32
    learning_rate: float = 0.01
    weight_decay: float = 0.1
    epochs: int = 20
    seed: int = 0
    model: Any = field(init=False, repr=False)

    def _train(self, model: nn.Module, examples: int, batch: int, loss_of: Callable) -> None:
        """Go through the examples in a new order each epoch; the learning rate falls to zero along a cosine."""
        self.model = model
        optimizer = torch.optim.AdamW(
            model.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay, fused=True
        )
        steps = self.epochs * -(-examples // batch)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        model.train()
        for _ in range(self.epochs):
            for rows in torch.randperm(examples).split(batch):
                loss = loss_of(rows)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
        model.eval()


@dataclass
class RatingEmbeddings(_Embeddings):
    """Trained to guess the stars: squared error around the mean, the classic matrix factorisation with biases.

    (Koren, Bell and Volinsky 2009, "Matrix factorization techniques for recommender systems".)
    """

    def fit(self, user: np.ndarray, film: np.ndarray, stars: np.ndarray, shape: tuple[int, int]) -> "RatingEmbeddings":
        self.mean = float(stars.mean())
        users, films, aim = torch.as_tensor(user), torch.as_tensor(film), _tensor(stars - self.mean)
        with torch.random.fork_rng(devices=[]):  # leaves the caller's random state as it was
            torch.manual_seed(self.seed)
            model = Vectors(*shape, self.width)

            def loss_of(rows: torch.Tensor) -> torch.Tensor:
                return F.mse_loss(model(users[rows], films[rows]), aim[rows])

            self._train(model, len(users), 1024, loss_of)
        return self

    def stars(self, user: np.ndarray, film: np.ndarray) -> np.ndarray:
        """Return the predicted stars of pairs, (N,), within the scale."""
        with torch.no_grad():
            guess = self.model(torch.as_tensor(user), torch.as_tensor(film)).numpy() + self.mean
        return np.clip(guess, 0.5, 5.0)

    def scores(self, seen: Matrix) -> np.ndarray:
        return _scores(self.model, seen)


@dataclass
class PairEmbeddings(_Embeddings):
    """Trained on pairs: a film that the user has seen should score above one drawn at random (BPR, Rendle et al. 2009).

    The loss is -log sigmoid(score of the seen one - score of the other), averaged over seen films.
    """

    def fit(self, seen: Matrix) -> "PairEmbeddings":
        users, films = (torch.as_tensor(part.astype(np.int64)) for part in seen.nonzero())
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            model = Vectors(seen.shape[0], seen.shape[1], self.width)

            def loss_of(rows: torch.Tensor) -> torch.Tensor:
                other = torch.randint(seen.shape[1], (len(rows),))
                gap = model(users[rows], films[rows]) - model(users[rows], other)
                return -F.logsigmoid(gap).mean()

            self._train(model, len(users), 1024, loss_of)
        return self

    def scores(self, seen: Matrix) -> np.ndarray:
        return _scores(self.model, seen)


@dataclass
class SoftmaxEmbeddings(_Embeddings):
    """Trained on all films at once: which of all of them has this user seen? Full negatives in training, too.

    The loss of a user is the mean of -log softmax(scores) over the films seen.
    """

    def fit(self, seen: Matrix) -> "SoftmaxEmbeddings":
        share = _shares(seen)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            model = Vectors(seen.shape[0], seen.shape[1], self.width)

            def loss_of(rows: torch.Tensor) -> torch.Tensor:
                return -(F.log_softmax(model.all_films(rows), dim=1) * share[rows]).sum(1).mean()

            self._train(model, seen.shape[0], 128, loss_of)
        return self

    def scores(self, seen: Matrix) -> np.ndarray:
        return _scores(self.model, seen)


class History(nn.Module):
    """A user is the mean of the vectors of the films seen; another set of vectors says which films fit."""

    def __init__(self, films: int, width: int, dropout: float):
        super().__init__()
        self.read = nn.Linear(films, width, bias=False)
        self.write = nn.Linear(width, films)
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.read.weight, std=0.1)
        nn.init.normal_(self.write.weight, std=0.1)
        nn.init.zeros_(self.write.bias)

    def forward(self, history: torch.Tensor) -> torch.Tensor:  # (N, I) -> (N, I)
        kept = self.dropout(history)  # some films are forgotten: the others must tell of them
        length = kept.norm(dim=1, keepdim=True).clamp(min=1e-6)
        return self.write(torch.tanh(self.read(kept / length)))


@dataclass
class HistoryEmbeddings(_Embeddings):
    """The same question without user vectors: a denoising autoencoder of histories, which also serves new users.

    (Liang et al. 2018, "Variational autoencoders for collaborative filtering", without the variational part.)
    """

    dropout: float = 0.5

    def fit(self, seen: Matrix) -> "HistoryEmbeddings":
        history, share = _tensor(seen.toarray()), _shares(seen)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            model = History(seen.shape[1], self.width, self.dropout)

            def loss_of(rows: torch.Tensor) -> torch.Tensor:
                return -(F.log_softmax(model(history[rows]), dim=1) * share[rows]).sum(1).mean()

            self._train(model, seen.shape[0], 128, loss_of)
        return self

    def scores(self, seen: Matrix) -> np.ndarray:
        with torch.no_grad():
            return self.model(_tensor(seen.toarray())).numpy()


def _scores(model: Vectors, seen: Matrix) -> np.ndarray:
    """Scores of all films for the users of training; there are none for others."""
    users = model.user.num_embeddings
    if seen.shape[0] != users:
        raise ValueError(f"got {seen.shape[0]} users, expected the {users} of training: others have no vector")
    with torch.no_grad():
        return model.all_films(torch.arange(users)).numpy()


def _shares(seen: Matrix) -> torch.Tensor:
    """Each user's films with equal shares that sum to 1, (U, I)."""
    dense = _tensor(seen.toarray())
    return dense / dense.sum(1, keepdim=True).clamp(min=1)


def _tensor(values: np.ndarray) -> torch.Tensor:
    return torch.as_tensor(values, dtype=torch.float32)
