"""Double descent: past the size at which a model can fit every training label, more parameters help again.

The model has p random features and no other knob: h = relu(x W) with W drawn once (64, p) and never trained, and
linear scores h β. Of all β that fit the training rows best, the smallest is taken, β = H⁺ Y with the pseudo-inverse.
With as many features as rows there is just one solution that fits every wrong label, and it is enormous. With more
features there are many, and the smallest of them is ever smoother (Belkin, Hsu, Ma and Mandal 2019, "Reconciling modern
machine-learning practice and the classical bias-variance trade-off").
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from groundup.applications.images import Parts
from groundup.applications.over_and_under.sample import CLASSES, ROWS, draw

FEATURES = (10, 25, 50, 100, 200, 300, 350, 400, 450, 500, 700, 1000, 2000, 4000)


def features(x: np.ndarray, p: int, rng: np.random.Generator) -> np.ndarray:
    """Return relu(x W) / √p, (N, p), with the weights W that ``rng`` draws."""
    return np.maximum(x @ rng.standard_normal((x.shape[1], p)), 0) / np.sqrt(p)


def measure(digits: Parts, seeds: Sequence[int], sizes: Sequence[int]) -> dict[str, Any]:
    """Return training and validation error, and the length of β, for each number of features and each seed."""
    names = ("training error", "validation error", "length of β")
    found: dict[str, Any] = {"features": list(sizes), "rows": ROWS} | {name: [] for name in names}
    for p in sizes:
        runs = []
        for seed in seeds:
            sample = draw(digits, seed)
            hidden, hidden_validation = (
                features(x, p, np.random.default_rng(seed)) for x in (sample.x, digits.validation)
            )
            beta = np.linalg.lstsq(hidden, np.eye(CLASSES)[sample.labels], rcond=None)[0]  # (p, K), the shortest
            wrong = ((hidden @ beta).argmax(axis=1) != sample.labels).mean()
            wrong_validation = ((hidden_validation @ beta).argmax(axis=1) != digits.validation_labels).mean()
            runs.append((float(wrong), float(wrong_validation), float(np.linalg.norm(beta))))
        for name, values in zip(names, zip(*runs)):
            found[name].append(list(values))
    return found
