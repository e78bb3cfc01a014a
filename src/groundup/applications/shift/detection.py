"""Would anybody notice? Detectors with equal rates of false alarms, against every corruption, without a label.

A threshold is found on the clean validation images alone: of many pairs of a batch and a reference, drawn apart from
them, it is exceeded in one of twenty. Then batches of test images are drawn, clean (are false alarms as rare as
promised?) and corrupted (is it noticed?). The test labels only say what the drift did to accuracy.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import spearmanr
from torch import nn

from groundup.applications import metrics
from groundup.applications.images import Parts
from groundup.applications.shift import network
from groundup.applications.shift.contest import CLEAN, Fitted
from groundup.applications.shift.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from groundup.applications.shift.drift import DETECTORS, kolmogorov, stability

BATCHES, MIDDLE = (10, 30, 100), 30  # images in a batch, and the one that is looked at closely
FALSE_ALARMS, CALIBRATIONS, REPEATS = 0.05, 200, 50
RULE = 0.2  # of thumb: the stability index from which on a drift is usually called large
Views = dict[str, np.ndarray]  # what the detectors look at, a row for each image


def view(model: nn.Sequential, images: np.ndarray) -> Views:
    """Return everything that a detector may look at."""
    log_p = network.log_softmax(network.logits(model, images))
    return {
        "pixels": images.reshape(len(images), -1),
        "features": network.features(model, images),
        "confidence": np.exp(log_p.max(axis=1)),
        "classes": log_p.argmax(axis=1),
    }


def statistics(reference: Views, batches: Views) -> dict[str, np.ndarray]:
    """Return every detector's numbers for batches (B, m, ...), (B,) each."""
    return {
        name: one.statistic(reference[one.looks_at], batches[one.looks_at]) for name, one in DETECTORS.items()
    }  # fmt: skip


def thresholds(validation: Views, size: int, rng: np.random.Generator) -> dict[str, float]:
    """Return what each detector's number exceeds in the share ``FALSE_ALARMS`` of the cases when nothing has moved.

    Each time the validation images are divided anew, so that the luck of the reference counts as well.
    """
    found: dict[str, list[float]] = {name: [] for name in DETECTORS}
    for _ in range(CALIBRATIONS):
        order = rng.permutation(len(validation["classes"]))
        batch, rest = (_rows(validation, rows) for rows in (order[None, :size], order[size:]))
        for name, values in statistics(rest, batch).items():
            found[name].append(float(values[0]))
    return {name: float(np.quantile(values, 1 - FALSE_ALARMS, method="higher")) for name, values in found.items()}


def _rows(views: Views, rows: np.ndarray) -> Views:
    return {name: values[rows] for name, values in views.items()}


def _draw(count: int, size: int, rng: np.random.Generator, chances: np.ndarray | None = None) -> np.ndarray:
    """Row numbers of the batches, (REPEATS, size): no image twice in one batch."""
    return np.stack([rng.choice(count, size, replace=False, p=chances) for _ in range(REPEATS)])


def watch(parts: Parts, fitted: Fitted, seed: int) -> dict[str, Any]:
    """Return, for one seed, the shares of batches with an alarm, and the accuracy, under every condition."""
    model, rng = fitted.networks["plain"], np.random.default_rng(seed)
    reference, clean = view(model, parts.validation), view(model, parts.test)
    limits = {size: thresholds(reference, size, rng) for size in BATCHES}
    rows = []
    for condition in [CLEAN, *((name, severity) for name in CORRUPTIONS for severity in SEVERITIES)]:
        seen = clean if condition == CLEAN else view(model, corrupt(parts.test, *condition, rng))
        alarms, sizes = {}, {}
        for size in BATCHES:
            numbers = statistics(reference, _rows(seen, _draw(len(parts.test), size, rng)))
            alarms[size] = {name: float((values > limits[size][name]).mean()) for name, values in numbers.items()}
            sizes[size] = {name: float(values.mean()) for name, values in numbers.items()}
        right = float((seen["classes"] == parts.test_labels).mean())
        rows.append({"condition": condition, "alarms": alarms, "sizes": sizes, "accuracy": right})
    return {
        "rows": rows,
        "mistakes": _mistakes(view(model, parts.pool), reference, clean, rng),
        "cases": _cases(parts, model, reference, clean, limits[BATCHES[-1]], rng),
    }


