"""Plots in one house style: each function takes plain arrays and returns a matplotlib Figure.

Figures are built with matplotlib's objects, never with pyplot, so there is no global state, no display and nothing to
close. Save one with ``figure.savefig("name.png")``, or put it on a page with `groundup.report.Page.figure`.
The colours are told apart by readers with any colour vision (after Okabe and Ito, "Color Universal Design", 2008).
"""

from collections.abc import Mapping, Sequence
from functools import wraps
from typing import Any

import matplotlib
import numpy as np
from cycler import cycler
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure

INK, MUTED, LINE, PAPER = "#22262e", "#5d6470", "#d8dbe0", "#fdfdfb"
SERIES = ("#0072b2", "#d55e00", "#009e73", "#b07aa1", "#c98a00", "#56a4d9")
MARKERS = ("o", "s", "^", "D", "v", "P")  # a second cue beside the colour

# On a report page each house colour becomes the page's variable of the same meaning (report.css defines them).
CSS_VARIABLES = {INK: "--ink", MUTED: "--muted", LINE: "--line", PAPER: "--paper"}
CSS_VARIABLES |= {colour: f"--series-{number}" for number, colour in enumerate(SERIES, start=1)}

STYLE: dict[Any, Any] = {
    "axes.edgecolor": LINE, "axes.labelcolor": MUTED, "axes.titlecolor": INK, "axes.facecolor": "none",
    "axes.grid": True, "axes.axisbelow": True, "axes.spines.top": False, "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=SERIES),
    "axes.titlesize": 11, "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.labelsize": 10,
    "grid.color": LINE, "grid.linewidth": 0.6, "figure.facecolor": "none", "font.size": 10, "text.color": INK,
    "xtick.color": MUTED, "ytick.color": MUTED, "xtick.labelsize": 9, "ytick.labelsize": 9,
    "legend.frameon": False, "legend.fontsize": 9, "lines.linewidth": 2.0, "lines.markersize": 5,
    "image.cmap": "gray", "image.interpolation": "none",
    "svg.fonttype": "none", "svg.hashsalt": "groundup",
}  # fmt: skip

Curve = tuple[Sequence[float], Sequence[float]]


def styled(plot):
    """Run a plot function in the house style, leaving matplotlib's own settings as they were."""

    @wraps(plot)
    def wrapper(*args, **kwargs):
        with matplotlib.rc_context(STYLE):
            return plot(*args, **kwargs)

    return wrapper


@styled
def learning_curves(histories: Mapping[str, Mapping[str, Sequence[float]]], x_label: str = "epoch") -> Figure:
    """Draw how measures change while networks train: one panel for each measure, one line for each run.

    Parameters
    ----------
    histories : ``{"run": {"loss": [...], "test accuracy": [...]}}``; a run may lack a measure. The values stand
        at epochs 1, 2, ...
    x_label : what one step on the horizontal axis is.
    """
    measures = list(dict.fromkeys(measure for history in histories.values() for measure in history))
    if not measures:
        raise ValueError("got no history to draw, expected {run: {measure: [values]}}")
    figure, axes = _panels(len(measures), height=3.2)
    for axis, measure in zip(axes, measures):
        for index, (run, history) in enumerate(histories.items()):
            values = history.get(measure, [])
            if len(values):
                marker = MARKERS[index % len(MARKERS)] if len(values) <= 20 else ""
                axis.plot(range(1, len(values) + 1), values, label=run, color=_colour(index), marker=marker)
        axis.set(title=measure, xlabel=x_label)
        axis.xaxis.get_major_locator().set_params(integer=True)
    if len(histories) > 1:
        axes[0].legend()
    return figure


@styled
def confusion_matrix(matrix: Any, classes: Sequence[object]) -> Figure:
    """Draw a confusion matrix (rows: the truth; columns: the prediction); the shade is the share of the row.

    Of more than twenty classes only the shades are drawn: the counts would be too small to read.
    """
    counts = np.asarray(matrix)
    if counts.shape != (len(classes), len(classes)):
        raise ValueError(f"got a matrix of shape {counts.shape} for {len(classes)} classes, expected a square one")
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    # Opacity, not lightness, carries the share: an empty cell shows the page, be it light or dark.
    shades = LinearSegmentedColormap.from_list("share", [(*_rgb(SERIES[0]), 0.0), (*_rgb(SERIES[0]), 1.0)])
    size = min(7.0, 2.2 + 0.55 * len(classes))
    figure = Figure(figsize=(size, size), layout="constrained")
    axis = figure.subplots()
    axis.imshow(share, cmap=shades, vmin=0, vmax=1)
    many = len(classes) > 20
    for (row, column), count in np.ndenumerate(counts):
        if count and not many:
            colour = "white" if share[row, column] > 0.5 else INK
            axis.text(column, row, f"{count:,}", ha="center", va="center", fontsize=9, color=colour)
    axis.set(xticks=range(len(classes)), yticks=range(len(classes)), xlabel="predicted", ylabel="true")
    names = [str(name) for name in classes]
    axis.set_xticklabels(names, rotation=90 if max(map(len, names)) > 3 else 0)
    axis.set_yticklabels(names)
    if many:
        axis.tick_params(labelsize=6)
    axis.grid(False)
    return figure


