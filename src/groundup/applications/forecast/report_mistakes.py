"""The sections of the forecasting page about the data and about the mistakes, computed from stored results."""

from typing import TYPE_CHECKING, Any

from groundup.applications.metrics import duel

if TYPE_CHECKING:
    from groundup.report import Page


def add_data(page: "Page", facts: dict[str, Any]) -> None:
    """Say what is wrong with the data of the first panel, and show one season that changes."""
    from groundup import plots

    page.text(
        f"`{facts['name']}`: {facts['steps']:,} days of {len(facts['series'])} stations, in {facts['unit']}. "
        f"Licence: {facts['licence']}. Source: {facts['source']}"
    )
    gaps = facts["gaps"]
    most = max(gaps, key=lambda name: gaps[name], default="")
    points = [
        f"**Gaps, written as numbers.** Nothing is empty. But {len(gaps)} stations have days with fewer than 50 "
        f"people, {sum(gaps.values()):,} in all, most of them at {most or 'none'}: a closed station. A zero is not a "
        "small demand, it is none seen.",
        "**Columns that are 14 days late.** The file was made for one task: its station columns hold the count of 14 "
        "days before the date of their row. Whoever joins them to the calendar as they stand is off by two weeks.",
        "**Weather of the day itself.** The file has it, and a model that reads it scores well. On the day of the "
        "forecast nobody has it. It is left out here, and so are the games.",
        "**Two seasons, and days unlike others.** Weekdays against weekends, summers against winters; and holidays "
        "that stand on another weekday each year.",
        "**Seasons that change.** The level grows over the years, stations are rebuilt, timetables change.",
        f"**Some stations, not all.** {len(facts['series'])} were chosen by the publisher, who does not say how.",
    ]
    page.points(points)
    weekends = {year: mean for year, mean in facts["weekends"].items() if mean is not None}
    if weekends:
        closed = [year for year, mean in facts["weekends"].items() if mean is None]
        page.figure(
            plots.lines(
                {"Polk": ([int(year) for year in facts["weekends"]], list(facts["weekends"].values()))},
                "year",
                f"{facts['unit']}, weekend day",
            ),
            "Polk's mean weekend day. "
            + (
                f"A season that changes: on most weekends of {', '.join(closed)} the station was closed. Read as "
                "zeros, they would tell every model that nobody comes."
                if closed
                else ""
            ),
            "Line chart: weekend riders at Polk, "
            + ", ".join(f"{mean:.2f} in {year}" for year, mean in weekends.items())
            + (f"; none in {', '.join(closed)}." if closed else "."),
        )


def add_mistakes(page: "Page", result: dict[str, Any]) -> None:
    """Say what each mistake pretends and what is true: one table a mistake, all panels in it."""
    page.text(
        "Each of these mistakes is made here on purpose, and measured on validation: the test is not touched. Not all "
        "of them matter on these data; the numbers say which."
    )
    mistakes = result["mistakes"]
    first = next(iter(mistakes))
    measure = mistakes[first]["measure"]
    page.section("A measure that flatters", level=3)
    page.text(
        f"Repeat the last week, and R² is {measure['r2']:.2f}. It compares with a forecast that gives every day and "
        "every station the same mean, which nobody would make. MASE compares with the season itself: "
        f"{measure['mase']:.2f}, where 1 is the error of the same forecast, one week ahead, in training."
    )
    _gaps(page, mistakes[first]["gaps"])
    _random(page, mistakes)
    _scaling(page, mistakes, result["seeds"])
    _smoothing(page, mistakes)


def _gaps(page: "Page", gaps: dict[str, Any] | None) -> None:
    page.section("Gaps read as zeros", level=3)
    if gaps is None:
        page.text("This panel has no gaps before the test.")
        return
    page.text(
        "The mean of the last four weeks, once without the closed days and once with them as zeros, scored on days on "
        f"which the station was open. {gaps['touched']:,} of {gaps['all']:,} values have a closed day among the four "
        f"that are averaged. There, the zeros bring the error from {gaps['gap_touched']:.2f} to "
        f"{gaps['zero_touched']:.2f}; over all values it hardly shows ({gaps['gap_all']:.3f} against "
        f"{gaps['zero_all']:.3f}), and that is why it goes unnoticed."
    )


