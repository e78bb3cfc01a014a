"""The study of under- and overfitting: its parts do what they say, its identity holds, its page follows the numbers."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.applications import over_and_under
from groundup.applications.over_and_under import contest, descent, knobs, network, sample, twin, variance
from groundup.report import Page

QUICK = network.Settings(hidden=8, epochs=3)


@pytest.fixture(scope="module")
def digits():
    return sample.load()


@pytest.fixture(scope="module")
def result():
    """The study at a fraction of its size."""
    patch = pytest.MonkeyPatch()
    patch.setattr(knobs, "LONG", 6)
    patch.setattr(knobs, "BASE", QUICK)
    patch.setattr(variance, "BASE", QUICK)
    patch.setattr(descent, "FEATURES", (50, 400, 1000))
    patch.setattr(variance, "WIDTHS", (2, 8))
    few = [dataclasses.replace(c, settings=c.settings[:1]) for c in contest.CONTESTANTS[:3]]
    few += [dataclasses.replace(contest.CONTESTANTS[-1], settings=[QUICK, dataclasses.replace(QUICK, shift=1)])]
    few[1] = dataclasses.replace(few[1], settings=[QUICK])
    patch.setattr(contest, "CONTESTANTS", few)
    turned = [dataclasses.replace(knobs.KNOBS[0], positions=(1, 8), settings=lambda n: network.Settings(n, epochs=3))]
    yield over_and_under.run(seeds=2, seed=5, turned=turned, samples=3)
    patch.undo()


def test_the_parts_share_no_image(digits):
    parts = (digits.pool, digits.validation, digits.test)
    rows = [set(map(bytes, part)) for part in parts]
    assert len(rows[0] | rows[1] | rows[2]) == sum(map(len, parts))
    assert len(digits.test) == 360


def test_a_fifth_of_the_labels_is_wrong_and_the_images_are_the_pools(digits):
    truth = {bytes(image): label for image, label in zip(digits.pool, digits.pool_labels)}
    drawn = [sample.draw(digits, seed, 800) for seed in range(5)]
    wrong = [np.mean([truth[bytes(x)] != y for x, y in zip(s.x, s.labels)]) for s in drawn]
    assert np.mean(wrong) == pytest.approx(sample.NOISE, abs=0.02)
    np.testing.assert_array_equal(drawn[0].labels, sample.draw(digits, 0, 800).labels)
    assert not np.array_equal(drawn[0].x, drawn[1].x)


def test_drawing_leaves_the_labels_of_the_pool_alone(digits):
    before = digits.pool_labels.copy()
    sample.draw(digits, 3)
    np.testing.assert_array_equal(digits.pool_labels, before)


def test_a_shift_moves_whole_images():
    image = np.zeros((1, 8, 8))
    image[0, 3, 4] = 1
    moved = network.shifted(np.repeat(image.reshape(1, -1), 500, axis=0), 2, np.random.default_rng(0))
    places = {tuple(np.argwhere(one.reshape(8, 8))[0].tolist()) for one in moved}
    assert places == {(row, column) for row in range(1, 6) for column in range(2, 7)}
    assert (moved.sum(axis=1) == 1).all()


@settings(max_examples=25, deadline=None)
@given(samples=st.integers(1, 6), images=st.integers(1, 7), classes=st.integers(2, 5), seed=st.integers(0, 99))
def test_bias_and_variance_add_up_to_the_error(samples, images, classes, seed):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(classes), size=(samples, images))
    parts = variance.decompose(p, rng.integers(classes, size=images))
    assert parts["error"] == pytest.approx(parts["bias²"] + parts["variance"])
    if samples == 1:
        assert parts["variance"] == 0


def test_the_twin_in_pytorch_is_equal(digits):
    found = twin.measure(digits, dataclasses.replace(knobs.BASE, epochs=10, weight_decay=0.1), seed=4)
    assert found["steps"] == 130
    assert found["weights"] < 1e-10
    assert found["probabilities"] < 1e-10


def test_the_twin_would_notice_another_decay(digits, monkeypatch):
    other = twin.train_in_torch
    monkeypatch.setattr(twin, "train_in_torch", lambda s, *rest: other(dataclasses.replace(s, weight_decay=0.0), *rest))
    found = twin.measure(digits, dataclasses.replace(QUICK, weight_decay=0.1), seed=4)
    assert found["weights"] > 1e-6


def test_enough_features_fit_every_label_with_the_shortest_solution(digits):
    found = descent.measure(digits, [0], sizes=(100, 400, 2000))
    assert found["training error"][0][0] > 0.05
    assert found["training error"][1:] == [[0.0], [0.0]]
    assert found["length of β"][1][0] > 5 * found["length of β"][2][0]
    assert found["validation error"][1][0] > found["validation error"][2][0]


def test_capacity_shows_both_failures(digits):
    """One hidden unit can't learn, many learn wrong labels by heart: seen with a fixed seed."""
    knob = dataclasses.replace(knobs.KNOBS[0], positions=(1, 32, 256))
    found = knobs.turn(knob, digits, [1])
    training, validation = np.ravel(found["training error"]), np.ravel(found["validation error"])
    assert training[0] > 0.5
    assert validation[0] > 0.5
    assert training[2] < 0.5 * sample.NOISE
    assert validation[1] < validation[2]


def test_everyone_has_the_same_budget():
    assert [len(c.settings) for c in contest.CONTESTANTS] == [1, 1, 12, 12, 12]


def test_the_test_part_is_asked_once_for_each_contestant_and_seed(digits):
    asked = []

    def fit(settings, sample, seed):
        def predict(x):
            asked.append((settings, len(x)))
            return np.full(len(x), settings)

        return predict

    patch = pytest.MonkeyPatch()
    patch.setattr(contest, "CONTESTANTS", [contest.Contestant("a", fit, (0, 1, 2)), contest.Contestant("b", fit, (3,))])
    patch.setattr(contest, "NAIVE", "a")
    patch.setattr(contest, "CHOSEN", "b")
    contest.hold(digits, [1, 2], lambda text: None)
    patch.undo()
    tested = [settings for settings, rows in asked if rows == 360]
    assert len(tested) == 4  # two contestants, two seeds


def test_results_are_json_and_the_page_is_made_from_them(result):
    stored = json.loads(json.dumps(result, allow_nan=False))
    assert stored == result
    html = over_and_under.add_to(Page(over_and_under.TITLE, over_and_under.QUESTION), stored, alone=True).html()
    naive = stored["contest"]["contestants"][contest.NAIVE]["error"]["mean"]
    assert f"{naive:.1%}" in html
    for heading in ("Capacity", "Double descent", "Theory all the way down", "Model card"):
        assert heading in html
    assert len(over_and_under.sentences(stored)) == 4
    assert over_and_under.summary(stored).row_count == len(stored["contest"]["contestants"])
