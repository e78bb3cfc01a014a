"""What a recipe is: everything between a model's name on the command line and something to look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TextIO

import numpy as np

from groundup import data
from groundup.errors import UsageError
from groundup.recipes.exhibits import Exhibit
from groundup.scratch import Epoch, Layer

Array = np.ndarray
Pair = tuple[Any, Any]


@dataclass(frozen=True)
class Settings:
    """How long and how fast to train; each can be chosen on the command line.

    Attributes
    ----------
    epochs : passes over the training examples.
    batch_size : examples in a step.
    lr : learning rate; with a schedule that rises and falls, its peak.
    """

    epochs: int
    batch_size: int
    lr: float

    def __post_init__(self) -> None:
        for option, holds, expected in (
            ("epochs", self.epochs >= 1, "1 or more"),
            ("batch-size", self.batch_size >= 1, "1 or more"),
            ("lr", 0 < self.lr < float("inf"), "a number above 0"),
        ):
            if not holds:
                raise UsageError(f"--{option} is {getattr(self, option.replace('-', '_'))}; expected {expected}.")


@dataclass(frozen=True, eq=False)
class Examples:
    """A data set made ready for one model: pairs (inputs, targets), and the names of the classes, if there are any.

    ``train`` is learnt from, ``validation`` only measured on while training, ``test`` only once, at the end.
    """

    train: Pair
    validation: Pair
    test: Pair
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Result:
    """What the test came to: numbers by name, a sentence about them, and what there is to look at."""

    scores: dict[str, Any]
    summary: str
    exhibits: list[Exhibit]


class Recipe:
    """How to train one model, in four steps; a recipe says what is special about each.

    To add a recipe: a class in a file of this room, and its name in the table in ``__init__.py``.

    Attributes
    ----------
    name : what it is called on the command line.
    about : the model and its task, in a line.
    settings : the data sets it accepts, the first by default, and the choices that work for each.
    """

    name: str
    about: str
    settings: ClassVar[Mapping[str, Settings]]

    def examples(self, dataset: Any, rng: np.random.Generator) -> Examples:
        """Bring a data set, as ``data.load`` returns it, into the form that the model reads."""
        raise NotImplementedError

    def model(self, examples: Examples, rng: np.random.Generator) -> Layer:
        """Build the model, with its first weights, to fit the examples."""
        raise NotImplementedError

    def train(
        self,
        model: Layer,
        examples: Examples,
        settings: Settings,
        rng: np.random.Generator,
        progress: TextIO | None,
    ) -> list[Epoch]:
        """Train the model in place, and return its history. May raise :class:`groundup.scratch.Diverged`."""
        raise NotImplementedError

    def test(self, model: Layer, examples: Examples, rng: np.random.Generator) -> Result:
        """Measure the trained model on the test examples, once, and choose what to show."""
        raise NotImplementedError


def hold_out(dataset: data.Dataset, share: float, rng: np.random.Generator) -> tuple[data.Split, data.Split]:
    """Split the training part into what is trained on and, a ``share`` of it, what is validated on."""
    validation, train = data.split(dataset.train.x, dataset.train.y, share, rng)
    return train, validation
