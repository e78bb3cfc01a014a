"""What the forecasting study says: its verdict and its page, computed from stored results. No data, no model comes in.

The sections about the data and the mistakes are in `report_mistakes`.
"""

from typing import TYPE_CHECKING, Any

from groundup.applications.forecast.report_mistakes import add_data, add_mistakes
from groundup.applications.model_card import add_card

if TYPE_CHECKING:
    from rich.table import Table

    from groundup.report import Page


def sentences(result: dict[str, Any]) -> list[str]:
    """Say in plain words what the numbers mean; every word that judges follows from a number."""
    said = []
    for name, panel in result["panels"].items():
        said += [f"{line}" for line in _judged(name, panel, result["promise"])]
    for absent in result["absent"]:
        said.append(f"Not measured, for it has not been downloaded: {absent}. To add it: groundup data fetch {absent}")
    return said


def _judged(name: str, panel: dict[str, Any], promise: float) -> list[str]:
    models, found = panel["models"], panel["verdict"]
    winner, second = found["ranking"][:2]
    low, high = models[winner]["interval"][1:]
    said = [
        f"{name}: best is {models[winner]['name']}, with a MASE of {_spread(models, winner, 'mase')} "
        f"[{low:.3f}, {high:.3f}]; seasonal naive has {_mean(models, 'seasonal', 'mase'):.3f}."
    ]
    other = f"{models[second]['name']} ({_spread(models, second, 'mase')})"
    gap = found["over_second"]
    if clear(gap):
        said.append(f"Its lead over {other} is clear: {interval(gap)}.")
    else:
        said.append(f"But call it a tie with {other}: the difference is {interval(gap)}, and the interval holds 0.")
    if not clear(found["over_seasonal"]):
        said.append(f"Nor is it clearly better than repeating the last season: {interval(found['over_seasonal'])}.")
    net, rest, network_gap = found["best_network"], found["best_other"], found["network_gap"]
    against = f"the best network ({models[net]['name']}) against the best of the others ({models[rest]['name']})"
    if not clear(network_gap):
        said.append(f"Networks are not needed here, nor do they harm: {against} is {interval(network_gap)}.")
    elif network_gap[0] < 0:
        said.append(f"A network earns its keep here: {against} is {interval(network_gap)}.")
    else:
        said.append(f"No network is needed here: {against} is {interval(network_gap)}, worse.")
    raw, repaired = (_mean(models, winner, measure) for measure in ("raw_coverage", "coverage"))
    said.append(
        f"Its intervals promised {promise:.0%} and held {raw:.1%} of the values as they came, {repaired:.1%} after "
        "they were moved by the errors of the block before"
        + (
            ", which was unlike the test: the repair went too far."
            if abs(repaired - promise) > abs(raw - promise)
            else "."
        )
    )
    return said


def summary(result: dict[str, Any]) -> "Table":
    """Return the comparison as a table for the terminal."""
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    table.add_column("model", no_wrap=True)
    for header in ("MASE", "MAE", "pinball", "held", "width"):
        table.add_column(header, justify="right", no_wrap=True)
    for name, panel in result["panels"].items():
        models = panel["models"]
        table.add_row(f"[bold]{name}[/]")
        for key in models:
            measured = {name: found["mean"] for name, found in models[key]["metrics"].items()}
            shown = [_spread(models, key, "mase"), f"{measured['mae']:.3f}", f"{measured['pinball']:.3f}"]
            held = f"{measured['coverage']:.1%}"
            style = "bold" if key == panel["verdict"]["ranking"][0] else ""
            table.add_row(f"  {models[key]['name']}", *shown, held, f"{measured['width']:.2f}", style=style)
    return table


def add_to(page: "Page", result: dict[str, Any], alone: bool = False) -> "Page":
    """Add the study to a page; every number and figure is one of ``result``.

    By default it is one section with subsections; ``alone``, for a page about nothing else, its parts are sections.
    """
    level = 2 if alone else 3
    first, *others = result["panels"]
    if not alone:
        page.section("How many will come?")
    _opening(page, result, first)
    page.section("The data, and what is wrong with them", level=level)
    add_data(page, result["panels"][first]["data"])
    page.section("What makes a forecast look better than it is", level=level)
    add_mistakes(page, result)
    page.section("The backtest", level=level)
    _backtest(page, result, first)
    page.section("How sure can one be?", level=level)
    _intervals(page, result, first)
    for other in others:
        page.section(f"A second panel: {result['panels'][other]['data']['name']}", level=level)
        _second(page, result, other)
    return add_card(page, result["card"])


