"""A small residual network on handwritten digits."""

from typing import ClassVar

import numpy as np

from groundup.recipes.classifier import Classifier
from groundup.recipes.recipe import Examples, Settings
from groundup.scratch import Layer
from groundup.scratch.models import ResNet


class ResNetRecipe(Classifier):
    name = "resnet"
    about = "residual network: three stages of one block each, with batch norm"
    settings: ClassVar = {"digits": Settings(epochs=10, batch_size=32, lr=0.01), "mnist": Settings(1, 128, 0.01)}

    def model(self, examples: Examples, rng: np.random.Generator) -> Layer:
        return ResNet(examples.train[0].shape[1], len(examples.classes), rng=rng)
