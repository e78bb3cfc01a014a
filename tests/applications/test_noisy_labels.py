"""The study of wrong labels: the noise is what it claims, the losses are their formulas, the search is scored."""

import json

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from groundup import data
from groundup.applications import noisy_labels
from groundup.applications.images import Parts, load
from groundup.applications.noisy_labels import finding, network, patches, study
from groundup.report import Page


@pytest.fixture(scope="module")
def parts():
    return load("digits", 300, 150)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(network, "EPOCHS", 12)


@pytest.fixture(scope="module")
def result():
    patch = pytest.MonkeyPatch()
    patch.setattr(network, "EPOCHS", 2)
    patch.setattr(study, "DECAYS", (0.0,))
    patch.setattr(study, "ROUNDS", (2,))
    patch.setattr(data, "is_present", lambda name: False)
    yield noisy_labels.run(seeds=2, seed=3, noises=(("symmetric", 0.4), ("pair", 0.2)), sizes=(150, 100))
    patch.undo()


def test_the_parts_share_no_image(parts):
    rows = [set(map(bytes, part)) for part in (parts.pool, parts.validation, parts.test)]
    assert len(rows[0] | rows[1] | rows[2]) == sum(map(len, rows))
    assert (len(parts.pool), len(parts.validation), len(parts.test)) == (300, 150, 360)


@pytest.mark.parametrize(("kind", "rate"), [("symmetric", 0.6), ("pair", 0.3)])
def test_labels_are_wrong_as_often_and_in_the_way_that_is_said(parts, kind, rate):
    tasks = [study.make_task(parts, kind, rate, seed) for seed in range(8)]
    assert np.mean([task.wrong.mean() for task in tasks]) == pytest.approx(rate, abs=0.03)
    for task in tasks:
        np.testing.assert_array_equal(task.wrong, task.labels != task.truth)
        if kind == "pair":
            np.testing.assert_array_equal(task.labels[task.wrong], (task.truth[task.wrong] + 1) % 10)
    noisy = np.mean([(task.validation[1] != parts.validation_labels).mean() for task in tasks])
    assert noisy == pytest.approx(rate, abs=0.05)  # nobody has a clean part


def test_the_robust_loss_is_its_formula_and_its_gradient_listens_less():
    torch.manual_seed(0)
    logits, labels = torch.randn(7, 5, dtype=torch.float64, requires_grad=True), torch.tensor([0, 1, 2, 3, 4, 0, 1])
    p = logits.softmax(dim=1)[torch.arange(7), labels]
    torch.testing.assert_close(network.generalised_cross_entropy(logits, labels, q=0.7), (1 - p**0.7) / 0.7)
    near = network.generalised_cross_entropy(logits, labels, q=1e-6)
    torch.testing.assert_close(near, F.cross_entropy(logits, labels, reduction="none"), rtol=1e-4, atol=1e-4)
    (robust,) = torch.autograd.grad(network.generalised_cross_entropy(logits, labels).sum(), logits, retain_graph=True)
    (usual,) = torch.autograd.grad(network.cross_entropy(logits, labels).sum(), logits)
    torch.testing.assert_close(robust, usual * p[:, None].detach() ** 0.7)


def test_suspects_by_hand():
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.2, 0.8], [0.9, 0.1], [0.4, 0.6]])
    labels = np.array([0, 0, 1, 1, 1])  # thresholds: class 0 at 0.85, class 1 at (0.8 + 0.1 + 0.6) / 3 = 0.5
    np.testing.assert_array_equal(finding.suspects(p, labels), [False, False, False, True, False])
    np.testing.assert_allclose(finding.doubt(p, labels), [0.1, 0.2, 0.2, 0.9, 0.4])


def test_the_search_finds_most_wrong_labels_and_hardly_any_where_there_are_none(parts):
    task = study.make_task(parts, "symmetric", 0.3, 1)
    p = finding.out_of_fold(task.x, task.labels, 0)
    found = finding.suspects(p, task.labels)
    assert (found & task.wrong).sum() > 0.7 * task.wrong.sum()
    assert task.wrong[found].mean() > 0.8
    clean = finding.suspects(finding.out_of_fold(task.x, task.truth, 0), task.truth)
    assert clean.mean() < 0.08


def test_no_example_is_judged_by_a_model_that_saw_it(parts, monkeypatch):
    """With labels drawn by lot nothing can be learnt: who has not seen a label agrees with it one time in ten."""
    labels = np.random.default_rng(0).integers(10, size=len(parts.pool))
    p = finding.out_of_fold(parts.pool, labels, 0)
    assert (p.argmax(axis=1) == labels).mean() < 0.2


def test_a_network_learns_wrong_labels_by_heart_in_the_end(parts, monkeypatch):
    monkeypatch.setattr(network, "EPOCHS", 80)
    history = study.remember(study.make_task(parts, "symmetric", 0.4, 2))
    assert max(history["true"]) > history["true"][-1] + 0.2
    assert history["given"][-1] > 0.5 > 3 * history["given"][0]


