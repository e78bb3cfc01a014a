"""The study: labels made wrong in known ways, ways of learning in spite of it, and the search for the wrong ones."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from torch import nn

from groundup import data
from groundup.applications import inject, metrics
from groundup.applications.images import Parts, load
from groundup.applications.intervals import bootstrap
from groundup.applications.model_card import ModelCard
from groundup.applications.noisy_labels import finding
from groundup.applications.noisy_labels.network import Trained, co_teach, generalised_cross_entropy, train
from groundup.applications.noisy_labels.patches import described
from groundup.applications.threads import one_thread

CLASSES = 10
KINDS = {"symmetric": inject.symmetric_noise, "pair": inject.pairwise_noise}
NOISES = (
    ("symmetric", 0.1), ("symmetric", 0.2), ("symmetric", 0.4), ("symmetric", 0.6),
    ("pair", 0.2), ("pair", 0.4),
)  # fmt: skip
HARD = (("symmetric", 0.4), ("pair", 0.4))  # for the larger data sets, and the pictures
LARGER = {"mnist": (1500, 750, 5000), "cifar10": (2000, 1000, 5000)}  # images to train, to validate, to test
DECAYS, STRENGTHS, ROUNDS = (0.0, 0.3, 1.0), (0.01, 0.1, 1.0), (10, 20, 40)  # three settings for everyone
TREES: dict[str, Any] = {"max_leaf_nodes": 4, "learning_rate": 0.2, "early_stopping": False}
NAMES = {
    "clean": "the network, all labels right (not to be had)",
    "plain": "the network, trained to the end",
    "early": "stopped early",
    "robust": "robust loss (GCE), stopped early",
    "pair": "co-teaching",
    "cleaned": "suspects removed, stopped early",
    "logistic": "logistic regression",
    "boosting": "gradient boosting",
}
CARD = ModelCard(
    model="Networks with one hidden layer, each trained in one of the ways that are compared; none is recommended.",
    data=(
        "digits (MNIST and CIFAR-10 too, if they are at hand), with labels made wrong on purpose, evenly or towards "
        "one other class."
    ),
    licence="digits: CC BY 4.0 (UCI Machine Learning Repository); MNIST: CC BY-SA 3.0; CIFAR-10: none stated.",
    intended_use="To learn from: what wrong labels do, and how far each remedy reaches.",
    not_for="Judging the labels of a real data set unseen: a suspect is a place to look, not a verdict.",
    limits=[
        "Real mistakes depend on the image: what looks alike is confused. Here they do not, which is easier.",
        "Where most labels of a class are wrong, no method can know it without a clean sample.",
        "Hard but rightly labelled examples are suspected too; who removes them removes what was rare.",
    ],
    harm=(
        "People who look unlike the majority: their rightly labelled examples are the first to be suspected and "
        "removed."
    ),
)


@dataclass(frozen=True)
class Task:
    """One seed at one noise: what everyone is given."""

    x: np.ndarray
    labels: np.ndarray  # as given, some wrong
    truth: np.ndarray
    wrong: np.ndarray
    validation: tuple[np.ndarray, np.ndarray]  # as noisy
    seed: int


def make_task(parts: Parts, kind: str, rate: float, seed: int) -> Task:
    """Make labels of the training and the validation part wrong, in the same way: nobody has a clean part."""
    rng = np.random.default_rng(seed)
    noise = KINDS[kind](CLASSES, rate)
    labels, wrong = inject.noisy_labels(parts.pool_labels, noise, rng, classes=range(CLASSES))
    validation_labels, _ = inject.noisy_labels(parts.validation_labels, noise, rng, classes=range(CLASSES))
    return Task(parts.pool, labels, parts.pool_labels, wrong, (parts.validation, validation_labels), seed)


def learn(task: Task) -> tuple[dict[str, Any], dict[str, Any]]:
    """Train everyone; of three settings each keeps the one that is best on the noisy validation labels.

    Returns
    -------
    models : name to something with ``predict``.
    found : what the search for the wrong labels found, scored against the truth.
    """
    p = finding.out_of_fold(task.x, task.labels, task.seed)
    suspected = finding.suspects(p, task.labels)
    rate = float(suspected.mean())
    kept = ~suspected
    networks: dict[str, list[Any]] = {name: [] for name in ("clean", "plain", "early", "robust", "pair", "cleaned")}
    for decay in DECAYS:
        x, labels, rest = task.x, task.labels, (task.validation, decay, task.seed)
        last, best = train(x, labels, *rest)
        if decay == 0:  # the usual way: no remedy, and nothing to choose
            networks["plain"].append(last)
        networks["early"].append(best)
        networks["clean"].append(train(x, task.truth, *rest)[1])
        networks["robust"].append(train(x, labels, *rest, loss=generalised_cross_entropy)[1])
        networks["pair"].append(co_teach(x, labels, *rest, rate))
        networks["cleaned"].append(train(x[kept], labels[kept], *rest)[1])
    classic = {
        "logistic": [LogisticRegression(C=c, max_iter=1000).fit(task.x, task.labels) for c in STRENGTHS],
        "boosting": [
            HistGradientBoostingClassifier(**TREES, max_iter=n, random_state=task.seed).fit(task.x, task.labels)
            for n in ROUNDS
        ],
    }
    models = {name: _best(tried, task) for name, tried in (networks | classic).items()}
    hits = int((suspected & task.wrong).sum())
    found = {
        "wrong": float(task.wrong.mean()),
        "suspected": rate,
        "precision": hits / max(1, int(suspected.sum())),
        "recall": hits / max(1, int(task.wrong.sum())),
        "average precision": float(average_precision_score(task.wrong, finding.doubt(p, task.labels))),
    }
    return models, found


def _best(tried: Sequence[Any], task: Task) -> Any:
    x, labels = task.validation
    return max(tried, key=lambda model: (model.predict(x) == labels).mean())


def remember(task: Task) -> dict[str, list[float]]:
    """Watch one network learn wrong labels by heart.

    ``right`` is the share of the rightly labelled training images that it reads rightly; ``true`` and ``given`` the
    shares of the wrongly labelled ones that it gives their true class, and the wrong label that it was given.
    """

    def watch(model: nn.Module) -> dict[str, float]:
        guess = Trained(model).predict(task.x)
        wrong = task.wrong
        return {
            "right": float((guess == task.truth)[~wrong].mean()),
            "true": float((guess == task.truth)[wrong].mean()),
            "given": float((guess == task.labels)[wrong].mean()),
        }

    return train(task.x, task.labels, task.validation, 0.0, task.seed, watch=watch)[0].history


def measure(
    parts: Parts, noises: Sequence[tuple[str, float]], seeds: Sequence[int], say: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Do everything at each noise with each seed; the test part is asked once for each model, with its true labels."""
    rows = []
    for kind, rate in noises:
        say(f"{kind} noise, {rate:.0%} of the labels")
        accuracy: dict[str, list[float]] = {name: [] for name in NAMES}
        right: dict[str, list[np.ndarray]] = {name: [] for name in NAMES}
        found = []
        for seed in seeds:
            models, one = learn(make_task(parts, kind, rate, seed))
            found.append(one)
            for name, model in models.items():
                right[name].append(model.predict(parts.test) == parts.test_labels)
                accuracy[name].append(float(right[name][-1].mean()))
        rows.append(
            {
                "kind": kind,
                "rate": rate,
                "accuracy": {name: metrics.summary(values) for name, values in accuracy.items()},
                "interval": {name: list(bootstrap(np.mean, np.mean(right[name], axis=0))) for name in NAMES},
                "found": {name: metrics.summary([one[name] for one in found]) for name in found[0]},
            }
        )
    return rows


