"""Splits and the table preprocessor."""

import numpy as np
import pandas as pd
import pytest

from groundup.applications.preprocessing import split_rows, table_preprocessor


def test_split_covers_every_row_once_with_equal_shares():
    labels = (np.arange(1000) % 20 == 0).astype(int)
    rows = split_rows(labels, seed=3)
    assert sorted(np.concatenate([rows.train, rows.validation, rows.test])) == list(range(1000))
    assert [len(rows.train), len(rows.validation), len(rows.test)] == [600, 200, 200]
    assert [labels[part].sum() for part in (rows.train, rows.validation, rows.test)] == [30, 10, 10]


def test_split_follows_its_seed():
    labels = np.arange(100) % 2
    first, again, other = (split_rows(labels, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.test, again.test)
    assert set(first.test) != set(other.test)


@pytest.fixture
def table():
    return pd.DataFrame({"amount": [1.0, 2.0, np.nan, 4.0, 5.0, 6.0], "state": ["a", "a", "a", "b", "b", "c"]})


def test_preprocessor_fills_scales_and_marks_what_is_missing(table):
    x = table_preprocessor(["amount"], ["state"], rare=2).fit_transform(table)
    filled = np.array([1.0, 2.0, 4.0, 4.0, 5.0, 6.0])
    np.testing.assert_allclose(x[:, 0], (filled - filled.mean()) / filled.std())
    assert x[2, 1] == x[:, 1].max() > 0
    np.testing.assert_array_equal(x[:, 2:], [[1, 0, 0]] * 3 + [[0, 1, 0]] * 2 + [[0, 0, 1]])


def test_unseen_category_shares_the_column_of_the_rare(table):
    fitted = table_preprocessor(["amount"], ["state"], rare=2).fit(table)
    new = pd.DataFrame({"amount": [1.0, 1.0], "state": ["c", "never seen"]})
    rare, unseen = fitted.transform(new)
    np.testing.assert_array_equal(rare, unseen)


def test_unseen_category_without_rare_ones_is_none_of_the_known(table):
    fitted = table_preprocessor(["amount"], ["state"], rare=1).fit(table)
    assert fitted.transform(pd.DataFrame({"amount": [1.0], "state": ["z"]}))[0, 2:].sum() == 0
