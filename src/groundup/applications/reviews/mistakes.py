"""The usual mistakes with texts, made on purpose, and measured on validation: the test is not touched."""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import average_precision_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline

from groundup.applications import inject, metrics
from groundup.applications.preprocessing import Rows
from groundup.applications.reviews import copies
from groundup.applications.reviews.cleaning import WORD, clean, saved_by_windows, typographic
from groundup.applications.reviews.corpus import HAPPY, UNHAPPY, Corpus
from groundup.applications.reviews.learners import linear

BLANKS = r"\S+"  # what str.split() calls a word
COPIED = (0.0, 0.5)  # the share of the reviews that get a copy
RARE = 0.05


def ranking(model: Pipeline, texts: np.ndarray, labels: np.ndarray) -> float:
    """Return the average precision of a fitted model."""
    return float(average_precision_score(labels, model.decision_function(texts)))


def dirt(corpus: Corpus, rows: Rows) -> dict[str, dict[str, float]]:
    """Learn and ask with texts in different states; words are the single words, so that they can be counted.

    Returns
    -------
    For each state: the ``average precision`` on validation, the number of ``words`` in the training texts, and the
    share of the words asked about that training never had, ``unseen``.
    """
    curly = typographic(corpus.raw)
    wrongly_decoded = inject.mojibake(pd.DataFrame({"text": curly}), "text")[0]["text"].to_numpy()
    lower = np.array([text.lower() for text in corpus.raw], dtype=object)
    states = {
        "cleaned": (corpus.texts, corpus.texts, WORD.pattern),
        "as they come, cut at blanks": (lower, lower, BLANKS),
        "as they come, cut at all but letters": (lower, lower, WORD.pattern),
        "learned cleaned, asked as they come": (corpus.texts, lower, WORD.pattern),
        "learned cleaned, asked with ’ for '": (corpus.texts, _lower(curly), WORD.pattern),
        "learned cleaned, asked with â€™ for '": (corpus.texts, _lower(wrongly_decoded), WORD.pattern),
        "the same, cleaned before asking": (corpus.texts, _each(clean, wrongly_decoded), WORD.pattern),
    }
    found = {}
    for name, (learned, asked, word) in states.items():
        model = linear(longest=1).set_params(tfidfvectorizer__token_pattern=word)
        model.fit(learned[rows.train], corpus.labels[rows.train])
        cut = model.named_steps["tfidfvectorizer"].build_analyzer()
        known = {word for text in learned[rows.train] for word in cut(text)}
        counts = Counter(word for text in asked[rows.validation] for word in cut(text))
        found[name] = {
            "average precision": ranking(model, asked[rows.validation], corpus.labels[rows.validation]),
            "words": len(known),
            "unseen": sum(n for word, n in counts.items() if word not in known) / counts.total(),
        }
    return found


def _lower(texts: np.ndarray) -> np.ndarray:
    return _each(str.lower, texts)


def _each(function: Any, texts: np.ndarray) -> np.ndarray:
    return np.array([function(text) for text in texts], dtype=object)


def torn(corpus: Corpus, rows: Rows, seed: int) -> dict[str, Any]:
    """Store the training reviews in one file and their labels in another, and read the reviews with ``splitlines``.

    The file is in Windows-1252, where three dots are one character. Read as Latin-1 it is U+0085, "next line": one of
    the eight characters besides ``\\n`` and ``\\r`` at which `str.splitlines` ends a line.
    """
    order = np.random.default_rng(seed).permutation(rows.train)
    content, labels = saved_by_windows(corpus.raw[order]), corpus.labels[order]
    readings = {"splitlines": content.decode("latin-1").splitlines(), "split": content.decode("cp1252").split("\n")}
    right = _each(clean, np.array(readings["split"], dtype=object))
    found: dict[str, Any] = {"reviews": len(order)}
    for name, lines in readings.items():
        texts = _each(clean, np.array(lines[: len(labels)], dtype=object))  # zip() says nothing about the rest
        model = linear().fit(texts, labels)
        found[name] = {
            "lines": len(lines),
            "in place": float((texts == right).mean()),
            "average precision": ranking(model, corpus.texts[rows.validation], corpus.labels[rows.validation]),
        }
    return found


