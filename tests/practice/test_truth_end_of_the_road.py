"""The solutions of the last exercises (loops, modules, data) are held equal to PyTorch and scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, log_loss
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
