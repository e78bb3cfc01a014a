"""Two small networks that read a review word by word, a recurrent one and a Transformer, with scikit-learn's manners.

tokens (N, T) -> vectors (N, T, D) -> GRU or encoder layer (N, T, H) -> mean over the words (N, H) -> logit (N,)
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from sklearn.metrics import average_precision_score
from torch import Tensor, nn
from torch.nn import functional as F

from groundup.applications.reviews.cleaning import words
from groundup.models.decoding import PAD
from groundup.models.transformer import EncoderLayer, sinusoids

UNKNOWN = 1
WIDTH, HEADS, BATCH = 64, 4, 64
LONGEST = 60  # words; what comes later in a review is not read
EPOCHS, PATIENCE = 8, 1
ALIKE = 16  # batches whose reviews are sorted by length together


class Vocabulary:
    """The words that stand at least ``least`` times in the training reviews, numbered from 2; all others are 1."""

    def __init__(self, texts: np.ndarray, least: int = 2):
        counts = Counter(word for text in texts for word in words(text))
        common = sorted(word for word, count in counts.items() if count >= least)
        self.numbers = {word: number for number, word in enumerate(common, start=UNKNOWN + 1)}

    def __len__(self) -> int:
        return len(self.numbers) + 2

    def encode(self, texts: np.ndarray) -> Tensor:
        """Return tokens (N, T) for cleaned texts (N,), filled up with PAD; a text without words is one unknown."""
        rows = [[self.numbers.get(word, UNKNOWN) for word in words(text)[:LONGEST]] or [UNKNOWN] for text in texts]
        return nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True, padding_value=PAD)


class Reader(nn.Module):
    """A network from tokens (N, T) to logits (N,).

    What it makes of the words is averaged: a review is unhappy if it is so on the whole, wherever it says it.
    """

    places: Tensor  # (T, D)

    def __init__(self, kind: Literal["gru", "transformer"], vocabulary: int, dropout: float):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, WIDTH, padding_idx=PAD)
        nn.init.normal_(self.embedding.weight, std=0.1 if kind == "gru" else WIDTH**-0.5)
        self.dropout = nn.Dropout(dropout)
        self.gru = nn.GRU(WIDTH, WIDTH, batch_first=True) if kind == "gru" else None
        self.layer = EncoderLayer(WIDTH, HEADS, 2 * WIDTH, dropout) if kind == "transformer" else None
        self.register_buffer("places", sinusoids(LONGEST, WIDTH), persistent=False)
        self.last = nn.Linear(WIDTH, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        filling = tokens == PAD  # (N, T)
        x = self.embedding(tokens)  # (N, T, D)
        if self.gru is not None:
            x, _ = self.gru(self.dropout(x))  # (N, T, D), the state after each word
        if self.layer is not None:
            x = self.layer(self.dropout(x * WIDTH**0.5 + self.places[: tokens.shape[1]]), filling)  # (N, T, D)
        mean = x.masked_fill(filling[..., None], 0).sum(dim=1) / (~filling).sum(dim=1, keepdim=True)
        return self.last(self.dropout(mean)).squeeze(1)  # (N,)


@dataclass
class TextNetwork:
    """A network with its vocabulary: ``fit``, then ``decision_function``.

    Parameters
    ----------
    kind : ``"gru"`` (Cho and others 2014) or ``"transformer"``, one encoder layer (Vaswani and others 2017).
    dropout, learning_rate : as usual; the optimizer is AdamW.
    seed : of the first weights, the order of the batches and dropout.
    """

    kind: Literal["gru", "transformer"]
    dropout: float = 0.5
    learning_rate: float = 3e-3
    seed: int = 0
    history: list[float] = field(default_factory=list, repr=False)

    def fit(self, texts: np.ndarray, labels: np.ndarray, watch: tuple[np.ndarray, np.ndarray]) -> "TextNetwork":
        """Train on cleaned texts (N,) with labels 0 and 1, and keep the epoch that ranks ``watch`` best.

        It ends when more than `PATIENCE` epochs have passed since the best.
        """
        self.vocabulary = Vocabulary(texts)
        tokens, targets = self.vocabulary.encode(texts), torch.as_tensor(labels, dtype=torch.float32)
        with torch.random.fork_rng(devices=[]):  # leaves the caller's random state as it was
            torch.manual_seed(self.seed)
            self.model = Reader(self.kind, len(self.vocabulary), self.dropout)
            optimizer = torch.optim.AdamW(self.model.parameters(), lr=self.learning_rate, weight_decay=0.01, fused=True)
            self.history, best = [], {}
            while len(self.history) < EPOCHS and len(self.history) - _peak(self.history) <= PATIENCE:
                self.model.train()
                for rows in _batches((tokens != PAD).sum(dim=1)):
                    loss = F.binary_cross_entropy_with_logits(self.model(_cut(tokens[rows])), targets[rows])
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                self.history.append(float(average_precision_score(watch[1], self.decision_function(watch[0]))))
                if _peak(self.history) == len(self.history):
                    best = {name: weight.clone() for name, weight in self.model.state_dict().items()}
            self.model.load_state_dict(best)
        return self

    def decision_function(self, texts: np.ndarray) -> np.ndarray:
        """Return the logit of an unhappy review for each cleaned text, (N,) in float64."""
        self.model.eval()
        with torch.no_grad():
            parts = [self.model(_cut(part)) for part in self.vocabulary.encode(texts).split(256)]
        return torch.cat(parts).double().numpy()


def _batches(lengths: Tensor) -> list[Tensor]:
    """Return the row numbers of one epoch in batches of reviews of like length, so that there is little filling.

    Chance decides which reviews come together, out of `BATCH` times `ALIKE`, and the order of the batches.
    """
    parts = torch.randperm(len(lengths)).split(BATCH * ALIKE)
    batches = [rows for part in parts for rows in part[lengths[part].argsort()].split(BATCH)]
    return [batches[place] for place in torch.randperm(len(batches)).tolist()]


def _peak(history: list[float]) -> int:
    """The number of the best epoch, from 1; 0 before the first."""
    return int(np.argmax(history)) + 1 if history else 0


def _cut(tokens: Tensor) -> Tensor:
    """Cut the filling that all rows share."""
    return tokens[:, : int((tokens != PAD).sum(dim=1).max())]
