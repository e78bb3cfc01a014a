"""Logistic regression for several classes: one linear layer, the smallest network that classifies."""

from __future__ import annotations

from typing import Any

import numpy as np

from groundup.scratch.layer import Sequential
from groundup.scratch.layers import Flatten, Linear


def logistic_regression(
    features: int, classes: int, *, rng: np.random.Generator, dtype: Any = np.float32
) -> Sequential:
    """Return Flatten, then one Linear layer: the logits of softmax regression.

    With cross-entropy the loss is convex: whatever the first weights, training ends at the same least loss. Each row
    of the weight is a template, with one number for each pixel; the logit says how well the image matches it.

    Parameters
    ----------
    features : numbers in an example, such as 28 · 28 = 784 pixels.
    classes : C; the model has C · (features + 1) weights.
    """
    return Sequential(Flatten(), Linear(features, classes, rng=rng, dtype=dtype))
