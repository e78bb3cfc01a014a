"""The audit: planted faults are found, clean tables raise nothing above a note, chance is not called a finding."""

import json

import numpy as np
import pandas as pd
import pytest

from groundup.applications import inject
from groundup.applications.audit import audit
from groundup.applications.audit.score import CASES, false_alarms, markdown, score, written
from groundup.applications.audit.statistics import permutation_test, wilson
from groundup.errors import UsageError


def rng(seed: int | list[int] = 0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("case", [c for c in CASES if "heavy tails" not in c.name], ids=lambda case: case.name)
def test_a_planted_fault_is_found(case):
    table, test = case.plant(inject.clean_table(1000, rng(1)), rng([1, 1]))
    result = audit(written(table), "target", written(test) if test is not None else None, seed=1)
    assert case.found_in(result["findings"]), [f["title"] for f in result["findings"]]


@pytest.mark.parametrize("rows", [60, 600])
@pytest.mark.parametrize("classes", [0, 2, 4])
def test_a_clean_table_raises_nothing_above_a_note(rows, classes):
    assert false_alarms(rows, 3, classes)["alarms"] == []


def test_two_clean_tables_have_not_drifted():
    assert false_alarms(500, 2, test=True)["alarms"] == []


def test_the_later_rows_begin_where_it_is_said():
    year = np.arange(1900, 2001).astype(str)  # the quantile at 4/5 is one of them, and the later rows are beyond it
    compared = audit(pd.DataFrame({"year": year, "a": year}), time="year")["compared"]
    assert (compared["from"], compared["rows"]) == ("1981", [81, 20])


def test_the_page_of_the_counts_says_what_was_counted():
    page = markdown(score(CASES[:1], rows=300, seeds=2), [false_alarms(60, 3)])
    assert f"| {CASES[0].name} | 2 of 2 | 0 |" in page
    assert "| 60 | 2 | 0% | no | 0 of 3 | - |" in page


def test_rows_without_a_time_are_neither_earlier_nor_later():
    table = inject.clean_table(600, rng())
    old = table["age"].to_numpy() > 55
    result = audit(table.assign(joined=table["joined"].mask(old)), "target", time="joined")
    assert sum(result["compared"]["rows"]) == int((~old).sum())
    assert not [f for f in result["findings"] if f["check"] == "drift"]


def test_too_few_rows_to_compare_are_said():
    table = inject.clean_table(400, rng())
    found = [f for f in audit(table, "target", test=table.head(20))["findings"] if f["check"] == "drift"]
    assert [(f["severity"], f["numbers"]) for f in found] == [("note", {"rows": [400, 20]})]


def test_equal_seeds_give_equal_audits_and_the_table_stays():
    table, _ = inject.duplicates(inject.clean_table(400, rng()), 0.1, rng())
    before = table.copy(deep=True)
    first, again = audit(table, "target", seed=3), audit(table, "target", seed=3)
    assert first == again
    pd.testing.assert_frame_equal(table, before)
    json.dumps(first["columns"])


def test_permutation_p_values_are_honest_over_many_masks():
    """Where nothing is going on, one table in twenty has a smallest p-value below 0.05."""
    below = 0
    for seed in range(60):
        generator = rng(seed)
        masks = generator.random((150, 6)) < 0.2
        scores = np.eye(2)[generator.integers(2, size=150)]
        below += permutation_test(masks, scores, generator).min() <= 0.05
    assert below <= 9
    told = np.repeat([True, False], 75)
    assert permutation_test(told[:, None], np.eye(2)[told.astype(int)], rng())[0] == pytest.approx(0.001)


def test_wilson_by_hand():
    low, high = wilson(10, 100)
    assert (low, high) == (pytest.approx(0.0552, abs=1e-4), pytest.approx(0.1744, abs=1e-4))


def test_equal_rows_of_a_short_table_are_no_copies():
    generator = rng()
    table = pd.DataFrame({name: generator.integers(3, size=500) for name in "abc"}).astype(str)
    found = [f for f in audit(table)["findings"] if f["check"] == "duplicates"]
    assert [f["severity"] for f in found] == ["note"]


@pytest.mark.parametrize(
    ("frame", "target", "message"),
    [
        (pd.DataFrame({"income": ["1"], "paid": ["x"]}), "payed", "Did you mean paid"),
        (pd.DataFrame({"income": ["1", "2"], "paid": ["", "NA"]}), "paid", "missing in all 2 rows"),
        (pd.DataFrame({"paid": ["1", "2"]}), "paid", "one column only"),
        (pd.DataFrame({"a": [], "b": []}), "a", "no rows"),
        (pd.DataFrame({"a": ["1"] * 150, "b": [f"n{i}" for i in range(150)]}), "b", "150 different texts"),
    ],
)
def test_what_cannot_be_audited_is_said(frame, target, message):
    with pytest.raises(UsageError, match=message):
        audit(frame, target)
