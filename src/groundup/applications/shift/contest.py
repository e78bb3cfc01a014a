"""The contest: one network trained on clean images, and what may be done about images that are not clean.

Everyone has three settings, of which the one with the least loss on clean validation images is kept: nobody knows what
will come. Then everyone learns with every seed, and is asked once about the test images, clean and corrupted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from torch import nn

from groundup.applications import metrics
from groundup.applications.images import Parts
from groundup.applications.intervals import bootstrap
from groundup.applications.shift import honesty, network
from groundup.applications.shift.corruptions import CORRUPTIONS, PIXELS, PLACES, corrupt
from groundup.applications.shift.network import SEEN_SEVERITIES, log_softmax

STEPS, CLASSES = 500, 10
DECAYS, STRENGTHS, SIZES = (0.003, 0.03, 0.3), (1.0, 10.0, 100.0), (0.015, 0.03, 0.06)
SHOWN = {"plain": (), "pixels": PIXELS, "places": PLACES}  # what the training of each network shows
NAMES = {
    "plain": "network, shown clean images only",
    "temperature": "the same, temperature from clean validation",
    "known": "the same, temperature of each corruption *",
    "copies": "the same, asked over seven copies",
    "statistics": "the same, batch norm of the asked images",
    "pixels": "network, shown noise, blur, contrast",
    "places": "network, shown rotation, shift, occlusion",
    "logistic": "logistic regression, shown clean images only",
}
NOT_TO_BE_HAD = "known"
Condition = tuple[str, int]  # a corruption and its severity
CLEAN: Condition = ("clean", 0)


def squares(parts: Parts, side: int) -> Parts:
    """Return images as squares (N, S, S) instead of rows, reduced by the means of blocks where ``side`` is a part of S.

    A larger S must be a multiple of ``side``, or a border is cut off first, as much at each end.
    """
    return replace(parts, **{name: reduced(getattr(parts, name), side) for name in ("pool", "validation", "test")})


def reduced(rows: np.ndarray, side: int) -> np.ndarray:
    """Return images (N, S²) as (N, side, side), each pixel the mean of a block; what does not fit into blocks goes."""
    whole = round(rows.shape[1] ** 0.5)
    block = whole // side
    cut = (whole - block * side) // 2
    kept = rows.reshape(-1, whole, whole)[:, cut : cut + block * side, cut : cut + block * side]
    return kept.reshape(len(rows), side, block, side, block).mean(axis=(2, 4))


@dataclass(frozen=True)
class Fitted:
    """Everyone, as trained with one seed."""

    networks: dict[str, nn.Sequential]  # the keys of SHOWN
    logistic: LogisticRegression
    temperature: float
    size: float  # of the copies

    def answers(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Return log p of images (N, S, S) by name, (N, K) each."""
        plain = self.networks["plain"]
        z = {name: network.logits(model, images) for name, model in self.networks.items()}
        return {name: log_softmax(values) for name, values in z.items()} | {
            "temperature": log_softmax(z["plain"] / self.temperature),
            "copies": network.over_copies(plain, images, self.size),
            "statistics": log_softmax(network.with_batch_statistics(plain, images)),
            "logistic": self.logistic.predict_log_proba(_flat(images)),
        }


def choose(parts: Parts, seed: int) -> tuple[dict[str, float], dict[str, list[dict[str, float]]]]:
    """Try three settings of everyone; return the best by clean validation loss, and all that was tried."""
    tried: dict[str, list[tuple[float, float, nn.Sequential | None]]] = {}
    for name in SHOWN:
        models = [(decay, _train(parts, name, decay, seed)) for decay in DECAYS]
        tried[name] = [(d, _loss(log_softmax(network.logits(m, parts.validation)), parts), m) for d, m in models]
    plain = min(tried["plain"], key=lambda one: one[1])[2]
    assert plain is not None
    tried["copies"] = [(s, _loss(network.over_copies(plain, parts.validation, s), parts), None) for s in SIZES]
    tried["logistic"] = [
        (c, _loss(_logistic(parts, c).predict_log_proba(_flat(parts.validation)), parts), None) for c in STRENGTHS
    ]
    chosen = {name: min(trials, key=lambda one: one[1])[0] for name, trials in tried.items()}
    return chosen, {
        name: [{"setting": setting, "nll": loss} for setting, loss, _ in trials] for name, trials in tried.items()
    }


