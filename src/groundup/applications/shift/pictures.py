"""Figures that only this study needs, drawn from its stored results."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from groundup import plots


@plots.styled
def harm(rows: Sequence[Mapping[str, Any]], size: int, detectors: Mapping[str, str]) -> Figure:
    """Draw the share of batches with an alarm over the accuracy that was lost, a point for each corruption."""
    figure = Figure(figsize=(6.8, 3.8), layout="constrained")
    axis = figure.subplots()
    for place, (name, words) in enumerate(detectors.items()):
        axis.plot(
            [100 * row["lost"] for row in rows], [100 * row["alarms"][str(size)][name] for row in rows], label=words,
            color=plots.SERIES[place], marker=plots.MARKERS[place], linestyle="none", markersize=6, alpha=0.8,
        )  # fmt: skip
    axis.set(xlabel="accuracy lost, points", ylabel="batches with an alarm, %", ylim=(-4, 104))
    axis.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0)
    return figure


@plots.styled
def by_month(
    months: Sequence[str], curves: Mapping[str, Sequence[float]], level: tuple[float, str], y_label: str
) -> Figure:
    """Draw a measure month by month, a line for each name, and a level that was promised."""
    figure = Figure(figsize=(6.8, 3.6), layout="constrained")
    axis = figure.subplots()
    for place, (name, values) in enumerate(curves.items()):
        axis.plot(range(len(months)), values, label=name, color=plots.SERIES[place], marker=plots.MARKERS[place])
    axis.axhline(level[0], color=plots.MUTED, linewidth=1, linestyle=(0, (3, 2)), label=level[1])
    axis.set_xticks(range(len(months)), list(months))
    axis.set_ylabel(y_label)
    axis.legend()
    return figure
