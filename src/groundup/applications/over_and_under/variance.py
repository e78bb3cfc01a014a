"""Bias and variance: train many times on other samples, and look at how the answers differ.

For one image with the true class y, let e be the vector with 1 at y and 0 elsewhere, p_b the probabilities of the
network that was trained on sample b, and p̄ their mean over the samples. Then

    mean over b of |p_b - e|²  =  |p̄ - e|²  +  mean over b of |p_b - p̄|²
          error                     bias²             variance

Bias: what all of them get wrong together; more data of the same kind would not help, another model would. Variance:
what each gets wrong in its own way, because it saw this sample and not another (Geman, Bienenstock and Doursat 1992,
"Neural networks and the bias/variance dilemma").
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from groundup.applications.images import Parts
from groundup.applications.over_and_under.knobs import BASE
from groundup.applications.over_and_under.network import probabilities, train
from groundup.applications.over_and_under.sample import draw

WIDTHS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


def decompose(p: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return error, bias² and variance of probabilities p (B, N, K) from B samples; each a mean over the N images."""
    truth = np.eye(p.shape[2])[labels]  # (N, K)
    middle = p.mean(axis=0)  # (N, K)
    return {
        "error": float(((p - truth) ** 2).sum(axis=2).mean()),
        "bias²": float(((middle - truth) ** 2).sum(axis=1).mean()),
        "variance": float(((p - middle) ** 2).sum(axis=2).mean()),
    }


def measure(digits: Parts, seed: int, samples: int, widths: Sequence[int]) -> dict[str, Any]:
    """Decompose the error on validation for networks of each width, from so many samples, labels and first weights."""
    seeds = np.random.SeedSequence((seed, 1)).generate_state(samples).tolist()
    found = []
    for width in widths:
        settings = replace(BASE, hidden=width)
        p = np.array([probabilities(train(settings, draw(digits, s), s), digits.validation) for s in seeds])
        found.append(decompose(p, digits.validation_labels))
    names = ("error", "bias²", "variance")
    return {"widths": list(widths), "samples": samples} | {name: [one[name] for one in found] for name in names}
