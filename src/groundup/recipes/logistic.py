"""Logistic regression on handwritten digits: what one linear layer can do, and what it looks for."""

from typing import ClassVar

import numpy as np

from groundup.recipes.classifier import Classifier
from groundup.recipes.exhibits import Exhibit, Gallery
from groundup.recipes.recipe import Examples, Settings
from groundup.scratch import Layer
from groundup.scratch.models import logistic_regression


class Logistic(Classifier):
    name = "logistic"
    about = "logistic regression: one linear layer, a template for each class"
    settings: ClassVar = {"digits": Settings(epochs=40, batch_size=32, lr=0.02), "mnist": Settings(10, 128, 0.005)}

    def model(self, examples: Examples, rng: np.random.Generator) -> Layer:
        features = int(np.prod(examples.train[0].shape[1:]))
        return logistic_regression(features, len(examples.classes), rng=rng)

    def more(self, model: Layer, examples: Examples) -> list[Exhibit]:
        shape = examples.train[0].shape[2:]
        templates = model.state_dict()["1.weight"].reshape(-1, *shape)
        title = "The weights of each class: bright pixels speak for it, dark ones against it"
        return [Gallery("weights", title, templates, columns=5, captions=examples.classes, limits=None)]