def test_early_stopping_returns_the_best_epoch_by_the_noisy_labels(parts):
    task = study.make_task(parts, "symmetric", 0.4, 2)
    _, best = network.train(task.x, task.labels, task.validation, 0.0, 0)
    x, labels = task.validation
    assert (best.predict(x) == labels).mean() == pytest.approx(max(best.history["validation"]))


def test_equal_seeds_give_equal_networks(parts):
    task = study.make_task(parts, "pair", 0.2, 2)
    one, two = (network.co_teach(task.x, task.labels, task.validation, 0.1, 5, 0.2) for _ in range(2))
    np.testing.assert_array_equal(one.probabilities(task.x), two.probabilities(task.x))


def test_results_are_json_and_the_page_is_made_from_them(result):
    stored = json.loads(json.dumps(result, allow_nan=False))
    assert stored == result
    page = noisy_labels.add_to(Page(noisy_labels.TITLE, noisy_labels.QUESTION), stored, alone=True).html()
    for row in stored["noises"]:
        assert f"{row['accuracy']['robust']['mean']:.1%}" in page
    assert "On larger data sets" not in page
    assert len(noisy_labels.sentences(stored)) == 4
    assert noisy_labels.summary(stored).row_count == len(stored["names"])


def test_the_winner_is_the_one_with_the_best_numbers(result):
    changed = json.loads(json.dumps(result))
    for row in changed["noises"]:
        row["accuracy"]["boosting"] = {"mean": 0.999, "std": 0.0, "values": [0.999, 0.999], "defined": 2}
        row["accuracy"]["clean"]["mean"] = 1.0
    assert all("gradient boosting" in sentence for sentence in noisy_labels.sentences(changed)[::2])


@pytest.fixture(scope="module")
def photographs():
    """Images whose ten classes are stripes of ten directions, in colour, with noise."""
    rng = np.random.default_rng(0)
    labels = np.arange(120) % 10
    rows, columns = np.mgrid[:32, :32]
    angles = labels * np.pi / 10
    stripes = np.sin(np.cos(angles)[:, None, None] * rows + np.sin(angles)[:, None, None] * columns)
    images = 0.5 + 0.3 * stripes[:, None] * rng.uniform(0.5, 1, (120, 3, 1, 1)) + rng.normal(0, 0.05, (120, 3, 32, 32))
    return images.astype(np.float32), labels


def test_features_of_patches_are_standardised_on_the_images_they_come_from(photographs):
    images, _ = photographs
    rows = patches.PatchFeatures(images, np.random.default_rng(1))(images)
    assert rows.shape == (120, 4 * patches.PATCHES)
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(rows.std(axis=0), 1, atol=1e-3)


def test_features_of_an_image_do_not_depend_on_its_neighbours_nor_on_its_brightness(photographs):
    images, _ = photographs
    features = patches.PatchFeatures(images, np.random.default_rng(1))
    np.testing.assert_allclose(features(images)[7:8], features(images[7:8]), atol=1e-4)
    np.testing.assert_allclose(features(images[7:8] + 0.2), features(images[7:8]), atol=1e-3)


def test_a_quarter_of_an_image_has_features_of_its_own(photographs):
    images, _ = photographs
    features = patches.PatchFeatures(images, np.random.default_rng(1))
    changed = images[:1].copy()
    changed[:, :, 24:, 24:] = np.random.default_rng(2).uniform(size=(1, 3, 8, 8))
    before, after = (features(x).reshape(4, -1) for x in (images[:1], changed))
    np.testing.assert_allclose(before[:3], after[:3], atol=1e-5)
    assert np.abs(before[3] - after[3]).max() > 0.1


def test_photographs_are_measured_by_their_features(photographs, monkeypatch):
    images, labels = photographs
    rows = images.reshape(120, -1).astype(np.float64)
    parts = Parts(rows[:60], labels[:60], rows[60:90], labels[60:90], rows[90:], labels[90:])
    asked = []
    monkeypatch.setattr(study, "load", lambda name, *sizes: parts)
    monkeypatch.setattr(study, "DECAYS", (0.0,))
    monkeypatch.setattr(study, "STRENGTHS", (0.1,))
    monkeypatch.setattr(study, "ROUNDS", (2,))
    monkeypatch.setattr(study, "HARD", (("symmetric", 0.2),))
    found = study.measure_larger("cifar10", [0], asked.append)
    assert found["sizes"] == {"training": 60, "validation": 30, "test": 30}
    assert found["rows"][0]["accuracy"]["clean"]["mean"] > 0.6  # directions are easy to see for who looks at patches
    assert asked == ["noisy-labels: cifar10, symmetric noise, 20% of the labels"]


def test_larger_data_sets_have_tables_of_their_own(result):
    changed = json.loads(json.dumps(result))
    part = {"rows": changed["noises"], "sizes": changed["data"]["sizes"], "seeds": 2}
    changed["larger"] = {"mnist": part | {"unverified": []}, "cifar10": part | {"unverified": ["cifar.tar.gz"]}}
    page = noisy_labels.add_to(Page(noisy_labels.TITLE, noisy_labels.QUESTION), changed, alone=True).html()
    assert "The same on MNIST: 150 images" in page
    assert "The same on CIFAR-10" in page
    assert "Not the original files: cifar.tar.gz" in page
