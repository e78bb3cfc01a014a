"""The stations of the tour. Each does its work and returns plain numbers, ready for JSON; none prints."""

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from groundup import data, scratch
from groundup.scratch.models import small_cnn

Report = Callable[[str], None]

EPOCHS = 20
BATCH = 32
LR = 3e-3


def gradients(seed: int, say: Report) -> dict[str, Any]:
    """Check every layer of the network that follows against the definition of a derivative."""
    rng = np.random.default_rng(seed)
    image = rng.standard_normal((2, 3, 7, 5))
    parts = {
        "Conv2d": (scratch.Conv2d(3, 5, 3, padding=1, rng=rng), (image,)),
        "MaxPool2d": (scratch.MaxPool2d(2), (image,)),
        "ReLU": (scratch.ReLU(), (image,)),
        "Linear": (scratch.Linear(7, 5, rng=rng), (rng.standard_normal((11, 7)),)),
        "CrossEntropy": (scratch.CrossEntropy(), (rng.standard_normal((11, 7)), rng.integers(0, 7, 11))),
    }
    errors = {}
    for name, (layer, inputs) in parts.items():
        say(f"nudging every number of {name} and watching what happens")
        report = scratch.check_gradients(layer, *inputs)
        errors[name] = report.errors
    tolerance = 1e-6
    passed = all(error <= tolerance for each in errors.values() for error in each.values())
    return {"errors": errors, "tolerance": tolerance, "passed": passed}


def by_hand(seed: int, say: Report) -> dict[str, Any]:
    """Train a small convolutional network in NumPy on the digits; test it once."""
    digits = data.load("digits")
    rng = np.random.default_rng(seed)
    validation, train = data.split(digits.train.x, digits.train.y, 0.1, rng)
    model = small_cnn(rng=rng)
    optimizer = scratch.Adam(model.parameters(), lr=LR)
    first_filters = model[0].state_dict()["weight"]

    history = scratch.fit(
        model,
        scratch.CrossEntropy(),
        optimizer,
        (train.x, train.y),
        (validation.x, validation.y),
        epochs=EPOCHS,
        batch_size=BATCH,
        rng=rng,
        progress=_Lines(say),
    )
    logits = scratch.predict(model, digits.test.x)  # the test split, touched once
    guesses = logits.argmax(axis=1)
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    wrong = np.flatnonzero(guesses != digits.test.y)
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (digits.test.y, guesses), 1)
    return {
        "parameters": sum(p.size for p in model.parameters()),
        "images": {"train": len(train.y), "validation": len(validation.y), "test": len(digits.test.y)},
        "settings": {"epochs": EPOCHS, "batch": BATCH, "lr": LR, "optimizer": "Adam"},
        "history": scratch.history_dict(history),
        "seconds": history[-1].seconds,
        "test_accuracy": float((guesses == digits.test.y).mean()),
        "confusion": confusion.tolist(),
        "mistakes": [
            {
                "image": digits.test.x[i, 0].tolist(),
                "truth": int(digits.test.y[i]),
                "guess": int(guesses[i]),
                "confidence": float(probabilities[i, guesses[i]]),
            }
            for i in wrong
        ],
        "filters": {"before": first_filters.tolist(), "after": model[0].state_dict()["weight"].tolist()},
    }


class _Lines(io.StringIO):
    """A text stream that passes each finished line of the trainer on."""

    def __init__(self, say: Report) -> None:
        super().__init__()
        self.say = say

    def write(self, text: str) -> int:
        self.say(text.strip())
        return len(text)


def twins(seed: int, say: Report) -> dict[str, Any]:
    """Train the same network by hand and in PyTorch, in step; then time both."""
    from groundup.compare import speed, trajectory

    workload = trajectory.find("cnn")

    def follow(step: trajectory.Step) -> None:
        if step.step % 50 == 0:
            say(f"step {step.step}: loss {step.loss_by_hand:.12f} by hand, {step.loss_in_torch:.12f} in PyTorch")

    result = trajectory.train_twins(workload, steps=200, seed=seed, report=follow)
    timing = speed.measure("twin/cnn", rounds=7, seconds_a_round=0.1, report=say)
    return {"about": workload.about, **result.to_dict(), "speed": timing.to_dict()}


def in_torch(seed: int, say: Report) -> dict[str, Any]:
    """Train LeNet-5 with the pipeline of Part 2 on the same digits."""
    from groundup import models
    from groundup.training import OptimizerConfig, TrainConfig, train

    say("training LeNet-5")
    config = TrainConfig(
        model="lenet", data="digits", epochs=12, batch_size=32, seed=seed, optimizer=OptimizerConfig(lr=0.002)
    )
    with tempfile.TemporaryDirectory() as folder:
        result = train(config, folder=Path(folder) / "lenet", progress=False, page=False)
    card = models.describe("lenet")
    return {
        "model": {"title": card.title, "paper": card.paper, "year": card.year, "parameters": result.parameters},
        "epochs": config.epochs,
        "history": {key: [record[key] for record in result.history] for key in result.history[0]},
        "best_epoch": result.best_epoch,
        "test_accuracy": result.test["accuracy"],
        "seconds": result.seconds,
    }


def loans(seed: int, say: Report) -> dict[str, Any]:
    """Ask which loans go bad: the naive way, then the careful way."""
    from groundup.applications.loans import imbalance as study

    return study.run(seeds=3, seed=seed, progress=say)
