"""The contest on one collection: six trials for everyone, then every seed, all sizes, wrong labels, and one test."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import average_precision_score

from groundup.applications import inject, metrics
from groundup.applications.grouped_precision import GroupedPrecision, precision_interval
from groundup.applications.noisy_labels import finding
from groundup.applications.preprocessing import Rows
from groundup.applications.reviews.cleaning import WORD
from groundup.applications.reviews.corpus import Corpus
from groundup.applications.reviews.learners import NAMES, SETTINGS, Learner
from groundup.applications.reviews.mistakes import decide
from groundup.applications.reviews.networks import LONGEST

Say = Callable[[str], None]
SIZES = (1 / 16, 1 / 8, 1 / 4, 1 / 2)  # of the training reviews; all of them are in the contest itself
NOISES = (0.2, 0.4)
CUT, MAJORITY, CLEANED = "words, first of each review", "the same for all", "words, suspects removed"


def choose(corpus: Corpus, rows: Rows, seed: int, say: Say) -> tuple[dict[str, Learner], dict[str, Any]]:
    """Try every setting of every contestant; keep the best average precision on validation, and all that was tried."""
    chosen, trials = {}, {}
    for kind, settings in SETTINGS.items():
        tried = []
        for number, setting in enumerate(settings, start=1):
            say(f"{corpus.name}: choosing, {NAMES[kind]} {number} of {len(settings)}")
            learner = Learner(kind, setting)
            scores = fit(learner, corpus, rows, seed).decision_function(corpus.texts[rows.validation])
            tried.append(float(average_precision_score(corpus.labels[rows.validation], scores)))
        chosen[kind] = Learner(kind, settings[int(np.argmax(tried))])
        trials[kind] = [{"setting": s, "validation": quality} for s, quality in zip(settings, tried)]
    return chosen, trials


def fit(learner: Learner, corpus: Corpus, rows: Rows, seed: int, labels: np.ndarray | None = None) -> Any:
    """Learn from the training reviews; with ``labels``, from these instead of the true ones, in validation too."""
    labels = corpus.labels if labels is None else labels
    watch = corpus.texts[rows.validation], labels[rows.validation]
    return learner.fit(corpus.texts[rows.train], labels[rows.train], watch, seed)


def compete(corpus: Corpus, chosen: dict[str, Learner], seeds: Sequence[int], say: Say) -> dict[str, Any]:
    """Learn with every seed, which divides training from validation anew, and ask each model about the test once.

    Returns
    -------
    ``scores`` of the test reviews, name to one array for each seed; ``metrics`` over the seeds; ``intervals`` and
    ``differences`` of average precision, with the groups of copies drawn again; ``ranking`` of the contestants.
    """
    test = np.flatnonzero(corpus.test)
    labels, group = corpus.labels[test], np.unique(corpus.group[test], return_inverse=True)[1]
    measured: dict[str, list[dict[str, Any]]] = {}
    scores: dict[str, list[np.ndarray]] = {}
    validation: dict[str, list[float]] = {kind: [] for kind in chosen}
    for number, seed in enumerate(seeds, start=1):
        rows = corpus.divide(seed)
        truth = corpus.labels[rows.validation]
        for kind, learner in chosen.items():
            say(f"{corpus.name}: seed {number} of {len(seeds)}, {NAMES[kind]}")
            model = fit(learner, corpus, rows, seed)
            before = model.decision_function(corpus.texts[rows.validation])
            validation[kind].append(float(average_precision_score(truth, before)))
            scores.setdefault(kind, []).append(model.decision_function(corpus.texts[test]))
            threshold = metrics.choose_threshold(truth, before)
            measured.setdefault(kind, []).append(decide(labels, scores[kind][-1], threshold))
        short = np.array([first_words(text) for text in corpus.texts], dtype=object)
        watch = short[rows.validation], truth
        model = chosen["words"].fit(short[rows.train], corpus.labels[rows.train], watch, seed)
        before = model.decision_function(short[rows.validation])
        scores.setdefault(CUT, []).append(model.decision_function(short[test]))
        measured.setdefault(CUT, []).append(decide(labels, scores[CUT][-1], metrics.choose_threshold(truth, before)))
        common = float(corpus.labels[rows.train].mean() >= 0.5)
        scores.setdefault(MAJORITY, []).append(np.full(len(test), common))
        measured.setdefault(MAJORITY, []).append(decide(labels, scores[MAJORITY][-1], 0.5))
    precisions = {name: [GroupedPrecision(labels, one, group) for one in values] for name, values in scores.items()}
    quality = {name: np.mean([one["average_precision"] for one in values]) for name, values in measured.items()}
    ranked = sorted(chosen, key=lambda kind: quality[kind], reverse=True)
    return {
        "scores": scores,
        "metrics": {name: over_seeds(values) for name, values in measured.items()},
        "validation": {kind: metrics.summary(values) for kind, values in validation.items()},
        "intervals": {name: precision_interval(values)._asdict() for name, values in precisions.items()},
        "differences": {
            name: precision_interval(precisions[ranked[0]], values)._asdict()
            for name, values in precisions.items()
            if name != ranked[0]
        },
        "ranking": ranked,
    }


def first_words(text: str) -> str:
    """Return what the networks read of a review."""
    found = list(WORD.finditer(text))
    return text if len(found) <= LONGEST else text[: found[LONGEST - 1].end()]


def over_seeds(values: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Summarise every measure over the seeds."""
    return {name: metrics.summary([one[name] for one in values]) for name in values[0]}


