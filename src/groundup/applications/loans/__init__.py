"""Which loans go bad? Two tables of one lender: what imbalance does, and what all the columns are good for.

The first part (`imbalance`) has one loan in twenty go bad, and an accuracy of 95% that means nothing. The second
(`full`) takes the lender's whole table: gaps that mean something, columns known only afterwards, a threshold by what
errors cost, probabilities, and who bears the errors. A result of the first part alone is shown alone.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from groundup.applications.loans import full, full_report, full_words, imbalance, imbalance_report
from groundup.applications.loans.imbalance import final_model
from groundup.applications.loans.views import VIEWS

if TYPE_CHECKING:
    from rich.console import Group

    from groundup.report import Page

__all__ = ["QUESTION", "TITLE", "VIEWS", "add_to", "final_model", "run", "sentences", "summary"]

TITLE = "Which loans go bad?"
QUESTION = "From what a lender knows when it grants a loan: which loans will not be paid back on time?"


def run(seeds: int = 5, seed: int = 0, progress: Callable[[str], None] | None = None) -> dict[str, Any]:
    """Carry out both parts; see `imbalance.run` and `full.run`. The second is under ``"full"``."""
    first = imbalance.run(seeds, seed, progress)
    return first | {"full": full.run(seeds, seed, progress)}


def sentences(result: dict[str, Any]) -> list[str]:
    """Say in plain words what the numbers mean."""
    second = full_words.sentences(result["full"]) if "full" in result else []
    return [*imbalance_report.sentences(result), *second]


def summary(result: dict[str, Any]) -> "Group":
    """Return the comparisons as tables for the terminal."""
    from rich.console import Group

    second = ("", full_words.summary(result["full"])) if "full" in result else ()
    return Group(imbalance_report.summary(result), *second)


def add_to(page: "Page", result: dict[str, Any], alone: bool = False) -> "Page":
    """Add the study to a page; every number and figure is one of ``result``."""
    imbalance_report.add_to(page, result, alone)
    return full_report.add_to(page, result["full"]) if "full" in result else page