def fit(parts: Parts, chosen: dict[str, float], seed: int) -> Fitted:
    """Train everyone with their settings; the temperature is fitted on the clean validation images."""
    networks = {name: _train(parts, name, chosen[name], seed) for name in SHOWN}
    z = network.logits(networks["plain"], parts.validation)
    heat = honesty.temperature(z, parts.validation_labels)
    return Fitted(networks, _logistic(parts, chosen["logistic"]), heat, chosen["copies"])


def _train(parts: Parts, name: str, decay: float, seed: int) -> nn.Sequential:
    model = network.build(parts.pool.shape[1], CLASSES, seed)
    return network.train(model, parts.pool, parts.pool_labels, seed, STEPS, weight_decay=decay, seen=SHOWN[name])


def _logistic(parts: Parts, strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=1000).fit(_flat(parts.pool), parts.pool_labels)


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)


def _loss(log_p: np.ndarray, parts: Parts) -> float:
    return float(honesty.losses(log_p, parts.validation_labels).mean())


class Answers:
    """What everyone said about the test images, under every condition and with every seed.

    Attributes
    ----------
    log_p : name to (seeds, conditions, N, K).
    right, nll : name to (seeds, conditions, N): whether the answer is right, and its loss.
    """

    def __init__(self, parts: Parts, fits: Sequence[Fitted], seeds: Sequence[int], severities: Sequence[int]):
        self.conditions = [CLEAN, *((name, severity) for name in CORRUPTIONS for severity in severities)]
        self.labels = parts.test_labels
        asked = [
            [_ask(fitted, parts, condition, seed) for condition in self.conditions]
            for fitted, seed in zip(fits, seeds, strict=True)
        ]
        self.log_p = {name: np.array([[one[name] for one in row] for row in asked]) for name in NAMES}
        self.right = {name: p.argmax(axis=-1) == self.labels for name, p in self.log_p.items()}
        truth = np.arange(len(self.labels)), self.labels
        self.nll = {name: -np.maximum(p[..., *truth], np.log(1e-12)) for name, p in self.log_p.items()}

    def places(self, wanted: Callable[[str, int], bool]) -> list[int]:
        """Return the numbers of the conditions for which ``wanted(corruption, severity)``."""
        return [number for number, condition in enumerate(self.conditions) if wanted(*condition)]


