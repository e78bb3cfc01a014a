"""The pictures of an audit, each drawn from the data that a finding carries (``finding["picture"]``)."""

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from groundup import plots
from groundup.applications.audit.statistics import wilson

Drawn = tuple[Figure, str, str]  # a figure, its caption, and what it shows in words
TOP = 12  # bars in one picture, at most


def draw(picture: dict[str, Any]) -> Drawn:
    """Return the figure of a finding, its caption and its description."""
    return DRAWINGS[picture["kind"]](picture)


def _missing(picture: dict[str, Any]) -> Drawn:
    shares = dict(list(picture["shares"].items())[:TOP])
    figure = plots.bars(
        [_plain(name) for name in shares], [100 * share for share in shares.values()], label="missing, % of the rows",
        form="{:.1f}",
    )  # fmt: skip
    more = len(picture["shares"]) - len(shares)
    caption = "How much is missing in each column." + (f" {more} more columns have smaller gaps." if more else "")
    return figure, caption, "Bar chart: " + ", ".join(f"{name} {share:.1%}" for name, share in shares.items()) + "."


@plots.styled
def _shares(picture: dict[str, Any]) -> Drawn:
    """Two shares with their intervals."""
    groups = picture["groups"]
    figure = Figure(figsize=(6.8, 1.9), layout="constrained")
    axis = figure.subplots()
    for place, (_, hits, rows) in enumerate(groups):
        low, high = wilson(hits, rows)
        axis.plot([100 * low, 100 * high], [place, place], color=plots.SERIES[place], linewidth=3)
        axis.plot(100 * hits / rows, place, marker="o", markersize=8, color=plots.SERIES[place])
    axis.set_yticks(range(len(groups)), [f"{_plain(name)}\n({rows:,} rows)" for name, _, rows in groups])
    axis.tick_params(axis="y", length=0, labelcolor=plots.INK)
    axis.set(ylim=(len(groups) - 0.5, -0.5), xlabel=_plain(f"{picture['label']}, %"))
    axis.grid(axis="y", visible=False)
    axis.margins(x=0.1)
    said = "; ".join(f"{name}: {hits / rows:.1%} of {rows:,} rows" for name, hits, rows in groups)
    return figure, "The share with and without the value; the bars are 95% intervals.", f"Two shares: {said}."


@plots.styled
def _histogram(picture: dict[str, Any]) -> Drawn:
    """Values as they are spread, the odd ones in another colour; the scale is bent so that both groups are seen."""
    edges, bars = np.array(picture["edges"]), np.array(picture["bars"])
    figure = Figure(figsize=(6.8, 2.6), layout="constrained")
    axis = figure.subplots()
    for number, (name, heights) in enumerate(zip(picture["names"], bars)):
        axis.bar(edges[:-1], heights, np.diff(edges), align="edge", color=plots.SERIES[number], label=name)
    axis.set_yscale("log")
    axis.set_ylim(bottom=0.6)
    axis.set_xticks(picture["ticks"], picture["tick_labels"])
    axis.set(xlabel=_plain(picture["label"]), ylabel="rows (logarithmic)")
    axis.legend()
    odd = int(bars[1].sum())
    return (
        figure,
        "How the values are spread. The scale of the values is bent so that near and far ones can be seen together.",
        f"Histogram of {picture['label']}: {odd:,} values stand apart from {int(bars[0].sum()):,} others.",
    )


def _counts(picture: dict[str, Any]) -> Drawn:
    counts = dict(sorted(picture["counts"].items(), key=lambda item: -item[1])[:TOP])
    figure = plots.bars([_plain(name) for name in counts], list(counts.values()), label="rows", form="{:,.0f}")
    more = len(picture["counts"]) - len(counts)
    return (
        figure,
        "Rows of each class." + (f" {more} smaller classes are not shown." if more else ""),
        "Bar chart of rows: " + ", ".join(f"{name} {count:,}" for name, count in counts.items()) + ".",
    )


def _powers(picture: dict[str, Any]) -> Drawn:
    scores = picture["scores"]
    figure = plots.bars(
        [_plain(name) for name in scores], list(scores.values()), label=picture["label"], baseline=picture["chance"],
        form="{:.3f}",
    )  # fmt: skip
    return (
        figure,
        "Each column tried alone, measured on rows that it was not learned from. Dashed: chance; 1 is perfect.",
        "Bar chart: " + ", ".join(f"{name} {score:.3f}" for name, score in scores.items()) + ".",
    )


@plots.styled
def _two_bars(picture: dict[str, Any]) -> Drawn:
    groups, shares = picture["groups"], 100 * np.array(picture["shares"])
    figure = Figure(figsize=(6.8, 0.9 + 0.5 * len(groups)), layout="constrained")
    axis = figure.subplots()
    places = np.arange(len(groups))
    for number, (name, part) in enumerate(zip(picture["names"], shares)):
        axis.barh(places + 0.36 * number - 0.18, part, 0.34, color=plots.SERIES[number], label=name)
    axis.set_yticks(places, [_plain(group) for group in groups])
    axis.tick_params(axis="y", length=0, labelcolor=plots.INK)
    axis.grid(axis="y", visible=False)
    axis.invert_yaxis()
    axis.set_xlabel(f"{_plain(picture['label'])}: % of the rows")
    axis.legend()
    said = "; ".join(f"{group} {first:.0f}% and {second:.0f}%" for group, first, second in zip(groups, *shares))
    return figure, "The most frequent values in both parts.", f"{' and '.join(picture['names'])}: {said}."


@plots.styled
def _two_histograms(picture: dict[str, Any]) -> Drawn:
    edges = np.array(picture["edges"])
    figure = Figure(figsize=(6.8, 2.6), layout="constrained")
    axis = figure.subplots()
    for number, (name, heights) in enumerate(zip(picture["names"], picture["bars"])):
        axis.stairs(100 * np.array(heights), edges, color=plots.SERIES[number], linewidth=2, label=name)
        axis.stairs(100 * np.array(heights), edges, color=plots.SERIES[number], alpha=0.15, fill=True)
    axis.set_xticks(picture["ticks"], picture["tick_labels"])
    axis.set(xlabel=_plain(picture["label"]), ylabel="% of the rows")
    axis.legend()
    middles = [edges[int(np.searchsorted(np.cumsum(bar), 0.5 * np.sum(bar)))] for bar in picture["bars"]]
    said = ", ".join(f"{name}: middle near {middle:.3g}" for name, middle in zip(picture["names"], middles))
    return figure, "How the values are spread in both parts.", f"Two histograms of {picture['label']}; {said}."


def _plain(name: str) -> str:
    """A name as matplotlib shows it letter by letter: a dollar would start a formula. Long ones are cut."""
    name = "".join(letter if letter.isprintable() else " " for letter in str(name))
    return (name if len(name) <= 32 else name[:31] + "…").replace("$", r"\$")


DRAWINGS: dict[str, Callable[[dict[str, Any]], Drawn]] = {
    "missing": _missing,
    "shares": _shares,
    "histogram": _histogram,
    "counts": _counts,
    "powers": _powers,
    "two bars": _two_bars,
    "two histograms": _two_histograms,
}
