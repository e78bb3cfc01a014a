"""What all recipes that tell classes of images apart have in common; a recipe adds its model."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from groundup import scratch
from groundup.recipes.exhibits import Confusion, Exhibit, Gallery
from groundup.recipes.recipe import Array, Examples, Recipe, Result, hold_out


class Classifier(Recipe):
    """Train with cross-entropy; show what was taken for what, and the worst mistakes.

    Attributes
    ----------
    held_out : the share of the training images that is kept for validation.
    """

    held_out: float = 0.1

    def examples(self, dataset: Any, rng: np.random.Generator) -> Examples:
        train, validation = hold_out(dataset, self.held_out, rng)
        test = dataset.test
        return Examples((train.x, train.y), (validation.x, validation.y), (test.x, test.y), dataset.classes)

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

    def more(self, model: scratch.Layer, examples: Examples) -> list[Exhibit]:
        """Return what else there is to see in this model."""
        return []


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