def _ask(fitted: Fitted, parts: Parts, condition: Condition, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng([seed, *map(ord, condition[0]), condition[1]])
    images, validation = (_seen_through(condition, part, rng) for part in (parts.test, parts.validation))
    plain = fitted.networks["plain"]
    heat = honesty.temperature(network.logits(plain, validation), parts.validation_labels)
    return fitted.answers(images) | {"known": log_softmax(network.logits(plain, images) / heat)}


def _seen_through(condition: Condition, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return images if condition == CLEAN else corrupt(images, *condition, rng)


def by_condition(answers: Answers) -> list[dict[str, Any]]:
    """Return for every condition what everyone's answers are worth: mean and deviation over the seeds."""
    rows = []
    for place, (corruption, severity) in enumerate(answers.conditions):
        found = {}
        for name, log_p in answers.log_p.items():
            seeds = [honesty.measure(one[place], answers.labels) for one in log_p]
            summaries = {key: metrics.summary([one[key] for one in seeds]) for key in seeds[0]}
            found[name] = {key: {"mean": s["mean"], "std": s["std"]} for key, s in summaries.items()}
        rows.append({"corruption": corruption, "severity": severity, "models": found})
    return rows


def compare(answers: Answers) -> dict[str, Any]:
    """Return everyone's mean over the corruptions, their differences to the plain network, and who is first.

    Intervals are over the test images, each with the mean of all seeds and conditions, in pairs: the same images,
    corrupted in the same way, for both.
    """
    groups = {"clean": answers.places(lambda name, _: name == "clean")}
    groups["corrupted"] = answers.places(lambda name, _: name != "clean")
    groups |= {name: answers.places(lambda one, _, name=name: one == name) for name in CORRUPTIONS}
    overall = {
        name: {
            group: {
                "accuracy": metrics.summary(answers.right[name][:, places].mean(axis=(1, 2)).tolist()),
                "nll": metrics.summary(answers.nll[name][:, places].mean(axis=(1, 2)).tolist()),
                "ece": metrics.summary([_error_of_confidence(one[places], answers.labels) for one in log_p]),
                "accuracy_interval": list(bootstrap(np.mean, _per_image(answers.right[name], places))),
            }
            for group, places in groups.items()
        }
        for name, log_p in answers.log_p.items()
    }
    changes = {
        name: {
            group: {
                "accuracy": _difference(answers.right[name], answers.right["plain"], places),
                "nll": _difference(answers.nll[name], answers.nll["plain"], places),
            }
            for group, places in groups.items()
        }
        for name in NAMES
        if name != "plain"
    }
    mean = {name: overall[name]["corrupted"]["accuracy"]["mean"] for name in NAMES if name != NOT_TO_BE_HAD}
    ranking = sorted(mean, key=lambda name: (mean[name], name == "plain"), reverse=True)  # of equals, the plain one
    first, second = (answers.right[name] for name in ranking[:2])
    return {
        "overall": overall,
        "against_plain": changes,
        "ranking": ranking,
        "lead": _difference(first, second, groups["corrupted"]),
        "lead_clear": _clear(first, second, groups["corrupted"]),
        "shown": _shown(answers),
    }


def _per_image(values: np.ndarray, places: Sequence[int]) -> np.ndarray:
    return values[:, places].mean(axis=(0, 1))


def _difference(first: np.ndarray, second: np.ndarray, places: Sequence[int]) -> list[float]:
    return list(bootstrap(np.mean, _per_image(first, places) - _per_image(second, places)))


def _clear(first: np.ndarray, second: np.ndarray, places: Sequence[int]) -> bool:
    """Whether a lead holds for other test images (the interval) and for other seeds (twice its spread over them)."""
    low = _difference(first, second, places)[1]
    return low > 0 and metrics.duel(*(one[:, places].mean(axis=(1, 2)).tolist() for one in (first, second))).clear


def _error_of_confidence(log_p: np.ndarray, labels: np.ndarray) -> float:
    """The calibration error of (conditions, N, K), the mean over the conditions."""
    return float(np.mean([honesty.reliability(one, labels)["ece"] for one in log_p]))


def _shown(answers: Answers) -> dict[str, dict[str, list[float]]]:
    """Return what training with corruptions gains in accuracy: where they are those of the test, and where not.

    At the severities that training shows (``mild``) and above them (``severe``). Both networks count alike, so each
    corruption is once among those that were shown, and once among the others.
    """
    found: dict[str, dict[str, list[float]]] = {}
    for severity, mild in (("mild", True), ("severe", False)):
        gains: dict[str, list[np.ndarray]] = {"shown": [], "not shown": []}
        for name in ("pixels", "places"):
            gain = answers.right[name].astype(float) - answers.right["plain"]
            for kind, of in (("shown", SHOWN[name]), ("not shown", tuple(set(CORRUPTIONS) - set(SHOWN[name])))):
                places = answers.places(lambda c, s, of=of, mild=mild: c in of and (s in SEEN_SEVERITIES) == mild)
                gains[kind].append(_per_image(gain, places))
        found[severity] = {kind: list(bootstrap(np.mean, np.mean(values, axis=0))) for kind, values in gains.items()}
    return found