def _opening(page: "Page", result: dict[str, Any], first: str) -> None:
    panel = result["panels"][first]
    models, facts, found = panel["models"], panel["data"], panel["verdict"]
    winner = found["ranking"][0]
    page.text(
        f"{len(facts['series'])} stations of the Chicago 'L', every day from {facts['first']} to {facts['last']}: how "
        f"many riders will each have in the next {facts['horizon']} days? A forecast is easily made, and more easily "
        "overrated: time runs one way, and whoever forgets it anywhere on the way from the file to the score measures "
        "something that will not be there when the forecast is needed."
    )
    measured = models[winner]["metrics"]
    page.numbers(
        [
            (
                f"{_mean(models, winner, 'mase'):.3f}",
                f"MASE, {models[winner]['name']}",
                f"Seasonal naive: {_mean(models, 'seasonal', 'mase'):.3f}. Last value: "
                f"{_mean(models, 'naive', 'mase'):.3f}.",
            ),
            (
                f"{result['mistakes'][first]['measure']['r2']:.2f}",
                "R² of repeating last week",
                "On validation, without learning anything. R² is no measure here.",
            ),
            (
                f"{measured['raw_coverage']['mean']:.0%}",
                f"of the values lay in intervals that promised {result['promise']:.0%}",
                f"After a repair with the errors of the block before: {measured['coverage']['mean']:.0%}.",
            ),
            (
                f"{sum(facts['gaps'].values()):,}",
                "gaps, all written as numbers near zero",
                "A count of empty cells finds none.",
            ),
        ]
    )
    said = sentences(result)
    page.note(f"**The verdict.** {said[0]}\n\n{' '.join(said[1:])}")


def _backtest(page: "Page", result: dict[str, Any], first: str) -> None:
    panel = result["panels"][first]
    facts, models = panel["data"], panel["models"]
    validation, *tests = facts["blocks"]
    windows = facts["training_windows"]
    page.points(
        [
            f"**Split first, by time.** What lies before {validation['first']} trains, {validation['name']} chooses, "
            f"{' and '.join(block['name'] for block in tests)} test: used once, after every choice.",
            f"**A rolling origin.** From every {_nth(facts['stride'])} {facts['step']} of a block the next "
            f"{facts['horizon']} are forecast ({sum(block['forecasts'] for block in tests)} origins in the test), "
            "with the values known by then. Before each block every learner is fitted anew on all that came before: "
            f"{' and '.join(f'{count:,}' for count in windows[1:])} windows.",
            "**The same for everyone.** Each learner reads the same windows: "
            f"{facts['window']} {facts['step']}s back, the same season-place in each season of them, how the step "
            "differed from these a long season before, and the calendar. Each forecasts the change from the mean of "
            "four seasons: else trees, which can't forecast a value that they have never seen, would be at a loss.",
            "**Equal budgets.** Each learner tries three settings; the one with the lowest MASE on validation stays.",
            "**Gaps stay gaps.** A missing value is filled for the networks with the mean of its season-place in the "
            "window, and marked; as a target it counts neither in training nor in the score. In the test "
            f"{facts['test_gaps']:,} of {facts['test_values']:,} values are gaps.",
            f"**Several seeds.** Networks: {result['seeds']}, mean ± standard deviation. The others do not depend on "
            "chance.",
        ]
    )
    _table(page, panel, result)
    found = panel["verdict"]
    winner = found["ranking"][0]
    shown = dict.fromkeys([winner, found["best_network"], found["best_other"], "mean", "seasonal"])
    steps = range(1, facts["horizon"] + 1)
    from groundup import plots

    page.figures(
        [
            (
                plots.lines(
                    {models[key]["name"]: (steps, models[key]["by_step"]) for key in shown},
                    f"{facts['step']}s ahead",
                    "MASE",
                ),
                "Error over the distance of the forecast, test blocks.",
                "Line chart, MASE one step ahead and at the horizon: "
                + ", ".join(
                    f"{models[k]['name']} {models[k]['by_step'][0]:.2f} and {models[k]['by_step'][-1]:.2f}"
                    for k in shown
                )
                + ".",
            ),
            (
                plots.lines(
                    {models[key]["name"]: (panel["times"], models[key]["by_time"]) for key in shown if key != "mean"},
                    "year",
                    "MASE",
                ),
                f"Error over time, in pieces of {facts['together']} {facts['step']}s. All suffer on the same days: "
                "that is why the intervals of this page draw whole pieces, not single forecasts.",
                "Line chart, MASE over time; largest piece: "
                + ", ".join(f"{models[k]['name']} {max(models[k]['by_time']):.2f}" for k in shown if k != "mean")
                + ".",
            ),
        ]
    )
    best, next_best = (models[key] for key in found["on_validation"][:2])
    same = found["ranking"][0] == found["on_validation"][0]
    page.text(
        f"Would validation have named the same winner? {'Yes' if same else 'No'}: there, "
        f"{best['name']} was best with {best['validation']:.3f}, {next_best['name']} second with "
        f"{next_best['validation']:.3f}."
    )


