"""Metrics: equal to torchmetrics, and to a few lines of Python."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torchmetrics.functional import classification as theirs
from torchmetrics.functional.text import perplexity as their_perplexity

from groundup.training import metrics

N, C = 211, 7
CLASSES = tuple("abcdefg")


@pytest.fixture(params=[0.0, 2.0, 20.0], ids=["guessing", "good", "sure"])
def predictions(request):
    """Logits (N, C) that know the label more or less well, and labels (N,) of unequal frequency."""
    torch.manual_seed(int(request.param))
    labels = torch.multinomial(torch.arange(1.0, C + 1), N, replacement=True)
    return torch.randn(N, C) * 2 + request.param * F.one_hot(labels, C), labels


@pytest.mark.parametrize("k", [1, 2, 5, C])
def test_accuracy(predictions, k):
    logits, labels = predictions
    expected = theirs.multiclass_accuracy(logits, labels, num_classes=C, average="micro", top_k=k)
    assert metrics.accuracy(logits, labels, k) == pytest.approx(expected.item(), abs=1e-6)
    with pytest.raises(ValueError, match="k = 8 for 7 classes"):
        metrics.accuracy(logits, labels, C + 1)


def test_confusion_has_the_truth_in_rows(predictions):
    logits, labels = predictions
    expected = theirs.multiclass_confusion_matrix(logits, labels, num_classes=C)
    ours = metrics.confusion(logits, labels)
    assert torch.equal(ours, expected)
    assert torch.equal(ours.sum(1), torch.bincount(labels, minlength=C))


@pytest.mark.parametrize("bins", [1, 4, 15])
def test_calibration_errors(predictions, bins):
    logits, labels = predictions
    ours = metrics.calibration(logits, labels, bins)
    arguments: dict[str, Any] = dict(preds=logits.softmax(1), target=labels, num_classes=C, n_bins=bins)
    expected = [theirs.multiclass_calibration_error(**arguments, norm=norm).item() for norm in ("l1", "max")]
    assert [ours["ece"], ours["mce"]] == pytest.approx(expected, abs=1e-5)
    assert sum(row["count"] for row in ours["bins"]) == N
    for row in ours["bins"]:
        assert row["from"] <= row["confidence"] <= row["to"]


def test_calibration_of_a_model_that_says_what_it_knows():
    """Sure to 3/4 and right three times in four: no error. Sure to 3/4 and always right: an error of 1/4."""
    logits = torch.tensor([[math.log(3), 0.0]]).repeat(8, 1)
    assert metrics.calibration(logits, torch.tensor([0, 0, 0, 1] * 2))["ece"] == pytest.approx(0, abs=1e-7)
    assert metrics.calibration(logits, torch.zeros(8, dtype=torch.int64))["ece"] == pytest.approx(0.25, abs=1e-7)
    certain = metrics.calibration(torch.tensor([[100.0, 0.0]]), torch.tensor([0]))
    assert certain["bins"] == [{"from": 14 / 15, "to": 1.0, "confidence": 1.0, "accuracy": 1.0, "count": 1}]


def test_per_class(predictions):
    logits, labels = predictions
    rows = metrics.per_class(logits, labels, CLASSES)
    assert [row["class"] for row in rows] == list(CLASSES)
    predicted = logits.argmax(1)
    for c, row in enumerate(rows):
        called, are = predicted == c, labels == c
        both = (called & are).sum().item()
        assert row["support"] == are.sum().item()
        assert row["recall"] == pytest.approx(both / are.sum().item())
        assert row["precision"] == (pytest.approx(both / called.sum().item()) if called.any() else None)
    expected = theirs.multiclass_f1_score(logits, labels, num_classes=C, average="none")
    np.testing.assert_allclose([row["f1"] or 0 for row in rows], expected, rtol=1e-5)


def test_a_class_that_never_appears_has_no_recall_and_no_invented_zero():
    logits = torch.tensor([[5.0, 0.0, 1.0], [5.0, 0.0, 1.0]])
    rows = metrics.per_class(logits, torch.tensor([0, 2]), ("a", "b", "c"))
    assert rows[1] == {"class": "b", "precision": None, "recall": None, "f1": None, "support": 0}
    assert rows[2] == {"class": "c", "precision": None, "recall": 0.0, "f1": 0.0, "support": 1}
    whole = metrics.classification(logits, torch.tensor([0, 2]), ("a", "b", "c"))
    assert whole["macro_f1"] == pytest.approx((2 / 3 + 0) / 2)
    assert "top5_accuracy" not in whole


def test_perplexity():
    torch.manual_seed(0)
    logits, labels = torch.randn(3, 5, C), torch.randint(C, (3, 5))
    loss = F.cross_entropy(logits.flatten(0, 1), labels.flatten()).item()
    assert metrics.perplexity(loss) == pytest.approx(their_perplexity(logits, labels).item(), rel=1e-5)
    assert metrics.perplexity(math.log(65)) == pytest.approx(65)
    assert metrics.perplexity(1e4) == math.inf


def test_all_together(predictions):
    logits, labels = predictions
    whole = metrics.classification(logits, labels, CLASSES)
    assert whole["loss"] == pytest.approx(F.cross_entropy(logits, labels).item(), abs=1e-6)
    assert whole["top5_accuracy"] >= whole["accuracy"]
    assert sum(map(sum, whole["confusion"])) == whole["examples"] == N
