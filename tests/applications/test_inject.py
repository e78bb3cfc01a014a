"""Planted faults: rates are met, the truth marks exactly what changed, inputs stay, equal seeds give equal faults."""

import copy

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from groundup.applications import inject

N = 4000


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def table():
    return inject.clean_table(N, rng(3))


NUMBERS = rng(1).normal(5, 2, (N, 3))

# How each fault of cells is called: (table, rng) -> (changed, mask), and the column that it changes (None: all).
CELLS = {
    "MCAR": (lambda t, r: inject.missing_completely_at_random(t, 0.2, r), None),
    "MCAR, two columns": (lambda t, r: inject.missing_completely_at_random(t, 0.2, r, ["age", "region"]), None),
    "MAR": (lambda t, r: inject.missing_at_random(t, "income", "age", 0.2, r), "income"),
    "MNAR": (lambda t, r: inject.missing_not_at_random(t, "age", 0.2, r), "age"),
    "MNAR of categories": (lambda t, r: inject.missing_not_at_random(t, "city", 0.2, r), "city"),
    "outliers": (lambda t, r: inject.outliers(t, "height", 0.2, r), "height"),
    "units": (lambda t, r: inject.unit_mixup(t, "income", 0.2, r), "income"),
    "codes": (lambda t, r: inject.disguised_missing(t, "age", 0.2, r), "age"),
    "codes among names": (lambda t, r: inject.disguised_missing(t, "region", 0.2, r, "unknown"), "region"),
    "text among numbers": (lambda t, r: inject.disguised_missing(t, "age", 0.2, r, "n/a"), "age"),
    "spelling": (lambda t, r: inject.spelling_variants(t, "region", 0.2, r), "region"),
    "numbers as text": (lambda t, r: inject.numbers_as_text(t, "income"), "income"),
    "mojibake": (lambda t, r: inject.mojibake(t, "city"), "city"),
}


def differs(before: pd.DataFrame, after: pd.DataFrame) -> np.ndarray:
    """The mask of the cells that are not the same."""
    columns = []
    for name in before:
        old, new = before[name].to_list(), after[name].to_list()
        columns.append([not (a == b or (pd.isna(a) and pd.isna(b))) for a, b in zip(old, new)])
    return np.array(columns).T


@pytest.mark.parametrize("fault", CELLS)
def test_truth_of_cells_marks_exactly_the_changes(fault, table):
    plant, column = CELLS[fault]
    before = table.copy(deep=True)
    changed, truth = plant(table, rng(5))
    pd.testing.assert_frame_equal(table, before)  # the input stays
    found = differs(table, changed)
    if column is not None:
        place = list(table.columns).index(column)
        assert not np.delete(found, place, axis=1).any()
        found = found[:, place]
    np.testing.assert_array_equal(found, truth)
    again, truth_again = plant(table, rng(5))
    pd.testing.assert_frame_equal(changed, again)
    np.testing.assert_array_equal(truth, truth_again)
    if fault not in ("numbers as text", "mojibake"):  # these two draw nothing
        assert (plant(table, rng(6))[1] != truth).any()
        share = truth[:, [1, 7]].mean() if fault == "MCAR, two columns" else truth.mean()
        if fault != "spelling":  # there, a draw can leave a word as it was
            assert share == pytest.approx(0.2, abs=4 * np.sqrt(0.16 / N))


@settings(deadline=None, max_examples=30)
@given(rate=st.floats(0, 1), strength=st.floats(-4, 4), seed=st.integers(0, 99))
def test_missing_rates_are_met_in_expectation(rate, strength, seed):
    tolerance = 5 * np.sqrt(0.25 / N)
    before = NUMBERS.copy()
    for changed, mask in (
        inject.missing_not_at_random(NUMBERS, 0, rate, rng(seed), strength),
        inject.missing_at_random(NUMBERS, 0, 2, rate, rng(seed), strength),
    ):
        assert mask.mean() == pytest.approx(rate, abs=tolerance)
        np.testing.assert_array_equal(np.isnan(changed[:, 0]), mask)
        np.testing.assert_array_equal(changed[:, 1:], NUMBERS[:, 1:])
    changed, mask = inject.missing_completely_at_random(NUMBERS, rate, rng(seed))
    assert mask.mean() == pytest.approx(rate, abs=tolerance)
    np.testing.assert_array_equal(np.isnan(changed), mask)
    np.testing.assert_array_equal(NUMBERS, before)


