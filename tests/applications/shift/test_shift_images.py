"""The parts of the shift study that handle images: corruptions, the network, temperatures, detectors, transfer."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp
from sklearn.metrics import roc_auc_score

from groundup.applications.shift import contest, detection, drift, honesty, network, sureness, transfer
from groundup.applications.shift.corruptions import CORRUPTIONS, PIXELS, PLACES, SEVERITIES, corrupt, moved

RNG = np.random.default_rng


@settings(max_examples=30, deadline=None)
@given(
    name=st.sampled_from(list(CORRUPTIONS)),
    severity=st.sampled_from(SEVERITIES),
    side=st.integers(4, 13),
    count=st.integers(0, 5),
    seed=st.integers(0, 99),
)
def test_a_corrupted_image_is_an_image_and_the_same_draw_gives_the_same(name, severity, side, count, seed):
    images = RNG(seed).random((count, side, side))
    before = images.copy()
    worse = corrupt(images, name, severity, RNG(seed))
    assert worse.shape == images.shape
    assert count == 0 or (worse.min() > -1e-9 and worse.max() < 1 + 1e-9)
    np.testing.assert_array_equal(images, before)
    np.testing.assert_array_equal(worse, corrupt(images, name, severity, RNG(seed)))


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_severity_takes_images_further_away(digits, name):
    away = [np.abs(corrupt(digits.test, name, severity, RNG(0)) - digits.test).mean() for severity in SEVERITIES]
    assert away[0] > 0.001
    assert (np.diff(away) > 0).all()


def test_a_move_by_whole_pixels_and_a_quarter_turn_are_exact():
    image = RNG(1).random((1, 6, 6))
    down = moved(image, down=1 / 6)
    np.testing.assert_allclose(down[0, 1:], image[0, :-1], atol=1e-12)
    np.testing.assert_array_equal(down[0, 0], 0)
    np.testing.assert_allclose(moved(image, right=-2 / 6)[0, :, :-2], image[0, :, 2:], atol=1e-12)
    np.testing.assert_allclose(moved(image, degrees=90)[0], np.rot90(image[0]), atol=1e-9)  # counter-clockwise
    two = moved(np.repeat(image, 2, axis=0), degrees=np.array([0, 180]))
    np.testing.assert_allclose(two[1], two[0, ::-1, ::-1], atol=1e-9)


def test_each_corruption_does_what_it_says():
    image = np.zeros((200, 12, 12))
    image[:, 4:8, 5:7] = 1
    noisy = corrupt(np.full((50, 12, 12), 0.5), "noise", 1, RNG(0))
    assert noisy.std() == pytest.approx(CORRUPTIONS["noise"].strengths[0], rel=0.03)
    np.testing.assert_allclose(corrupt(image, "blur", 1, RNG(0)).sum(axis=(1, 2)), 8, rtol=1e-3)  # ink only moves
    flat = corrupt(image, "contrast", 3, RNG(0))
    np.testing.assert_allclose(flat.mean(axis=(1, 2)), image.mean(axis=(1, 2)))
    assert flat[0].max() - flat[0].min() == pytest.approx(1 - CORRUPTIONS["contrast"].strengths[2])
    covered = corrupt(np.ones((200, 12, 12)), "occlusion", 2, RNG(0)) == 0.5
    np.testing.assert_array_equal(covered.sum(axis=(1, 2)), 9)  # a quarter of the side is 3 pixels
    assert len({bytes(one) for one in covered}) > 50  # anywhere
    way = [np.argwhere(one > 0.3).mean(axis=0) - (5.5, 5.5) for one in corrupt(image, "shift", 5, RNG(0))]
    assert np.hypot(*np.transpose(way)).mean() == pytest.approx(0.2 * 12, rel=0.15)
    turned = corrupt(image, "rotation", 5, RNG(0))
    assert len({bytes(np.round(one, 9)) for one in turned}) == 2  # to the left and to the right


@pytest.mark.parametrize(
    ("images", "name", "severity", "words"),
    [
        (np.zeros((2, 64)), "blur", 1, "expected .N, S, S."),
        (np.zeros((2, 8, 9)), "blur", 1, "square"),
        (np.zeros((2, 8, 8)), "fog", 1, "expected one of noise"),
        (np.zeros((2, 8, 8)), "blur", 6, "expected 1, 2, 3, 4 or 5"),
    ],
)
def test_what_can_not_be_corrupted_is_named(images, name, severity, words):
    with pytest.raises(ValueError, match=words):
        corrupt(images, name, severity, RNG(0))


def test_blocks_are_means_and_a_border_that_does_not_fit_is_cut_off():
    image = RNG(0).random((2, 28, 28))
    halved = contest.reduced(image.reshape(2, -1), 14)
    assert halved[1, 3, 5] == pytest.approx(image[1, 6:8, 10:12].mean())
    eight = contest.reduced(image.reshape(2, -1), 8)  # 24 of 28 pixels, two less at each end
    assert eight[0, 0, 7] == pytest.approx(image[0, 2:5, 23:26].mean())


@pytest.fixture(scope="module")
def model(digits):
    return network.train(network.build(8, 10, 1), digits.pool, digits.pool_labels, 1, 120)


def test_the_network_learns_and_equal_seeds_give_equal_networks(digits, model):
    assert (network.logits(model, digits.test).argmax(axis=1) == digits.test_labels).mean() > 0.9
    again = network.train(network.build(8, 10, 1), digits.pool, digits.pool_labels, 1, 120)
    np.testing.assert_array_equal(network.logits(model, digits.test), network.logits(again, digits.test))
    other = network.build(8, 10, 2)
    assert not np.allclose(network.logits(other, digits.test), network.logits(network.build(8, 10, 1), digits.test))


def test_half_of_the_images_are_shown_in_the_ways_that_training_is_told(digits):
    shown = network._partly(digits.pool, PIXELS, RNG(0))
    touched = (shown != digits.pool).any(axis=(1, 2))
    assert touched.mean() == pytest.approx(0.5, abs=0.08)
    assert network._partly(digits.pool, (), RNG(0)) is digits.pool


def test_asking_with_batch_statistics_leaves_the_network_as_it_was(digits, model):
    before = network.logits(model, digits.test)
    faint = digits.test * 0.3
    adapted = network.with_batch_statistics(model, faint)
    np.testing.assert_array_equal(network.logits(model, digits.test), before)
    right = [(z.argmax(axis=1) == digits.test_labels).mean() for z in (network.logits(model, faint), adapted)]
    assert right[1] > right[0] + 0.1  # a change of scale is what it can undo


def test_copies_are_averaged_as_probabilities(digits, model):
    log_p = network.over_copies(model, digits.test, 0.03)
    np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1)
    still = network.over_copies(model, digits.test, 0.0)  # seven times the same image
    np.testing.assert_allclose(still, network.log_softmax(network.logits(model, digits.test)), atol=1e-5)


def test_fine_tuning_can_keep_the_statistics(digits, model):
    kept = model[0][1].running_mean.clone()
    network.train(model, digits.pool[:5], digits.pool_labels[:5], 0, 2, learning_rate=0.0, fixed_statistics=True)
    assert (model[0][1].running_mean == kept).all()


@pytest.mark.parametrize("true", [0.5, 1.0, 3.0])
def test_a_temperature_is_found_again(true):
    rng = RNG(0)
    z = rng.normal(0, 3, (4000, 5))
    labels = np.array([rng.choice(5, p=p) for p in np.exp(network.log_softmax(z / true))])
    found = honesty.temperature(z, labels)
    assert found == pytest.approx(true, rel=0.1)
    cooled = network.log_softmax(z / found)
    assert honesty.losses(cooled, labels).mean() <= honesty.losses(network.log_softmax(z), labels).mean() + 1e-9
    np.testing.assert_array_equal(cooled.argmax(axis=1), z.argmax(axis=1))  # no answer changes


def test_measures_by_hand():
    p = np.array([[0.95, 0.05], [0.92, 0.08], [0.4, 0.6], [0.3, 0.7]])
    found = honesty.measure(np.log(p), np.array([0, 1, 1, 1]))
    assert found["accuracy"] == 0.75
    assert found["confidence"] == pytest.approx(0.7925)
    assert found["sure"] == 0.5
    assert found["sure_right"] == 0.5
    assert found["nll"] == pytest.approx(-np.log([0.95, 0.08, 0.6, 0.7]).mean())
    assert found["ece"] == pytest.approx((2 * abs(0.935 - 0.5) + 0.4 + 0.3) / 4)
    assert honesty.measure(np.log(np.array([[0.6, 0.4]])), np.array([0]))["sure_right"] is None


def test_an_honest_model_shows_some_error_by_luck_and_less_with_more_images():
    log_p = network.log_softmax(RNG(0).normal(0, 2, (5000, 4)))
    few, many = honesty.least_ece(log_p[:100], RNG(1)), honesty.least_ece(log_p, RNG(1))
    assert few > 3 * many > 0


def test_detectors_are_their_textbook_formulas():
    rng = RNG(0)
    reference, batches = rng.random(80), np.round(rng.random((6, 23)), 1)  # with ties
    tests: list[Any] = [ks_2samp(reference, batch) for batch in batches]
    expected = [float(one.statistic) for one in tests]
    np.testing.assert_allclose(drift.kolmogorov(reference, batches), expected)
    p, q = np.array([40.5, 40.5]) / 81, np.array([[30.5, 1.5]]) / 32
    reference = np.repeat([0.0, 1.0], 40)
    index = drift.stability(reference, np.repeat([0.0, 1.0], [30, 1])[None])
    assert index[0] == pytest.approx(((q - p) * np.log(q / p)).sum())
    mixed = drift.class_mix(np.arange(1000) % 10, np.zeros((1, 10), dtype=int))
    p, q = np.full(10, 0.1), np.array([10.5, *[0.5] * 9]) / 15
    assert mixed[0] == pytest.approx(((q - p) ** 2 / p).sum())


def test_the_index_of_a_small_batch_is_large_by_chance():
    rng = RNG(0)
    for size in (100, 500):
        found = drift.stability(rng.random(1000), rng.random((300, size))).mean()
        assert found == pytest.approx(9 * (1 / 1000 + 1 / size), rel=0.15)
    assert drift.stability(rng.random(1000), rng.random((300, 20))).mean() > detection.RULE


def test_a_classifier_tells_apart_what_has_moved_and_nothing_else():
    rng = RNG(0)
    reference, same = rng.normal(size=(300, 6)), rng.normal(size=(40, 30, 6))
    assert drift.classifier(reference, same).mean() == pytest.approx(0.5, abs=0.03)
    assert drift.classifier(reference, same + 1.0).min() > 0.8
    # Each half is judged by a classifier that has not seen it: with as many columns as rows a fit would be perfect.
    wide = drift.classifier(rng.normal(size=(60, 80)), rng.normal(size=(40, 20, 80)))
    assert wide.mean() == pytest.approx(0.5, abs=0.05)


def test_the_area_is_scikit_learns():
    rng = RNG(3)
    reference, batch = rng.normal(size=(40, 1)), rng.normal(0.5, size=(20, 1))
    signs = np.sign([batch[half::2].mean() - reference[half::2].mean() for half in (0, 1)])
    sides = [(reference[1 - half :: 2], batch[1 - half :: 2]) for half in (0, 1)]
    areas = [
        roc_auc_score(np.repeat([0, 1], [20, 10]), sign * np.concatenate(side)[:, 0])
        for side, sign in zip(sides, signs)
    ]
    assert drift.classifier(reference, batch[None])[0] == pytest.approx(np.mean(areas))


def test_thresholds_keep_false_alarms_where_they_are_promised():
    """Fresh images of the same source: the alarms are as rare as promised, give or take the luck of 400 batches."""
    rng = RNG(0)

    def images(shape):
        confidence = rng.random(shape)
        return {
            "pixels": rng.normal(size=(*shape, 5)),
            "features": rng.normal(size=(*shape, 3)),
            "confidence": confidence,
            "classes": rng.integers(10, size=shape),
        }

    rates = []
    for _ in range(8):
        reference = images((300,))
        limits = detection.thresholds(reference, 20, rng)
        found = detection.statistics(reference, images((50, 20)))
        rates.append([(found[name] > limit).mean() for name, limit in limits.items()])
    np.testing.assert_allclose(np.mean(rates, axis=0), detection.FALSE_ALARMS, atol=0.035)


def test_a_few_examples_are_as_many_of_each_class_and_none_twice(digits):
    part = digits.pool, digits.pool_labels
    train, check = transfer.few(part, 7, RNG(0))
    for _, labels in (train, check):
        np.testing.assert_array_equal(np.bincount(labels), 7)
    assert len({bytes(one) for one in np.concatenate([train[0], check[0]])}) == 140


def test_classes_that_are_moved_to_are_not_in_the_source(digits):
    move = transfer.moves(digits, None)["classes"]
    assert transfer.moves(digits, None).keys() == {"classes"}
    assert transfer.moves(digits, digits).keys() == {"classes", "writers"}
    low = {bytes(one) for one in digits.pool[digits.pool_labels < 5]}
    assert {bytes(one) for one in move.source[0]} >= low
    assert not {bytes(one) for one in move.pool[0]} & {bytes(one) for one in move.source[0]}
    assert not {bytes(one) for one in move.test[0]} & {bytes(one) for one in move.pool[0]}
    np.testing.assert_array_equal(np.unique(move.test[1]), range(5))


@pytest.mark.parametrize("way", transfer.WAYS)
def test_every_way_learns_more_from_more_and_leaves_the_trained_network_alone(digits, model, way):
    before = network.features(model, digits.test)
    right = []
    for shots in (1, 12):
        train, check = transfer.few((digits.pool, digits.pool_labels), shots, RNG(2))
        predict = transfer.learn(way, model, train, check, seed=0)
        right.append((predict(digits.test) == digits.test_labels).mean())
    assert right[1] > max(0.5, right[0])
    np.testing.assert_array_equal(network.features(model, digits.test), before)


def test_no_choice_and_no_training_depends_on_the_test_images(digits, small):
    spoilt = replace(digits, test=digits.test[::-1], test_labels=(digits.test_labels + 1) % 10)
    honest = contest.choose(digits, 1)
    assert contest.choose(spoilt, 1) == honest
    one, two = (contest.fit(parts, honest[0], 1) for parts in (digits, spoilt))
    assert one.temperature == two.temperature
    asked = digits.validation[:20]
    for name, log_p in one.answers(asked).items():
        np.testing.assert_array_equal(log_p, two.answers(asked)[name], err_msg=name)
    # The check has teeth: validation does decide.
    other = replace(digits, validation_labels=(digits.validation_labels + 1) % 10)
    assert contest.choose(other, 1)[1] != honest[1]


def test_everyone_is_asked_about_the_same_images(digits, small):
    fitted = contest.fit(digits, {"plain": 0.03, "pixels": 0.03, "places": 0.03, "logistic": 1.0, "copies": 0.0}, 1)
    answers = contest.Answers(digits, [fitted, fitted], [4, 4], (2,))
    assert answers.conditions == [contest.CLEAN, *((name, 2) for name in CORRUPTIONS)]
    # Copies of size zero are the images themselves, so the two must agree under every condition.
    np.testing.assert_allclose(answers.log_p["copies"], answers.log_p["plain"], atol=1e-4)
    np.testing.assert_array_equal(answers.log_p["plain"][0], answers.log_p["plain"][1])  # equal seeds, equal draws
    np.testing.assert_array_equal(answers.right["temperature"], answers.right["plain"])
    blind = answers.places(lambda name, _: name in PLACES)
    assert len(blind) == 3
    assert answers.right["plain"][:, blind].mean() < answers.right["plain"][:, [0]].mean()


def test_sorted_batches_are_odd_company(digits, small):
    fitted = contest.fit(digits, {"plain": 0.03, "pixels": 0.03, "places": 0.03, "logistic": 1.0, "copies": 0.03}, 1)
    found = sureness.odd_company(digits, [fitted])
    assert found["sorted"]["mean"] < found["kept"]["mean"]
    assert found["sorted"]["mean"] < found["mixed"]["mean"]
