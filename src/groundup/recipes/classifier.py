"""What all recipes that tell classes of images apart have in common; a recipe adds its model."""

from collections.abc import Sequence
from typing import Any, TextIO

import numpy as np

from groundup import scratch
from groundup.recipes.exhibits import Confusion, Exhibit, Gallery
from groundup.recipes.recipe import Array, Examples, Recipe, Result, Settings, hold_out


class Classifier(Recipe):
    """Train with cross-entropy and Adam, the learning rate rising and falling once; show the worst mistakes.

    Attributes
    ----------
    held_out : the share of the training images that is kept for validation.
    """

    held_out: float = 0.1

    def examples(self, dataset: Any, rng: np.random.Generator) -> Examples:
        train, validation = hold_out(dataset, self.held_out, rng)
        test = dataset.test
        return Examples((train.x, train.y), (validation.x, validation.y), (test.x, test.y), dataset.classes)

    def train(
        self,
        model: scratch.Layer,
        examples: Examples,
        settings: Settings,
        rng: np.random.Generator,
        progress: TextIO | None,
    ) -> list[scratch.Epoch]:
        optimizer = scratch.Adam(model.parameters(), lr=settings.lr)
        return scratch.fit(
            model,
            scratch.CrossEntropy(),
            optimizer,
            examples.train,
            examples.validation,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            rng=rng,
            schedule=one_cycle(optimizer, len(examples.train[0]), settings),
            augment=self.augment,
            progress=progress,
        )

    def test(self, model: scratch.Layer, examples: Examples, rng: np.random.Generator) -> Result:
        x, labels = examples.test
        log_p = scratch.log_softmax(scratch.predict(model, x))
        guesses = log_p.argmax(axis=1)
        accuracy = float((guesses == labels).mean())
        loss = float(-log_p[np.arange(len(labels)), labels].mean())
        confusion = count_pairs(labels, guesses, len(examples.classes))
        scores = {"accuracy": accuracy, "loss": loss, "confusion": confusion}
        wrong = int((guesses != labels).sum())
        return Result(
            scores,
            f"[bold]{accuracy:.2%}[/] accuracy on the test split: {wrong} of {len(labels)} wrong, loss {loss:.4f} nats",
            [
                Confusion("confusion", "What was taken for what: rows are the truth", confusion, examples.classes),
                *worst_mistakes(x, labels, log_p, examples.classes),
                *self.more(model, examples),
            ],
        )

    def augment(self, x: Array, rng: np.random.Generator) -> Array:
        """Return the images of a training batch, changed at random such that their labels stay true."""
        return x

    def more(self, model: scratch.Layer, examples: Examples) -> list[Exhibit]:
        """Return what else there is to see in this model."""
        return []


def one_cycle(optimizer: scratch.Optimizer, examples: int, settings: Settings) -> scratch.OneCycleLR | None:
    """Return the schedule: up to the learning rate in the first three tenths of all steps, then down to nothing.

    None, a constant learning rate, if there are too few steps for a cycle.
    """
    steps = settings.epochs * -(-examples // settings.batch_size)
    return scratch.OneCycleLR(optimizer, settings.lr, steps) if steps > 10 else None


def count_pairs(labels: Array, guesses: Array, classes: int) -> Array:
    """Return how often each true class (row) was given each guess (column)."""
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, guesses), 1)
    return counts


def worst_mistakes(x: Array, labels: Array, log_p: Array, classes: Sequence[str], most: int = 21) -> list[Gallery]:
    """Return the images that were wrong with the greatest confidence, captioned truth → guess."""
    guesses = log_p.argmax(axis=1)
    wrong = np.flatnonzero(guesses != labels)
    if not len(wrong):
        return []
    worst = wrong[np.argsort(-log_p[wrong, guesses[wrong]], kind="stable")][:most]
    images = x[worst, 0] if x.shape[1] == 1 else x[worst]
    captions = [
        f"{classes[truth]}→{classes[guess]}" for truth, guess in zip(labels[worst].tolist(), guesses[worst].tolist())
    ]
    return [Gallery("mistakes", "The surest mistakes, truth → guess", images, captions=captions)]
