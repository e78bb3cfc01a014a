"""A network for tables with categories: each category has a learned vector, and batches come from the disk."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from groundup.applications.flights.encoding import Codes
from groundup.applications.flights.stream import RecordFile
from groundup.applications.flights.tables import Table
from groundup.applications.preprocessing import table_preprocessor

CHUNK = 16_384  # rows that are made into numbers at a time


class EmbeddingNetwork(nn.Module):
    """Numbers (N, I) and codes (N, C) to logits (N,): embeddings beside the numbers, then a multi-layer perceptron.

    After Guo and Berkhahn (2016), "Entity embeddings of categorical variables". A vector has about the fourth root of
    the number of categories, times 1.6: 8 numbers for 600.

    Parameters
    ----------
    numbers : I.
    sizes : how many codes each of the C categories has; code 0 is for the rare and the unknown.
    hidden, dropout : units of each hidden layer, and the dropout behind each.
    share : of events in training, where the logits start.
    """

    def __init__(self, numbers: int, sizes: Sequence[int], hidden: Sequence[int], dropout: float, share: float):
        super().__init__()
        widths = [round(1.6 * size**0.25) for size in sizes]
        tables = [nn.Embedding(size, width) for size, width in zip(sizes, widths)]
        for table in tables:
            nn.init.normal_(table.weight, std=0.05)
        self.embeddings = nn.ModuleList(tables)
        inputs = numbers + sum(widths)
        layers: list[nn.Module] = []
        for units in hidden:
            layers += [nn.Linear(inputs, units), nn.ReLU(), nn.Dropout(dropout)]
            inputs = units
        last = nn.Linear(inputs, 1)
        nn.init.constant_(last.bias, float(np.log(share / (1 - share))))
        self.body = nn.Sequential(*layers, last)

    def forward(self, numbers: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        vectors = [table(codes[:, place]) for place, table in enumerate(self.embeddings)]
        return self.body(torch.cat([numbers, *vectors], dim=1)).squeeze(1)


@dataclass
class StreamedNetwork:
    """`EmbeddingNetwork` with scikit-learn's manners; in training its rows lie on disk, never all in memory.

    Parameters
    ----------
    numbers, categories : the columns to use.
    hidden, dropout, weight_decay, learning_rate, batch_size, epochs : as usual; the optimizer is AdamW. The learning
        rate rises and falls again over the whole training (one cycle), with ``learning_rate`` its peak.
    shuffle : without it, batches come in the order of the file, which is that of time.
    seed : of the initial weights, the order of the rows and dropout.
    """

    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    hidden: tuple[int, ...] = (64, 32)
    dropout: float = 0.2
    weight_decay: float = 0.01
    learning_rate: float = 2e-3
    batch_size: int = 512
    epochs: int = 5
    shuffle: bool = True
    seed: int = 0
    history: list[float] = field(default_factory=list, repr=False)

    def fit(self, table: Table, event: np.ndarray) -> "StreamedNetwork":
        """Learn from the columns of ``table``, (N, ...), and ``event``, (N,) of 0 and 1."""
        self.prepare(table)
        with tempfile.TemporaryDirectory() as folder, torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self._train(self.write(Path(folder, "rows"), table, event), float(event.mean()))
        return self

    def prepare(self, table: Table) -> None:
        """Learn how a row becomes numbers and codes, from the training rows."""
        self.scaler = table_preprocessor(self.numbers, []).fit(table)
        self.codes = {name: Codes().fit(table[name]) for name in self.categories}

    def write(self, path: Path, table: Table, event: np.ndarray) -> RecordFile:
        """Write rows as the network reads them, a chunk at a time; `prepare` comes before."""
        width = len(self.scaler.get_feature_names_out())
        file = RecordFile(path, width, len(self.categories))
        for start in range(0, len(table), CHUNK):
            chunk = slice(start, start + CHUNK)
            file.append(*self._arrays(table.iloc[chunk]), event[chunk])
        return file

    def decision_function(self, table: Table) -> np.ndarray:
        """Return the logit of the event for each row, (N,) in float64."""
        self.model.eval()
        scores = []
        with torch.no_grad():
            for start in range(0, len(table), CHUNK):
                numbers, codes = self._arrays(table.iloc[start : start + CHUNK])
                scores.append(self.model(torch.from_numpy(numbers), torch.from_numpy(codes)).double().numpy())
        return np.concatenate(scores)

    def _arrays(self, table: Table) -> tuple[np.ndarray, np.ndarray]:
        numbers = np.asarray(self.scaler.transform(table), np.float32)
        codes = [self.codes[name].transform(table[name]) for name in self.categories]
        return numbers, np.stack(codes, axis=1) if codes else np.empty((len(table), 0), np.int32)

    def _train(self, file: RecordFile, share: float) -> None:
        sizes = [codes.size for codes in self.codes.values()]
        self.model = EmbeddingNetwork(file.record["numbers"].shape[0], sizes, self.hidden, self.dropout, share)
        optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay, fused=True
        )
        rng = np.random.default_rng(self.seed) if self.shuffle else None
        # Windows may end in smaller batches, so the number of steps is counted and not divided.
        steps = sum(1 for _ in file.batches(self.batch_size))
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, self.learning_rate, total_steps=self.epochs * steps)
        self.model.train()
        self.history = []
        for _ in range(self.epochs):
            total = 0.0
            for batch in file.batches(self.batch_size, rng):
                numbers, codes, labels = (
                    torch.from_numpy(np.ascontiguousarray(batch[name])) for name in ("numbers", "codes", "label")
                )
                loss = F.binary_cross_entropy_with_logits(self.model(numbers, codes), labels)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                total += loss.item() * len(batch)
            self.history.append(total / len(file))
