"""The questions of ``health`` point at the faults of the ten scripts, and at nothing when these are mended."""

import numpy as np
import pytest
import torch

from groundup import scratch
from groundup.practice import exercise, health
from groundup.practice.sandbox import module_from
from groundup.scratch.models import mlp

rng = np.random.default_rng(0)


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    """Return a script as it is and mended, so that a question can be asked of both."""

    def load(name):
        path = tmp_path_factory.mktemp(name) / "script.py"
        path.write_text(exercise.task_source(name), encoding="utf-8")
        return module_from(str(path)), exercise.solution_module(name)

    return load


def answers(question, pair):
    """Ask it of the script as it is and of the mended one; return what is said of each."""
    return tuple(question(module) for module in pair)


def tells_apart(question, pair):
    ill, mended = answers(question, pair)
    assert not ill.healthy, f"of the script with the fault it says {ill}"
    assert mended.healthy, f"of the mended script it says {mended}"


def watched_step(module, number):
    """Train a script of digits, and say what ``health.moves`` says of one of its steps."""
    (x, y), _ = module.load(0)
    model, real, said = module.network(np.random.default_rng(0)), scratch.SGD.step, []

    def step(self):
        said.append(health.moves(model, lambda: real(self)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scratch.SGD, "step", step)
        module.train(model, x, y, np.random.default_rng(0))
    return said[number]


def test_a_network_that_knows_nothing(scripts):
    def first_loss(module):
        return health.starting_loss(float(module.cross_entropy(np.zeros((7, 10)), np.arange(7))[0]), classes=10)

    tells_apart(first_loss, scripts("snail"))


def test_gradients_are_not_left_over(scripts):
    _, healthy = scripts("runaway")
    (x, y), _ = healthy.load(0)
    model, loss = healthy.network(np.random.default_rng(0)), scratch.CrossEntropy()

    def gradient(empty):
        if empty:
            model.zero_grad()
        loss(model(x[:32]), y[:32])
        model.backward(loss.backward())
        return model[1].weight.grad.copy()

    assert not health.same_twice(lambda: gradient(empty=False)).healthy
    assert health.same_twice(lambda: gradient(empty=True)).healthy


def test_each_row_keeps_its_label():
    x, y, order = rng.normal(size=(50, 3)), rng.integers(5, size=50), rng.permutation(50)
    assert health.keeps_its_label(x, y, x[order], y[order]).healthy
    finding = health.keeps_its_label(x, y, x[order], y)
    assert not finding.healthy
    assert "in the data it is" in finding.lines[0]
    assert not health.keeps_its_label(x, y, x + 1, y).healthy


def test_steps_that_are_gone(scripts):
    assert watched_step(scripts("standstill")[0], 0).healthy
    tells_apart(lambda module: watched_step(module, -1), scripts("standstill"))


def test_probabilities_where_logits_are_wanted(scripts):
    def outputs(module):
        (x, _), _ = module.load(0)
        return health.are_probabilities(module.network(np.random.default_rng(0))(x[:5]))

    tells_apart(outputs, scripts("timid"))


def test_a_loss_with_a_floor(scripts):
    def by_heart(module):
        (x, y), _ = module.load(0)
        model, loss = module.network(np.random.default_rng(0)), scratch.CrossEntropy()
        optimizer = scratch.SGD(model.parameters(), lr=0.3)
        return health.learns_one_batch(lambda: scratch.train_step(model, loss, optimizer, x[:32], y[:32]))

    tells_apart(by_heart, scripts("timid"))


def test_twice_the_same(scripts):
    def measured(module):
        torch.manual_seed(0)
        _, (x, y) = module.load(0)
        model = module.network()
        return health.same_twice(lambda: module.accuracy(model, x, y))

    tells_apart(measured, scripts("moody"))


def test_one_part_is_one_row_of_numbers(scripts):
    ill, mended = scripts("stranger")
    (x, y), (work, broken) = mended.load(0)

    def twice(module):
        among_ones, among_others = module.prepare(x.copy(), x[:7].copy())
        return np.abs(among_ones[:7] - among_others).max()

    assert twice(ill) > 0.1 > 1e-5 > twice(mended)
    assert not health.alike(x, work).healthy
    assert health.alike(*ill.prepare(x, work)).healthy, "the difference that matters is gone"
    assert not health.alike(*mended.prepare(x, work)).healthy

    def said(module):
        known, met = module.prepare(x, work)
        model = module.network(np.random.default_rng(0))
        module.train(model, known, y, np.random.default_rng(0))
        return health.predictions(scratch.predict(model, met).argmax(axis=1), broken)

    tells_apart(said, (ill, mended))


def test_what_the_optimizer_does_not_know(scripts):
    def last_step(module):
        torch.manual_seed(0)
        (x, y), _ = module.load(0)
        model, real, said = module.network(), torch.optim.Adam.step, []

        def step(self, *arguments):
            said.append((health.moves(model, lambda: real(self, *arguments)), health.gradients(model)))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(torch.optim.Adam, "step", step)
            module.train(model, x[:64], y[:64])
        first, last = said[0], said[-1]
        assert not first[1].healthy, "at first the body is held still: no gradient"
        assert last[1].healthy, "a gradient is there"
        return last[0]

    ill, mended = answers(last_step, scripts("plateau"))
    assert not ill.healthy
    assert "0.0.weight" in ill.text
    assert "0.0.weight" not in mended.text


def test_a_column_that_knows_the_answer(scripts):
    def best(module):
        return health.telling_columns(*module.windows(module.load(0)[0]))

    tells_apart(best, scripts("too_good"))


def test_gradients_that_are_rounded_to_zero(scripts):
    def first_gradient(module):
        (x, y), _ = module.load(0)
        model, real, said = module.network(np.random.default_rng(0)), scratch.Adam.step, []

        def step(self):
            said.append(health.gradients(model))
            real(self)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(scratch.Adam, "step", step)
            module.train(model, x[:50], y[:50], np.random.default_rng(0))
        return said[0]

    ill, mended = answers(first_gradient, scripts("deaf"))
    assert not ill.healthy
    assert "zeros 100%" in ill.lines[0]
    assert mended.healthy


def test_a_finding_reads_as_a_sentence_and_lines():
    model = mlp([5, 3, 2], rng=rng)
    finding = health.gradients(model)
    assert str(finding).startswith("suspicious: hardly any gradient in 1.weight")
    assert len(str(finding).splitlines()) == 1 + 4
    assert str(health.starting_loss(2.3, classes=10)).startswith("healthy: ")


def test_two_tables_from_one_source_are_alike():
    assert health.alike(rng.normal(size=(200, 4)), rng.normal(size=(200, 4))).healthy
    constant = np.ones((20, 1))
    assert health.alike(constant, constant).healthy
    assert not health.alike(constant, constant + 1).healthy
