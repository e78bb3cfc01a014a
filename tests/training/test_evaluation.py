"""The scores are those of a few lines of NumPy, whatever the batches."""

import numpy as np
import pytest
import torch
from torch import nn

from groundup.training.evaluation import evaluate


@pytest.mark.parametrize("batch_size", [1, 7, 23, 100])
def test_scores_equal_those_by_hand(batch_size):
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    x, y = torch.randn(23, 4), torch.randint(0, 3, (23,))
    score = evaluate(model, x, y, batch_size)

    logits = model(x).detach().numpy().astype(np.float64)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels, predicted = y.numpy(), logits.argmax(axis=1)
    confusion = np.zeros((3, 3), dtype=int)
    np.add.at(confusion, (labels, predicted), 1)
    assert score.loss == pytest.approx(-np.log(probabilities[np.arange(23), labels]).mean(), rel=1e-5)
    assert score.accuracy == pytest.approx((predicted == labels).mean())
    assert score.confusion == confusion.tolist()
    assert score.confusion != confusion.T.tolist()  # rows are the true classes: the test can tell
    np.testing.assert_allclose(score.logits.numpy(), logits, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_measured_in_evaluation_mode_and_left_in_its_own(training):
    model = nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.9)).train(training)
    x, y = torch.randn(5, 4), torch.zeros(5, dtype=torch.int64)
    assert torch.equal(evaluate(model, x, y).logits, evaluate(model, x, y).logits)
    assert model.training is training
