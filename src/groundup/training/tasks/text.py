"""Model a language: guess each character of a text from those before it."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from groundup import data
from groundup.data import Names, Text
from groundup.errors import UsageError
from groundup.training.config import TrainConfig
from groundup.training.evaluation import each
from groundup.training.generation import TEMPERATURE, generate
from groundup.training.metrics import perplexity
from groundup.training.tasks.task import Split, Task

SAMPLE = 500  # characters that are written at the end of a run
Batch = tuple[Tensor, Tensor]  # characters (N, T), and the character after each, (N, T)


class LanguageModelling(Task):
    """Windows of T characters of an encoded text; the model turns numbers (N, T) into logits (N, T, vocabulary).

    Position t of the logits is the guess of character t + 1, made from characters 0 to t. The loss is the
    cross-entropy, mean over all N · T characters, in nats per character; its exponential is the perplexity.

    Training takes windows that lie side by side, so that an epoch sees each character once. Where the first window
    begins is drawn anew for each epoch: no character always stands at the beginning of a window, where there is
    little to guess from. Validation is the end of the training part; it and the test part are measured in windows
    side by side from their beginning, the last one shorter.
    """

    best = ("loss", "lowest")
    unit = "characters"
    guesses = "the next character"  # what the model learns to guess, in words

    def __init__(self, config: TrainConfig, dataset: Any, device: torch.device) -> None:
        self.text = _text(dataset, config, self.guesses)
        self.context = config.text.context
        self.label_smoothing = config.label_smoothing
        self.settings = settings(config, self.text.vocabulary)
        border = round(len(self.text.train) * (1 - config.validation))
        parts: dict[Split, str] = {
            "training": self.text.train[:border],
            "validation": self.text.train[border:],
            "test": self.text.test,
        }
        self.splits = {name: torch.from_numpy(self.text.encode(part)).to(device) for name, part in parts.items()}
        for name, numbers in self.splits.items():
            if len(numbers) <= self.context:
                raise UsageError(
                    f"The {name} part of {config.data} has {len(numbers):,} characters, too few for one window of "
                    f"--text.context {self.context}: choose a smaller one."
                )
        # One character more than T is needed, the one to guess last; the first window may begin at 0, ..., T - 1.
        self.sizes = {name: (len(part) - 1) // self.context for name, part in self.splits.items()}
        self.sizes["training"] = max(1, len(self.splits["training"]) // self.context - 1)
        self.offset = 0
        self.within = torch.arange(self.context + 1, device=device)

    def start_epoch(self, generator: torch.Generator) -> None:
        spare = len(self.splits["training"]) - 1 - self.sizes["training"] * self.context
        self.offset = int(torch.randint(min(spare, self.context - 1) + 1, (), generator=generator))

    def batch(self, split: Split, rows: Tensor, generator: torch.Generator | None = None) -> Batch:
        start = rows.to(self.within.device) * self.context + (0 if generator is None else self.offset)
        windows = self.splits[split][start[:, None] + self.within]  # (N, T + 1)
        return windows[:, :-1], windows[:, 1:]

    def facts(self) -> dict[str, Any]:
        return {"data": self.text.card.name, "vocabulary": self.text.vocabulary}

    def items(self, batch: Batch) -> int:
        return batch[1].numel()

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        x, y = batch
        return F.cross_entropy(model(x).flatten(0, 1), y.flatten(), label_smoothing=self.label_smoothing)

    def evaluate(self, model: nn.Module, split: Split, batch_size: int = 64) -> dict[str, Any]:
        numbers = self.splits[split]
        count = len(numbers) - 1  # characters to guess: all but the first
        whole = count // self.context * self.context
        x, y = (part.unflatten(0, (-1, self.context)) for part in (numbers[:whole], numbers[1 : whole + 1]))
        batches = list(zip(x.split(batch_size), y.split(batch_size)))
        if whole < count:
            batches.append((numbers[None, whole:-1], numbers[None, whole + 1 :]))

        def loss_sum(batch: Batch) -> float:
            x, y = batch
            return float(F.cross_entropy(model(x).flatten(0, 1).float(), y.flatten(), reduction="sum"))

        loss = sum(each(model, loss_sum, batches)) / count
        return {"loss": loss, "perplexity": perplexity(loss)}

    def sample(self, model: nn.Module) -> str:
        if not hasattr(model, "read"):  # it cannot write
            return ""
        opening = self.splits["validation"][:1]
        if "\n" in self.text.vocabulary:  # a new line begins
            opening = torch.full_like(opening, self.text.vocabulary.index("\n"))
        draws = torch.Generator().manual_seed(0)
        written = generate(model, opening[None], SAMPLE, temperature=TEMPERATURE, generator=draws)
        return self.text.decode(written[0, 1:].cpu().numpy())

    def show(self, page: Any, model: nn.Module, split: Split, predictions: dict[str, Tensor]) -> None:
        from groundup.training import text_page

        text_page.add_to(page, self, model)

    def words(self, scores: dict[str, Any]) -> str:
        return f"loss {scores['loss']:.4f} nats per character, perplexity {scores['perplexity']:.3f}"


def settings(config: TrainConfig, vocabulary: str) -> dict[str, Any]:
    """Return what the data decide of a language model."""
    return {"vocabulary": len(vocabulary), "context": config.text.context}


def make(config: TrainConfig, dataset: Any, device: torch.device) -> LanguageModelling:
    """Return the task; see :func:`groundup.training.tasks.make_task`."""
    return LanguageModelling(config, dataset, device)


def _text(dataset: Any, config: TrainConfig, guesses: str) -> Text:
    if isinstance(dataset, Names):
        return dataset.as_text()
    if isinstance(dataset, Text):
        return dataset
    texts = [name for name, card in data.cards().items() if card.shape in ("character", "name")]
    raise UsageError(
        f"{config.model} learns to guess {guesses} of a text, but the data set {config.data!r} holds none. "
        f"Texts: {', '.join(texts)}."
    )
