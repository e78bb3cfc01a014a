"""The pictures of experiments, in the house style."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from groundup.plots import INK, LINE, MUTED, SERIES, styled

KEPT, PRUNED = SERIES[0], SERIES[1]  # trials that had all their epochs; those that were ended early, pruned

Trials = Sequence[dict[str, Any]]


def edge(trials: Trials, good: str) -> float:
    """Return the worst score that still has its place in a picture; trials that are worse lie on its edge.

    Otherwise a few hopeless trials would press all others into one line. It is five times as far from the best as the
    median is.
    """
    sign = 1 if good == "highest" else -1
    scores = sign * np.array([trial["score"] for trial in trials])
    best = scores.max()
    return sign * float(max(scores.min(), best - 5 * (best - np.median(scores))))


@styled
def history(trials: Trials, good: str, label: str) -> Figure:
    """Draw the score of each trial in the order in which they began, and the best so far."""
    figure = Figure(figsize=(6.8, 3.6), layout="constrained")
    axis: Any = figure.subplots()
    limit = edge(trials, good)
    for trial in trials:
        axis.plot(trial["number"], _inside(trial["score"], limit, good), linestyle="none", **_mark(trial))
    complete = [trial for trial in trials if trial["state"] == "complete"]
    best = (np.maximum if good == "highest" else np.minimum).accumulate([trial["score"] for trial in complete])
    shown = [_inside(score, limit, good) for score in best]
    axis.step([trial["number"] for trial in complete], shown, where="post", color=INK, linewidth=1.2)
    axis.set(xlabel="trial", ylabel=label)
    axis.xaxis.get_major_locator().set_params(integer=True)
    _in_words(axis.yaxis, label)
    axis.legend(
        handles=[
            Line2D([], [], linestyle="none", label="complete", **_mark({"state": "complete"})),
            Line2D([], [], linestyle="none", label="pruned", **_mark({"state": "pruned"})),
            Line2D([], [], color=INK, linewidth=1.2, label="best so far"),
        ]
    )
    return figure


@styled
def curves(trials: Trials, best: int | None, good: str, label: str) -> Figure:
    """Draw the validation score of each trial over its epochs; where one was ended early stands a cross."""
    figure = Figure(figsize=(6.8, 3.8), layout="constrained")
    axis: Any = figure.subplots()
    limit = edge(trials, good)
    for trial in trials:
        curve = [_inside(score, limit, good) for score in trial["curve"]]
        epochs, is_best = range(1, len(curve) + 1), trial["number"] == best
        axis.plot(
            epochs, curve, color=SERIES[2] if is_best else KEPT, linewidth=2.6 if is_best else 0.8,
            alpha=1 if is_best else 0.55, zorder=3 if is_best else 2,
        )  # fmt: skip
        if trial["state"] != "complete":
            axis.plot(epochs[-1], curve[-1], zorder=4, **_mark(trial))
    axis.legend(
        handles=[
            Line2D([], [], color=SERIES[2], linewidth=2.6, label="the best trial"),
            Line2D([], [], color=KEPT, linewidth=0.8, label="the others"),
            Line2D([], [], linestyle="none", label="pruned", **_mark({"state": "pruned"})),
        ]
    )
    axis.set(xlabel="epoch", ylabel=label)
    axis.xaxis.get_major_locator().set_params(integer=True)
    _in_words(axis.yaxis, label)
    return figure


@styled
def slices(trials: Trials, names: dict[str, str | list[str]], best: int | None, good: str, label: str) -> Figure:
    """Draw the scores over each choice, one panel a choice.

    Parameters
    ----------
    trials : with a score each.
    names : name of the choice -> the kind of its axis, "linear" or "log", or the values in the order of the axis.
    best : the number of the trial that is marked.
    good : which end of the score is good, "highest" or "lowest".
    """
    columns, limit = min(len(names), 3), edge(trials, good)
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(max(3.0 * columns, 5.2), 2.8 * rows), layout="constrained")
    axes: list[Any] = list(figure.subplots(rows, columns, squeeze=False, sharey=True).flat)
    for axis in axes[len(names) :]:
        axis.axis("off")
    for axis, (name, kind) in zip(axes, names.items()):
        for trial in sorted(trials, key=lambda trial: trial["number"] == best):  # the best last, over the others
            x = trial["choices"][name]
            if isinstance(kind, list):  # side by side, or one would hide the other
                x = kind.index(str(x)) + 0.24 * np.sin(2.4 * trial["number"])
            star = dict(color=SERIES[2], marker="*", markersize=13)
            style = star if trial["number"] == best else _mark(trial) | {"alpha": 0.8}
            axis.plot(x, _inside(trial["score"], limit, good), linestyle="none", **style)
        if isinstance(kind, list):
            axis.set_xticks(range(len(kind)), kind, rotation=0 if len("".join(kind)) < 24 else 30)
            axis.set_xlim(-0.6, len(kind) - 0.4)
        elif kind == "log":
            axis.set_xscale("log")
        axis.set_title(name, fontsize=10)
        _in_words(axis.yaxis, label)
    for axis in axes[: len(names) : columns]:
        axis.set_ylabel(label)
    return figure


def _inside(score: float, limit: float, good: str) -> float:
    return max(score, limit) if good == "highest" else min(score, limit)


def _mark(trial: dict[str, Any]) -> dict[str, Any]:
    """A dot for a trial that had all its epochs, a cross for one that was ended early, a ring for one that runs."""
    if trial["state"] == "running":
        return dict(color=KEPT, marker="o", markerfacecolor="none")
    return dict(color=KEPT, marker="o") if trial["state"] == "complete" else dict(color=PRUNED, marker="x")


@styled
def importances(shares: dict[str, tuple[float, float]], control: str) -> Figure:
    """Draw the importance of each choice, with its deviation; the control is grey, and a line continues it."""
    figure = Figure(figsize=(6.8, 0.9 + 0.42 * len(shares)), layout="constrained")
    axis: Any = figure.subplots()
    places = np.arange(len(shares))
    colours = [MUTED if name == control else SERIES[0] for name in shares]
    means, spreads = zip(*shares.values())
    axis.barh(places, means, color=colours, height=0.6)
    axis.errorbar(means, places, xerr=spreads, fmt="none", ecolor=INK, elinewidth=1.2, capsize=3)
    if control in shares:
        axis.axvline(shares[control][0], color=MUTED, linewidth=1, linestyle=(0, (3, 2)))
    axis.set_yticks(places, list(shares))
    axis.tick_params(axis="y", length=0, labelcolor=INK)
    axis.grid(axis="y", visible=False)
    axis.invert_yaxis()
    axis.set_xlim(left=0)
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
    axis.set_xlabel("share of what the choices explain")
    return figure


@styled
def differences(choices: Trials, label: str) -> Figure:
    """Draw how much each choice differs from the baseline: a dot a seed, the mean, and its interval."""
    shown = [choice for choice in choices if choice["differences"]]
    figure = Figure(figsize=(6.8, 1.1 + 0.5 * len(shown)), layout="constrained")
    axis: Any = figure.subplots()
    axis.axvline(0, color=INK, linewidth=1)
    for place, choice in enumerate(shown):
        found = choice["comparison"]
        axis.plot(
            choice["differences"], np.full(len(choice["differences"]), place + 0.22), color=MUTED, marker="o",
            markersize=3.5, linestyle="none", alpha=0.8,
        )  # fmt: skip
        if found:
            clear = choice["verdict"] in ("better", "worse")
            colour = SERIES[0] if clear else MUTED
            axis.plot([found["low"], found["high"]], [place, place], color=colour, linewidth=2.2, solid_capstyle="butt")
            axis.plot(found["difference"], place, color=colour, marker="D" if clear else "s", markersize=6)
    axis.set_yticks(range(len(shown)), [choice["name"] for choice in shown])
    axis.tick_params(axis="y", length=0, labelcolor=INK)
    axis.grid(axis="y", visible=False)
    axis.set_ylim(len(shown) - 0.4, -0.6)
    axis.set_xlabel(f"difference in {label} from the baseline")
    if "accuracy" in label:
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:+.3g}"))
        axis.set_xlabel(f"difference in {label} from the baseline, in percentage points")
    axis.spines["left"].set_color(LINE)
    return figure


def _in_words(axis: Any, label: str) -> None:
    if "accuracy" in label:
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.3g}%"))
