"""The network for tables."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from groundup.applications.networks import TabularNetwork


@pytest.fixture(scope="module")
def rare():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1500, 3))
    labels = (x[:, 0] + rng.standard_normal(1500) > 2.3).astype(int)
    return x, labels


@pytest.mark.parametrize("balance", ["none", "weights", "resample"])
def test_learns_and_balances(rare, balance):
    x, labels = rare
    network = TabularNetwork(balance=balance, seed=1).fit(x, labels, watch=(x, labels))
    scores = network.decision_function(x)
    assert roc_auc_score(labels, scores) > 0.85
    mean = (1 / (1 + np.exp(-scores))).mean()
    # Balanced training believes in a world with as many events as non-events; plain training in the real share.
    assert abs(mean - labels.mean()) < 0.03 if balance == "none" else mean > 3 * labels.mean()
    assert [len(values) for values in network.history.values()] == [10, 10]


def test_follows_its_seed_and_leaves_the_global_one(rare):
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first, again, other = (TabularNetwork(seed=s, epochs=2).fit(*rare).decision_function(rare[0]) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)
    assert torch.equal(before, torch.random.get_rng_state())


def test_watching_changes_nothing(rare):
    x, labels = rare
    alone = TabularNetwork(epochs=2).fit(x, labels).decision_function(x)
    watched = TabularNetwork(epochs=2).fit(x, labels, watch=(x[:500], labels[:500])).decision_function(x)
    np.testing.assert_array_equal(alone, watched)


def test_bad_input_is_named(rare):
    with pytest.raises(ValueError, match="balance 'smote'"):
        TabularNetwork(balance="smote").fit(*rare)
    with pytest.raises(ValueError, match="one class only"):
        TabularNetwork().fit(rare[0], np.zeros(1500))
