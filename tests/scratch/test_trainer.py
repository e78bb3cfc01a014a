"""The short loop: it learns, it is reproducible, it stops when training breaks down."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundup import data
from groundup.scratch import SGD, Adam, CrossEntropy, Diverged, accuracy, batches, fit, history_dict, predict
from groundup.scratch.models import mlp


def train(seed=0, lr=3e-3, optimizer: type[SGD] | type[Adam] = Adam, x=None, progress=None, epochs=3):
    digits = data.load("digits").train
    images = digits.x if x is None else x
    rng = np.random.default_rng(seed)
    model = mlp([64, 32, 10], rng=rng)
    pairs = (images[:1000], digits.y[:1000]), (digits.x[1000:], digits.y[1000:])
    loop = {"epochs": epochs, "batch_size": 50, "rng": rng, "progress": progress}
    history = fit(model, CrossEntropy(), optimizer(model.parameters(), lr=lr), *pairs, **loop)
    return model, history, pairs


def test_it_learns_digits():
    model, history, (_, validation) = train(epochs=8, lr=1e-2)
    assert accuracy(model, *validation) > 0.9
    assert history[-1].train_loss < 0.3 * history[0].train_loss
    assert accuracy(model, *validation) == history[-1].validation_accuracy


def test_the_same_seed_gives_the_same_weights_and_another_does_not():
    (a, *_), (b, *_), (c, *_) = train(seed=1), train(seed=1), train(seed=2)
    for name, value in a.state_dict().items():
        np.testing.assert_array_equal(value, b.state_dict()[name])
    assert any(not np.array_equal(v, c.state_dict()[n]) for n, v in a.state_dict().items())


def test_divergence_stops_with_advice_and_keeps_the_last_good_weights():
    with np.errstate(all="ignore"), pytest.raises(Diverged, match=r"the loss became (nan|inf).*smaller learning rate"):
        train(lr=1e30, optimizer=SGD)


def test_nan_in_the_data_is_named_as_the_cause():
    x = data.load("digits").train.x.copy()
    x[7, 0, 3, 3] = np.nan
    with np.errstate(all="ignore"), pytest.raises(Diverged, match="holds 1 NaN or infinite values"):
        train(x=x)


def test_weights_after_divergence_are_finite():
    digits = data.load("digits").train
    rng = np.random.default_rng(0)
    model = mlp([64, 32, 10], rng=rng)
    before = model.state_dict()
    pairs = (digits.x[:500], digits.y[:500]), (digits.x[500:], digits.y[500:])
    optimizer = SGD(model.parameters(), lr=1e30)
    with np.errstate(all="ignore"), pytest.raises(Diverged):
        fit(model, CrossEntropy(), optimizer, *pairs, epochs=1, batch_size=50, rng=rng, progress=None)
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_progress_is_one_line_an_epoch_where_nobody_watches():
    stream = io.StringIO()
    train(progress=stream, epochs=2)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("epoch 2/2  training loss ")


def test_progress_is_live_on_a_terminal():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    train(progress=stream, epochs=1)
    assert stream.getvalue().count("\r") > 1
    assert "step 20/20" in stream.getvalue()


def test_history_as_lists():
    _, history, _ = train()
    lists = history_dict(history)
    assert lists["epoch"] == [1, 2, 3]
    assert history_dict([]) == {}


def test_predict_restores_the_mode():
    model, _, (_, validation) = train()
    model.train()
    predict(model, validation[0])
    assert model.training


@given(st.integers(0, 40), st.integers(1, 50), st.booleans(), st.booleans())
def test_batches_give_every_example_once(count, size, shuffle, drop_last):
    x = np.arange(count)
    rng = np.random.default_rng(0) if shuffle else None
    pairs = list(batches(x, 10 * x, size, rng, drop_last))
    seen = np.concatenate([a for a, _ in pairs]) if pairs else np.zeros(0, int)
    assert all(np.array_equal(b, 10 * a) for a, b in pairs)
    assert all(len(a) == size for a, _ in (pairs if drop_last else pairs[:-1]))
    expected = count - count % size if drop_last else count
    assert len(seen) == len(set(seen.tolist())) == expected


def test_batches_refuse_unequal_lengths_and_empty_batches():
    with pytest.raises(ValueError, match="3 examples and y has 4"):
        next(batches(np.ones(3), np.ones(4), 2))
    with pytest.raises(ValueError, match="at least 1"):
        next(batches(np.ones(3), np.ones(3), 0))
