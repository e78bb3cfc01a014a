"""Twins agree; and where one is spoilt, the first divergence is found where it began."""

import pytest

from groundup.compare import trajectory
from groundup.compare.workloads import WORKLOADS
from groundup.errors import UsageError
from groundup.scratch import optimizers
from groundup.scratch.layers import linear


@pytest.mark.parametrize("name", WORKLOADS)
def test_twins_agree_for_200_steps(name):
    result = trajectory.train_twins(WORKLOADS[name], steps=200, seed=0)
    assert result.agreed, str(result.divergence)
    assert len(result.steps) == 200
    assert max(step.gap for step in result.steps) <= trajectory.TOLERANCE
    assert result.steps[-1].loss_by_hand < 0.5 * result.steps[0].loss_by_hand  # they agree on learning, not on nothing


def test_a_wrong_gradient_is_located_in_step_one(monkeypatch):
    right = linear.linear_backward

    def wrong(*arguments, **options):
        dx, dweight, dbias = right(*arguments, **options)
        return dx, dweight, None if dbias is None else 1.0001 * dbias

    monkeypatch.setattr(linear, "linear_backward", wrong)
    result = trajectory.train_twins(WORKLOADS["mlp"], steps=5)
    assert result.divergence is not None
    assert (result.divergence.step, result.divergence.quantity) == (1, "the gradient of 5.bias")
    assert 0.5e-4 < result.divergence.error < 2e-4


def test_a_wrong_update_is_told_from_a_wrong_gradient(monkeypatch):
    update = optimizers.SGD.update

    def wrong(self, w, g, part):
        update(self, w, g, part)
        if self.steps == 3:
            w *= 1.000001

    monkeypatch.setattr(optimizers.SGD, "update", wrong)
    result = trajectory.train_twins(WORKLOADS["cnn"], steps=5)
    assert result.divergence is not None
    assert result.divergence.step == 3
    assert "after the update" in result.divergence.quantity


def test_unknown_twins_suggest_the_nearest():
    with pytest.raises(UsageError, match="Did you mean cnn"):
        trajectory.find("cnnn")
