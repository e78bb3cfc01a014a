"""The average precision of weighted groups is scikit-learn's with weights, and its interval holds it."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from groundup.applications.grouped_precision import GroupedPrecision, precision_interval


def test_grouped_precision_is_that_of_weighted_rows():
    rng = np.random.default_rng(0)
    group, labels = rng.integers(0, 9, 300), rng.integers(0, 2, 300)
    scores = np.round(rng.standard_normal(300) + labels, 1)  # many ties
    grouped = GroupedPrecision(labels, scores, group)
    for _ in range(5):
        weights = np.bincount(rng.integers(0, 9, 9), minlength=9)
        expected = average_precision_score(labels, scores, sample_weight=weights[group])
        assert grouped(weights) == pytest.approx(expected, abs=1e-12)
    found = precision_interval([grouped])
    assert found.low < found.value < found.high
    assert precision_interval([grouped], [grouped]) == (0, 0, 0)