@styled
def calibration(bins: Sequence[Mapping[str, float]], total: int) -> Figure:
    """Draw how often a classifier is right over how sure it is; below, how many of its guesses are so sure.

    Parameters
    ----------
    bins : for each bin of confidence that is not empty ``from``, ``to``, ``accuracy``, ``confidence`` and ``count``.
    total : the number of all guesses.
    """
    figure = Figure(figsize=(5.6, 5.2), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    left, width = [b["from"] for b in bins], [b["to"] - b["from"] for b in bins]
    upper.bar(left, [b["accuracy"] for b in bins], width, align="edge", color=SERIES[0], edgecolor=PAPER, linewidth=1)
    upper.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (2, 2)), label="honest")
    upper.plot(
        [b["confidence"] for b in bins], [b["accuracy"] for b in bins], color=SERIES[1], marker="o", linestyle="none",
        label="mean confidence of the bin",
    )  # fmt: skip
    upper.set(xlim=(0, 1), ylim=(0, 1.02), ylabel="share that was right")
    upper.legend(loc="upper left")
    lower.bar(left, [b["count"] / total for b in bins], width, align="edge", color=MUTED, edgecolor=PAPER, linewidth=1)
    lower.set(xlabel="confidence: the probability of the guess", ylabel="share of guesses")
    return figure


