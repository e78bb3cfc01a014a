"""Plots: they draw the numbers they are given, and leave matplotlib's global state alone."""

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from groundup import plots


def drawn(figure: Figure) -> Figure:
    figure.canvas.draw()
    return figure


def shown(axis) -> np.ndarray:
    """The pixels of the one image on an axis."""
    return np.asarray(axis.images[0].get_array())


def test_learning_curves_have_a_panel_a_measure_and_a_line_a_run():
    figure = drawn(
        plots.learning_curves({"a": {"loss": [3, 2, 1], "accuracy": [0.1, 0.2, 0.3]}, "b": {"loss": [2, 1]}})
    )
    loss, accuracy = figure.axes
    assert [len(axis.lines) for axis in (loss, accuracy)] == [2, 1]
    np.testing.assert_array_equal(loss.lines[0].get_xydata(), [[1, 3], [2, 2], [3, 1]])
    with pytest.raises(ValueError, match="no history"):
        plots.learning_curves({})


def test_confusion_matrix_writes_every_count():
    figure = drawn(plots.confusion_matrix([[1234, 1], [0, 2]], ["a", "b"]))
    assert sorted(text.get_text() for text in figure.axes[0].texts) == ["1", "1,234", "2"]
    np.testing.assert_allclose(shown(figure.axes[0]), [[1234 / 1235, 1 / 1235], [0, 1]])
    with pytest.raises(ValueError, match="3 classes"):
        plots.confusion_matrix([[1, 0], [0, 1]], ["a", "b", "c"])


@pytest.mark.parametrize("shape", [(5, 7, 6), (5, 1, 7, 6), (5, 3, 7, 6), (5, 7, 6, 3)])
def test_gallery_takes_every_layout(shape):
    images = np.random.default_rng(0).random(shape)
    figure = drawn(plots.gallery(images, list("abcde"), columns=3))
    pictures = [shown(axis) for axis in figure.axes if axis.images]
    assert [picture.shape for picture in pictures] == [(7, 6, 3)] * 5
    assert all(picture.min() == 0 and picture.max() == 1 for picture in pictures)


def test_gallery_refuses_what_it_cannot_show():
    with pytest.raises(ValueError, match="no images"):
        plots.gallery([])
    with pytest.raises(ValueError, match="2 captions for 3 images"):
        plots.gallery(np.zeros((3, 4, 4)), ["a", "b"])
    with pytest.raises(ValueError, match=r"shape \(5,\)"):
        plots.gallery(np.zeros((3, 5)))


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_filters_show_zero_as_mid_grey(channels):
    weights = np.zeros((5, channels, 3, 3))
    weights[0, :, 0, 0] = -2.0
    figure = drawn(plots.filters(weights))
    first, second = (shown(axis) for axis in figure.axes[:2])
    assert first.shape == (3, 3, 3)
    np.testing.assert_allclose(first[0, 0], 0.0)
    np.testing.assert_allclose(first[1, 1], 0.5)
    np.testing.assert_allclose(second, 0.5)
    with pytest.raises(ValueError, match=r"\(O, C, K, K\)"):
        plots.filters(weights[0])


def test_precision_recall_draws_the_curves_and_the_baseline():
    figure = drawn(plots.precision_recall({"a": ([0.2, 0.5], [1.0, 0.1])}, baseline=0.05))
    curve, baseline = figure.axes[0].lines
    np.testing.assert_array_equal(curve.get_xydata(), [[1.0, 0.2], [0.1, 0.5]])
    assert np.unique(baseline.get_ydata()) == [0.05]


def test_reliability_draws_observed_over_predicted():
    figure = drawn(plots.reliability({"a": ([0.1, 0.4], [0.2, 0.3])}, "bad loan"))
    np.testing.assert_array_equal(figure.axes[0].lines[0].get_xydata(), [[0.1, 0.2], [0.4, 0.3]])
    assert "bad loan" in figure.axes[0].get_xlabel()


def test_bars_have_the_lengths_they_are_given():
    figure = drawn(plots.bars(["a", "b"], [1.0, 3.0], [0.1, 0.2]))
    assert [bar.get_width() for bar in figure.axes[0].patches if isinstance(bar, Rectangle)] == [1.0, 3.0]


def test_no_global_state():
    before = dict(matplotlib.rcParams)
    drawn(plots.bars(["a"], [1.0]))
    assert dict(matplotlib.rcParams) == before


def test_calibration_draws_a_bar_a_bin_as_high_as_the_share_that_was_right():
    bins = [
        {"from": 0.5, "to": 0.6, "confidence": 0.55, "accuracy": 0.25, "count": 1},
        {"from": 0.9, "to": 1.0, "confidence": 0.97, "accuracy": 0.5, "count": 3},
    ]
    upper, lower = drawn(plots.calibration(bins, total=4)).axes
    assert [bar.get_height() for bar in upper.patches if isinstance(bar, Rectangle)] == [0.25, 0.5]
    assert [bar.get_height() for bar in lower.patches if isinstance(bar, Rectangle)] == [0.25, 0.75]
    np.testing.assert_allclose(np.asarray(upper.lines[1].get_xydata()), [[0.55, 0.25], [0.97, 0.5]])


def test_attention_has_queries_in_rows_and_a_map_a_head():
    weights = np.random.default_rng(0).dirichlet(np.ones(3), (5, 2))  # 5 heads, 2 queries, 3 keys
    figure = drawn(plots.attention(weights, ["to", "be"], ["zu", "sein", "."], [f"head {n}" for n in range(5)]))
    pictures = [axis for axis in figure.axes if axis.images]
    assert [axis.get_title(loc="left") for axis in pictures] == [f"head {n}" for n in range(5)]
    np.testing.assert_allclose(shown(pictures[3]), weights[3])
    assert [label.get_text() for label in pictures[0].get_yticklabels()] == ["to", "be"]
    assert len([axis for axis in drawn(plots.attention(weights[0], "ab", "xyz")).axes if axis.images]) == 1
    with pytest.raises(ValueError, match="for 3 queries and 2 keys"):
        plots.attention(weights, "abc", "xy")


def test_confusion_of_many_classes_is_drawn_without_counts():
    figure = drawn(plots.confusion_matrix(np.eye(30, dtype=int), range(30)))
    assert not figure.axes[0].texts


def test_lines_leave_a_gap_where_a_value_is_missing():
    curves = {"a": ([1, 2, 3], [4.0, None, 6.0]), "b": ([1, 2], [1, 2])}
    figure = drawn(plots.lines(curves, "day", "riders", band=([1, 2], [0, 1], [2, 3], "interval")))
    (axis,) = figure.axes
    np.testing.assert_array_equal(axis.lines[0].get_xydata(), [[1, 4], [2, np.nan], [3, 6]])
    legend = axis.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["interval", "a", "b"]
    assert axis.get_ylim()[0] == 0