def copied(corpus: Corpus, rows: Rows, seed: int) -> list[dict[str, Any]]:
    """Plant copies, divide at random and by group, and compare what both promise with what fresh reviews deliver.

    The fresh reviews are the validation part, which gets no copies. The nearest neighbours are memory and nothing else.
    """
    learners = {
        "words": linear(),
        "neighbours": make_pipeline(
            TfidfVectorizer(token_pattern=WORD.pattern, lowercase=False, sublinear_tf=True),
            KNeighborsClassifier(5, weights="distance", metric="cosine"),
        ),
    }
    fresh, truth = corpus.texts[rows.validation], corpus.labels[rows.validation]
    found = []
    for rate in COPIED:
        rng = np.random.default_rng(seed)
        texts, labels, source = copies.plant(corpus.texts[rows.train], corpus.labels[rows.train], rate, rng)
        one: dict[str, Any] = {"rate": rate, "detection": detection(texts, source) if rate else None}
        splits = {
            "random": copies.split_groups(np.arange(len(texts)), 0.2, rng),
            "grouped": copies.split_groups(copies.groups(texts), 0.2, rng),
        }
        for name, learner in learners.items():
            one[name] = {}
            for way, (learned, asked) in splits.items():
                learner.fit(texts[learned], labels[learned])
                one[name][way] = _unhappiness(learner, texts[asked], labels[asked])
            learner.fit(texts, labels)
            one[name]["delivered"] = _unhappiness(learner, fresh, truth)
        found.append(one)
    return found


def _unhappiness(model: Pipeline, texts: np.ndarray, labels: np.ndarray) -> float:
    return float(average_precision_score(labels, model.predict_proba(texts)[:, UNHAPPY]))


def detection(texts: np.ndarray, source: np.ndarray) -> list[dict[str, float]]:
    """Score the search for copies against the truth; ``source`` are the numbers of the reviews that the texts show.

    ``others`` are pairs found between different reviews: false alarms, or copies that were there before.
    """
    pairs = copies.alike(texts, 0.1)
    planted = source[pairs.first] == source[pairs.second]
    copies_made = len(source) - len(np.unique(source))
    rows = []
    for least in (0.9, 0.7, 0.5, 0.3, 0.1):
        found = pairs.similarity >= least
        rows.append(
            {
                "least": least,
                "found": float((found & planted).sum() / copies_made),
                "others": int((found & ~planted).sum()),
            }
        )
    return rows


def imbalance(corpus: Corpus, rows: Rows, seed: int) -> dict[str, dict[str, float | None]]:
    """Make unhappy reviews rare everywhere, and measure in every way; thresholds are chosen on a part of training."""
    rng = np.random.default_rng(seed)
    training, choosing = copies.split_groups(corpus.group[rows.train], 0.25, rng)
    parts = []
    for part in (rows.train[training], rows.train[choosing], rows.validation):
        kept, _ = inject.imbalance(part, corpus.labels[part], UNHAPPY, RARE, rng)
        parts.append((corpus.texts[kept], corpus.labels[kept]))
    (texts, labels), (some, their), (fresh, truth) = parts
    plain = linear().fit(texts, labels)
    weighted = linear(class_weight="balanced").fit(texts, labels)
    found = {"“happy” for everyone": decide(truth, np.full(len(truth), HAPPY, dtype=float), 0.5)}
    for name, model in (("plain", plain), ("weighted classes", weighted)):
        scores, before = model.decision_function(fresh), model.decision_function(some)
        found[f"{name}, threshold ½"] = decide(truth, scores, 0.0)
        found[f"{name}, threshold for F1"] = decide(truth, scores, best_f1(their, before))
        balanced = metrics.choose_threshold(their, before)
        found[f"{name}, threshold for balanced accuracy"] = decide(truth, scores, balanced)
    return found


def decide(labels: np.ndarray, scores: np.ndarray, threshold: float) -> dict[str, float | None]:
    """Return what scores are worth, as decisions at a threshold and as a ranking."""
    made = metrics.decisions(labels, scores >= threshold)
    precision, recall = made["precision"] or 0.0, made["recall"] or 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    kept = ("accuracy", "balanced_accuracy", "recall", "precision")
    return {name: made[name] for name in kept} | {"f1": f1} | metrics.ranking(labels, scores)


def best_f1(labels: np.ndarray, scores: np.ndarray) -> float:
    """Return the threshold with the highest F1, the harmonic mean of precision and recall, for ``score >= threshold``.

    F1 = 2 · found / (flagged + events), so all thresholds are tried by one sort.
    """
    order = np.argsort(-scores, kind="stable")
    found = np.cumsum(labels[order])
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # equal scores are flagged together
    f1 = 2 * found[ends] / (ends + 1 + labels.sum())
    return float(scores[order][ends[np.argmax(f1)]])
