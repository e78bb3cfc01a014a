"""The choice, and the test: what the knobs are worth in the end, beside honest baselines with the same budget."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from groundup.applications import metrics
from groundup.applications.images import Parts
from groundup.applications.intervals import bootstrap
from groundup.applications.over_and_under.knobs import BASE, LONG
from groundup.applications.over_and_under.network import Settings, probabilities, train
from groundup.applications.over_and_under.sample import Sample, draw

Predict = Callable[[np.ndarray], np.ndarray]  # images (N, 64) -> classes (N,)


@dataclass(frozen=True)
class Contestant:
    """A way to learn, and the settings among which validation chooses: twelve for everyone that chooses at all."""

    name: str
    fit: Callable[[Any, Sample, int], Predict]
    settings: Sequence[Any]


def fit_network(settings: Settings, sample: Sample, seed: int) -> Predict:
    model = train(settings, sample, seed)
    return lambda x: probabilities(model, x).argmax(axis=1)


def fit_logistic(C: float, sample: Sample, seed: int) -> Predict:
    return LogisticRegression(C=C, max_iter=2000).fit(sample.x, sample.labels).predict


def fit_boosting(settings: dict[str, Any], sample: Sample, seed: int) -> Predict:
    model = HistGradientBoostingClassifier(**settings, **TREES, random_state=seed)
    return model.fit(sample.x, sample.labels).predict


def fit_majority(_: None, sample: Sample, seed: int) -> Predict:
    common = np.bincount(sample.labels).argmax()
    return lambda x: np.full(len(x), common)


TREES: dict[str, Any] = {"learning_rate": 0.1, "early_stopping": False}
REGULARISED = ({}, {"weight_decay": 1.0}, {"dropout": 0.5}, {"shift": 1})
CONTESTANTS = (
    Contestant("the commonest digit for all", fit_majority, (None,)),
    Contestant("a large network, trained for long", fit_network, (replace(BASE, hidden=256, epochs=LONG),)),
    Contestant("logistic regression", fit_logistic, tuple(np.logspace(-3, 2, 12).tolist())),
    Contestant(
        "gradient boosting", fit_boosting,
        [dict(max_iter=n, max_leaf_nodes=leaves, min_samples_leaf=least)
         for n in (15, 30, 60) for leaves in (4, 8) for least in (5, 20)],
    ),
    Contestant(
        "a network, its knobs chosen", fit_network,
        [replace(BASE, hidden=hidden, **how) for hidden in (16, 64, 256) for how in REGULARISED],
    ),
)  # fmt: skip
NAIVE, CHOSEN = CONTESTANTS[1].name, CONTESTANTS[-1].name


def hold(digits: Parts, seeds: Sequence[int], progress: Callable[[str], None]) -> dict[str, Any]:
    """Let validation choose for each contestant and seed; then ask the test part, once."""
    found: dict[str, Any] = {}
    for contestant in CONTESTANTS:
        progress(f"over-and-under: {contestant.name}")
        chosen, wrong = [], []
        for seed in seeds:
            sample = draw(digits, seed)
            models = [contestant.fit(settings, sample, seed) for settings in contestant.settings]
            errors = [float((model(digits.validation) != digits.validation_labels).mean()) for model in models]
            best = int(np.argmin(errors))
            chosen.append(_in_words(contestant.settings[best]))
            wrong.append(models[best](digits.test) != digits.test_labels)
        mean = np.mean(wrong, axis=0)  # (N,), in which share of the seeds each test image was read wrongly
        found[contestant.name] = {
            "tried": len(contestant.settings),
            "chosen": chosen,
            "error": metrics.summary([float(one.mean()) for one in wrong]),
            "interval": list(bootstrap(np.mean, mean)),
        }
    ranked = sorted(found, key=lambda name: found[name]["error"]["mean"])
    values = {name: found[name]["error"]["values"] for name in found}
    lead = metrics.duel(values[ranked[1]], values[ranked[0]])
    gain = metrics.duel(values[NAIVE], values[CHOSEN])
    return {
        "contestants": found,
        "ranking": ranked,
        "lead": {"difference": lead.difference, "spread": lead.spread, "clear": lead.clear},
        "gain": {"difference": gain.difference, "spread": gain.spread, "clear": gain.clear},
        "test images": len(digits.test),
    }


def _in_words(settings: Any) -> str:
    if isinstance(settings, Settings):
        changed = {name: value for name, value in vars(settings).items() if value != getattr(BASE, name)}
        changed = {"hidden": settings.hidden} | changed
        return ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in changed.items())
    if isinstance(settings, dict):
        return ", ".join(f"{name} {value:g}" for name, value in settings.items())
    return "" if settings is None else f"C {settings:.3g}"
