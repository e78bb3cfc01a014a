"""Differences and noise: the test is the textbook's, its correction the formula's, and it raises few false alarms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from groundup.training.experiments.statistics import compare

SCORES = np.array([0.95, 0.93, 0.96, 0.94, 0.97])
BASELINE = np.array([0.94, 0.93, 0.93, 0.92, 0.95])


def test_without_corrections_it_is_the_paired_t_test():
    found, reference = compare(SCORES, BASELINE, held_out=0.0), stats.ttest_rel(SCORES, BASELINE)
    interval = reference.confidence_interval(0.95)
    assert found.p == pytest.approx(reference.pvalue, rel=1e-9)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-9)
    assert found.difference == pytest.approx(0.016)
    assert found.spread == pytest.approx(np.std(SCORES - BASELINE, ddof=1))
    assert found.clear


def test_shared_data_make_the_interval_longer_and_so_do_more_comparisons():
    plain, shared = (compare(SCORES, BASELINE, held_out) for held_out in (0.0, 0.25))
    assert shared.high - shared.low == pytest.approx((plain.high - plain.low) * (0.45 / 0.2) ** 0.5)
    many = compare(SCORES, BASELINE, 0.25, comparisons=4)
    assert many.p == pytest.approx(4 * shared.p)
    width = stats.t.ppf(1 - 0.05 / 8, 4) / stats.t.ppf(1 - 0.05 / 2, 4)
    assert many.high - many.low == pytest.approx((shared.high - shared.low) * width)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=8), st.floats(0, 1), st.integers(1, 6), st.floats(-0.5, 0.5))
def test_a_difference_is_clear_if_and_only_if_its_interval_leaves_zero_out(noise, held_out, comparisons, shift):
    scores = np.round(np.array(noise), 3) + round(shift, 3)
    found = compare(scores, np.zeros(len(scores)), held_out, comparisons)
    assert found.clear == (found.low > 0 or found.high < 0)
    assert 0 <= found.p <= 1
    mirrored = compare(np.zeros(len(scores)), scores, held_out, comparisons)
    assert (mirrored.difference, mirrored.p) == pytest.approx((-found.difference, found.p))


def test_equal_runs_prove_nothing_and_one_seed_is_refused():
    same = compare([0.9, 0.8], [0.9, 0.8], 0.1)
    assert (same.p, same.clear) == (1.0, False)
    assert compare([0.75, 0.5], [0.5, 0.25], 0.1).clear  # exactly the same difference each time
    with pytest.raises(ValueError, match="got 1 seed"):
        compare([0.9], [0.5], 0.1)


def test_of_many_experiments_without_any_effect_few_find_one():
    rng = np.random.default_rng(0)
    experiments, seeds, choices = 400, 5, 6
    alarms = 0
    for _ in range(experiments):
        baseline = rng.standard_normal(seeds)
        scores = baseline + rng.standard_normal((choices, seeds))
        alarms += any(compare(one, baseline, 0.0, choices).clear for one in scores)
    assert alarms / experiments < 0.08  # 5% are allowed; 0.08 lies 2.75 standard errors above that
    uncorrected = sum(
        any(compare(rng.standard_normal(seeds), np.zeros(seeds), 0.0).clear for _ in range(choices)) for _ in range(100)
    )
    assert uncorrected > 15  # about 26 of 100: what the correction is for
