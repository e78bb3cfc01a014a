"""The model card of the flight study."""

from typing import Any

from groundup import data
from groundup.applications.flights.knowledge import AHEAD, LATE, Departures
from groundup.applications.model_card import ModelCard
from groundup.applications.preprocessing import Rows


def card(models: dict[str, Any], flights: Departures, rows: Rows) -> ModelCard:
    """Return the card of the contestant that came first."""
    contestants = [model for model in models.values() if model["role"] == "contestant"]
    best = max(contestants, key=lambda model: model["metrics"]["average_precision"]["mean"])
    described = data.card("nycflights13")
    encoding = {"none": "without the flight number"}.get(best["encoding"], f"flight number: {best['encoding']}")
    decided = best["metrics"]
    numbers = () if best["encoding"] == "none" else (_unseen(flights, rows),)
    early = decided["recall_no_board"]["mean"]
    flagged = decided["flagged"]["mean"] / len(rows.test)
    return ModelCard(
        model=(
            f"{best['name'].capitalize()} ({best['setting']}; {encoding}), the best of three learners with six trials "
            f"each on {len(rows.validation):,} flights of September and October. It gives the chance that a flight "
            f"comes more than {LATE} minutes late or not at all, {AHEAD // 60} hours before it is to leave."
        ),
        data=(
            f"{len(rows.train):,} departures from three airports of New York, January to August 2013, with the weather "
            "there and the departures of the hours before. One year, so no season is seen twice, and the winter of "
            "the test split is not the winter of the training split. Nothing is known of the incoming aircraft, of "
            "the weather at the destination, or of the reasons for a delay."
        ),
        licence=(
            f"{described.licence}, as its DESCRIPTION says; the terms of the original sources are not restated there "
            "(Bureau of Transportation Statistics, ASOS by way of the Iowa Environmental Mesonet, FAA registry, "
            "OpenFlights)."
        ),
        intended_use="To learn from: how leakage, time and missing outcomes make a model look better than it is.",
        not_for=(
            "Advising travellers or planning crews today: airlines, timetables and airports have changed since 2013. "
            "Nor for blaming an airline: its flights differ in hour, airport and route, and the model does not say "
            "why a flight is late."
        ),
        limits=(
            f"Base rates move: {flights.event[rows.validation].mean():.1%} of the flights were late or cancelled in "
            f"September and October, {flights.event[rows.test].mean():.1%} in November and December. Thresholds and "
            "repaired probabilities come from the former.",
            "The first flights of a day have no board of departures to look at, and a storm that has not begun is on "
            "no board.",
            "Storms are few: one more stormy day in two months would move every number.",
            "The record of an hour of weather is taken to be known when the hour is over; when it was in fact "
            "published is not in the data.",
            *numbers,
        ),
        harm=(
            "A traveller who is warned for nothing may stay at home or rebook and pay for it: at the chosen threshold "
            f"{flagged:.0%} of the flights are flagged and {1 - (decided['precision']['mean'] or 0):.0%} of the flags "
            "are wrong. A traveller who is not warned waits, or misses a connection: "
            f"{1 - decided['recall']['mean']:.0%} of the late and cancelled flights are missed"
            + (
                f"; of those before which the board showed no departures, the early ones, {1 - early:.0%}."
                if early is not None
                else "."
            )
        ),
    )


def _unseen(flights: Departures, rows: Rows) -> str:
    numbers = flights.known["flight"]
    unseen = float((~numbers.iloc[rows.test].isin(set(numbers.iloc[rows.train]))).mean())
    return (
        f"Flight numbers change with the timetable; {unseen:.0%} of the flights of the test split have one that "
        "training never saw."
    )
