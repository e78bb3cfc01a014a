"""Target encoding: by hand, and a row's own outcome has no part in its own encoding, unless one does it wrong."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.applications.flights.encoding import WEIGHT, Codes, TargetEncoding

KEYS = pd.Series(["a", "a", "b", "a", "b"])
TARGET = np.array([1, 0, 1, 1, 0])
DAY = np.array([1, 1, 2, 3, 4])
PRIOR = 0.6


def smooth(total: float, rows: int) -> float:
    return (total + WEIGHT * PRIOR) / (rows + WEIGHT)


def test_plain_and_smoothed_by_hand():
    plain = TargetEncoding("plain").fit_transform(KEYS, TARGET, DAY)
    np.testing.assert_allclose(plain, [2 / 3, 2 / 3, 1 / 2, 2 / 3, 1 / 2])
    smoothed = TargetEncoding("smoothed").fit_transform(KEYS, TARGET, DAY)
    np.testing.assert_allclose(smoothed, [smooth(2, 3), smooth(2, 3), smooth(1, 2), smooth(2, 3), smooth(1, 2)])


def test_past_by_hand():
    encoding = TargetEncoding("past")
    # Day 3 knows of day 1 (two rows of a); day 4 knows of day 2 (one row of b).
    np.testing.assert_allclose(
        encoding.fit_transform(KEYS, TARGET, DAY), [PRIOR, PRIOR, PRIOR, smooth(1, 2), smooth(1, 1)]
    )
    new = encoding.transform(pd.Series(["a", "b", "never seen"]))
    np.testing.assert_allclose(new, [smooth(2, 3), smooth(1, 2), PRIOR])


rows = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 1), st.integers(1, 12)), min_size=3, max_size=30)


@settings(max_examples=20, deadline=None)
@given(rows, st.data())
def test_an_outcome_has_no_part_in_the_encoding_of_its_own_day(rows, drawn):
    keys, target, day = (np.array(column) for column in zip(*sorted(rows, key=lambda row: row[2])))
    place = drawn.draw(st.integers(0, len(rows) - 1))
    changed = target.copy()
    changed[place] = 1 - changed[place]
    same_day = day == day[place]
    for how in ("out-of-fold", "past"):
        # The overall mean is a number of all rows, and one of thousands in earnest: it is held still here.
        before, after = (encoded(how, keys, outcomes, day, prior=0.5) for outcomes in (target, changed))
        np.testing.assert_array_equal(before[same_day], after[same_day])
    before, after = (encoded("past", keys, outcomes, day, prior=0.5) for outcomes in (target, changed))
    np.testing.assert_array_equal(before[day < day[place]], after[day < day[place]])
    plain = [encoded("plain", keys, outcomes, day, prior=0.5)[place] for outcomes in (target, changed)]
    assert plain[0] != plain[1]  # the mistake


def encoded(how, keys, target, day, prior):
    class Still(TargetEncoding):
        prior = property(lambda self: prior, lambda self, value: None)  # type: ignore[assignment]

    return Still(how).fit_transform(pd.Series(keys), target, day)


@pytest.mark.parametrize("how", ["plain", "smoothed", "out-of-fold", "past"])
def test_rows_may_come_in_any_order(how):
    rng = np.random.default_rng(0)
    keys, target, day = pd.Series(rng.choice(list("abcd"), 60)), rng.integers(0, 2, 60), rng.integers(1, 9, 60)
    order = rng.permutation(60)
    straight = TargetEncoding(how).fit_transform(keys, target, day)
    np.testing.assert_allclose(
        TargetEncoding(how).fit_transform(keys.iloc[order], target[order], day[order]), straight[order]
    )


def test_codes():
    codes = Codes().fit(pd.Series(["b"] * 3 + ["a"] * 2 + ["seldom"]), rare=2)
    assert codes.size == 3
    assert codes.transform(pd.Series(["a", "b", "seldom", "never seen"])).tolist() == [1, 2, 0, 0]
