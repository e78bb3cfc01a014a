"""A multilayer perceptron on handwritten digits."""

from typing import ClassVar

import numpy as np

from groundup.recipes.classifier import Classifier
from groundup.recipes.recipe import Examples, Settings
from groundup.scratch import Layer
from groundup.scratch.models import mlp


class MLP(Classifier):
    name = "mlp"
    about = "multilayer perceptron: two hidden layers of 256 and 128 units"
    settings: ClassVar = {"digits": Settings(epochs=30, batch_size=32, lr=0.01), "mnist": Settings(8, 128, 0.005)}

    def model(self, examples: Examples, rng: np.random.Generator) -> Layer:
        features = int(np.prod(examples.train[0].shape[1:]))
        return mlp([features, 256, 128, len(examples.classes)], rng=rng)
