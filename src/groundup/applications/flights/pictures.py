"""Figures that only the flight study needs, drawn from its stored results."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from groundup import plots
from groundup.applications.flights.words import MONTHS


@plots.styled
def promises(names: Sequence[str], promised: Sequence[float], delivered: Sequence[float], label: str) -> Figure:
    """Draw for each name a line from what was delivered to what was promised."""
    figure = Figure(figsize=(6.8, 0.9 + 0.42 * len(names)), layout="constrained")
    axis = figure.subplots()
    places = np.arange(len(names))
    axis.hlines(places, delivered, promised, color=plots.MUTED, linewidth=1.5, zorder=2)
    for place, (values, name) in enumerate(((delivered, "delivered"), (promised, "promised"))):
        axis.plot(
            values, places, marker=plots.MARKERS[place], markersize=8, linestyle="none", color=plots.SERIES[place],
            label=name, zorder=3,
        )  # fmt: skip
    axis.set_yticks(places, list(names))
    axis.tick_params(axis="y", length=0, labelcolor=plots.INK)
    axis.set(ylim=(len(names) - 0.5, -0.5), xlabel=label)
    axis.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0)
    return figure


@plots.styled
def months(rows: Sequence[Mapping[str, float]], lines: Mapping[str, str], splits: Sequence[float] = ()) -> Figure:
    """Draw shares by month, in percent, a line for each entry of ``lines`` (key in the rows to name)."""
    figure = Figure(figsize=(6.8, 3.2), layout="constrained")
    axis = figure.subplots()
    numbers = [row["month"] for row in rows]
    for place, (key, name) in enumerate(lines.items()):
        values = [100 * row[key] for row in rows]
        axis.plot(numbers, values, label=name, color=plots.SERIES[place], marker=plots.MARKERS[place])
    for split in splits:
        axis.axvline(split, color=plots.MUTED, linewidth=1, linestyle=(0, (2, 2)))
    axis.set_xticks(numbers, [MONTHS[int(number)] for number in numbers])
    axis.set(ylabel="flights, %")
    axis.set_ylim(bottom=0)
    axis.legend()
    return figure


@plots.styled
def memory(found: Mapping[str, Any]) -> Figure:
    """Draw the peak of memory over the number of rows, streamed and held whole."""
    figure = Figure(figsize=(6.8, 3.2), layout="constrained")
    axis = figure.subplots()
    for place, (key, name) in enumerate((("whole", "all rows in memory"), ("streamed", "streamed from the file"))):
        axis.plot(
            [count / 1000 for count in found["rows"]], [size / 1e6 for size in found[key]],
            label=name, color=plots.SERIES[place], marker=plots.MARKERS[place],
        )  # fmt: skip
    axis.set(xlabel="training flights, thousands", ylabel="peak memory of an epoch, MB")
    axis.set_ylim(bottom=0)
    axis.set_xlim(left=0)
    axis.legend()
    return figure