def separation(values, mask):
    """How far the values at the mask lie above the others: the area under the ROC curve."""
    return stats.mannwhitneyu(values[mask], values[~mask]).statistic / (mask.sum() * (~mask).sum())


def test_the_three_kinds_of_missing_depend_on_what_they_say():
    completely = inject.missing_completely_at_random(NUMBERS, 0.3, rng())[1][:, 0]
    given_2 = inject.missing_at_random(NUMBERS, 0, 2, 0.3, rng(), strength=2)[1]
    itself = inject.missing_not_at_random(NUMBERS, 0, 0.3, rng(), strength=2)[1]
    small = inject.missing_not_at_random(NUMBERS, 0, 0.3, rng(), strength=-2)[1]
    for column in range(3):
        assert separation(NUMBERS[:, column], completely) == pytest.approx(0.5, abs=0.05)
    assert separation(NUMBERS[:, 2], given_2) > 0.8
    assert separation(NUMBERS[:, 0], given_2) == pytest.approx(0.5, abs=0.05)
    assert separation(NUMBERS[:, 0], itself) > 0.8
    assert separation(NUMBERS[:, 0], small) < 0.2


def test_what_was_missing_before_is_not_marked():
    holes = NUMBERS.copy()
    holes[:1000, 1] = np.nan
    changed, mask = inject.missing_completely_at_random(holes, 0.5, rng())
    assert not mask[:1000, 1].any()
    np.testing.assert_array_equal(np.isnan(changed), mask | np.isnan(holes))


def test_missing_values_of_every_kind_of_array():
    for values in (np.arange(50), np.arange(50) % 2 == 0, np.array(["a", "b"] * 25), pd.array([1, 2] * 25)):
        frame, mask = inject.missing_completely_at_random(pd.DataFrame({"x": values}), 0.5, rng())
        np.testing.assert_array_equal(frame.isna().to_numpy(), mask)
        if isinstance(values, np.ndarray):
            changed, mask = inject.missing_completely_at_random(values, 0.5, rng())
            np.testing.assert_array_equal(pd.isna(changed), mask)
            assert list(changed[~mask]) == list(values[~mask])


@settings(deadline=None, max_examples=30)
@given(classes=st.integers(2, 7), rate=st.floats(0, 1), seed=st.integers(0, 99), pairs=st.booleans())
def test_noisy_labels_follow_the_matrix(classes, rate, seed, pairs):
    matrix = (inject.pairwise_noise if pairs else inject.symmetric_noise)(classes, rate)
    assert np.diag(matrix) == pytest.approx(np.full(classes, 1 - rate))
    labels = rng(seed).integers(classes, size=N)
    labels[:classes] = np.arange(classes)  # all occur
    before = labels.copy()
    noisy, wrong = inject.noisy_labels(labels, matrix, rng(seed))
    np.testing.assert_array_equal(labels, before)
    np.testing.assert_array_equal(noisy != labels, wrong)
    for row in range(classes):
        counts = np.bincount(noisy[labels == row], minlength=classes) / (labels == row).sum()
        np.testing.assert_allclose(counts, matrix[row], atol=5 * np.sqrt(0.25 * classes / N))


