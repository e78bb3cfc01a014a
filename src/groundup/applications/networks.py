"""Small networks for tables, in PyTorch, with scikit-learn's manners: ``fit``, then ``decision_function``."""

from dataclasses import dataclass, field

import numpy as np
import torch
from sklearn.metrics import average_precision_score
from torch import nn
from torch.nn import functional as F


@dataclass
class TabularNetwork:
    """A multi-layer perceptron that scores the risk of one rare event.

    Parameters
    ----------
    hidden : units of each hidden layer.
    dropout, weight_decay, learning_rate, batch_size, epochs : as usual; the optimizer is AdamW.
    balance : what is done about the rare class. ``"none"``: nothing. ``"weights"``: an event counts as much more in
        the loss as it is rarer, ``(1 - p) / p`` times for a share p. ``"resample"``: batches are drawn with
        replacement so that half of each batch are events, on average.
    seed : of the initial weights, the order of the batches and dropout.
    """

    hidden: tuple[int, ...] = (32,)
    dropout: float = 0.3
    weight_decay: float = 0.01
    learning_rate: float = 2e-3
    batch_size: int = 256
    epochs: int = 10
    balance: str = "none"
    seed: int = 0
    history: dict[str, list[float]] = field(default_factory=dict, repr=False)

    def fit(self, x: np.ndarray, labels: np.ndarray, watch: tuple[np.ndarray, np.ndarray] | None = None):
        """Train on x (N, I) and labels (N,) of 0 and 1.

        ``watch``, a pair like (x, labels), is measured after each epoch and kept in ``history``. It is looked at and
        never learned from, and no epoch is picked by it.
        """
        if self.balance not in ("none", "weights", "resample"):
            raise ValueError(f"got balance {self.balance!r}, expected 'none', 'weights' or 'resample'")
        share = float(np.mean(labels))
        if not 0 < share < 1:
            raise ValueError("got labels of one class only, expected both 0 and 1")
        weight = torch.tensor((1 - share) / share if self.balance == "weights" else 1.0)
        chance = np.where(labels == 1, 0.5 / share, 0.5 / (1 - share)) if self.balance == "resample" else None
        inputs, targets = _tensor(x), _tensor(labels)
        with torch.random.fork_rng(devices=[]):  # leaves the caller's random state as it was
            torch.manual_seed(self.seed)
            self.model = self._build(x.shape[1], share if self.balance == "none" else 0.5)
            optimizer = torch.optim.AdamW(
                self.model.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay, fused=True
            )
            self.history = {"training loss": []}
            for _ in range(self.epochs):
                self.model.train()
                total = 0.0
                for rows in self._order(len(inputs), chance).split(self.batch_size):
                    logits = self.model(inputs[rows]).squeeze(1)
                    loss = F.binary_cross_entropy_with_logits(logits, targets[rows], pos_weight=weight)
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                    total += loss.item() * len(rows)
                self.history["training loss"].append(total / len(inputs))
                if watch is not None:
                    quality = average_precision_score(watch[1], self.decision_function(watch[0]))
                    self.history.setdefault("validation average precision", []).append(float(quality))
        return self

    def decision_function(self, x: np.ndarray) -> np.ndarray:
        """Return the logit of the event for each row, (N,) in float64."""
        self.model.eval()
        with torch.no_grad():
            return self.model(_tensor(x)).squeeze(1).double().numpy()

    def restore(self, weights: dict[str, torch.Tensor]):
        """Take weights that were trained earlier, the state dict of a network of the same ``hidden``."""
        self.model = self._build(weights["0.weight"].shape[1], 0.5)
        self.model.load_state_dict(weights)
        return self

    def _build(self, inputs: int, share: float) -> nn.Sequential:
        layers: list[nn.Module] = []
        for units in self.hidden:
            layers += [nn.Linear(inputs, units), nn.ReLU(), nn.Dropout(self.dropout)]
            inputs = units
        last = nn.Linear(inputs, 1)
        # Start from the share of events that the loss sees: the first epochs need not learn that number.
        nn.init.constant_(last.bias, float(np.log(share / (1 - share))))
        return nn.Sequential(*layers, last)

    def _order(self, rows: int, chance: np.ndarray | None) -> torch.Tensor:
        """The row numbers of one epoch."""
        if chance is None:
            return torch.randperm(rows)
        return torch.multinomial(_tensor(chance), rows, replacement=True)


def _tensor(values: np.ndarray) -> torch.Tensor:
    return torch.as_tensor(np.asarray(values), dtype=torch.float32)