def curves(corpus: Corpus, chosen: dict[str, Learner], seeds: Sequence[int], say: Say) -> list[dict[str, Any]]:
    """Learn from ever larger parts of the training reviews, each of which holds the smaller ones."""
    test = np.flatnonzero(corpus.test)
    found = []
    for share in SIZES:
        quality: dict[str, list[float]] = {kind: [] for kind in chosen}
        size = 0
        for number, seed in enumerate(seeds, start=1):
            say(f"{corpus.name}: {share:.0%} of the training reviews, seed {number} of {len(seeds)}")
            rows = corpus.divide(seed)
            order = np.random.default_rng(seed).permutation(rows.train)
            size = round(share * len(order))
            part = Rows(order[:size], rows.validation, rows.test)
            for kind, learner in chosen.items():
                scores = fit(learner, corpus, part, seed).decision_function(corpus.texts[test])
                quality[kind].append(float(average_precision_score(corpus.labels[test], scores)))
        found.append({"size": size, "quality": {kind: metrics.summary(values) for kind, values in quality.items()}})
    return found


def noise(corpus: Corpus, chosen: dict[str, Learner], seeds: Sequence[int], say: Say) -> list[dict[str, Any]]:
    """Turn a share of the labels round, in training and in validation alike; the test labels stay.

    Besides the contestants, the linear model over words learns without the labels that the search suspects.
    """
    test = np.flatnonzero(corpus.test)
    found = []
    for rate in NOISES:
        quality: dict[str, list[float]] = {name: [] for name in (*chosen, CLEANED)}
        searches = []
        for number, seed in enumerate(seeds, start=1):
            say(f"{corpus.name}: {rate:.0%} of the labels wrong, seed {number} of {len(seeds)}")
            rows = corpus.divide(seed)
            rng = np.random.default_rng(seed)
            labels, wrong = inject.noisy_labels(corpus.labels, inject.symmetric_noise(2, rate), rng)
            doubted, search = suspect(corpus.texts[rows.train], labels[rows.train], wrong[rows.train], seed)
            searches.append(search)
            kept = Rows(rows.train[~doubted], rows.validation, rows.test)
            models = {kind: fit(learner, corpus, rows, seed, labels) for kind, learner in chosen.items()}
            models[CLEANED] = fit(chosen["words"], corpus, kept, seed, labels)
            for name, model in models.items():
                scores = model.decision_function(corpus.texts[test])
                quality[name].append(float(average_precision_score(corpus.labels[test], scores)))
        found.append(
            {
                "rate": rate,
                "quality": {name: metrics.summary(values) for name, values in quality.items()},
                "found": over_seeds(searches),
            }
        )
    return found


def suspect(texts: np.ndarray, labels: np.ndarray, wrong: np.ndarray, seed: int) -> tuple[np.ndarray, dict[str, float]]:
    """Search for wrong labels by confident learning; return the suspects, and how well the search did."""
    p = chances(texts, labels, seed)
    suspected = finding.suspects(p, labels)
    hits = int((suspected & wrong).sum())
    return suspected, {
        "wrong": float(wrong.mean()),
        "suspected": float(suspected.mean()),
        "precision": hits / max(1, int(suspected.sum())),
        "recall": hits / max(1, int(wrong.sum())),
        "average precision": float(average_precision_score(wrong, finding.doubt(p, labels))),
    }


def chances(texts: np.ndarray, labels: np.ndarray, seed: int) -> np.ndarray:
    """Return (N, 2): what a linear model says of each review that it has not seen.

    The rows are of length 5: for vectors of length 1 the search's own logistic regression would be held too tight.
    """
    vectors: Any = TfidfVectorizer(
        token_pattern=WORD.pattern, lowercase=False, sublinear_tf=True, ngram_range=(1, 2), min_df=2
    ).fit_transform(texts)
    return finding.out_of_fold(5 * vectors, labels, seed)
