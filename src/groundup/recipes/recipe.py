"""What a recipe is: everything between a model's name on the command line and something to look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TextIO

import numpy as np

from groundup import data
from groundup.errors import UsageError
from groundup.recipes.exhibits import Exhibit
from groundup.scratch import Adam, CrossEntropy, Epoch, Layer, Loss, OneCycleLR, Optimizer, fit

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
    workers : processes that share each batch; see :class:`groundup.scratch.DataParallel`. Up to rounding they do what
        one does, unless the model itself draws random numbers.
    """

    epochs: int
    batch_size: int
    lr: float
    workers: int = 1

    def __post_init__(self) -> None:
        for option, holds, expected in (
            ("epochs", self.epochs >= 1, "1 or more"),
            ("batch-size", self.batch_size >= 1, "1 or more"),
            ("workers", self.workers >= 1, "1 or more"),
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
    """How to train one model, in four steps: examples, model, train, test.

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
        """Train the model in place, and return its history.

        By default with Adam, the learning rate rising and falling once (one cycle).

        Raises
        ------
        Diverged : the loss is no longer a number; the model has the last good weights.
        """
        optimizer = Adam(model.parameters(), lr=settings.lr)
        return fit(
            model,
            self.loss(),
            optimizer,
            examples.train,
            examples.validation,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            rng=rng,
            schedule=one_cycle(optimizer, len(examples.train[0]), settings),
            augment=self.augment,
            labels=bool(examples.classes),
            workers=settings.workers,
            progress=progress,
        )

    def loss(self) -> Loss:
        """Return what is made small; by default cross-entropy, for targets that are class indices."""
        return CrossEntropy()

    def augment(self, x: Array, rng: np.random.Generator) -> Array:
        """Return the inputs of a training batch, changed at random such that the targets stay true; or as they are."""
        return x

    def test(self, model: Layer, examples: Examples, rng: np.random.Generator) -> Result:
        """Measure the trained model on the test examples, once, and choose what to show."""
        raise NotImplementedError


def one_cycle(optimizer: Optimizer, examples: int, settings: Settings) -> OneCycleLR | None:
    """Return the schedule: up to the learning rate in the first three tenths of all steps, then down to nothing.

    None, a constant learning rate, if there are too few steps for a cycle.
    """
    steps = settings.epochs * -(-examples // settings.batch_size)
    return OneCycleLR(optimizer, settings.lr, steps) if steps > 10 else None


def hold_out(dataset: data.Dataset, share: float, rng: np.random.Generator) -> tuple[data.Split, data.Split]:
    """Split the training part into what is trained on and, a ``share`` of it, what is validated on."""
    validation, train = data.split(dataset.train.x, dataset.train.y, share, rng)
    return train, validation
