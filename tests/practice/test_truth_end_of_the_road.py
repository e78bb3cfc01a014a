"""The solutions of the last exercises (loops, modules, data) are held equal to PyTorch and scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
    precision_recall_curve,
    precision_recall_fscore_support,
)
from sklearn.model_selection import GroupShuffleSplit, TimeSeriesSplit, train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from groundup.practice.exercise import solution_module

RNG = np.random.default_rng(0)


def same(mine, right):
    right = right.detach().numpy() if hasattr(right, "detach") else right
    np.testing.assert_allclose(mine, right, rtol=1e-10, atol=1e-12)


def classification(n=17, features=3, classes=5):
    return RNG.normal(size=(n, features)), RNG.integers(classes, size=n)


def test_training_loop():
    it = solution_module("training_loop")
    x, labels = classification()
    weight, bias = RNG.normal(size=(5, 3)), RNG.normal(size=5)
    network = it.Network(weight.copy(), bias.copy(), rate=0)
    twin = nn.Linear(3, 5).double()
    twin.load_state_dict({"weight": torch.tensor(weight), "bias": torch.tensor(bias)})
    optimizer, right = it.SGD(network, lr=0.3), torch.optim.SGD(twin.parameters(), lr=0.3)
    for epoch in range(3):
        loss = it.train_epoch(network, optimizer, x, labels, 5, np.random.default_rng(epoch))
        losses = []
        for rows in np.array_split(np.random.default_rng(epoch).permutation(17), [5, 10, 15]):
            right.zero_grad()
            each = F.cross_entropy(twin(torch.tensor(x[rows])), torch.tensor(labels[rows]), reduction="none")
            each.mean().backward()
            right.step()
            losses += each.tolist()
        assert loss == pytest.approx(np.mean(losses))
        same(network.weight, twin.weight)
        same(network.bias, twin.bias)
    network.rate, network.training = 0.5, True
    loss, accuracy = it.evaluate(network, x, labels, 4)
    logits = twin(torch.tensor(x)).detach()
    assert loss == pytest.approx(log_loss(labels, logits.softmax(dim=1).numpy(), labels=range(5)))
    assert accuracy == accuracy_score(labels, logits.argmax(dim=1).numpy())


def test_torch_module():
    it = solution_module("torch_module")
    torch.manual_seed(0)
    network = it.Network((3, 7, 5, 2), 0.4)
    twin = nn.Sequential(
        nn.Linear(3, 7), nn.ReLU(), nn.Dropout(0.4), nn.Linear(7, 5), nn.ReLU(), nn.Dropout(0.4), nn.Linear(5, 2)
    )
    twin.load_state_dict(dict(zip(twin.state_dict(), network.state_dict().values())))
    x = torch.randn(11, 3)
    for mode in (False, True):
        network.train(mode)
        twin.train(mode)
        torch.manual_seed(1)
        y = network(x)
        torch.manual_seed(1)
        same(y.detach(), twin(x))
    ours, theirs = it.Linear(300, 200), nn.Linear(300, 200)
    assert [(name, p.shape) for name, p in ours.named_parameters()] == [
        (name, p.shape) for name, p in theirs.named_parameters()
    ]
    for mine, right in zip(ours.parameters(), theirs.parameters()):
        assert mine.std().item() == pytest.approx(right.std().item(), rel=0.1)
    x = torch.rand(11, 3, dtype=torch.float64)
    mean, std = x.mean(dim=0), x.std(dim=0, correction=0)
    same(it.Standardise(mean, std)(x), StandardScaler().fit_transform(x.numpy()))
    assert list(it.Standardise(mean, std).state_dict()) == ["mean", "std"]


def test_torch_loop():
    it = solution_module("torch_loop")
    x, labels = (torch.tensor(a) for a in classification(classes=2))
    loader = DataLoader(TensorDataset(x, labels), batch_size=5)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 7), nn.BatchNorm1d(7), nn.ReLU(), nn.Linear(7, 2)).double()
    loss, accuracy = it.evaluate(model, loader)
    with torch.no_grad():
        probabilities = model.eval()(x).softmax(dim=1).numpy()
    assert loss == pytest.approx(log_loss(labels, probabilities))
    assert accuracy == accuracy_score(labels, probabilities.argmax(axis=1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    losses = [it.train_epoch(model, loader, optimizer) for _ in range(60)]
    assert losses[-1] < 0.5 * losses[0], "it learns"


@pytest.mark.parametrize("shape", [(5, 7), (7,)])
def test_torch_function(shape):
    it = solution_module("torch_function")
    x, beta = torch.tensor(RNG.normal(size=(5, 7))), torch.tensor(RNG.normal(size=shape))
    for wanted in [(True, True), (True, False), (False, True)]:
        a, b = x.clone().requires_grad_(wanted[0]), beta.clone().requires_grad_(wanted[1])
        assert torch.autograd.gradcheck(lambda a, b: it.Swish.apply(a, b, 2.0), (a, b))
        assert torch.autograd.gradgradcheck(lambda a, b: it.Swish.apply(a, b, 2.0), (a, b))
    same(it.Swish.apply(x, torch.ones(7, dtype=torch.float64), 3.0), 3 * F.silu(x))
    a = x.clone().requires_grad_()
    it.Round.apply(3 * a).mul(a.detach()).sum().backward()
    same(a.grad, 3 * x)
    same(it.Round.apply(x), x.numpy().round())


def test_splitting():
    it = solution_module("splitting")
    labels = RNG.permutation(np.repeat([0, 1, 2], [60, 30, 10]))
    train, test = it.stratified_split(labels, 0.2, np.random.default_rng(1))
    theirs = train_test_split(np.arange(100), test_size=0.2, stratify=labels, random_state=0)
    for mine, right in zip((train, test), theirs):
        np.testing.assert_array_equal(np.bincount(labels[mine]), np.bincount(labels[right]))
    np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(100))

    groups = RNG.integers(10, size=100)
    train, test = it.group_split(groups, 0.3, np.random.default_rng(1))
    ((_, right),) = GroupShuffleSplit(1, test_size=0.3, random_state=0).split(groups, groups=groups)
    assert len(np.unique(groups[test])) == len(np.unique(groups[right]))
    assert not set(groups[train]) & set(groups[test])
    np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(100))

    times = RNG.permutation(1000)[:18]
    train, test = it.time_split(times, 6 / 18)
    *_, right = TimeSeriesSplit(2).split(times)
    for mine, rows in zip((train, test), right):
        np.testing.assert_array_equal(mine, np.argsort(times)[rows])


def test_imputation():
    it = solution_module("imputation")
    train, test = np.exp(RNG.normal(size=(2, 13, 5)))
    train[RNG.random(train.shape) < 0.3] = np.nan
    test[RNG.random(test.shape) < 0.3] = np.nan
    train[:, 2] = np.where(np.isnan(train[:, 2]), np.nan, 4.0)
    train[:, 3] = np.nan
    imputer = SimpleImputer(strategy="median", keep_empty_features=True).fit(train)
    scaler = StandardScaler().fit(imputer.transform(train))
    indicator = MissingIndicator(features="all").fit(train)
    same(it.medians(train), imputer.statistics_)
    for mine, table in zip(it.prepare(train, test), (train, test)):
        same(it.fill(table, imputer.statistics_)[0], imputer.transform(table))
        same(it.fill(table, imputer.statistics_)[1], indicator.transform(table))
        same(mine[:, :5], scaler.transform(imputer.transform(table)))
        same(mine[:, 5:], indicator.transform(table))


def test_imbalance():
    it = solution_module("imbalance")
    labels = (np.arange(97) < 13).astype(int)
    for scores in (RNG.normal(size=97) + labels, np.round(RNG.normal(size=97) + labels)):
        predicted = (scores >= 0.7).astype(int)
        tp, fp, fn, tn = it.counts(labels, predicted)
        np.testing.assert_array_equal(confusion_matrix(labels, predicted), [[tn, fp], [fn, tp]])
        precision, recall, f1, _ = precision_recall_fscore_support(labels, predicted, average="binary")
        same(it.metrics(labels, predicted), (precision, recall, f1, balanced_accuracy_score(labels, predicted)))
        same(it.average_precision(labels, scores), average_precision_score(labels, scores))
        precisions, recalls, thresholds = precision_recall_curve(labels, scores)
        best = np.nanargmax(2 * precisions * recalls / np.maximum(precisions + recalls, 1e-300))
        assert it.best_threshold(labels, scores) == thresholds[best]
    other = RNG.normal(size=97) + labels
    threshold = it.best_threshold(labels, scores)
    assert it.f1_on_test(labels, scores, labels, other) == pytest.approx(f1_score(labels, other >= threshold))
    assert it.metrics(labels, 0 * labels) == (0, 0, 0, 0.5)