def test_class_dependent_noise_of_named_classes():
    labels = pd.Series(["cat", "dog", "fox"] * 1000, name="animal")
    matrix = np.array([[1, 0, 0], [0.5, 0.5, 0], [0, 0, 1]])
    noisy, wrong = inject.noisy_labels(labels, matrix, rng())
    assert isinstance(noisy, pd.Series)
    assert noisy.name == "animal"
    assert set(noisy[wrong]) == {"cat"}
    assert set(labels[wrong]) == {"dog"}
    assert wrong.sum() == pytest.approx(500, abs=80)
    # the order of the matrix can be said
    other, _ = inject.noisy_labels(labels, matrix, rng(), classes=["dog", "cat", "fox"])
    assert set(other[(other != labels).to_numpy()]) == {"dog"}


@settings(deadline=None, max_examples=30)
@given(share=st.floats(0.01, 0.99), seed=st.integers(0, 99))
def test_imbalance_is_met_and_keeps_as_many_rows_as_possible(share, seed):
    labels = rng(seed).permutation(np.arange(N) % 4)
    kept, rows = inject.imbalance(labels, labels, 2, share, rng(seed))
    np.testing.assert_array_equal(kept, labels[rows])
    assert (np.diff(rows) > 0).all()
    counts = np.bincount(kept, minlength=4)
    assert counts[2] / len(kept) == pytest.approx(share, abs=2 / len(kept) + 1e-3)
    assert counts.max() == N // 4  # some class loses nothing
    assert np.ptp(counts[[0, 1, 3]]) <= 1  # the others keep their proportions


def test_label_shift_by_a_column_and_its_errors(table):
    before = table.copy(deep=True)
    kept, rows = inject.label_shift(table, "target", {"class 1": 0.1, "class 2": 0.9}, rng())
    assert (kept["target"] == "class 1").mean() == pytest.approx(0.1, abs=1e-3)
    pd.testing.assert_frame_equal(kept, table.iloc[rows].reset_index(drop=True))
    pd.testing.assert_frame_equal(table, before)
    with pytest.raises(ValueError, match="class 9"):
        inject.label_shift(table, "target", {"class 9": 0.1}, rng())
    with pytest.raises(ValueError, match=r"sum to 0\.5"):
        inject.label_shift(table, "target", {"class 1": 0.25, "class 2": 0.25}, rng())


def test_covariate_shift_changes_x_and_not_y_given_x():
    x = rng(8).normal(0, 1, 40_000)
    y = rng(9).random(40_000) < 1 / (1 + np.exp(-x))
    kept, rows = inject.covariate_shift(x, None, 0.3, rng(), strength=2)
    np.testing.assert_array_equal(kept, x[rows])
    assert len(rows) / len(x) == pytest.approx(0.3, abs=0.01)
    assert kept.mean() > 0.5
    near_one = np.abs(x - 1) < 0.2
    chosen = np.zeros(len(x), bool)
    chosen[rows] = True
    assert y[near_one & chosen].mean() == pytest.approx(y[near_one & ~chosen].mean(), abs=0.06)


def test_duplicates_say_where_they_come_from(table):
    longer, source = inject.duplicates(table, 0.1, rng())
    pd.testing.assert_frame_equal(longer, table.iloc[source].reset_index(drop=True))
    np.testing.assert_array_equal(source[:N], np.arange(N))
    assert len(set(source[N:])) == len(source) - N == pytest.approx(400, abs=80)


def test_near_duplicates_are_near_and_not_equal(table):
    before = table.copy(deep=True)
    longer, source = inject.near_duplicates(table, 0.1, rng(), size=0.01)
    pd.testing.assert_frame_equal(table, before)
    pd.testing.assert_frame_equal(longer.iloc[:N], table)
    copies, originals = longer.iloc[N:].reset_index(drop=True), table.iloc[source[N:]].reset_index(drop=True)
    changed = differs(originals, copies)
    assert changed.any(axis=1).all()
    assert (copies["age"] == originals["age"]).to_numpy().all()
    moved = (copies["income"] - originals["income"]) / table["income"].std()
    assert moved.abs().max() < 0.06
    assert moved.std() == pytest.approx(0.01, rel=0.2)
    assert copies["region"].str.strip().str.lower().to_list() == originals["region"].str.lower().to_list()
    array, source = inject.near_duplicates(NUMBERS, 0.1, rng())
    assert 0 < np.abs(array[N:] - NUMBERS[source[N:]]).max() < 0.2


