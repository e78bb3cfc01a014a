"""An autoencoder on handwritten digits: images squeezed through a few numbers, and what is left of them."""

from typing import Any, ClassVar

import numpy as np

from groundup import scratch
from groundup.recipes.exhibits import Gallery
from groundup.recipes.recipe import Array, Examples, Recipe, Result, Settings, hold_out
from groundup.scratch.models import Autoencoder


class AutoencoderRecipe(Recipe):
    name = "autoencoder"
    about = "autoencoder: every image through 16 numbers (digits: 8) and back"
    settings: ClassVar = {"digits": Settings(epochs=60, batch_size=32, lr=0.005), "mnist": Settings(6, 128, 0.003)}

    def examples(self, dataset: Any, rng: np.random.Generator) -> Examples:
        train, validation = hold_out(dataset, 0.1, rng)
        return Examples(itself(train.x), itself(validation.x), itself(dataset.test.x))

    def model(self, examples: Examples, rng: np.random.Generator) -> scratch.Layer:
        features = examples.train[1].shape[1]
        return Autoencoder([features, 256, 64, 16] if features > 100 else [features, 64, 8], rng=rng)

    def loss(self) -> scratch.Loss:
        return scratch.BCEWithLogits()

    def test(self, model: scratch.Layer, examples: Examples, rng: np.random.Generator) -> Result:
        x, pixels = examples.test
        drawn = sigmoid(scratch.predict(model, x))
        error = float(np.square(drawn - pixels).mean())
        # The simplest that needs no code at all: the mean image of the training part, whatever comes.
        without = float(np.square(examples.train[1].mean(axis=0) - pixels).mean())
        title = "Images of the test split, and below each what its code still knows of it"
        return Result(
            {"squared_error": error, "squared_error_of_the_mean_image": without},
            f"[bold]{error:.4f}[/] mean squared error of a pixel (0 black, 1 white) on the test split; "
            f"the mean image for everything has {without:.4f}",
            [above_and_below("reconstructions", title, x[:14, 0], drawn[:14].reshape(x[:14, 0].shape))],
        )


def itself(x: Array) -> tuple[Array, Array]:
    """Return images (N, 1, H, W) and, as the target, their pixels (N, H·W)."""
    return x, x.reshape(len(x), -1)


def sigmoid(logits: Array) -> Array:
    return scratch.Sigmoid()(logits)


def above_and_below(name: str, title: str, first: Array, second: Array, columns: int = 7) -> Gallery:
    """Return two sets of images in pairs: a row of the first, below it the same places of the second, and so on."""
    rows = [part for i in range(0, len(first), columns) for part in (first[i : i + columns], second[i : i + columns])]
    return Gallery(name, title, np.concatenate(rows), columns)
