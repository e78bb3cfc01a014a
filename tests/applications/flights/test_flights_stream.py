"""Streamed batches: every row once, in a new order, with a memory that does not grow with the file."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from groundup.applications.flights.network import StreamedNetwork
from groundup.applications.flights.stream import RecordFile, peak_memory


def write(path, rows: int) -> RecordFile:
    file = RecordFile(path, numbers=2, codes=1)
    for part in np.array_split(np.arange(rows), 3):  # in three pieces, as chunks come
        file.append(np.stack([part, -part], axis=1), part[:, None], part % 2)
    return file


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 90), st.integers(1, 40), st.integers(1, 12), st.integers(1, 5), st.booleans())
def test_every_row_comes_once(tmp_path_factory, rows, size, block, window, shuffled):
    file = write(tmp_path_factory.mktemp("stream") / "rows", rows)
    assert len(file) == rows
    rng = np.random.default_rng(0) if shuffled else None
    batches = [batch.copy() for batch in file.batches(size, rng, block, window)]
    assert all(1 <= len(batch) <= size for batch in batches)
    found = np.concatenate(batches)
    if not shuffled:
        np.testing.assert_array_equal(found["codes"][:, 0], np.arange(rows))
    np.testing.assert_array_equal(np.sort(found["codes"][:, 0]), np.arange(rows))
    np.testing.assert_array_equal(found["numbers"], np.stack([found["codes"][:, 0], -found["codes"][:, 0]], axis=1))
    np.testing.assert_array_equal(found["label"], found["codes"][:, 0] % 2)


def test_a_shuffle_mixes_far_and_near_rows_anew_in_each_epoch(tmp_path):
    file = write(tmp_path / "rows", 4000)
    rng = np.random.default_rng(0)
    first, second = (next(file.batches(100, rng, block=20, window=50))["codes"][:, 0].copy() for _ in range(2))
    assert first.max() - first.min() > 3000
    assert set(first) != set(second)


def test_memory_does_not_grow_with_the_file(tmp_path):
    file = write(tmp_path / "rows", 80_000)

    def epoch(rows):
        for _ in file.batches(128, np.random.default_rng(0), block=64, window=16, rows=rows):
            pass

    small, large = (peak_memory(lambda rows=rows: epoch(rows)) for rows in (10_000, 80_000))
    whole = peak_memory(lambda: np.fromfile(file.path, file.record))
    assert whole == pytest.approx(80_000 * file.record.itemsize, rel=0.01)  # the measure measures
    assert large < 0.1 * whole
    assert large - small < 8 * 80_000 / 64 + 2_000  # no more than the list of blocks


@pytest.fixture(scope="module")
def table():
    """A category that decides, one that does not, and numbers with gaps that say nothing."""
    rng = np.random.default_rng(0)
    rows = 4000
    table = pd.DataFrame({"place": rng.choice(list("abcdefgh"), rows), "noise": rng.choice(list("xyz"), rows)})
    table["number"] = np.where(rng.random(rows) < 0.2, np.nan, rng.standard_normal(rows))
    chances = dict(zip("abcdefgh", [0.05, 0.9, 0.1, 0.8, 0.05, 0.95, 0.1, 0.9]))
    chance = np.array([chances[place] for place in table["place"]])
    return table, (rng.random(rows) < chance).astype(int)


def network(**settings) -> StreamedNetwork:
    return StreamedNetwork(("number",), ("place", "noise"), hidden=(16,), batch_size=64, learning_rate=0.01, **settings)


def test_the_network_learns_what_a_category_means(table):
    frame, event = table
    state = torch.random.get_rng_state()
    fitted = network(epochs=3).fit(frame.iloc[:3000], event[:3000])
    assert torch.equal(torch.random.get_rng_state(), state)  # the caller's random numbers are left alone
    scores = fitted.decision_function(frame.iloc[3000:])
    assert roc_auc_score(event[3000:], scores) > 0.85
    assert fitted.history[-1] < fitted.history[0]
    again = network(epochs=3).fit(frame.iloc[:3000], event[:3000])
    np.testing.assert_array_equal(again.decision_function(frame.iloc[3000:]), scores)


def test_unknown_categories_and_missing_numbers_are_scored(table):
    frame, event = table
    fitted = network(epochs=1).fit(frame, event)
    strange = pd.DataFrame({"place": ["nowhere", "a"], "noise": ["?", "?"], "number": [np.nan, 1e6]})
    assert np.isfinite(fitted.decision_function(strange)).all()