def _mistakes(
    training: Views, validation: Views, clean: Views, rng: np.random.Generator
) -> dict[str, dict[int, float]]:
    """False alarms on clean batches in two usual ways: a fixed limit for the index; training images to compare with.

    The second uses the limit of the textbook, at which two samples of one source differ in one of twenty cases.
    """
    found: dict[str, dict[int, float]] = {"rule of thumb": {}, "training images": {}, "validation images": {}}
    for size in BATCHES:
        batches = clean["confidence"][_draw(len(clean["classes"]), size, rng)]
        found["rule of thumb"][size] = float((stability(validation["confidence"], batches) > RULE).mean())
        for name, known in (("training images", training), ("validation images", validation)):
            n = len(known["confidence"])
            limit = 1.358 * np.sqrt((n + size) / (n * size))  # Kolmogorov's distribution: 5% lie beyond 1.358
            found[name][size] = float((kolmogorov(known["confidence"], batches) > limit).mean())
    return found


def _cases(
    parts: Parts,
    model: nn.Sequential,
    reference: Views,
    clean: Views,
    limits: dict[str, float],
    rng: np.random.Generator,
) -> dict[str, dict[str, Any]]:
    """Three changes that corruptions are not, in batches of the largest size: alarms and accuracy.

    ``mix``: the classes 0 to 4 come four times as often as the others. ``few``: one image in ten is full of noise.
    ``meaning``: ones and sevens are counted as each other from now on; no image changes.
    """
    count, size, labels = len(parts.test), BATCHES[-1], parts.test_labels
    often = np.where(labels < 5, 4.0, 1.0)
    some = rng.random(count) < 0.1
    spoilt = parts.test.copy()
    spoilt[some] = corrupt(parts.test[some], "noise", 5, rng)
    renamed = np.where(labels == 1, 7, np.where(labels == 7, 1, labels))
    cases = {
        "mix": (clean, labels, often / often.sum()),
        "few": (view(model, spoilt), labels, None),
        "meaning": (clean, renamed, None),
    }
    found = {}
    for name, (seen, truth, chances) in cases.items():
        rows = _draw(count, size, rng, chances)
        numbers = statistics(reference, _rows(seen, rows))
        alarms = {key: float((values > limits[key]).mean()) for key, values in numbers.items()}
        found[name] = {"alarms": alarms, "accuracy": float((seen["classes"] == truth)[rows].mean())}
    return found


def measure(parts: Parts, fits: Sequence[Fitted], seeds: Sequence[int]) -> dict[str, Any]:
    """Watch with every seed, and return the means over the seeds."""
    runs = [watch(parts, fitted, seed) for fitted, seed in zip(fits, seeds, strict=True)]
    clean = float(np.mean([run["rows"][0]["accuracy"] for run in runs]))
    rows = []
    for place, first in enumerate(runs[0]["rows"]):
        rows.append(
            {
                "corruption": first["condition"][0],
                "severity": first["condition"][1],
                "lost": clean - float(np.mean([run["rows"][place]["accuracy"] for run in runs])),
                "alarms": _means([run["rows"][place]["alarms"] for run in runs]),
                "sizes": _means([run["rows"][place]["sizes"] for run in runs]),
            }
        )
    lost = [row["lost"] for row in rows[1:]]
    return {
        "batches": list(BATCHES),
        "middle": MIDDLE,
        "wanted": FALSE_ALARMS,
        "rule": RULE,
        "repeats": REPEATS,
        "names": {name: one.words for name, one in DETECTORS.items()},
        "rows": rows,
        "false_alarms": {
            str(size): {
                name: metrics.summary([run["rows"][0]["alarms"][size][name] for run in runs]) for name in DETECTORS
            }
            for size in BATCHES
        },
        "mistakes": _means([run["mistakes"] for run in runs]),
        "cases": {
            case: {
                "accuracy": float(np.mean([run["cases"][case]["accuracy"] for run in runs])),
                "alarms": {n: float(np.mean([run["cases"][case]["alarms"][n] for run in runs])) for n in DETECTORS},
            }
            for case in runs[0]["cases"]
        },
        "orders_harm": {  # does a larger number mean more harm?
            name: _finite(spearmanr([row["sizes"][str(BATCHES[-1])][name] for row in rows[1:]], lost)[0])
            for name in DETECTORS
        },
        "clean_accuracy": clean,
    }


def _means(dicts: Sequence[dict[Any, dict[Any, float]]]) -> dict[str, dict[str, float]]:
    """The means of tables of two levels, their keys as text."""
    return {
        str(one): {str(two): float(np.mean([d[one][two] for d in dicts])) for two in dicts[0][one]} for one in dicts[0]
    }


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
