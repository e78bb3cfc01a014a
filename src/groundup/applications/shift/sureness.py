"""What one may conclude from how sure a network is: the bins of its answers, and the cost of asking in odd company."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from groundup.applications import metrics
from groundup.applications.images import Parts
from groundup.applications.shift import honesty, network
from groundup.applications.shift.contest import Answers, Fitted


def diagrams(answers: Answers, severities: Sequence[int]) -> dict[str, Any]:
    """Return the bins of a reliability diagram, seeds and corruptions pooled: clean, and at each of the severities.

    With the temperature of clean validation beside it, and the calibration error that luck alone would leave.
    """
    groups = {"clean": [0]} | {
        f"severity {severity}": answers.places(lambda _, s, at=severity: s == at) for severity in severities
    }
    found: dict[str, Any] = {
        group: {name: _pooled(answers, name, places) for name in ("plain", "temperature")}
        for group, places in groups.items()
    }
    rng = np.random.default_rng(0)
    found["by luck"] = {
        name: float(np.mean([honesty.least_ece(one[0], rng) for one in answers.log_p[name]]))
        for name in ("plain", "temperature")
    }
    return found


def _pooled(answers: Answers, name: str, places: list[int]) -> dict[str, Any]:
    log_p = answers.log_p[name][:, places]  # (seeds, conditions, N, K)
    labels = np.broadcast_to(answers.labels, log_p.shape[:3]).copy()
    return honesty.reliability(log_p.reshape(-1, log_p.shape[-1]), labels.reshape(-1))


def odd_company(parts: Parts, fits: Sequence[Fitted]) -> dict[str, Any]:
    """Return the accuracy on clean test images with the statistics of the asked batch: mixed, and sorted by class.

    Sorted, a batch is of one class or two, and its means are those of this class, not of the weather. What adapts to a
    new light adapts to that too.
    """
    order = np.argsort(parts.test_labels, kind="stable")
    found: dict[str, list[float]] = {"kept": [], "mixed": [], "sorted": []}
    for fitted in fits:
        model = fitted.networks["plain"]
        found["kept"].append(_accuracy(network.logits(model, parts.test), parts.test_labels))
        found["mixed"].append(_accuracy(network.with_batch_statistics(model, parts.test), parts.test_labels))
        sorted_ = network.with_batch_statistics(model, parts.test[order])
        found["sorted"].append(_accuracy(sorted_, parts.test_labels[order]))
    return {name: metrics.summary(values) for name, values in found.items()}


def _accuracy(z: np.ndarray, labels: np.ndarray) -> float:
    return float((z.argmax(axis=1) == labels).mean())
