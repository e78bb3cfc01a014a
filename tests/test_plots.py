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
