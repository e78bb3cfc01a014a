"""What is known two hours before: nothing that happens later can change it, and the joins are right by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.applications.flights import knowledge
from groundup.applications.flights.knowledge import AHEAD, BOARD, CATEGORIES, FLIGHT, LATE, NUMBERS


@pytest.mark.parametrize("moment", ["2013-02-08 19:00", "2013-07-01 21:30", "2013-11-03 10:15", "2013-12-14 15:45"])
def test_nothing_that_happens_later_changes_what_is_known(tables, flights, moment):
    moment = pd.Timestamp(moment, tz="UTC")
    rng = np.random.default_rng(0)
    spoiled = tables.flights.copy()
    scheduled = pd.to_datetime(spoiled["time_hour"], utc=True) + pd.to_timedelta(spoiled["minute"], unit="min")
    # Who has not left by then: cancelled flights leave late, others are cancelled or leave still later.
    left = scheduled + pd.to_timedelta(spoiled["dep_delay"], unit="min")
    waiting = ~(left <= moment)
    later = (moment - scheduled).dt.total_seconds() / 60 + rng.integers(1, 600, len(spoiled))
    spoiled["dep_delay"] = spoiled["dep_delay"].where(~waiting, later.where(rng.random(len(spoiled)) < 0.5))
    # How a flight arrives is known of none that a board might show.
    for column in ("dep_time", "arr_time", "arr_delay", "air_time", "tailnum"):
        spoiled[column] = rng.permutation(spoiled[column])
    weather = tables.weather.copy()
    future = (pd.to_datetime(weather["time_hour"], utc=True) + pd.Timedelta(hours=1) > moment).to_numpy()
    for column in ("temp", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib"):
        weather.loc[future, column] = rng.permutation(weather.loc[future, column])
    after = knowledge.prepare(tables._replace(flights=spoiled, weather=weather))
    asked = (flights.record["scheduled"] - pd.Timedelta(minutes=AHEAD) <= moment).to_numpy()
    assert asked.any()
    pd.testing.assert_frame_equal(after.known.loc[asked], flights.known.loc[asked])
    # The check has teeth: what is asked later does change.
    assert not after.known.loc[~asked].equals(flights.known.loc[~asked])


def test_no_column_that_is_known_afterwards_is_a_feature(flights):
    assert list(flights.known) == [*NUMBERS, *CATEGORIES, FLIGHT]
    afterwards = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "tailnum", "month", "day", "time_hour"}
    assert not afterwards & set(flights.known)


def test_late_means_more_than_half_an_hour_or_never():
    frame = pd.DataFrame({"arr_delay": [-5.0, 30.0, 31.0, np.nan]})
    assert knowledge.event(frame).tolist() == [0, 0, 1, 1]


def test_flights_are_in_order_and_none_is_lost(tables, flights):
    assert len(flights.known) == len(flights.event) == len(tables.flights)
    assert flights.record["scheduled"].is_monotonic_increasing
    rows = knowledge.parts(flights.month)
    together = np.concatenate([rows.train, rows.validation, rows.test])
    np.testing.assert_array_equal(together, np.arange(len(flights.known)))  # by time, and every flight in one part
    assert set(flights.month[rows.test]) == {11, 12}


@pytest.mark.parametrize(
    ("dest", "day", "leaves", "arrives", "minutes"),
    [
        ("LAX", "2013-07-01", 1000, 1300, 360),  # three hours west
        ("HNL", "2013-01-15", 1000, 1500, 600),  # five hours in winter
        ("HNL", "2013-07-15", 1000, 1500, 660),  # six in summer: Hawaii has no summer time
        ("SJU", "2013-01-15", 900, 1400, 240),  # not in the table of airports; an hour ahead in winter
        ("LAX", "2013-07-01", 2330, 200, 330),  # arrives after midnight
        ("BOS", "2013-07-01", 800, 910, 70),
    ],
)
def test_block_time_by_hand(tables, dest, day, leaves, arrives, minutes):
    scheduled = pd.Timestamp(f"{day} {leaves // 100:02}:{leaves % 100:02}", tz="America/New_York").tz_convert("UTC")
    record = pd.DataFrame(
        {"dest": [dest], "sched_dep_time": [leaves], "sched_arr_time": [arrives], "scheduled": [scheduled]}
    )
    assert knowledge.block_minutes(record, tables.airports).tolist() == [minutes]


def weather(hours: list[str], temp: list[float], **columns) -> pd.DataFrame:
    base = dict(
        origin="JFK", dewp=1.0, humid=1.0, pressure=1.0, visib=1.0, wind_dir=90.0, wind_speed=10.0, wind_gust=np.nan,
        precip=0.0,
    )  # fmt: skip
    return pd.DataFrame({"time_hour": hours, "temp": temp}).assign(**(base | columns))


@pytest.mark.parametrize(
    ("scheduled", "temp"),
    [
        ("13:00", 10.0),  # asked at 11:00: the hour of 10 is just over
        ("12:59", 9.0),  # asked at 10:59: it is not
        ("19:59", 11.0),  # asked at 17:59: the report of 11 was known at 12
        ("20:01", np.nan),  # more than six hours old
        ("10:59", np.nan),  # nothing is known yet
    ],
)
def test_the_weather_is_that_of_the_last_hour_that_is_over(scheduled, temp):
    reports = weather([f"2013-05-01T{hour:02}:00:00Z" for hour in (9, 10, 11)], [9.0, 10.0, 11.0])
    record = pd.DataFrame({"origin": ["JFK"], "scheduled": [pd.Timestamp(f"2013-05-01 {scheduled}", tz="UTC")]})
    np.testing.assert_array_equal(knowledge.weather_known(record, reports)["temp"], [temp])


def test_weather_in_the_units_of_a_model():
    winds = {"wind_speed": [10.0, 1048.0, 10.0], "wind_gust": [np.nan, np.nan, 25.0]}
    reports = knowledge.weather_reports(weather(["2013-05-01T09:00:00Z"] * 3, [1.0, 2.0, 3.0], **winds))
    assert reports["gust"].fillna(-1).tolist() == [10.0, -1.0, 25.0]  # no gust: the wind; an impossible wind: unknown
    assert reports["wind_east"].fillna(-1).tolist() == [10.0, -1.0, 10.0]
    np.testing.assert_allclose(reports["wind_north"].iloc[0], 0, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 900), st.booleans(), st.sampled_from("ab")), min_size=1, max_size=40))
def test_the_board_is_what_its_definition_says(rows):
    rows.sort(key=lambda row: row[0])
    minute, missed, group = (np.array(column) for column in zip(*rows))
    share, number = knowledge.recent_share(minute, missed, group)
    for place in range(len(rows)):
        latest = minute[place] - AHEAD - LATE
        shown = [
            gone for time, gone, of in rows if of == group[place] and latest - BOARD < time <= latest
        ]  # fmt: skip
        assert number[place] == len(shown)
        np.testing.assert_allclose(share[place], np.mean(shown) if shown else np.nan)
