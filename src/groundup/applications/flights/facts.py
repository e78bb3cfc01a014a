"""What the report says about the data themselves, and about memory."""

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from groundup import data
from groundup.applications.flights.encoding import Codes
from groundup.applications.flights.knowledge import CATEGORIES, FLIGHT, IMPOSSIBLE, Departures, weather_of_the_hour
from groundup.applications.flights.learners import Learner
from groundup.applications.flights.network import StreamedNetwork
from groundup.applications.flights.stream import peak_memory
from groundup.applications.flights.tables import Table
from groundup.applications.preprocessing import Rows
from groundup.data import FlightTables


def describe(tables: FlightTables, flights: Departures, rows: Rows) -> dict[str, Any]:
    """Return counts and shares of everything that is wrong with the data, or would be wrong if taken as it comes."""
    weather: Table = tables.weather
    card, record, known = data.card("nycflights13"), flights.record, flights.known
    gone = record["dep_time"].isna().to_numpy()
    diverted = ~gone & record["arr_delay"].isna().to_numpy()
    naive_block = (record["sched_arr_time"] // 100 - record["sched_dep_time"] // 100) * 60
    naive_block += record["sched_arr_time"] % 100 - record["sched_dep_time"] % 100
    local_hour = weather.duplicated(["origin", "year", "month", "day", "hour"]).to_numpy()
    of_the_hour = weather_of_the_hour(record, tables.weather)
    trained = set(known[FLIGHT].iloc[rows.train])
    return {
        "name": card.name, "licence": card.licence, "source": card.source, "citation": card.citation,
        "rows": len(record), "columns": tables.flights.shape[1], "dropped": len(tables.flights) - len(known),
        "event": int(flights.event.sum()), "prevalence": float(flights.event.mean()),
        "late": int((record["arr_delay"] > 30).to_numpy().sum()),
        "cancelled": int(gone.sum()), "diverted": int(diverted.sum()),
        "parts": {
            name: {"rows": len(part), "event": float(flights.event[part].mean()), "cancelled": float(gone[part].mean())}
            for name, part in (("train", rows.train), ("validation", rows.validation), ("test", rows.test))
        },
        "no_tail": int(record["tailnum"].isna().to_numpy().sum()),
        "no_tail_cancelled": int((record["tailnum"].isna().to_numpy() & gone).sum()),
        "planes_unknown": float((~record["tailnum"].isin(tables.planes["tailnum"])).mean()),
        "airports_unknown": sorted(set(record["dest"]) - set(tables.airports["faa"])),
        "weather_rows": len(weather),
        "gust_missing": float(weather["wind_gust"].isna().mean()),
        "pressure_missing": float(weather["pressure"].isna().mean()),
        "impossible_wind": int((weather["wind_speed"] >= IMPOSSIBLE).to_numpy().sum()),
        "highest_wind": float(weather["wind_speed"].max()),
        "hours_twice": int(local_hour.sum()),
        "no_weather_of_hour": int(of_the_hour["temp"].isna().to_numpy().sum()),
        "no_weather_known": int(known["temp"].isna().to_numpy().sum()),
        "no_board": int(known["board_origin"].isna().to_numpy().sum()),
        "block_too_short": float((known["block"] < record["air_time"]).mean()),
        "naive_block_too_short": float((naive_block % 1440 < record["air_time"]).mean()),
        "categories": {name: int(known[name].nunique()) for name in (*CATEGORIES, FLIGHT)},
        "flights_unseen": {
            name: float((~known[FLIGHT].iloc[part].isin(trained)).mean())
            for name, part in (("validation", rows.validation), ("test", rows.test))
        },
        "by_month": [
            {"month": int(month), "event": float(flights.event[of].mean()), "cancelled": float(gone[of].mean())}
            for month in np.unique(flights.month) for of in [flights.month == month]
        ],
        "cancelled_by": cancelled_by(known, gone),
        "worst_days": worst_days(record, gone),
    }  # fmt: skip


def cancelled_by(known: Table, gone: np.ndarray) -> list[dict[str, Any]]:
    """Return the share of cancelled flights in bins of what was known two hours before."""
    bins = [
        ("visibility 10 miles", known["visib"] >= 10),
        ("visibility 3 to 10 miles", (known["visib"] >= 3) & (known["visib"] < 10)),
        ("visibility under 3 miles", known["visib"] < 3),
        ("board: under 10% left too late", known["board_origin"] < 0.1),
        ("board: 10% to 50% too late", (known["board_origin"] >= 0.1) & (known["board_origin"] < 0.5)),
        ("board: 50% or more too late", known["board_origin"] >= 0.5),
    ]
    return [
        {"bin": name, "flights": int(inside.sum()), "cancelled": float(gone[inside].mean()) if inside.any() else None}
        for name, inside in bins
    ]


def worst_days(record: Table, gone: np.ndarray, number: int = 5) -> list[dict[str, Any]]:
    """Return the days on which the largest shares of flights were cancelled."""
    days: Table = pd.Series(gone).groupby([record["month"].to_numpy(), record["day"].to_numpy()]).agg(["mean", "size"])
    worst = days.sort_values("mean", ascending=False).head(number)
    return [
        {"month": int(month), "day": int(day), "flights": int(one["size"]), "cancelled": float(one["mean"])}
        for (month, day), one in worst.iterrows()
    ]


def memory(learner: Learner, flights: Departures, rows: Rows) -> dict[str, Any]:
    """Measure the memory that an epoch of shuffled batches takes: streamed from a file, and from arrays held whole.

    Both are measured at an eighth, a quarter, a half and all of the training rows. What a dense matrix with a column
    for each category would take is computed, not measured.
    """
    table, event = flights.known.iloc[rows.train], flights.event[rows.train]
    network = StreamedNetwork(learner.numbers, (*CATEGORIES, FLIGHT))
    network.prepare(table)
    found: dict[str, Any] = {"rows": [], "streamed": [], "whole": []}
    with tempfile.TemporaryDirectory() as folder:
        file = network.write(Path(folder, "rows"), table, event)

        def stream(count: int) -> None:
            for _ in file.batches(network.batch_size, np.random.default_rng(0), rows=count):
                pass

        def hold(count: int) -> None:
            held = np.fromfile(file.path, file.record, count)
            order = np.random.default_rng(0).permutation(count)
            for start in range(0, count, network.batch_size):
                held[order[start : start + network.batch_size]]

        for count in (len(file) // 8, len(file) // 4, len(file) // 2, len(file)):
            found["rows"].append(count)
            found["streamed"].append(peak_memory(lambda count=count: stream(count)))
            found["whole"].append(peak_memory(lambda count=count: hold(count)))
        found["file"] = file.path.stat().st_size
        found["record"] = file.record.itemsize
    width = file.record["numbers"].shape[0] + sum(Codes().fit(table[name], 1).size for name in (*CATEGORIES, FLIGHT))
    found["dense_columns"], found["dense"] = width, 4 * width * len(table)
    found["process"] = process_peak()
    found["pandas"] = int(flights.record.memory_usage(deep=True).sum())
    return found


def process_peak() -> int | None:
    """Return the most bytes of memory this process ever held, where the system tells."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak  # kilobytes but on macOS
