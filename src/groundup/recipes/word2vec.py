"""word2vec on plays: which words are used in like places?"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, TextIO

import numpy as np
from rich.console import RenderableType
from rich.table import Table

from groundup import data, scratch
from groundup.errors import GroundupError
from groundup.recipes.exhibits import Exhibit
from groundup.recipes.recipe import Array, Examples, Recipe, Result, Settings
from groundup.scratch.models import SkipGram
from groundup.scratch.models.word2vec import Noise, count_words, keep_probability, skip_gram_pairs, words
from groundup.scratch.trainer import Epoch, explain_divergence


@dataclass(frozen=True, eq=False)
class Neighbours(Exhibit):
    """For some words, those whose vectors point in the most similar directions."""

    rows: list[tuple[str, list[str]]]

    def terminal(self) -> RenderableType:
        table = Table("word", "nearest words, and the cosines of the angles", box=None, padding=(0, 2, 0, 0))
        for word, near in self.rows:
            table.add_row(f"[bold]{word}[/]", ", ".join(near))
        return table


class Word2Vec(Recipe):
    name = "word2vec"
    about = "skip-gram with negative sampling: learns vectors of words, and shows which are alike"
    settings: ClassVar = {
        "shakespeare_sample": Settings(epochs=20, batch_size=256, lr=0.003),
        "tinyshakespeare": Settings(epochs=6, batch_size=1024, lr=0.003),
    }
    width, negatives, reach, at_least = 64, 5, 5, 5
    asked = ("king", "lord", "mother", "war", "people", "rome", "love", "death", "blood", "good", "speak", "thou", "my")

    def examples(self, dataset: data.Text, rng: np.random.Generator) -> Examples:
        """Return the words of each part by number: the same array twice, for the words are each other's targets."""
        text = words(dataset.train)
        border = round(0.9 * len(text))
        vocabulary, _ = count_words(text[:border], self.at_least)
        numbers = {word: i for i, word in enumerate(vocabulary)}
        parts = (text[:border], text[border:], words(dataset.test))
        train, validation, test = (np.array([numbers[w] for w in part if w in numbers], np.int64) for part in parts)
        if len(vocabulary) < 2:
            raise GroundupError(f"{dataset.card.name} has too few words that occur {self.at_least} times or more")
        return Examples((train, train), (validation, validation), (test, test), tuple(vocabulary))

    def counts(self, examples: Examples) -> Array:
        """Return how often each word occurs in the training part."""
        return np.bincount(examples.train[0], minlength=len(examples.classes))

    def model(self, examples: Examples, rng: np.random.Generator) -> SkipGram:
        return SkipGram(len(examples.classes), self.width, rng=rng)

    def batches(
        self, tokens: Array, counts: Array, size: int, rng: np.random.Generator
    ) -> Iterator[tuple[Array, Array]]:
        """Yield words (N,), and (N, 1 + K) with a true neighbour of each and K drawn from the noise."""
        kept = tokens[rng.random(len(tokens)) < keep_probability(counts)[tokens]]
        noise = Noise(counts)
        for center, neighbour in scratch.batches(*skip_gram_pairs(kept, self.reach, rng), size):
            drawn = noise.draw((len(center), self.negatives), rng)
            yield center, np.concatenate([neighbour[:, None], drawn], axis=1)

    def train(
        self,
        model: scratch.Layer,
        examples: Examples,
        settings: Settings,
        rng: np.random.Generator,
        progress: TextIO | None,
    ) -> list[Epoch]:
        assert isinstance(model, SkipGram)
        counts = self.counts(examples)
        loss, optimizer = scratch.NegativeSampling(), scratch.Adam(model.parameters(), lr=settings.lr)
        history: list[Epoch] = []
        started = time.perf_counter()
        with scratch.DataParallel(model, loss, optimizer, settings.workers) as parallel:
            for epoch in range(1, settings.epochs + 1):
                # The learning rate falls evenly, as in the paper's program.
                optimizer.lr = settings.lr * (1 - (epoch - 1) / settings.epochs)
                good, total, count = model.state_dict(), 0.0, 0
                batches = self.batches(examples.train[0], counts, settings.batch_size, rng)
                for step, (center, context) in enumerate(batches, 1):
                    value = parallel.step((center, context), ())
                    if not math.isfinite(value):
                        model.load_state_dict(good)
                        raise scratch.Diverged(explain_divergence(value, epoch, step, center, optimizer.lr))
                    total, count = total + value * len(center), count + len(center)
                held_out = self.measure(model, examples.validation[0], counts)
                history.append(Epoch(epoch, total / max(count, 1), held_out, None, time.perf_counter() - started))
                if progress:
                    progress.write(
                        f"epoch {epoch}/{settings.epochs}  training loss {total / max(count, 1):.4f}  "
                        f"validation loss {held_out:.4f}  {history[-1].seconds:.1f} s\n"
                    )
        return history

    def measure(self, model: SkipGram, tokens: Array, counts: Array) -> float:
        """Return the loss, in nats for each pair of neighbours and its K draws; the same draws every time."""
        model.eval()
        loss, total, count = scratch.NegativeSampling().eval(), 0.0, 0
        for center, context in self.batches(tokens, counts, 1024, np.random.default_rng(0)):
            total, count = total + float(loss(*model(center, context))) * len(center), count + len(center)
        model.train()
        return total / max(count, 1)

    def test(self, model: scratch.Layer, examples: Examples, rng: np.random.Generator) -> Result:
        assert isinstance(model, SkipGram)
        loss, ignorant = (
            self.measure(model, examples.test[0], self.counts(examples)),
            (1 + self.negatives) * math.log(2),
        )
        asked = [word for word in self.asked if word in examples.classes] or list(examples.classes[:10])
        rows: list[tuple[str, list[str]]] = []
        for word in asked:
            best, cosines = model.nearest(examples.classes.index(word))
            rows.append((word, [f"{examples.classes[i]} {c:.2f}" for i, c in zip(best, cosines)]))
        scores: dict[str, Any] = {"loss": loss, "loss_of_ignorance": ignorant, "words": len(examples.classes)}
        return Result(
            scores | {"nearest": dict(rows)},
            f"[bold]{loss:.3f}[/] nats for each neighbour in the test part and {self.negatives} words drawn at random; "
            f"who knows nothing: {ignorant:.3f}. {len(examples.classes):,} words that occur {self.at_least} times.",
            [Neighbours("nearest", "Words used in like places", rows)],
        )