def test_outliers_are_far_and_units_are_exact(table):
    changed, truth = inject.outliers(table, "height", 0.02, rng(), size=10)
    far = (changed["height"] - table["height"].mean()).abs() / table["height"].std()
    assert far[truth].min() > 5
    assert far[~truth].max() < 5
    changed, truth = inject.unit_mixup(table, "income", 0.02, rng(), factor=0.01)
    assert (changed["income"][truth] / table["income"][truth]).to_numpy() == pytest.approx(0.01)


@pytest.mark.parametrize("strength", [0.0, 0.6, 1.0])
def test_leak_has_its_strength(table, strength):
    before = table.copy(deep=True)
    changed, own = inject.leak(table, "target", strength, rng())
    pd.testing.assert_frame_equal(table, before)
    pd.testing.assert_frame_equal(changed.drop(columns="leak"), table)
    agree = (changed["leak"] == table["target"]).to_numpy()
    assert agree.mean() == pytest.approx(strength + (1 - strength) / 2, abs=0.03)  # two balanced classes
    assert agree[own].all()
    numbers = table["age"].to_numpy(float)
    told = inject.leak(table, numbers, strength, rng())[0]["leak"].to_numpy(float)
    assert np.corrcoef(told, numbers)[0, 1] == pytest.approx(strength, abs=0.05)


def test_columns_that_say_nothing(table):
    changed, name = inject.constant(table)
    assert len(set(changed[name])) == 1
    changed, name = inject.identifier(table, rng())
    assert len(set(changed[name])) == N
    with pytest.raises(ValueError, match="already"):
        inject.identifier(changed, rng())


def test_clean_table_is_seeded_and_has_the_classes_asked_for():
    pd.testing.assert_frame_equal(inject.clean_table(100, rng(1)), inject.clean_table(100, rng(1)))
    counts = inject.clean_table(900, rng(1), classes=3)["target"].value_counts()
    assert counts.to_list() == [300, 300, 300]
    assert pd.api.types.is_float_dtype(inject.clean_table(100, rng(1), classes=0)["target"])
    assert not inject.clean_table(500, rng(2)).isna().to_numpy().any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: inject.missing_completely_at_random(t, 1.5, rng()), r"rate 1\.5"),
        (lambda t: inject.missing_at_random(t, "age", "age", 0.1, rng()), "twice"),
        (lambda t: inject.missing_at_random(t, "agee", "age", 0.1, rng()), "'agee'"),
        (lambda t: inject.outliers(t, "region", 0.1, rng()), "expected numbers"),
        (lambda t: inject.symmetric_noise(1, 0.1), "at least 2"),
        (lambda t: inject.noisy_labels([0, 1], np.eye(3), rng()), r"\(3, 3\) for 2 classes"),
        (lambda t: inject.noisy_labels([0, 1], np.ones((2, 2)), rng()), "sum to"),
        (lambda t: inject.noisy_labels([0, 1, 5], np.eye(2), rng(), classes=[0, 1]), "not among the classes"),
        (lambda t: inject.leak(t, "target", 2.0, rng()), r"strength 2\.0"),
        (lambda t: inject.clean_table(3, rng()), "at least 20"),
        (lambda t: inject.outliers(NUMBERS, 7, 0.1, rng()), "from 0 to 2"),
    ],
)
def test_what_cannot_be_is_said(call, message, table):
    with pytest.raises(ValueError, match=message):
        call(table)


def test_a_seed_is_no_generator(table):
    with pytest.raises(TypeError, match="default_rng"):
        inject.duplicates(table, 0.1, copy.copy(3))  # type: ignore[arg-type]