@styled
def attention(weights: Any, queries: Sequence[str], keys: Sequence[str], titles: Sequence[str] = ()) -> Figure:
    """Draw attention weights: each row is a query, and its shades say how much it takes from each key.

    Parameters
    ----------
    weights : (T, S), or (M, T, S) for M maps side by side, such as one a head; each row sums to 1.
    queries, keys : T and S words or characters for the axes.
    titles : M words, one above each map.
    """
    maps = np.asarray(weights, dtype=float)
    maps = maps[None] if maps.ndim == 2 else maps
    if maps.ndim != 3 or maps.shape[1:] != (len(queries), len(keys)):
        raise ValueError(
            f"got weights of shape {np.shape(weights)} for {len(queries)} queries and {len(keys)} keys, "
            "expected (T, S) or (M, T, S)"
        )
    shades = LinearSegmentedColormap.from_list("weight", [(*_rgb(SERIES[0]), 0.0), (*_rgb(SERIES[0]), 1.0)])
    columns = min(len(maps), 2)
    rows = -(-len(maps) // columns)
    cell = min(0.3, 7.0 / (columns * max(len(keys), 1)))
    size = (columns * (cell * len(keys) + 0.9), rows * (cell * len(queries) + 0.9))
    figure = Figure(figsize=size, layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axis in axes[len(maps) :]:
        axis.axis("off")
    for axis, picture, title in zip(axes, maps, [*titles, *[""] * len(maps)]):
        axis.imshow(picture, cmap=shades, vmin=0, vmax=1)
        axis.set(xticks=range(len(keys)), yticks=range(len(queries)), title=title)
        axis.set_xticklabels(list(keys), rotation=90 if max(map(len, keys)) > 1 else 0)
        axis.set_yticklabels(list(queries))
        axis.tick_params(length=0, labelsize=8 if cell > 0.2 else 6)
        axis.grid(False)
    return figure


@styled
def gallery(
    images: Any,
    captions: Sequence[str] | None = None,
    columns: int = 8,
    limits: tuple[float, float] | None = None,
) -> Figure:
    """Show images in a grid, each with a caption below.

    Parameters
    ----------
    images : (N, H, W) or (N, 1, H, W) grey, (N, H, W, 3) or (N, 3, H, W) in colour.
    captions : one for each image, or none.
    columns : images in a row.
    limits : the values shown as black and as white; by default each image's own smallest and largest.
    """
    pictures = [_picture(image, limits) for image in images]
    if not pictures:
        raise ValueError("got no images to show")
    if captions is not None and len(captions) != len(pictures):
        raise ValueError(f"got {len(captions)} captions for {len(pictures)} images, expected one each")
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    lines = max((caption.count("\n") + 1 for caption in captions or []), default=0)
    cell = min(1.5, 8.0 / columns)
    figure = Figure(figsize=(cell * columns, (cell + 0.18 * lines) * rows), layout="constrained")
    for axis in figure.subplots(rows, columns, squeeze=False).flat:
        axis.axis("off")
    for index, (axis, picture) in enumerate(zip(figure.axes, pictures)):
        axis.imshow(picture)
        if captions is not None:
            axis.text(0.5, -0.06, captions[index], ha="center", va="top", fontsize=8, transform=axis.transAxes)
    return figure


def filters(weights: Any, columns: int = 8) -> Figure:
    """Show the kernels of a convolution, (O, C, K, K): one picture for each output channel.

    One input channel is shown in grey (mid-grey is zero), three as colours; of any other number the mean is shown.
    """
    weights = np.asarray(weights, dtype=float)
    if weights.ndim != 4:
        raise ValueError(f"got weights of shape {weights.shape}, expected (O, C, K, K): a convolution's weight")
    if weights.shape[1] not in (1, 3):
        weights = weights.mean(axis=1, keepdims=True)
    largest = np.abs(weights).max(axis=(1, 2, 3), keepdims=True)
    scaled = 0.5 + 0.5 * weights / np.where(largest == 0, 1, largest)  # in [0, 1], zero at 0.5
    figure = gallery(scaled.transpose(0, 2, 3, 1), columns=columns, limits=(0, 1))
    figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.08)  # or neighbours read as one picture
    return figure


@styled
def precision_recall(curves: Mapping[str, Curve], baseline: float | None = None) -> Figure:
    """Draw precision over recall for each name in ``curves``, a pair (precision, recall).

    ``baseline`` is the share of positives: the precision, at every recall, of a model that knows nothing.
    """
    figure = Figure(figsize=(6.8, 4.0), layout="constrained")
    axis = figure.subplots()
    for index, (name, (precision, recall)) in enumerate(curves.items()):
        style = ("-", "--", "-.", ":")[index % 4]
        axis.plot(recall, precision, label=name, color=_colour(index), linestyle=style)
    if baseline is not None:
        axis.axhline(baseline, color=MUTED, linewidth=1, linestyle=(0, (2, 2)), label="knowing nothing")
    axis.set(xlabel="recall: share of the positives that is found", xlim=(0, 1))
    axis.set(ylabel="precision: share of flags that are right")
    axis.set_ylim(bottom=0)
    axis.legend()
    return figure


@styled
def reliability(curves: Mapping[str, Curve], event: str = "event") -> Figure:
    """Draw the observed frequency over the predicted probability: honest probabilities lie on the diagonal.

    Parameters
    ----------
    curves : name to (mean predicted probability, observed frequency) for each bin.
    event : what is predicted, for the axis labels.
    """
    figure = Figure(figsize=(5.6, 4.6), layout="constrained")
    axis = figure.subplots()
    top = 0.0
    for index, (name, (predicted, observed)) in enumerate(curves.items()):
        axis.plot(predicted, observed, label=name, color=_colour(index), marker=MARKERS[index % len(MARKERS)])
        top = max(top, *predicted, *observed)
    axis.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (2, 2)), label="honest", zorder=1)
    top = min(1.0, top * 1.08)
    axis.set(xlim=(0, top), ylim=(0, top), xlabel=f"predicted probability of a {event}")
    axis.set_ylabel(f"share that was a {event}")
    axis.legend(loc="upper left")
    return figure


@styled
def lines(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float | None]]],
    x_label: str,
    y_label: str,
    band: tuple[Sequence[float], Sequence[float], Sequence[float], str] | None = None,
    from_zero: bool = True,
) -> Figure:
    """Draw one line for each name in ``curves``, a pair (x, y); a None among the y leaves a gap.

    Parameters
    ----------
    curves : name to (x, y).
    x_label, y_label : what the axes are.
    band : (x, low, high, name), an area between two lines, such as an interval; it has the first line's colour.
    from_zero : whether the vertical axis begins at 0, so that heights can be compared.
    """
    figure = Figure(figsize=(6.8, 3.8), layout="constrained")
    axis = figure.subplots()
    if band is not None:
        x, low, high, name = band
        axis.fill_between(x, low, high, color=SERIES[0], alpha=0.2, linewidth=0, label=name)
    for index, (name, (x, y)) in enumerate(curves.items()):
        values = np.array([np.nan if value is None else value for value in y], dtype=float)
        marker = MARKERS[index % len(MARKERS)] if len(values) <= 20 else ""
        style = ("-", "--", "-.", ":")[index % 4]
        axis.plot(x, values, label=name, color=_colour(index), marker=marker, linestyle=style)
    axis.set(xlabel=x_label, ylabel=y_label)
    if from_zero:
        axis.set_ylim(bottom=0)
    if len(curves) > 1 or band is not None:
        axis.legend()
    return figure