def _table(page: "Page", panel: dict[str, Any], result: dict[str, Any]) -> None:
    models, facts = panel["models"], panel["data"]
    rows = []
    for key, model in models.items():
        low, high = model["interval"][1:]
        row = [model["name"], _spread(models, key, "mase"), f"[{low:.3f},\u00a0{high:.3f}]"]
        rows.append([*row, _spread(models, key, "mae"), _spread(models, key, "pinball"), model["setting"] or "–"])
    page.table(
        ["model", "MASE", "95% interval", "MAE", "pinball", "setting"],
        rows,
        f"Test blocks; lower is better; ± is the standard deviation over {result['seeds']} seeds. MASE: mean absolute "
        "error divided by that of the seasonal-naive forecast one season ahead in training, by which the models are "
        f"ranked. MAE: in {facts['unit']}. Pinball: mean quantile loss at 0.1, 0.5 and 0.9, scaled as MASE is. The "
        f"interval: bootstrap over pieces of {facts['together']} {facts['step']}s.",
        best=list(models).index(panel["verdict"]["ranking"][0]),
    )


def _intervals(page: "Page", result: dict[str, Any], first: str) -> None:
    from groundup import plots

    panel = result["panels"][first]
    models, example, facts = panel["models"], panel["example"], panel["data"]
    promise = result["promise"]
    page.text(
        f"A forecast without an interval hides what it does not know. Each learner gives the quantiles 0.1, 0.5 and "
        f"0.9: {promise:.0%} of the values should lie between the outer ones. Networks and trees learn them with the "
        "quantile loss, the others take them from their errors in training. Both are errors on days that the learner "
        "has seen, so the intervals are too narrow on days that it has not. The repair: widen them by what the block "
        "before, forecast without having been seen, would have needed (conformalized quantile regression)."
    )
    page.table(
        ["model", "held, as learned", "width", "held, repaired", "width, repaired", "pinball, as learned", "repaired"],
        [
            [
                model["name"],
                *(f"{_mean(models, key, 'raw_coverage'):.1%}", f"{_mean(models, key, 'raw_width'):.2f}"),
                *(f"{_mean(models, key, 'coverage'):.1%}", f"{_mean(models, key, 'width'):.2f}"),
                *(f"{_mean(models, key, 'raw_pinball'):.4f}", f"{_mean(models, key, 'pinball'):.4f}"),
            ]
            for key, model in models.items()
        ],
        f"Share of the test values inside the interval ({promise:.0%} is promised), and its mean width in units of "
        "MASE. Coverage alone is easily had with wide intervals: pinball weighs both.",
    )
    horizon = facts["horizon"]
    past, ahead = range(-2 * horizon + 1, 1), range(1, horizon + 1)
    came = [None if value is None else value for value in example["came"]]
    page.figure(
        plots.lines(
            {
                f"forecast, {models[example['winner']]['name']}": (ahead, example["middle"]),
                "what came": ([*past, *ahead], [*example["past"], *came]),
                "seasonal naive": (ahead, example["seasonal"]),
            },
            f"{facts['step']}s from {example['origin']}",
            f"{example['series'].replace('_', '/')}, {facts['unit']}",
            band=(ahead, example["low"], example["high"], f"interval for {promise:.0%}"),
        ),
        "One forecast as it was made at the time: the middle one of the last test block, for the busiest station.",
        f"Line chart of {2 * horizon} past and {horizon} forecast {facts['step']}s at {example['series']}. "
        f"Of the {horizon} values that came, "
        f"{sum(c is not None and low <= c <= high for c, low, high in zip(came, example['low'], example['high']))} "
        "lie in the interval.",
    )


def _second(page: "Page", result: dict[str, Any], name: str) -> None:
    panel = result["panels"][name]
    facts = panel["data"]
    validation, *tests = facts["blocks"]
    page.text(
        f"`{facts['name']}`: {len(facts['series'])} series, each {facts['step']} from {facts['first']} to "
        f"{facts['last']}. Licence: {facts['licence']}. Source: {facts['source']}\n\nNothing is empty, but the last "
        f"series, a temperature, stands still from one {facts['step']} to the next {facts['stood_still']:,} times "
        "before the test: a sensor that stopped, or a value copied into a gap; nobody says which, so they stay. "
        f"Division by time as in the literature: validation from {validation['first']}, test from {tests[0]['first']}. "
        f"Every {facts['stride']} {facts['step']}s the next {facts['horizon']} are forecast. The published tables for "
        "this set forecast 96 or more hours and measure squared errors after scaling: their numbers can't be compared "
        "with these."
    )
    page.note(" ".join(_judged(name, panel, result["promise"])))
    _table(page, panel, result)


def clear(gap: list[float]) -> bool:
    """Whether the interval of a difference leaves out 0."""
    return gap[1] > 0 or gap[2] < 0


def interval(gap: list[float]) -> str:
    """A difference with its interval, and real minus signs."""
    value, low, high = gap
    return f"{value:+.3f} [{low:+.3f}, {high:+.3f}]".replace("-", "−")


def _mean(models: dict[str, Any], key: str, measure: str) -> Any:
    return models[key]["metrics"][measure]["mean"]


def _spread(models: dict[str, Any], key: str, measure: str) -> str:
    found = models[key]["metrics"][measure]
    return f"{found['mean']:.3f}" + ("" if found["std"] is None else f" ± {found['std']:.3f}")


def _nth(number: int) -> str:
    return {2: "second", 3: "third", 5: "fifth"}.get(number, f"{number}th")