def _random(page: "Page", mistakes: dict[str, Any]) -> None:
    page.section("Windows held out at random", level=3)
    rows = []
    for panel, found in mistakes.items():
        for model, errors in found["random"].items():
            gain = 1 - errors["random"] / errors["past"]
            rows.append([panel, model, f"{errors['random']:.3f}", f"{errors['past']:.3f}", f"{gain:.1%}"])
    first = mistakes[next(iter(mistakes))]["random"]
    gains = {name: 1 - errors["random"] / errors["past"] for name, errors in first.items()}
    page.text(
        "Cut all windows, hold a fifth of them out at random, train on the rest: the habit from tables. But the "
        "neighbours of a held-out window hold nearly all of its days. The same windows, forecast by a model that was "
        "trained on the past alone, tell how much of the score was memory. "
        f"On {next(iter(mistakes))}: " + _grows(gains["linear"], gains["few leaves"], gains["many leaves"])
    )
    page.table(
        ["panel", "model", "MASE, random", "MASE, past only", "pretended"],
        rows,
        "The same held-out windows of the validation block both times. Trees with 15 and with 127 leaves.",
    )


def _grows(line: float, few: float, many: float) -> str:
    """Say how the pretended gain goes with the size of the model, if it does."""
    if line < few < many:
        return (
            f"the more a model can remember, the more it pretends: {line:.1%} for a line, {few:.1%} for small trees, "
            f"{many:.1%} for large ones. So the mistake also chooses the wrong model."
        )
    return f"what it pretends is {line:.1%} for a line, {few:.1%} for small trees, {many:.1%} for large ones."


def _scaling(page: "Page", mistakes: dict[str, Any], seeds: int) -> None:
    page.section("Scaling fitted on everything", level=3)
    rows, said, better = [], [], []
    for panel, found in mistakes.items():
        ways = found["scaling"]
        rows.append([panel, *(_spread(ways[way]) for way in ("everything", "past", "window"))])
        gap = ways["everything"]["mean"] - ways["past"]["mean"]
        gain = duel(ways["past"]["values"], ways["window"]["values"])
        if gain.clear and gain.difference > 0:
            better.append(f"{gain.difference:.3f} on {panel}")
        spread = ways["past"]["std"]
        if spread is None:
            said.append(f"on {panel} the difference is {gap:+.3f}, and one seed can't tell whether that is luck")
        elif abs(gap) <= 2 * spread:
            said.append(f"on {panel} the difference, {gap:+.3f}, is lost in the spread of the seeds ({spread:.3f})")
        else:
            said.append(f"on {panel} the difference is {gap:+.3f}, more than twice the spread of the seeds")
    page.text(
        "Mean and deviation of all values, those to be forecast among them, are the leak that every textbook names: "
        f"{'; '.join(said)}. ".replace("-", "−")
        + "It is still wrong, for nobody can say beforehand that it will not matter."
        + (
            " What does matter is a level that moves: measured from each window's own mean, nothing has to be learned "
            f"about levels at all, and the error falls clearly, by {' and by '.join(better)}."
            if better
            else " Measuring from each window's own mean, so that nothing has to be learned about levels, brings no "
            "clear gain either."
        )
    )
    page.table(
        ["panel", "fitted on everything", "fitted on the past", "each window its own level"],
        rows,
        f"MASE on validation of an LSTM without a seasonal mean to start from, over {seeds} seeds.",
    )


def _smoothing(page: "Page", mistakes: dict[str, Any]) -> None:
    page.section("Smoothing before the split", level=3)
    said = []
    for panel, found in mistakes.items():
        smooth = found["smoothing"]
        if smooth["true"] > smooth["honest"]:
            said.append(
                f"On {panel}, against what was really counted, the same forecasts are worse than those of the same "
                "model on the rough series: what they foretell so well is the smoothing."
            )
        else:
            said.append(
                f"On {panel} they are better even against what was really counted, and that is the leak at work: the "
                "last values of a window hold steps that come after it. When a forecast is needed, they can't."
            )
    page.text(
        "Noise is unpleasant, so the series is smoothed first, by a centred mean over seven steps, and everything "
        "after that uses the smooth one, the score too. " + " ".join(said)
    )
    page.table(
        ["panel", "reported", "against the truth", "same model, not smoothed"],
        [
            [panel, *(f"{found['smoothing'][key]:.3f}" for key in ("reported", "true", "honest"))]
            for panel, found in mistakes.items()
        ],
        "MASE on validation of a line through the lags.",
    )


def _spread(found: dict[str, Any]) -> str:
    return f"{found['mean']:.3f}" + ("" if found["std"] is None else f" ± {found['std']:.3f}")
