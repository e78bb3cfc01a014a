"""What is known of a flight two hours before it is to leave, and what became of it.

Everything here is computed for a moment: the scheduled departure less two hours. A value that was not known at that
moment must not come in, however convenient the column: that is the one rule of this file, and a test holds it to it.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from groundup.applications.flights.tables import Column, Table
from groundup.applications.preprocessing import Rows
from groundup.data import FlightTables

LATE = 30  # minutes: what counts as late
AHEAD = 120  # minutes before the scheduled departure: the moment of the prediction
BOARD = 180  # minutes of departures that the board looks back on
IMPOSSIBLE = 150  # miles an hour: no wind at these airports

NEW_YORK = "America/New_York"
# Four destinations are missing from the table of airports: three in Puerto Rico, one on Saint Thomas next to it.
ZONES_ADDED = dict.fromkeys(("BQN", "PSE", "SJU", "STT"), "America/Puerto_Rico")

SCHEDULE = ("clock", "clock_sin", "clock_cos", "block", "distance", "pace", "busy")
WEATHER = (
    "temp", "dewp", "humid", "pressure", "visib", "wind_speed", "wind_east", "wind_north", "gust", "rain",
)  # fmt: skip
DEPARTURES = ("board_origin", "board_carrier", "board_city", "board_flights")
NUMBERS = SCHEDULE + WEATHER + DEPARTURES
CATEGORIES = ("origin", "carrier", "dest", "weekday")
FLIGHT = "flight"  # airline and flight number: thousands of categories


@dataclass(frozen=True)
class Departures:
    """All flights in the order of their scheduled departures; every array and table has one row for each.

    Parameters
    ----------
    known : what is known ``AHEAD`` minutes before: `NUMBERS`, `CATEGORIES` and `FLIGHT`.
    event : 1 where the flight came more than ``LATE`` minutes late or not at all, otherwise 0.
    day, month : of the departure, local time; the first of January is day 1.
    record : the rows of the table of flights, with ``scheduled``, the departure in UTC. Nothing learns from it.
    """

    known: Table
    event: np.ndarray
    day: np.ndarray
    month: np.ndarray
    record: Table


def prepare(tables: FlightTables) -> Departures:
    """Join the tables and compute what is known of each flight."""
    flights: Table = tables.flights
    scheduled = pd.to_datetime(flights["time_hour"], utc=True) + pd.to_timedelta(flights["minute"], unit="min")
    record = flights.assign(scheduled=scheduled)
    record = record.sort_values(["scheduled", "origin", "carrier", "flight"], kind="stable", ignore_index=True)
    local = record["scheduled"].dt.tz_convert(NEW_YORK)
    known = pd.concat([schedule(record, tables.airports), weather_known(record, tables.weather), board(record)], axis=1)
    known[["origin", "carrier", "dest"]] = record[["origin", "carrier", "dest"]]
    known["weekday"] = local.dt.day_name()
    known[FLIGHT] = record["carrier"] + record["flight"].astype(str)
    return Departures(
        known, event(record), local.dt.day_of_year.to_numpy(), local.dt.month.to_numpy(), record
    )  # fmt: skip


def event(flights: Table) -> np.ndarray:
    """Return 1 for each flight that came more than ``LATE`` minutes late or not at all (cancelled, diverted).

    Written as *not on time*: a missing delay is not on time. ``arr_delay > 30`` would call every cancelled flight
    punctual, for a comparison with a missing value is false.
    """
    return (~(flights["arr_delay"] <= LATE)).to_numpy().astype(int)


def parts(month: np.ndarray) -> Rows:
    """Split by time: January to August trains, September and October choose, November and December test."""
    train, validation, test = (np.flatnonzero(part) for part in (month <= 8, (month > 8) & (month < 11), month >= 11))
    return Rows(train, validation, test)


def schedule(record: Table, airports: Table) -> Table:
    """Return what the timetable says. It is published long before, so it may count flights still to come.

    ``block`` is the time from gate to gate in minutes, ``pace`` how much of it is left at 480 miles an hour, ``busy``
    the number of departures in the same hour at the same airport. Midnight follows 23:59, hence sine and cosine.
    There is no month and no date: those of the test split do not occur in training, so nothing can be learned of them.
    """
    clock = _minutes(record["sched_dep_time"])
    angle = 2 * np.pi * clock / 1440
    block = block_minutes(record, airports)
    return pd.DataFrame(
        {
            "clock": clock,
            "clock_sin": np.sin(angle),
            "clock_cos": np.cos(angle),
            "block": block,
            "distance": record["distance"],
            "pace": block - record["distance"] / 8,
            "busy": record.groupby(["origin", "time_hour"])["flight"].transform("size"),
        }
    )


def block_minutes(record: Table, airports: Table) -> Column:
    """Return the scheduled minutes from departure to arrival.

    Departure is on New York's clock and arrival on that of the destination, so the difference of the two is wrong by
    the difference of the zones, which changes over the year: Arizona has no summer time.
    """
    zones = record["dest"].map(dict(zip(airports["faa"], airports["tzone"])) | ZONES_ADDED)
    ahead = pd.Series(0.0, index=record.index)  # minutes by which the destination's clock is ahead of New York's
    here = _offset(record["scheduled"], NEW_YORK)
    for zone, moments in record["scheduled"].groupby(zones):
        ahead[moments.index] = _offset(moments, str(zone)) - here[moments.index]
    return (_minutes(record["sched_arr_time"]) - _minutes(record["sched_dep_time"]) - ahead) % 1440


def weather_known(record: Table, weather: Table) -> Table:
    """Return the latest weather of the airport that was known at the moment of the prediction.

    The record of an hour is taken to be known when the hour is over. Where hours are missing, an older one serves, up
    to six hours old. The usual join, on origin and ``time_hour``, takes the weather of the hour of departure.
    """
    reports = weather_reports(weather)
    reports["at"] = reports["at"] + pd.Timedelta(hours=1)
    moments = record[["origin"]].assign(at=record["scheduled"] - pd.Timedelta(minutes=AHEAD))
    joined = pd.merge_asof(moments, reports, on="at", by="origin", tolerance=timedelta(hours=6))
    return joined[list(WEATHER)]


def weather_of_the_hour(record: Table, weather: Table) -> Table:
    """Return the weather in the hour of departure: the documented join, and two hours before departure a prophecy."""
    hours = record[["origin"]].assign(at=pd.to_datetime(record["time_hour"], utc=True))
    return hours.merge(weather_reports(weather), how="left", on=["origin", "at"], validate="many_to_one")[list(WEATHER)]


def weather_reports(weather: Table) -> Table:
    """Return the weather in the units of a model, with ``origin`` and the start of the hour, ``at``, in order of time.

    A wind is an arrow, so it becomes two numbers: 359 degrees are next to 1. No gust is reported where there is none:
    the missing value means the wind itself. A wind that can't be (one is given as 1,048 miles an hour) is unknown.
    Rain is mostly zero and seldom much, so its logarithm is taken.
    """
    angle = np.deg2rad(weather["wind_dir"])
    speed, gust = (weather[name].where(weather[name] < IMPOSSIBLE) for name in ("wind_speed", "wind_gust"))
    reports = weather[["origin", "temp", "dewp", "humid", "pressure", "visib"]].assign(
        at=pd.to_datetime(weather["time_hour"], utc=True),
        wind_speed=speed,
        wind_east=speed * np.sin(angle),
        wind_north=speed * np.cos(angle),
        gust=gust.fillna(speed),
        rain=np.log1p(100 * weather["precip"]),
    )
    return reports.sort_values("at", kind="stable", ignore_index=True)


def board(record: Table) -> Table:
    """Return what the board at the airport shows: the share of recent departures that did not leave in time.

    At the moment of the prediction it is known of each flight that was to leave at least half an hour before whether
    it left within that half hour; whether it left later or never is not. The shares are over such flights of the last
    three hours: at the same airport, of the same airline there, at all three. Before the first of them a share is
    missing. ``board_flights`` is the number of those at the same airport.
    """
    minute = record["scheduled"].astype("datetime64[s, UTC]").astype("int64").to_numpy() // 60
    missed = (~(record["dep_delay"] <= LATE)).to_numpy()
    here, flights = recent_share(minute, missed, record["origin"].to_numpy())
    carrier, _ = recent_share(minute, missed, (record["origin"] + record["carrier"]).to_numpy())
    city, _ = recent_share(minute, missed, np.zeros(len(record)))
    return pd.DataFrame(
        {"board_origin": here, "board_carrier": carrier, "board_city": city, "board_flights": flights.astype(float)}
    )


def recent_share(minute: np.ndarray, missed: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each flight, return the share of ``missed`` among the settled flights of its group, and their number.

    Settled at ``minute - AHEAD`` are those that were scheduled at least ``LATE`` minutes before that; the share is over
    the latest ``BOARD`` minutes of them. Sums over a sliding window are differences of running sums.

    Parameters
    ----------
    minute : (N,) scheduled departures, ascending.
    missed : (N,) whether a flight had not left ``LATE`` minutes after its time.
    group : (N,) whose board it stands on.
    """
    share, number = np.full(len(minute), np.nan), np.zeros(len(minute), int)
    for rows in pd.Series(np.arange(len(minute))).groupby(group).indices.values():
        times, total = minute[rows], np.concatenate([[0], np.cumsum(missed[rows])])
        latest = times - AHEAD - LATE
        first, last = (np.searchsorted(times, moment, side="right") for moment in (latest - BOARD, latest))
        count = last - first
        share[rows] = np.where(count > 0, (total[last] - total[first]) / np.maximum(count, 1), np.nan)
        number[rows] = count
    return share, number


def _minutes(clock: Column) -> Column:
    """Turn a clock time written as a number, 1735, into minutes after midnight."""
    return clock // 100 * 60 + clock % 100


def _offset(moments: Column, zone: str) -> Column:
    """The minutes by which the clock of a zone is ahead of UTC."""
    return (moments.dt.tz_convert(zone).dt.tz_localize(None) - moments.dt.tz_localize(None)).dt.total_seconds() / 60
