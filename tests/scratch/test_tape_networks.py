"""The same MLP, CNN and GPT on the tape and by explicit layers: equal losses, gradients and weights, step by step."""

import copy

import numpy as np
import pytest

from groundup import scratch as gu
from groundup.scratch import relative_error, tape
from groundup.scratch.models import GPT, mlp, small_cnn
from groundup.scratch.tape import composed, networks

STEPS = 20
TOLERANCE = 1e-12


def mlp_pair(rng):
    model = mlp([64, 31, 17, 10], rng=rng, dtype=np.float64)
    return model, networks.mlp, lambda p: gu.Adam(p, lr=1e-3)


def cnn_pair(rng):
    model = small_cnn(rng=rng, dtype=np.float64)
    return model, networks.small_cnn, lambda p: gu.SGD(p, lr=0.05, momentum=0.9)


def gpt_pair(rng):
    model = GPT(vocabulary=13, context=11, layers=2, heads=2, width=6, rng=rng, dtype=np.float64)
    for p in model.parameters():  # larger than the small initial weights, and biases that are not zero
        p.data += 0.3 * rng.standard_normal(p.shape)
    # SGD: the gradient of a key's bias is zero but for rounding, and Adam would blow the rounding up to a full step.
    return model, lambda w, x: networks.gpt(w, x, heads=2), lambda p: gu.SGD(p, lr=0.1, momentum=0.9)


def images(rng):
    return rng.standard_normal((7, 1, 8, 8)), rng.integers(0, 10, 7)


def text(rng):
    tokens = rng.integers(0, 13, (3, 8))
    return tokens[:, :-1], tokens[:, 1:]


NETWORKS = {"mlp": (mlp_pair, images), "cnn": (cnn_pair, images), "gpt": (gpt_pair, text)}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_tape_and_the_layers_train_alike(name):
    pair, draw = NETWORKS[name]
    rng = np.random.default_rng(0)
    model, on_tape, make_optimizer = pair(rng)
    twin = copy.deepcopy(model)  # holds the weights of the network on the tape; its forward is never called
    loss = gu.CrossEntropy()
    optimizer, twin_optimizer = make_optimizer(model.parameters()), make_optimizer(twin.parameters())

    losses = []
    for _ in range(STEPS):
        x, labels = draw(rng)
        optimizer.zero_grad()
        twin_optimizer.zero_grad()
        logits = model(x)
        by_layers = loss(logits.reshape(-1, logits.shape[-1]), labels.ravel())
        model.backward(loss.backward().reshape(logits.shape))

        logits = on_tape(networks.leaves(twin), x)
        by_tape = composed.cross_entropy(logits.reshape(-1, logits.shape[-1]), labels.ravel())
        by_tape.backward()

        assert relative_error(by_tape.data, np.asarray(by_layers)) <= TOLERANCE
        for (weight, p), q in zip(model.named_parameters(), dict(twin.named_parameters()).values(), strict=True):
            assert relative_error(q.grad, p.grad) <= TOLERANCE, weight
            assert np.abs(p.grad).max() > 0, weight
        optimizer.step()
        twin_optimizer.step()
        for (weight, p), q in zip(model.named_parameters(), dict(twin.named_parameters()).values(), strict=True):
            assert relative_error(q.data, p.data) <= TOLERANCE, weight
        losses.append(float(by_layers))
    assert len(set(losses)) == STEPS  # it moved


def test_a_network_on_the_tape_learns_with_an_optimizer():
    """Only the tape, no layer's backward: the loss on one batch falls."""
    rng = np.random.default_rng(0)
    model = mlp([64, 31, 10], rng=rng)
    optimizer = gu.Adam(model.parameters(), lr=1e-2)
    x, labels = images(rng)
    x = x.astype(np.float32)
    losses = []
    for _ in range(30):
        optimizer.zero_grad()
        loss = tape.cross_entropy(networks.mlp(networks.leaves(model), x), labels)
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
        assert loss.dtype == np.float32
    assert losses[-1] < 0.1 * losses[0]
