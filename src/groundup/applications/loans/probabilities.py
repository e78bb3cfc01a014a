"""Can the probabilities be believed? Class weights, and three ways to repair what they break."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import log_loss

from groundup.applications import metrics
from groundup.applications.loans.applicants import Applicants
from groundup.applications.loans.contest import Round
from groundup.applications.loans.learners import judge, platt
from groundup.applications.metrics import summary

WAYS = {
    "plain": "without weights",
    "weights": "with class weights",
    "prior": "with class weights, prior corrected",
    "platt": "with class weights, Platt on validation",
    "isotonic": "with class weights, isotonic on validation",
}
LEAST = 1e-6  # isotonic regression gives probabilities of exactly 0, which would make the log loss infinite


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-x)); never overflows."""
    return 0.5 * (1 + np.tanh(x / 2))


def correct_prior(logits: np.ndarray, share: float, seen: float = 0.5) -> np.ndarray:
    """Return logits for a world in which the share of events is ``share``, learned in one where it was ``seen``.

    Weights multiply the odds of every case by the same number, so that number can be taken out again:
    logit p = logit q + logit share - logit seen. Balanced weights make ``seen`` one half, whatever the data.
    """
    return logits + np.log(share / (1 - share)) - np.log(seen / (1 - seen))


def compare(applicants: Applicants, played: Sequence[Round], target: str) -> dict[str, Any]:
    """Measure the probabilities of two learners, with and without weights, and after each repair, on the test rows."""
    labels = applicants.target(target)
    found: list[dict[str, Any]] = []
    curves: dict[str, Any] = {}
    for kind in ("logistic", "boosting"):
        chances: dict[str, list[np.ndarray]] = {way: [] for way in WAYS}
        for one in played:
            rows, contender = one.rows, one.contenders[kind]
            heavy = judge(kind, contender.setting, one.x, labels, rows, one.seed, balanced=True)
            share, known = float(labels[rows.train].mean()), labels[rows.validation]
            steps = IsotonicRegression(out_of_bounds="clip").fit(heavy.validation, known)
            chances["plain"].append(sigmoid(contender.test))
            chances["weights"].append(sigmoid(heavy.test))
            chances["prior"].append(sigmoid(correct_prior(heavy.test, share)))
            chances["platt"].append(platt(known, heavy.validation)(heavy.test))
            chances["isotonic"].append(steps.predict(heavy.test))
        tests = [labels[one.rows.test] for one in played]
        for way, lists in chances.items():
            scored = [_measure(truth, p) for truth, p in zip(tests, lists)]
            found.append(
                {"learner": kind, "way": way} | {name: summary([s[name] for s in scored]) for name in scored[0]}
            )
            curves[f"{kind} {way}"] = metrics.reliability(np.concatenate(tests), np.concatenate(lists))
    return {"ways": WAYS, "rows": found, "curves": curves, "share": float(labels.mean())}


def _measure(labels: np.ndarray, chance: np.ndarray) -> dict[str, float]:
    clipped = np.clip(chance, LEAST, 1 - LEAST)
    return {
        **metrics.calibration(labels, chance),
        "log_loss": float(log_loss(labels, clipped)),
        "mean": float(chance.mean()),
        "auc": metrics.ranking(labels, chance)["roc_auc"],
    }
