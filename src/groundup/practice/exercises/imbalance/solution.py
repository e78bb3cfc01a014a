"""Metrics under imbalance: when one case in a hundred is positive, 99 % accuracy says nothing.

Count first, with 1 for positive and 0 for negative:

    tp    positive, and predicted so            fp    predicted positive, but negative: a false alarm
    fn    positive, but predicted negative      tn    negative, and predicted so

    precision          tp / (tp + fp)           how many of the alarms are true
    recall             tp / (tp + fn)           how many of the positives are found
    F1                 2 tp / (2 tp + fp + fn)  their harmonic mean: high only if both are
    balanced accuracy  mean of recall and tn / (tn + fp): each class counts the same

Where a division would be 0 / 0, the value is 0.

A model gives scores, and a threshold makes predictions of them: positive where score >= threshold. Average precision looks at
all thresholds. From the highest score down, each different score is a threshold once, and rows of the same score enter
together; with precision P and recall R at threshold k,

    average precision = sum over k of (R_k - R_(k-1)) P_k          R_0 = 0

In use one threshold is needed. It is a choice like any other, so it is made on the validation part; the test then
measures once how good that choice was.
"""

import numpy as np


def counts(labels, predicted):
    """Return tp, fp, fn, tn for labels (N,) and predictions (N,), both 0 and 1."""
    # your code
    tp = int(np.sum((predicted == 1) & (labels == 1)))
    fp = int(np.sum((predicted == 1) & (labels == 0)))
    fn = int(np.sum((predicted == 0) & (labels == 1)))
    tn = int(np.sum((predicted == 0) & (labels == 0)))
    return tp, fp, fn, tn
    # end of your code


def metrics(labels, predicted):
    """Return precision, recall, F1 and balanced accuracy."""
    # your code
    tp, fp, fn, tn = counts(labels, predicted)
    precision = tp / max(tp + fp, 1)
    recall = tp / max(tp + fn, 1)
    f1 = 2 * tp / max(2 * tp + fp + fn, 1)
    balanced = (recall + tn / max(tn + fp, 1)) / 2
    return precision, recall, f1, balanced
    # end of your code


def average_precision(labels, scores):
    """Return the average precision of scores (N,); at least one of the labels is positive."""
    # your code
    total, before = 0.0, 0.0
    for threshold in np.unique(scores)[::-1]:
        precision, recall, _, _ = metrics(labels, (scores >= threshold).astype(int))
        total += (recall - before) * precision
        before = recall
    return total
    # end of your code


def best_threshold(labels, scores):
    """Return the one of the scores that as a threshold gives the highest F1."""
    # your code
    best, chosen = -1.0, 0.0
    for threshold in np.unique(scores)[::-1]:
        f1 = metrics(labels, (scores >= threshold).astype(int))[2]
        if f1 > best:
            best, chosen = f1, threshold
    return chosen
    # end of your code


def f1_on_test(validation_labels, validation_scores, test_labels, test_scores):
    """Return the F1 on the test, an honest one: the threshold must not be chosen there."""
    # your code
    threshold = best_threshold(validation_labels, validation_scores)
    return metrics(test_labels, (test_scores >= threshold).astype(int))[2]
    # end of your code
