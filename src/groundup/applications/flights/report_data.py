"""The first half of the page of the flight study: the data, what is wrong with them, and the usual mistakes."""

from typing import TYPE_CHECKING, Any

from groundup.applications.flights.words import MONTHS, mean, percent, signed, spread

if TYPE_CHECKING:
    from groundup.report import Page


def moment(page: "Page", result: dict[str, Any]) -> None:
    ahead = result["fixed"]["ahead"] // 60
    page.text(
        f"The prediction is made {ahead} hours before the scheduled departure, and every feature is computed as of "
        "that moment, flight by flight. The column of a table says nothing about when its value became known; this has "
        "to be asked for each of them."
    )
    page.table(
        ["what", "known", "used"],
        [
            ["timetable: airline, flight number, airports, times, distance", "months before", "yes"],
            [f"weather at the airport, up to the last full hour {ahead} h before", "at the moment", "yes"],
            ["whether flights due half an hour before or more have left in time", "at the moment", "yes"],
            ["weather of the hour of departure", "after departure, for most flights", "no"],
            ["departure time and delay", "at departure", "no"],
            ["tail number", "recorded afterwards; missing for cancelled flights alone", "no"],
            ["arrival, delay at arrival, time in the air", "on arrival", "to score"],
        ],
        "When each part of the table became known.",
    )


def data(page: "Page", result: dict[str, Any]) -> None:
    from groundup.applications.flights import pictures

    facts, fixed = result["data"], result["fixed"]
    parts = facts["parts"]
    page.text(f"`{facts['name']}`. Licence: {facts['licence']}. Source: {facts['source']}. {facts['citation']}")
    unknown = ", ".join(f"`{name}`" for name in facts["airports_unknown"])
    page.points(
        [
            f"**Rows dropped: {facts['dropped']:,}.** Every scheduled departure is in the study; those with missing "
            "values are the ones that it is about.",
            f"**The label.** 'Not on time' is written as `not (arr_delay <= {fixed['late']})`, which is true of a "
            f"missing delay. `arr_delay > {fixed['late']}` is false of it, and would call "
            f"{facts['cancelled'] + facts['diverted']:,} cancelled and diverted flights punctual.",
            "**Time zones.** Departures are on New York's clock, arrivals on that of the destination, `time_hour` in "
            f"UTC. Taken as they are, {facts['naive_block_too_short']:.0%} of the flights would be scheduled to take "
            f"less time than they then spent in the air; with the zones, {facts['block_too_short']:.1%}. "
            f"{len(facts['airports_unknown'])} destinations ({unknown}) are missing from the table of airports, and "
            "their zone was filled in by hand.",
            f"**An hour that comes twice.** When the clocks go back, {facts['hours_twice']} rows of the weather have "
            "the local date and hour of another one. The joins are on UTC.",
            f"**Gaps in the weather.** It ends a day before the flights do: {facts['no_weather_of_hour']:,} flights "
            "have no weather of their hour. The last known report, at most six hours old, serves; "
            f"{facts['no_weather_known']:,} flights have none. Air pressure is missing in "
            f"{facts['pressure_missing']:.0%} of the reports.",
            f"**A missing value that means something.** No gust is given in {facts['gust_missing']:.0%} of the "
            "reports: there was none. The wind itself is filled in; the mean of the gusts would invent storms.",
            f"**An impossible value.** {facts['impossible_wind']} report gives a wind of "
            f"{facts['highest_wind']:,.0f} miles an hour. It is taken as unknown.",
            f"**Planes.** {facts['planes_unknown']:.0%} of the flights have a tail number that is missing, or not in "
            "the table of planes (two airlines report fleet numbers). It is not used, for a second reason: see below.",
            f"**One year.** Winter occurs at its start and at its end, every other season once. January to August "
            f"trains ({parts['train']['rows']:,} flights), September and October choose "
            f"({parts['validation']['rows']:,}), November and December test ({parts['test']['rows']:,}), once. The "
            f"share of late and cancelled flights moves from {parts['train']['event']:.1%} over "
            f"{parts['validation']['event']:.1%} to {parts['test']['event']:.1%}.",
        ]
    )
    page.figure(
        pictures.months(
            facts["by_month"], {"event": "late, diverted or cancelled", "cancelled": "cancelled"}, (8.5, 10.5)
        ),
        "Flights by month. The dashed lines divide training, validation and test.",
        "Line chart of late or cancelled flights by month: "
        + ", ".join(f"{MONTHS[one['month']]} {one['event']:.1%}" for one in facts["by_month"])
        + ".",
    )


