"""A few examples of something new: what is left of a network that was trained on something else?

Every way gets the same n labelled images of each class to train on, and as many again to choose one of its three
settings: a larger validation part would be a gift that nobody with n examples has.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from groundup.applications import metrics
from groundup.applications.images import Parts
from groundup.applications.intervals import bootstrap
from groundup.applications.shift import network

SHOTS = (1, 5, 10, 20, 50)
RATES, STRENGTHS = (0.01, 0.003, 0.001), (1.0, 0.1, 0.01)  # the first is kept when all do equally well
SOURCE_STEPS, STEPS = 500, 80
WAYS = {
    "scratch": "the network, from scratch",
    "tuned": "the trained network, fine-tuned",
    "frozen": "its features, kept, and logistic regression",
    "random": "features of an untrained network, and logistic regression",
    "pixels": "logistic regression on the pixels",
}
Predict = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Move:
    """From a source, where labels are plenty, to a target, where they are few. Images (N, S, S), labels from 0."""

    source: tuple[np.ndarray, np.ndarray]
    pool: tuple[np.ndarray, np.ndarray]  # of the target: what the few are drawn from
    test: tuple[np.ndarray, np.ndarray]
    words: str


def moves(digits: Parts, mnist: Parts | None) -> dict[str, Move]:
    """Return what is moved where: to other classes of the same writers; to other writers and another scanner.

    Parameters
    ----------
    digits, mnist : as squares of the same side. A split by classes is always possible, so this move is always there.
    """
    pool = _both(digits.pool, digits.validation), _both(digits.pool_labels, digits.validation_labels)
    test = digits.test, digits.test_labels
    low, high = (lambda part, of=of: _classes(part, of) for of in (range(5), range(5, 10)))
    found = {"classes": Move(low(pool), high(pool), high(test), "digits 0 to 4 → digits 5 to 9, the same writers")}
    if mnist is not None:
        source = mnist.pool, mnist.pool_labels
        found["writers"] = Move(source, pool, test, "MNIST, made as small → digits, other writers")
    return found


def _both(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.concatenate([first, second])


def _classes(part: tuple[np.ndarray, np.ndarray], of: range) -> tuple[np.ndarray, np.ndarray]:
    images, labels = part
    kept = np.isin(labels, of)
    return images[kept], labels[kept] - of.start


def measure(move: Move, seeds: Sequence[int], say: Callable[[str], None]) -> dict[str, Any]:
    """Learn from a few examples in every way, with every seed; the test part is asked once for each."""
    right: dict[str, dict[int, list[np.ndarray]]] = {way: {shots: [] for shots in SHOTS} for way in WAYS}
    source_right = []
    for number, seed in enumerate(seeds, start=1):
        say(f"{move.words}, seed {number} of {len(seeds)}")
        images, labels = move.source
        side, classes = images.shape[1], int(labels.max()) + 1
        trained = network.train(network.build(side, classes, seed), images, labels, seed, SOURCE_STEPS)
        source_right.append(float((network.logits(trained, images).argmax(axis=1) == labels).mean()))
        for shots in SHOTS:
            train, check = few(move.pool, shots, np.random.default_rng([seed, shots]))
            for way in WAYS:
                model = learn(way, trained, train, check, seed)
                right[way][shots].append(model(move.test[0]) == move.test[1])
    accuracy = {
        way: [metrics.summary([float(one.mean()) for one in by_shots[shots]]) for shots in SHOTS]
        for way, by_shots in right.items()
    }
    return {
        "words": move.words,
        "sizes": {"source": len(move.source[1]), "test": len(move.test[1])},
        "classes": int(move.pool[1].max()) + 1,
        "shots": list(SHOTS),
        "source_accuracy": metrics.summary(source_right),
        "accuracy": accuracy,
        "against_scratch": _against(right, "scratch"),
        "against_pixels": _against(right, "pixels"),
        "best": [max(WAYS, key=lambda way, at=at: accuracy[way][at]["mean"]) for at in range(len(SHOTS))],
    }


def _against(right: dict[str, dict[int, list[np.ndarray]]], other: str) -> dict[str, list[dict[str, Any]]]:
    """Differences of accuracy at each number of shots: over the test images (interval), and over the seeds."""
    found: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS if way != other}
    for way in found:
        for shots in SHOTS:
            gaps = np.array(right[way][shots], dtype=float) - np.array(right[other][shots])  # (seeds, N)
            over_seeds = metrics.summary(gaps.mean(axis=1).tolist())
            duel = metrics.duel(gaps.mean(axis=1).tolist(), [0.0] * len(gaps))
            interval = list(bootstrap(np.mean, gaps.mean(axis=0)))
            found[way].append({"interval": interval, "seeds": over_seeds, "clear": duel.clear})
    return found


def few(
    part: tuple[np.ndarray, np.ndarray], shots: int, rng: np.random.Generator
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Draw ``shots`` images of each class to train on, and as many others to choose by."""
    images, labels = part
    rows = [rng.permutation(np.flatnonzero(labels == one))[: 2 * shots] for one in np.unique(labels)]
    train, check = (np.concatenate(halves) for halves in zip(*((r[:shots], r[shots:]) for r in rows)))
    return (images[train], labels[train]), (images[check], labels[check])


def learn(
    way: str,
    trained: nn.Sequential,
    train: tuple[np.ndarray, np.ndarray],
    check: tuple[np.ndarray, np.ndarray],
    seed: int,
) -> Predict:
    """Learn with three settings, and return the answers of the one that reads most of the images in ``check``."""
    settings = RATES if way in ("scratch", "tuned") else STRENGTHS
    tried = [_learn(way, setting, trained, train, seed) for setting in settings]
    return max(tried, key=lambda predict: (predict(check[0]) == check[1]).mean())


def _learn(
    way: str, setting: float, trained: nn.Sequential, train: tuple[np.ndarray, np.ndarray], seed: int
) -> Predict:
    images, labels = train
    fresh = network.build(images.shape[1], int(labels.max()) + 1, seed)
    if way in ("scratch", "tuned"):
        if way == "tuned":  # the features move along; the last layer is new, as the classes are
            fresh = nn.Sequential(deepcopy(trained[0]), fresh[1])
        tuned = way == "tuned"
        network.train(fresh, images, labels, seed, STEPS, learning_rate=setting, fixed_statistics=tuned)
        return lambda asked: network.logits(fresh, asked).argmax(axis=1)
    look: Predict = {
        "frozen": lambda asked: network.features(trained, asked),
        "random": lambda asked: network.features(fresh, asked),
        "pixels": lambda asked: asked.reshape(len(asked), -1),
    }[way]
    model = make_pipeline(StandardScaler(), LogisticRegression(C=setting, max_iter=1000)).fit(look(images), labels)
    return lambda asked: model.predict(look(asked))
