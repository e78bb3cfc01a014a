"""ETTh1: load and oil temperature of a power transformer, hour by hour for two years, downloaded once."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

from groundup.data import download
from groundup.data.dataset import Card, File
from groundup.errors import missing_package

if TYPE_CHECKING:
    import pandas

CARD = Card(
    name="ett",
    title="a power transformer, hourly (ETTh1)",
    about=(
        "Six loads (HUFL to LULL: high, middle and low, useful and useless) and the oil temperature (OT, in degrees "
        "Celsius) of one power transformer in China, hourly from July 2016 to June 2018. No cell is empty, but values "
        "repeat where a sensor stood still. The literature takes 12 months to train, 4 to validate and 4 to test."
    ),
    splits={"all": 17_420},
    shape="7 series",
    classes=(),
    licence="CC BY-ND 4.0",
    source="https://github.com/zhouhaoyi/ETDataset",
    citation=(
        "H. Zhou et al. (2021). Informer: Beyond Efficient Transformer for Long Sequence Time-Series Forecasting. AAAI."
    ),
    obtained="download",
    files=(File("ETTh1.csv", 2_589_657, "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066"),),
    urls=("https://raw.githubusercontent.com/zhouhaoyi/ETDataset/main/ETT-small/",),
)


def is_present() -> bool:
    """Whether the file lies in the data folder (its checksum is not looked at)."""
    return download.is_present(CARD)


def fetch() -> Path:
    """Download the file if it is missing, check it, return the folder."""
    return download.fetch(CARD)


def load() -> "pandas.DataFrame":
    """Return the seven series, one hour a row, under their dates; the first time, download them."""
    try:
        import pandas
    except ImportError as error:
        raise missing_package(error.name or "pandas", "applications") from None
    (content,) = download.read(CARD)
    return pandas.read_csv(io.BytesIO(content), index_col="date", parse_dates=True)
