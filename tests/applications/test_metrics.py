"""Measures: hand-made cases, scikit-learn, and what happens where a measure is undefined."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from groundup.applications import metrics

LABELS = np.array([0, 0, 1, 0, 1, 1])
SCORES = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])  # from the top: 1 1 0 1 0 0


@st.composite
def cases(draw):
    labels = np.array(draw(st.lists(st.integers(0, 1), min_size=2, max_size=30).filter(lambda v: len(set(v)) == 2)))
    scores = draw(st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9]), min_size=len(labels), max_size=len(labels)))
    return labels, np.array(scores)


def every_threshold(labels, scores):
    """(precision, recall, balanced accuracy) for each threshold that flags somebody, by counting."""
    for threshold in np.unique(scores):
        flagged = scores >= threshold
        right = int((flagged & (labels == 1)).sum())
        recall = right / labels.sum()
        passed = (~flagged & (labels == 0)).sum() / (labels == 0).sum()
        yield right / flagged.sum(), recall, (recall + passed) / 2


def test_recall_at_precision_by_hand():
    assert metrics.recall_at_precision(LABELS, SCORES, 1.0) == pytest.approx(2 / 3)
    assert metrics.recall_at_precision(LABELS, SCORES, 0.75) == pytest.approx(1.0)


def test_recall_at_precision_is_undefined_where_no_threshold_reaches_it():
    assert metrics.recall_at_precision(LABELS, np.zeros(6), 0.6) is None
    assert metrics.recall_at_precision(LABELS, -SCORES, 0.9) is None


def test_precision_at_recall_by_hand():
    assert metrics.precision_at_recall(LABELS, SCORES, 0.6) == pytest.approx(1.0)
    assert metrics.precision_at_recall(LABELS, SCORES, 0.7) == pytest.approx(0.75)


@settings(deadline=None)
@given(cases(), st.sampled_from([0.1, 0.34, 0.5, 0.75, 1.0]))
def test_fixed_points_agree_with_counting(case, level):
    labels, scores = case
    points = list(every_threshold(labels, scores))
    reachable = [recall for precision, recall, _ in points if precision >= level]
    assert metrics.recall_at_precision(labels, scores, level) == (max(reachable) if reachable else None)
    assert metrics.precision_at_recall(labels, scores, level) == max(p for p, r, _ in points if r >= level)


@settings(deadline=None)
@given(cases())
def test_chosen_threshold_has_the_best_balanced_accuracy(case):
    labels, scores = case
    threshold = metrics.choose_threshold(labels, scores)
    best = max([0.5, *(balanced for _, _, balanced in every_threshold(labels, scores))])
    found = metrics.decisions(labels, scores >= threshold)["balanced_accuracy"]
    assert found == pytest.approx(best)


@settings(deadline=None)
@given(cases())
def test_precision_curve_takes_the_strictest_threshold(case):
    labels, scores = case
    grid = np.array([0.01, 0.5, 1.0])
    points = sorted((recall, -precision) for precision, recall, _ in every_threshold(labels, scores) if recall > 0)
    expected = [-next(p for r, p in points if r >= recall) for recall in grid]
    np.testing.assert_allclose(metrics.precision_curve(labels, scores, grid), expected)


def test_decisions_agree_with_scikit_learn():
    rng = np.random.default_rng(1)
    labels, flagged = rng.integers(0, 2, 97), rng.random(97) < 0.3
    found = metrics.decisions(labels, flagged)
    assert found["accuracy"] == pytest.approx(sklearn_metrics.accuracy_score(labels, flagged))
    assert found["balanced_accuracy"] == pytest.approx(sklearn_metrics.balanced_accuracy_score(labels, flagged))
    assert found["precision"] == pytest.approx(sklearn_metrics.precision_score(labels, flagged))
    assert found["recall"] == pytest.approx(sklearn_metrics.recall_score(labels, flagged))
    matrix = sklearn_metrics.confusion_matrix(labels, flagged)
    assert (found["false_alarms"], found["found"]) == (matrix[0, 1], matrix[1, 1])


def test_precision_of_flagging_nobody_is_undefined():
    assert metrics.decisions(LABELS, np.zeros(6, bool))["precision"] is None


def test_reliability_and_calibration_by_hand():
    probabilities = np.array([0.1, 0.1, 0.3, 0.3])
    labels = np.array([0, 0, 0, 1])
    assert metrics.reliability(labels, probabilities, bins=2) == {
        "predicted": [pytest.approx(0.1), pytest.approx(0.3)],
        "observed": [0.0, 0.5],
        "count": [2, 2],
    }
    found = metrics.calibration(labels, probabilities, bins=2)
    assert found["ece"] == pytest.approx((0.1 * 2 + 0.2 * 2) / 4)
    assert found["brier"] == pytest.approx((0.01 + 0.01 + 0.09 + 0.49) / 4)


def test_calibration_of_a_constant_and_of_order():
    labels = np.array([0, 0, 0, 1])
    assert metrics.calibration(labels, np.full(4, 0.25))["ece"] == pytest.approx(0)
    rng = np.random.default_rng(0)
    probabilities = np.round(rng.random(100), 1)
    labels, order = rng.integers(0, 2, 100), rng.permutation(100)
    straight, mixed = (metrics.reliability(labels[o], probabilities[o]) for o in (np.arange(100), order))
    for name, values in straight.items():
        assert mixed[name] == pytest.approx(values)


def test_summary_leaves_out_what_is_undefined():
    assert metrics.summary([1.0, None, 3.0]) == {
        "mean": 2.0,
        "std": pytest.approx(2**0.5),
        "values": [1.0, None, 3.0],
        "defined": 2,
    }
    assert metrics.summary([None])["mean"] is None
    assert metrics.summary([1.0])["std"] is None


def test_duel_is_clear_only_beyond_twice_the_spread():
    clear = metrics.duel([1.0, 1.1, 1.2], [0.5, 0.61, 0.7])
    assert clear.clear
    assert clear.wins == 3
    tie = metrics.duel([1.0, 1.1, 1.2], [0.9, 1.15, 1.1])
    assert not tie.clear
    assert tie.wins == 2
    assert not metrics.duel([1.0], [0.0]).clear
