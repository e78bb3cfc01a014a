"""LeNet-5 on handwritten digits."""

from typing import ClassVar

import numpy as np

from groundup.recipes.classifier import Classifier
from groundup.recipes.exhibits import Exhibit, Gallery
from groundup.recipes.recipe import Array, Examples, Settings
from groundup.scratch import Layer
from groundup.scratch.models import lenet, small_cnn


class LeNet(Classifier):
    """LeNet-5 for MNIST; the images of ``digits``, 8x8, are too small for it and get a smaller network alike.

    The choices for MNIST were made on validation images. Measured with ``groundup train-scratch lenet --data mnist
    --seed S`` for S from 0 to 4: test accuracy 99.25, 99.14, 99.17, 99.13, 99.36%, median 99.17%; from the start of the
    process to its end 23 to 26 s on two cores (Intel Xeon, NumPy 2.4).
    """

    name = "lenet"
    about = "convolutional network (LeNet-5; on digits a smaller one) that reads handwritten digits"
    settings: ClassVar = {"digits": Settings(epochs=20, batch_size=32, lr=0.01), "mnist": Settings(4, 128, 0.008)}
    held_out = 0.05

    def augment(self, x: Array, rng: np.random.Generator) -> Array:
        """Move the images of a batch by up to a pixel: a digit a pixel further is still that digit."""
        return shifted(x, *rng.integers(-1, 2, 2)) if x.shape[2:] == (28, 28) else x

    def model(self, examples: Examples, rng: np.random.Generator) -> Layer:
        build = lenet if examples.train[0].shape[2:] == (28, 28) else small_cnn
        return build(classes=len(examples.classes), rng=rng)

    def more(self, model: Layer, examples: Examples) -> list[Exhibit]:
        filters = model.state_dict()["0.weight"][:, 0]  # (O, K, K)
        return [Gallery("filters", "The filters of the first layer, bright where they add", filters, limits=None)]


def shifted(x: Array, down: int, right: int) -> Array:
    """Return images (N, C, H, W) moved down and to the right (negative: up, left); black moves in."""
    moved = np.zeros_like(x)
    H, W = x.shape[2:]
    moved[:, :, max(down, 0) : H + min(down, 0), max(right, 0) : W + min(right, 0)] = x[
        :, :, max(-down, 0) : H + min(-down, 0), max(-right, 0) : W + min(-right, 0)
    ]
    return moved
