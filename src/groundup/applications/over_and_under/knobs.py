"""One knob at a time: everything else stays, and what it does to the training and the validation error is measured."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from groundup.applications.images import Parts
from groundup.applications.over_and_under.network import Settings, probabilities, scores, train
from groundup.applications.over_and_under.sample import NOISE, ROWS, draw

BASE = Settings()
LONG = 200  # epochs of the run that is watched


@dataclass(frozen=True)
class Knob:
    """What is turned, through which positions, and what the report says about it."""

    name: str
    label: str  # of the horizontal axis
    positions: tuple[float, ...]
    settings: Callable[[Any], Settings]
    rows: Callable[[Any], int] = lambda position: ROWS


KNOBS = (
    Knob("capacity", "hidden units", (1, 2, 4, 8, 16, 32, 64, 128, 256), lambda n: replace(BASE, hidden=n)),
    Knob(
        "data", "training images", (25, 50, 100, 200, 400, 800),
        # As many steps for few images as for many, or the knob would turn the length of training too.
        lambda n: replace(BASE, epochs=round(BASE.epochs * ROWS / n)), rows=lambda n: n,
    ),
    Knob("weight decay", "weight decay λ", (0, 0.03, 0.1, 0.3, 1, 3, 10), lambda d: replace(BASE, weight_decay=d)),
    Knob("dropout", "share of units dropped", (0, 0.1, 0.25, 0.5, 0.75, 0.9), lambda p: replace(BASE, dropout=p)),
    Knob("augmentation", "largest shift in pixels", (0, 1, 2, 3), lambda s: replace(BASE, shift=s)),
)  # fmt: skip


def turn(knob: Knob, digits: Parts, seeds: Sequence[int]) -> dict[str, Any]:
    """Train at every position with every seed; return errors and losses, a list of seeds for each position.

    The training error counts the labels that the network sees. A fifth of them are wrong, so a network that has
    understood the digits has a training error of about a fifth, and one that has less has learnt the noise by heart.
    """
    measured: dict[str, Any] = {"name": knob.name, "label": knob.label, "positions": list(knob.positions)}
    names = ("training error", "validation error", "training loss", "validation loss")
    measured |= {name: [] for name in names}
    for position in knob.positions:
        runs = []
        for seed in seeds:
            sample = draw(digits, seed, knob.rows(position))
            model = train(knob.settings(position), sample, seed)
            error, loss = scores(probabilities(model, sample.x), sample.labels)
            validation_error, validation_loss = scores(
                probabilities(model, digits.validation), digits.validation_labels
            )
            runs.append((error, validation_error, loss, validation_loss))
        for name, values in zip(names, zip(*runs)):
            measured[name].append(list(values))
    return measured


def watch_epochs(digits: Parts, seeds: Sequence[int]) -> dict[str, Any]:
    """Train for long, and measure after every epoch: the last knob is time."""
    names = ("training error", "validation error", "training loss", "validation loss")
    runs: list[dict[str, list[float]]] = []
    for seed in seeds:
        sample, history = draw(digits, seed), {name: [] for name in names}

        def look(model: Any, sample: Any = sample, history: Any = history) -> None:
            error, loss = scores(probabilities(model, sample.x), sample.labels)
            validation = scores(probabilities(model, digits.validation), digits.validation_labels)
            for name, value in zip(names, (error, validation[0], loss, validation[1])):
                history[name].append(value)

        train(replace(BASE, epochs=LONG), sample, seed, look)
        runs.append(history)
    means = {name: np.mean([run[name] for run in runs], axis=0).tolist() for name in names}
    best = [int(np.argmin(run["validation loss"])) for run in runs]
    return {
        "epochs": LONG,
        "noise": NOISE,
        "means": means,
        "best epoch": [epoch + 1 for epoch in best],
        "error at best epoch": [run["validation error"][epoch] for run, epoch in zip(runs, best)],
        "error at last epoch": [run["validation error"][-1] for run in runs],
    }