def measure_larger(name: str, seeds: Sequence[int], say: Callable[[str], None]) -> dict[str, Any]:
    """Do everything at the hard noises with a part of a larger data set; photographs as features, see ``patches``."""
    parts = load(name, *LARGER[name])
    if name == "cifar10":
        parts = described(parts)
    rows = measure(parts, HARD, seeds, lambda text: say(f"noisy-labels: {name}, {text}"))
    return {"rows": rows, "sizes": _sizes(parts), "seeds": len(seeds), "unverified": data.unverified(name)}


def run(
    seeds: int = 5,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
    noises: Sequence[tuple[str, float]] = NOISES,
    sizes: tuple[int, int] = (860, 570),
) -> dict[str, Any]:
    """Carry out the study and return its results, ready for JSON.

    Parameters
    ----------
    seeds : how often everything is done; each seed makes other labels wrong and draws other first weights.
    seed : equal seeds give equal results.
    progress : called with a line of text now and then.
    noises : kinds and rates.
    sizes : training and validation images of ``digits``; fewer make a quick trial.
    """
    if seeds < 1:
        raise ValueError(f"got seeds={seeds}, expected at least 1")
    say = progress or (lambda text: None)
    numbers = np.random.SeedSequence(seed).generate_state(seeds).tolist()
    with one_thread():
        digits = load("digits", *sizes)
        rows = measure(digits, noises, numbers, lambda text: say(f"noisy-labels: digits, {text}"))
        memory = {f"{kind} {rate:g}": remember(make_task(digits, kind, rate, numbers[0])) for kind, rate in HARD}
        larger = {name: measure_larger(name, numbers, say) for name in LARGER if data.is_present(name)}
    card = data.card("digits")
    return {
        "study": "noisy-labels",
        "seeds": seeds,
        "seed": seed,
        "names": NAMES,
        "data": {"name": card.name, "licence": card.licence, "source": card.source, "sizes": _sizes(digits)},
        "noises": rows,
        "memory": memory,
        "larger": larger,
        "card": asdict(CARD),
    }


def _sizes(parts: Parts) -> dict[str, int]:
    return {"training": len(parts.pool), "validation": len(parts.validation), "test": len(parts.test)}
