from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundup.data import split


@given(
    y=st.lists(st.integers(0, 4), min_size=2, max_size=200),
    fraction=st.floats(0.01, 0.99),
    seed=st.integers(0, 5),
    stratify=st.booleans(),
)
def test_parts_share_no_row_and_leave_none_out(y: list[int], fraction: float, seed: int, stratify: bool):
    count = round(fraction * len(y))
    labels, rows = np.array(y), np.arange(len(y))
    if count in (0, len(y)):
        with pytest.raises(ValueError, match="empty"):
            split(rows, labels, fraction, np.random.default_rng(seed), stratify)
        return
    first, second = split(rows, labels, fraction, np.random.default_rng(seed), stratify)
    assert len(first) == count
    assert sorted([*first.x, *second.x]) == list(range(len(y)))
    for part in (first, second):
        np.testing.assert_array_equal(part.y, labels[part.x])  # each row keeps its own label
    if stratify:
        for label in set(y):
            assert abs((first.y == label).sum() - fraction * y.count(label)) < 1 + 1e-9


def test_same_seed_same_split_and_another_seed_another():
    x, y = np.arange(97), np.arange(97) % 7
    a, b, c = (split(x, y, 0.8, np.random.default_rng(seed))[0].x for seed in (3, 3, 4))
    np.testing.assert_array_equal(a, b)
    assert set(a) != set(c)


def test_parts_are_shuffled_not_sorted_by_label():
    y = np.repeat([0, 1], 100)
    for part in split(y, y, 0.5, np.random.default_rng(0)):
        assert (np.diff(part.y) != 0).sum() > 10


def test_pandas_rows_and_text_labels():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": range(20)}, index=range(100, 120))
    label = pandas.Series(["bad"] * 5 + ["good"] * 15, index=frame.index)
    first, second = split(frame, label, 0.8, np.random.default_rng(0))
    assert first.y.value_counts().to_dict() == {"good": 12, "bad": 4}
    assert first.x.index.equals(first.y.index)
    assert set(first.x.index) | set(second.x.index) == set(frame.index)


@pytest.mark.parametrize(
    ("x", "y", "fraction", "rng", "error", "message"),
    [
        (range(3), range(4), 0.5, np.random.default_rng(0), ValueError, "x has 3 rows and y has 4"),
        (range(4), range(4), 80, np.random.default_rng(0), ValueError, "fraction is 80"),
        (range(4), range(4), 0.0, np.random.default_rng(0), ValueError, "between 0 and 1"),
        (range(4), range(4), float("nan"), np.random.default_rng(0), ValueError, "fraction is nan"),
        (range(4), range(4), 0.5, 0, TypeError, "default_rng"),
    ],
)
def test_errors_say_what_came_and_what_was_expected(
    x: Any, y: Any, fraction: float, rng: Any, error: type[Exception], message: str
):
    with pytest.raises(error, match=message):
        split(x, y, fraction, rng)