def missing(page: "Page", result: dict[str, Any]) -> None:
    from groundup import plots

    facts, found = result["data"], result["verdict"]
    bins = [one for one in facts["cancelled_by"] if one["cancelled"] is not None]
    worst = ", ".join(f"{one['day']} {MONTHS[one['month']]} {one['cancelled']:.0%}" for one in facts["worst_days"])
    page.text(
        f"A flight without a departure time did not depart: all {facts['cancelled']:,} of them were cancelled. Which "
        "ones is no accident. The chance grows with what could be seen two hours before, and on a few days it is not a "
        f"chance any more: {worst} of the flights. Such values are missing **not at random**: whether they are missing "
        "depends on what they would have been. Dropping them drops the worst days; filling in the mean says that a "
        "cancelled flight was about on time.\n\n"
        f"{facts['no_tail']:,} flights have no tail number, and {facts['no_tail_cancelled']:,} of these were "
        "cancelled. To mark what is missing by a column of its own is good advice, and here it hands over the answer: "
        "no aircraft was ever assigned to them.\n\n"
        f"The score of {result['models'][found['ranking'][0]]['name']}, made for late flights of all kinds, puts the "
        "flights of the test split that were cancelled before the others with a ROC-AUC of "
        f"{spread(found, 'cancelled_roc_auc')}."
    )
    page.figure(
        plots.bars(
            [f"{one['bin']} ({one['flights']:,})" for one in bins],
            [100 * one["cancelled"] for one in bins],
            label="cancelled, % of the flights",
            baseline=100 * facts["cancelled"] / facts["rows"],
            form="{:.1f}",
        ),
        "Cancelled flights by what was known two hours before: visibility, and the share of recent departures from the "
        "airport that had not left in time. The dashed line is the share of all flights.",
        "Bar chart of cancelled flights: " + ", ".join(f"{one['bin']} {one['cancelled']:.1%}" for one in bins) + ".",
    )


def mistakes(page: "Page", result: dict[str, Any]) -> None:
    from groundup.applications.flights import pictures

    mistakes, test = result["mistakes"], result["data"]["parts"]["test"]["event"]
    page.text(
        "One thing is done wrong at a time, with the same gradient boosting. **Promised** is what its author would "
        "report, from rows held out in the author's way. **Delivered** is the same fitted model on the flights of "
        "November and December, given what is known two hours before departure, and judged by what became of them all."
    )
    page.points([f"**{one['name'].capitalize()}.** {one['what']}" for key, one in mistakes.items() if key != "honest"])
    gaps = [mean(one, "promised_roc_auc") - mean(one, "delivered_roc_auc") for one in mistakes.values()]
    page.table(
        ["mistake", "ROC-AUC promised", "delivered", "gap", "AP promised", "delivered", "expected", "came"],
        [
            [
                one["name"],
                spread(one, "promised_roc_auc"),
                spread(one, "delivered_roc_auc"),
                signed(gap),
                f"{mean(one, 'promised_average_precision'):.3f}",
                f"{mean(one, 'delivered_average_precision'):.3f}",
                percent(mean(one, "expected_share")),
                percent(test),
            ]
            for one, gap in zip(mistakes.values(), gaps)
        ],
        f"Mean ± standard deviation over {result['seeds']} seeds. AP: average precision; it depends on the share of "
        "events among the rows that it is measured on, so a promise and a delivery can't be compared by it, two "
        "deliveries can. Expected: the share of late and cancelled flights that the model expects in November and "
        "December; came: their true share.",
    )
    page.figure(
        pictures.promises(
            [one["name"] for one in mistakes.values()],
            [mean(one, "promised_roc_auc") for one in mistakes.values()],
            [mean(one, "delivered_roc_auc") for one in mistakes.values()],
            "ROC-AUC",
        ),
        "What was promised and what was delivered. The first line makes none of the mistakes.",
        "Dot chart of ROC-AUC: "
        + "; ".join(
            f"{one['name']}, promised {mean(one, 'promised_roc_auc'):.3f}, "
            f"delivered {mean(one, 'delivered_roc_auc'):.3f}"
            for one in mistakes.values()
        )
        + ".",
    )
    share = {key: percent(mean(one, "expected_share")) for key, one in mistakes.items()}
    said = (
        "The model that was given the departure delay had learned that a missing one means cancelled. Two hours before "
        f"departure it is missing for all, so the model expects {share['departure_delay']} of the flights to fail.\n\n"
        "Models that are not told of the cancelled flights, or are told that they were punctual, expect fewer to fail: "
        f"{share['dropped']} and {share['called_punctual']}, against {share['honest']} without a mistake. "
        f"{percent(test)} came late or not at all."
    )
    if gaps[0] > 0.01:
        said += (
            f"\n\nEven without a mistake the promise was {gaps[0]:.3f} too high: the autumn was easier than the "
            "winter. A split by time protects against leakage, not against the future."
        )
    page.text(said)
