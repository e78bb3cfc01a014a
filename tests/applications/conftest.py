"""What the tests of the case studies share."""

import pytest

pytest.importorskip("sklearn", reason="the case studies need the extra [applications]")

from groundup import data


@pytest.fixture(scope="session")
def lending_club():
    return data.load("lending_club")


@pytest.fixture(scope="session")
def some_loans(lending_club):
    """A third of the loans: enough for a quick trial."""
    return lending_club.iloc[::3].reset_index(drop=True)
