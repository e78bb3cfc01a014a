"""A loss of single predictions, applied to every place of a sequence."""

import numpy as np
import pytest

from groundup import scratch as gu
from groundup.scratch.losses.per_token import PerToken


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_it_is_the_loss_with_the_classes_as_the_last_axis(reduction):
    rng = np.random.default_rng(0)
    logits, labels = rng.standard_normal((3, 5, 7)), rng.integers(0, 7, (3, 5))
    options = {"weight": np.linspace(0.1, 3, 7), "ignore_index": 4}
    single = gu.CrossEntropy(reduction, **options)  # which wants the classes as the second
    loss = PerToken(gu.CrossEntropy(reduction, **options))
    state = np.ones((3, 2))  # of a recurrent network
    assert float(loss(logits, state, labels)) == pytest.approx(float(single(logits.transpose(0, 2, 1), labels)))
    np.testing.assert_allclose(loss.backward(0.5), single.backward(0.5).transpose(0, 2, 1), rtol=1e-12)
    assert loss.amount(labels) == pytest.approx(options["weight"][labels[labels != 4]].sum())


def test_labels_with_swapped_axes_are_refused():
    rng, loss = np.random.default_rng(0), PerToken(gu.CrossEntropy())
    with pytest.raises(ValueError, match=r"labels: got shape \(5, 3\), expected \(3, 5\).*same order"):
        loss(rng.standard_normal((3, 5, 7)), np.zeros((5, 3), int))
