"""The pictures of experiments draw the numbers that they are given."""

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from groundup.training.experiments import pictures


def trial(number, state, curve, **choices):
    return {"number": number, "state": state, "curve": curve, "score": max(curve), "choices": choices}


TRIALS = [
    trial(0, "complete", [0.1, 0.2], lr=1e-3, name="a"),
    trial(1, "complete", [0.90, 0.91], lr=1e-2, name="b"),
    trial(2, "complete", [0.89, 0.92], lr=2e-2, name="b"),
    trial(3, "pruned", [0.88], lr=3e-2, name="a"),
    trial(4, "running", [0.87, 0.9], lr=3e-2, name="a"),
]


def points(axis, marker):
    """The points drawn with a marker, in the order of their x."""
    found = [line.get_xydata()[0] for line in axis.lines if line.get_marker() == marker and len(line.get_xydata()) == 1]
    return np.array(sorted(map(tuple, found)))


def test_the_worst_trials_lie_on_the_edge_and_no_others_do():
    limit = pictures.edge(TRIALS, "highest")
    assert 0.2 < limit < 0.88
    mirrored = [t | {"score": -t["score"]} for t in TRIALS]
    assert pictures.edge(mirrored, "lowest") == pytest.approx(-limit)
    alike = [t | {"score": 0.5} for t in TRIALS]
    assert pictures.edge(alike, "highest") == 0.5


def test_history_shows_each_trial_and_the_best_so_far():
    figure = pictures.history(TRIALS, "highest", "validation accuracy")
    figure.canvas.draw()
    axis, limit = figure.axes[0], pictures.edge(TRIALS, "highest")
    np.testing.assert_allclose(points(axis, "o"), [[0, limit], [1, 0.91], [2, 0.92], [4, 0.9]])
    np.testing.assert_allclose(points(axis, "x"), [[3, 0.88]])
    np.testing.assert_allclose(np.asarray(axis.lines[-1].get_xydata()), [[0, limit], [1, 0.91], [2, 0.92]])
    assert any("%" in label.get_text() for label in axis.get_yticklabels())


def test_curves_end_in_a_cross_where_a_trial_was_pruned():
    axis = pictures.curves(TRIALS, 2, "highest", "validation accuracy").axes[0]
    np.testing.assert_allclose(points(axis, "x"), [[1, 0.88]])
    thick = [line for line in axis.lines if line.get_linewidth() > 2]
    np.testing.assert_allclose(np.asarray(thick[0].get_xydata()), [[1, 0.89], [2, 0.92]])


def test_slices_have_a_panel_a_choice_and_mark_the_best():
    names = {"lr": "log", "name": ["a", "b"]}
    figure = pictures.slices(TRIALS, names, 2, "highest", "validation accuracy")
    lr, name = figure.axes
    assert (lr.get_xscale(), [axis.get_title(loc="left") for axis in (lr, name)]) == ("log", ["lr", "name"])
    np.testing.assert_allclose(points(lr, "*"), [[2e-2, 0.92]])
    assert round(points(name, "*")[0][0]) == 1
    assert [label.get_text() for label in name.get_xticklabels()] == ["a", "b"]


def test_importances_mark_the_control():
    axis = pictures.importances({"lr": (0.7, 0.1), "chance": (0.1, 0.05), "idle": (0.05, 0.01)}, "chance").axes[0]
    widths = [bar.get_width() for bar in axis.patches if isinstance(bar, Rectangle)]
    assert widths == [0.7, 0.1, 0.05]
    assert axis.patches[1].get_facecolor() != axis.patches[0].get_facecolor() == axis.patches[2].get_facecolor()


def test_differences_are_blue_where_they_are_clear():
    def choice(name, verdict, low, high):
        comparison = {"difference": (low + high) / 2, "low": low, "high": high}
        return {"name": name, "verdict": verdict, "comparison": comparison, "differences": [low, high]}

    lost = {"name": "lost", "verdict": "diverged", "comparison": None, "differences": []}
    choices = [choice("up", "better", 0.1, 0.3), choice("noise", "may be noise", -0.1, 0.2), lost]
    axis = pictures.differences(choices, "accuracy").axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["up", "noise"]
    bars = [line for line in axis.lines if line.get_linewidth() == 2.2]
    np.testing.assert_allclose([np.asarray(bar.get_xdata()) for bar in bars], [[0.1, 0.3], [-0.1, 0.2]])
    assert [bar.get_color() for bar in bars] == [pictures.SERIES[0], pictures.MUTED]
    assert "percentage points" in axis.get_xlabel()
