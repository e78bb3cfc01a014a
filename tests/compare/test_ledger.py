"""The published ledger is current: its lines are those of today, and its numbers those of this code."""

import re
from pathlib import Path

import pytest

from groundup.compare import ledger
from groundup.compare.cases import CASES
from groundup.compare.evidence import NUMERICAL_TOLERANCE, PARITY_TOLERANCE
from groundup.compare.examine import examine

PAGE = Path(__file__).parents[2] / "docs" / "parity.md"
NUMBER = re.compile(r"\d+(\.\d+)?(e[+-]\d+)?")


def table(page: str) -> list[str]:
    return [line for line in page.splitlines() if line.startswith("|")]


@pytest.fixture(scope="module")
def today() -> ledger.Ledger:
    return ledger.Ledger([examine(case) for case in CASES])


def test_the_published_page_is_current(today):
    # The last digits of rounding errors differ from machine to machine; the lines themselves do not.
    published = [NUMBER.sub("#", line) for line in table(PAGE.read_text(encoding="utf-8"))]
    expected = [NUMBER.sub("#", line) for line in table(ledger.markdown(today))]
    assert published == expected, "run scripts/make_parity.py"


def test_published_errors_are_within_the_tolerances():
    for line in table(PAGE.read_text(encoding="utf-8"))[2:]:
        *_, forward, gradients, numerical, _remark = (cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1])
        for text, limit in (
            (forward, PARITY_TOLERANCE),
            (gradients, PARITY_TOLERANCE),
            (numerical, NUMERICAL_TOLERANCE),
        ):
            assert not text or float(text) <= limit, line


def test_a_wrong_component_shows(today):
    from dataclasses import replace

    spoilt = ledger.Ledger([replace(today.rows[0], failures=("dx: PyTorch disagrees",)), *today.rows[1:]])
    assert today.passed
    assert not spoilt.passed
