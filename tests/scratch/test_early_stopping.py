import math

import numpy as np
import pytest

from groundup.scratch import EarlyStopping, Linear


def run(stopping: EarlyStopping, values: list[float]) -> int:
    """Return at which value it says stop, counted from 1; 0 for never."""
    return next((i for i, value in enumerate(values, 1) if stopping.step(value)), 0)


def test_it_stops_after_patience_values_without_improvement():
    stopping = EarlyStopping(patience=3)
    assert run(stopping, [3, 2, 2.5, 1, 1, 1.1, 1.2, 0]) == 7
    assert (stopping.best, stopping.best_step) == (1, 4)


@pytest.mark.parametrize(("mode", "sign"), [("min", -1), ("max", 1)])
def test_an_improvement_must_exceed_min_delta(mode, sign):
    values = [sign * v for v in (1.0, 1.4, 1.6, 1.9, 2.0)]
    stopping = EarlyStopping(patience=2, min_delta=0.5, mode=mode)
    assert run(stopping, values) == 5
    assert stopping.best == sign * 1.6


def test_it_brings_back_the_best_weights_not_the_last():
    model = Linear(3, 2, rng=np.random.default_rng(0))
    stopping = EarlyStopping(model, patience=2)
    for step, loss in enumerate([3.0, 1.0, 2.0, 2.0]):
        model.weight.data[...] = step
        stopping.step(loss)
    stopping.restore()
    assert (model.weight.data == 1).all()


def test_nan_is_never_better():
    model = Linear(3, 2, rng=np.random.default_rng(0))
    stopping = EarlyStopping(model, patience=2)
    assert run(stopping, [math.nan, math.nan]) == 2
    with pytest.raises(RuntimeError, match="only NaN"):
        stopping.restore()


def test_mistakes_are_explained():
    with pytest.raises(RuntimeError, match="without a model"):
        EarlyStopping().restore()
    with pytest.raises(ValueError, match="patience"):
        EarlyStopping(patience=0)
    with pytest.raises(ValueError, match="min_delta"):
        EarlyStopping(min_delta=-1)
    with pytest.raises(ValueError, match="mode"):
        EarlyStopping(mode="loss")
