"""Is a classifier as sure as it may be? Its loss, its calibration error, and a number that repairs the average."""

from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize_scalar

from groundup.applications.shift.network import log_softmax
from groundup.training.metrics import calibration

SURE = 0.9  # who trusts the sure answers trusts these
BINS = 10  # of confidence, equally wide
TEMPERATURES = (0.05, 20.0)  # between these one is looked for


def temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the T > 0 for which softmax(logits / T) has the least mean -log p of the labels.

    Guo et al. 2017, "On calibration of modern neural networks", section 4.2. T > 1 makes all answers less sure, T < 1
    more. The order of the classes stays, and with it every answer: accuracy can't change.

    Parameters
    ----------
    logits : (N, K), of examples that were not trained on.
    labels : (N,).
    """

    def loss(log_t: float) -> float:
        return float(losses(log_softmax(logits / np.exp(log_t)), labels).mean())

    # In log T, so that half and double are equally far; the loss is convex in 1/T, so there is one valley.
    found: Any = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded")
    return float(np.exp(found.x))


def losses(log_p: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return -log p of the true class for each example, (N,) in nats; p is not taken for less than 1e-12."""
    return -np.maximum(log_p[np.arange(len(labels)), labels], np.log(1e-12))


def reliability(log_p: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Return the expected calibration error of the answers, and its bins, as `groundup.training.metrics` has them."""
    found = calibration(torch.as_tensor(log_p), torch.as_tensor(labels), BINS)
    bins = found["bins"]
    return {"ece": found["ece"], **{name: [b[name] for b in bins] for name in ("confidence", "accuracy", "count")}}


def measure(log_p: np.ndarray, labels: np.ndarray) -> dict[str, float | None]:
    """Return what the answers are worth, and what one may know of it from how sure they are.

    Parameters
    ----------
    log_p : (N, K); p sums to 1 over K.
    labels : (N,).

    Returns
    -------
    ``accuracy``, ``confidence`` (the mean probability of the answer), ``nll`` (nats), ``ece``; ``sure``, the share of
    answers with a probability of `SURE` or more, and ``sure_right``, the share of these that is right (None if there
    are none).
    """
    confidence, right = np.exp(log_p.max(axis=1)), log_p.argmax(axis=1) == labels
    sure = confidence >= SURE
    return {
        "accuracy": float(right.mean()),
        "confidence": float(confidence.mean()),
        "nll": float(losses(log_p, labels).mean()),
        "ece": reliability(log_p, labels)["ece"],
        "sure": float(sure.mean()),
        "sure_right": float(right[sure].mean()) if sure.any() else None,
    }


def least_ece(log_p: np.ndarray, rng: np.random.Generator, draws: int = 100) -> float:
    """Return the calibration error that a perfectly honest model with these probabilities would show, on average.

    Labels are drawn from the probabilities themselves, so the model is right as often as it says. What error remains
    is the luck of so few examples: below it a measured one means nothing.
    """
    cumulated = np.exp(log_p).cumsum(axis=1)
    found = []
    for _ in range(draws):
        drawn = (rng.random((len(log_p), 1)) * cumulated[:, -1:] > cumulated).sum(axis=1)
        found.append(reliability(log_p, np.minimum(drawn, log_p.shape[1] - 1))["ece"])
    return float(np.mean(found))
