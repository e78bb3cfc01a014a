"""Each planted fault is found, whatever it was written with, and a clean pipeline raises nothing."""

import dataclasses
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from torch import nn
from torch.nn import functional as F

from groundup import data
from groundup.applications import inject
from groundup.applications.pipeline_check import Pipeline, check_pipeline
from groundup.applications.preprocessing import split_rows, table_preprocessor
from groundup.errors import UsageError


def checks(pipeline, **changes):
    return [finding.check for finding in check_pipeline(dataclasses.replace(pipeline, **changes))]


@pytest.fixture(scope="module")
def digits():
    """A clean pipeline: scikit-learn, ten classes."""
    both = data.load("digits").train
    x, y = both.x.reshape(len(both.x), -1).astype(float), both.y
    train, test, labels, test_labels = x[:900], x[900:], y[:900], y[900:]

    def prepare(train, test):
        scaler = StandardScaler().fit(train)
        return scaler.transform(train), scaler.transform(test)

    model = LogisticRegression(max_iter=200, C=0.1).fit(prepare(train, test)[0], labels)
    return Pipeline(train, test, labels, test_labels, prepare, model.predict_proba, metric=metrics.accuracy_score)


@pytest.fixture(scope="module")
def network():
    """A clean pipeline: PyTorch, with the two layers that have two modes."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 5)).astype(np.float32)
    y = (x[:, 0] + x[:, 1] > 0).astype(int) + (x[:, 2] > 1)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 3))
    model(torch.as_tensor(x) * 2 + 1)  # gives batch norm statistics that are not those of a batch
    return Pipeline(
        x[:120], x[120:], y[:120], y[120:], predict=model.eval(), loss=F.cross_entropy,
        metric=metrics.balanced_accuracy_score,
    )  # fmt: skip


@pytest.fixture(scope="module")
def table():
    """A clean pipeline: a frame with words and missing values, a rare class."""
    rng = np.random.default_rng(1)
    frame, _ = inject.missing_completely_at_random(inject.clean_table(600, rng).drop(columns="target"), 0.1, rng)
    labels = (rng.random(600) < 0.05).astype(int)
    rows = split_rows(labels, seed=0)
    numeric = [name for name in frame if pd.api.types.is_numeric_dtype(frame[name])]

    def prepare(train, test):
        steps = table_preprocessor(numeric, [name for name in frame if name not in numeric]).fit(train)
        return steps.transform(train), steps.transform(test)

    return Pipeline(
        frame.iloc[rows.train], frame.iloc[rows.test], labels[rows.train], labels[rows.test], prepare,
        metric=metrics.balanced_accuracy_score,
    )  # fmt: skip


@pytest.fixture(params=["digits", "network", "table"])
def clean(request):
    return request.getfixturevalue(request.param)


def test_a_clean_pipeline_raises_nothing(clean):
    for seed in range(5):
        assert check_pipeline(clean, seed) == []


def test_steps_that_saw_the_test_rows_are_found(clean):
    own = clean.prepare or (lambda train, test: (train, test))

    def scaled(train, test):
        train, test = own(train, test)
        mean = np.concatenate([train, test]).mean(axis=0)
        return train - mean, test - mean

    assert checks(clean, prepare=scaled).count("preparation") >= 1


@pytest.mark.filterwarnings("ignore:Features", "ignore:invalid value")  # pixels that are never drawn on
def test_selecting_columns_by_the_answers_of_all_rows_is_found(digits):
    def chosen(train, test):  # the classic: choose first, split later
        kept = SelectKBest(k=20).fit(
            np.concatenate([train, test]), np.concatenate([digits.train_labels, digits.test_labels])
        )
        return kept.transform(train), kept.transform(test)

    assert checks(digits, prepare=chosen, predict=None) == ["preparation"]


def test_words_learnt_from_all_rows_are_found():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"town": rng.choice(list("abcdefgh"), 300), "size": rng.normal(size=300)})

    def prepare(train, test):
        encoder = OneHotEncoder(min_frequency=30, sparse_output=False, handle_unknown="infrequent_if_exist")
        encoder.fit(pd.concat([train, test])[["town"]])
        return encoder.transform(train[["town"]]), encoder.transform(test[["town"]])

    assert checks(Pipeline(frame[:200], frame[200:], prepare=prepare)) == ["preparation"]


def test_scaling_the_test_rows_by_themselves_is_found(digits):
    def prepare(train, test):
        return StandardScaler().fit_transform(train), StandardScaler().fit_transform(test)

    titles = [finding.title for finding in check_pipeline(dataclasses.replace(digits, prepare=prepare))]
    assert titles == ["Test rows are prepared by what other test rows are like"]


def test_preparation_by_chance_is_named(digits):
    rng = np.random.default_rng(0)

    def prepare(train, test):
        return train + rng.normal(size=train.shape), test

    titles = [finding.title for finding in check_pipeline(dataclasses.replace(digits, prepare=prepare, predict=None))]
    assert titles == ["Preparing the same rows twice gives different inputs"]


@settings(max_examples=10, deadline=None)
@given(copies=st.integers(1, 40), seed=st.integers(0, 100))
def test_copies_across_the_split_are_found_and_counted(copies, seed):
    rows = np.random.default_rng(seed).normal(size=(150, 4))
    pipeline = Pipeline(rows[:100], np.concatenate([rows[100:], rows[:copies]]))
    (finding,) = check_pipeline(pipeline, seed)
    assert finding.check == "duplicates"
    assert finding.numbers["rows"] == copies


def test_copies_in_a_frame_with_words_are_found(table):
    both = pd.concat([table.test, table.train.iloc[:30]])
    labels = np.concatenate([table.test_labels, table.train_labels[:30]])
    assert checks(table, test=both, test_labels=labels) == ["duplicates"]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000))
def test_few_values_meet_by_chance_and_are_no_copies(seed):
    rows = np.random.default_rng(seed).integers(3, size=(200, 3))
    assert check_pipeline(Pipeline(rows[:120], rows[120:]), seed) == []


@pytest.mark.parametrize("metric", [metrics.accuracy_score, lambda y, p: metrics.f1_score(y, p, average="micro")])
def test_a_metric_that_misleads_is_found(table, metric):
    assert checks(table, metric=metric) == ["metric"]


def test_an_error_rate_misleads_too(table):
    assert checks(table, metric=metrics.zero_one_loss) == ["metric"]


@pytest.mark.parametrize(
    "metric",
    [
        metrics.balanced_accuracy_score,
        lambda y, p: metrics.f1_score(y, p, zero_division=cast(Any, 0)),
        metrics.matthews_corrcoef,
    ],
)
def test_measures_of_the_rare_class_do_not(table, metric):
    assert checks(table, metric=metric) == []


def test_labels_of_one_class_are_named(table):
    assert checks(table, test_labels=np.zeros(len(table.test))) == ["metric"]


@pytest.mark.parametrize("kept", [nn.BatchNorm1d, nn.Dropout])
def test_training_mode_is_found(network, kept):
    """With either of the two layers in training mode."""
    torch.manual_seed(0)
    modules = [nn.Linear(5, 16), kept(16) if kept is nn.BatchNorm1d else kept(0.5), nn.ReLU(), nn.Linear(16, 3)]
    model = nn.Sequential(*modules).train()
    assert checks(network, predict=model) == ["mode"]
    with torch.no_grad():
        model(torch.randn(50, 5) * 3 + 2)
    assert checks(network, predict=model.eval()) == []


def test_softmax_before_a_loss_of_logits_is_found(network):
    twice = nn.Sequential(network.predict, nn.Softmax(dim=1)).eval()
    assert checks(network, predict=twice) == ["softmax"]
    assert checks(network, predict=twice, loss=nn.CrossEntropyLoss()) == ["softmax"]
    assert checks(network, predict=twice, loss=lambda p, y: F.nll_loss(torch.log(p), y)) == []


def test_a_sigmoid_before_a_loss_of_logits_is_found(network):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 1), nn.Flatten(0), nn.Sigmoid())
    labels = dict(train_labels=network.train_labels > 0, test_labels=network.test_labels > 0)
    assert checks(network, predict=model, loss=F.binary_cross_entropy_with_logits, **labels) == ["softmax"]
    assert checks(network, predict=model, loss=F.binary_cross_entropy, **labels) == []


def test_softmax_of_a_softmax_is_found(digits):
    def flat(inputs):
        e = np.exp(digits.predict(inputs))
        return e / e.sum(axis=1, keepdims=True)

    assert checks(digits, predict=flat) == ["softmax"]


def test_several_faults_at_once_are_all_found(digits):
    def prepare(train, test):
        scaler = make_pipeline(StandardScaler()).fit(np.concatenate([train, test]))
        return scaler.transform(train), scaler.transform(test)

    rng = np.random.default_rng(0)
    found = checks(
        digits, prepare=prepare, predict=lambda x: digits.predict(x) * rng.random((len(x), 1)),
        test=np.concatenate([digits.test, digits.train[:50]]),
        test_labels=np.concatenate([digits.test_labels, digits.train_labels[:50]]),
    )  # fmt: skip
    assert set(found) == {"preparation", "duplicates", "mode"}


def test_wrong_pieces_are_named(digits):
    with pytest.raises(UsageError, match="two parts of one table"):
        dataclasses.replace(digits, test=digits.test[:, :5])
    with pytest.raises(UsageError, match="train has 900 rows but train_labels 2"):
        dataclasses.replace(digits, train_labels=[0, 1])
    with pytest.raises(UsageError, match="expected a pair"):
        check_pipeline(dataclasses.replace(digits, prepare=lambda train, test: train))
    with pytest.raises(UsageError, match="not on others of the same kind"):
        check_pipeline(dataclasses.replace(digits, prepare=lambda train, test: (train, test * np.ones((537, 1)))))
    with pytest.raises(UsageError, match="one answer for each row"):
        check_pipeline(dataclasses.replace(digits, predict=lambda x: 3))