@styled
def bars(
    names: Sequence[str],
    values: Sequence[float],
    spreads: Sequence[float] | None = None,
    label: str = "",
    baseline: float | None = None,
    form: str = "{:.3g}",
) -> Figure:
    """Draw values as horizontal bars, first on top, with whiskers of one spread (such as a standard deviation)."""
    figure = Figure(figsize=(6.8, 0.8 + 0.42 * len(names)), layout="constrained")
    axis = figure.subplots()
    places = np.arange(len(names))
    axis.barh(places, values, color=SERIES[0], height=0.6)
    spread = np.zeros(len(names)) if spreads is None else np.asarray(spreads, dtype=float)
    if spreads is not None:
        axis.errorbar(values, places, xerr=spread, fmt="none", ecolor=INK, elinewidth=1.2, capsize=3)
    for place, value, reach in zip(places, values, spread):
        axis.annotate(
            form.format(value),
            (value + reach, place),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    if baseline is not None:
        axis.axvline(baseline, color=SERIES[1], linewidth=1.2, linestyle=(0, (3, 2)))
    axis.set_yticks(places, list(names))
    axis.tick_params(axis="y", length=0, labelcolor=INK)
    axis.grid(axis="y", visible=False)
    axis.margins(x=0.14)
    axis.invert_yaxis()
    axis.set_xlabel(label)
    return figure


@styled
def knob(
    positions: Sequence[object],
    curves: Mapping[str, tuple[Any, Any]],
    x_label: str,
    y_label: str,
    mark: tuple[int, str] | None = None,
    log: bool = False,
) -> Figure:
    """Draw what happens as one knob is turned: a line with whiskers for each measure.

    Parameters
    ----------
    positions : of the knob, in order; they stand side by side at equal distances, whatever they are.
    curves : name to (values, spreads) at the positions; the whiskers reach one spread up and down.
    x_label, y_label : what the axes are.
    mark : (place, words), a dashed line at one position.
    log : whether the vertical axis is logarithmic.
    """
    figure = Figure(figsize=(6.8, 3.6), layout="constrained")
    axis = figure.subplots()
    for index, (name, (values, spreads)) in enumerate(curves.items()):
        marker = MARKERS[index % len(MARKERS)]
        places = np.arange(len(values)) + 0.06 * (index - (len(curves) - 1) / 2)  # side by side where they meet
        axis.errorbar(places, values, spreads, label=name, color=_colour(index), marker=marker, elinewidth=1)
    if mark is not None:
        axis.axvline(mark[0], color=MUTED, linestyle="--", linewidth=1)
        left = mark[0] < len(positions) / 2  # the words stand on the side where there is room
        axis.annotate(mark[1], (mark[0], 1), xycoords=("data", "axes fraction"), xytext=(4 if left else -4, -10),
                      ha="left" if left else "right", textcoords="offset points", color=MUTED, fontsize=9)  # fmt: skip
    axis.set_xticks(range(len(positions)), [f"{p:g}" if isinstance(p, (int, float)) else str(p) for p in positions])
    axis.set(xlabel=x_label, ylabel=y_label)
    if log:
        axis.set_yscale("log")
    else:
        axis.set_ylim(bottom=0)
    axis.legend()
    return figure


def _picture(image: Any, limits: tuple[float, float] | None) -> np.ndarray:
    """Bring one image to (H, W, 3) in [0, 1]: grey is repeated, so that no colour map is needed."""
    values = np.asarray(image, dtype=float)
    if values.ndim == 3 and values.shape[0] in (1, 3) and values.shape[2] not in (1, 3):
        values = values.transpose(1, 2, 0)
    if values.ndim == 2:
        values = values[:, :, None]
    if values.ndim != 3 or values.shape[2] not in (1, 3):
        raise ValueError(f"got an image of shape {np.shape(image)}, expected (H, W), (1, H, W), (3, H, W) or (H, W, 3)")
    low, high = limits or (values.min(), values.max())
    values = np.clip((values - low) / (high - low if high > low else 1), 0, 1)
    return values.repeat(3, axis=2) if values.shape[2] == 1 else values


def _panels(count: int, height: float) -> tuple[Figure, list[Any]]:
    """A figure with panels side by side, two in a row."""
    columns = min(count, 2)
    rows = -(-count // columns)
    figure = Figure(figsize=(4.4 * columns if columns > 1 else 6, height * rows), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axis in axes[count:]:
        axis.axis("off")
    return figure, axes[:count]


def _colour(index: int) -> str:
    return SERIES[index % len(SERIES)]


def _rgb(colour: str) -> tuple[float, float, float]:
    return to_rgb(colour)
