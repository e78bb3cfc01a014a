"""Bootstrap intervals cover what they claim to, and know that rows of a group are one piece of evidence."""

import numpy as np
import pytest

from groundup.applications.intervals import bootstrap


def test_the_interval_of_a_mean_is_that_of_the_textbook():
    values = np.random.default_rng(0).normal(size=400)
    value, low, high = bootstrap(np.mean, values, resamples=2000)
    error = values.std(ddof=1) / np.sqrt(len(values))
    assert value == values.mean()
    assert low == pytest.approx(value - 1.96 * error, abs=0.15 * error)
    assert high == pytest.approx(value + 1.96 * error, abs=0.15 * error)


def test_most_intervals_hold_the_truth():
    rng = np.random.default_rng(1)
    held = [low <= 0 <= high for _, low, high in (bootstrap(np.mean, rng.normal(size=50)) for _ in range(200))]
    assert 0.89 <= np.mean(held) <= 0.99


def test_copies_in_a_group_do_not_make_the_interval_narrower():
    values = np.random.default_rng(2).normal(size=60)
    alone = bootstrap(np.mean, values, seed=3)
    copied = bootstrap(np.mean, np.repeat(values, 9), groups=np.repeat(np.arange(60), 9), seed=3)
    assert copied == pytest.approx(alone)
    naive = bootstrap(np.mean, np.repeat(values, 9), seed=3)
    assert naive.high - naive.low < 0.5 * (alone.high - alone.low)


def test_groups_of_unequal_size_in_any_order_stay_whole():
    groups = np.array(list("bacabcbb"))
    size = {name: int((groups == name).sum()) for name in "abc"}

    def whole(names):
        assert all(int((names == name).sum()) % size[name] == 0 for name in "abc")
        return 0.0

    bootstrap(whole, groups, groups=groups, resamples=50)


def test_resamples_without_an_answer_are_left_out():
    rare = np.array([1.0] + [0.0] * 9)
    value, low, high = bootstrap(lambda x: float("nan") if x.sum() == 0 else 1.0, rare)
    assert (value, low, high) == (1, 1, 1)


def test_wrong_arrays_are_named():
    with pytest.raises(ValueError, match=r"\[3, 4\] rows"):
        bootstrap(np.mean, np.zeros(3), np.zeros(4))
    with pytest.raises(ValueError, match="1 rows or groups"):
        bootstrap(np.mean, np.zeros(4), groups=np.zeros(4))
